"""Pinot's server: every table's rows in one DuckDB file, which is only a cache of the segments' Parquet files."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from meshloom.engine.config.logical_table import LogicalTable
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TYPES, TableConfig, physical_name, raw_name
from meshloom.engine.errors import (
    BROKER_RESOURCE_MISSING,
    QUERY_EXECUTION,
    SEGMENT_UNAVAILABLE,
    TABLE_DISABLED,
    TABLE_DOES_NOT_EXIST,
    PinotError,
)
from meshloom.engine.server import loading
from meshloom.engine.server.codes import Codes
from meshloom.engine.server.columns import columns_of
from meshloom.engine.server.composed import Part, composed
from meshloom.engine.server.segment_rows import quoted
from meshloom.engine.server.time_boundary import Boundary, boundary_of, side
from meshloom.engine.sql.functions import provide
from meshloom.engine.sql.relation import Relation
from meshloom.engine.storage.catalog import Catalog, Segment
from meshloom.engine.storage.lineage import hidden
from meshloom.infra.compute import ComputeError, Database, Session, open_database

LOADED = '"$loaded"'
# Kinds of documents in the catalogue.
LOGICAL, TIME_BOUNDARY, DISABLED_ROLE = "logical-table", "time-boundary", "disabled-role"
QUOTA, QUOTAS_OFF = "quota", "quotas-off"  # of databases and applications by name; a document of the cluster's


class Server:
    """Holds the rows, says what there is. Loads one segment at a time; queries go on meanwhile.

    Satisfies `Relations`, the SQL front end's view of the tables.
    """

    def __init__(self, catalog: Catalog, folder: Path, threads: int = 2, memory: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._catalog = catalog
        self._folder = folder
        self._lock = threading.RLock()
        self._relations: dict[str, Relation] = {}
        self._generation = 0
        self._limits: dict[str, float] | None = None
        self.facts: dict[Any, dict[int, Any]] = {}
        self.instance = "Server_127.0.0.1_8098"
        self.database = self._open(folder / "cache.duckdb", threads, memory)
        self._session = self.database.cursor()
        self.functions = self.database.cursor()  # adds row functions for all; it is closed with the rest
        self._session.execute(f"CREATE TABLE IF NOT EXISTS {LOADED} (physical VARCHAR, id UINTEGER, rows BIGINT)")
        self._codes = Codes(self._session, catalog.names("table"))
        self.restore()

    @staticmethod
    def _open(path: Path, threads: int, memory: str) -> Database:
        """Open the cache; one that cannot be read (another DuckDB wrote it, say) is thrown away and built again."""
        try:
            return open_database(path, threads, memory)
        except ComputeError as error:
            if error.kind == "IOException" and "lock" in str(error).lower():
                raise
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".wal").unlink(missing_ok=True)
            return open_database(path, threads, memory)

    # --- keeping the cache like the catalogue

    def restore(self) -> None:
        """Make the cache hold what the catalogue says: drop what is gone, load what is missing."""
        with self._lock:
            wanted = {name: self._serving(name) for name in self._catalog.names("table")}
            have: dict[str, set[int]] = {}
            for physical, number in self._session.execute(f"SELECT physical, id FROM {LOADED}").rows():
                have.setdefault(physical, set()).add(number)
            for physical in [*have, *self._tables()]:
                if physical not in wanted or have.get(physical, set()) - {s.id for s in wanted[physical]}:
                    with self._transaction():
                        self._forget(physical)
                    have.pop(physical, None)
            for physical, segments in wanted.items():
                self.create(physical)
                for segment in segments:
                    if segment.id not in have.get(physical, set()):
                        self.load(segment)
            self._changed()

    def _tables(self) -> list[str]:
        rows = self._session.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").rows()
        return [name for (name,) in rows if not name.startswith("$") and not name.endswith("$superseded")]

    def create(self, physical: str) -> None:
        """Make a table's empty relations, unless they are there."""
        with self._lock:
            config, schema = self.definition(physical)
            if physical not in self._tables():
                loading.create(self._session, config, schema)
            self._changed()

    def load(self, segment: Segment, held: pa.Table | None = None) -> None:
        """Load a segment, unless its lineage hides it; `held` has its rows where they are in memory. Raises
        ComputeError when its files cannot be read; then nothing of it is there."""
        with self._lock:
            if segment.name in hidden(self._catalog, segment.table):
                return
            with self._transaction():
                self._insert(segment, held)
            self._changed()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with loading.transaction(self._session):
                yield
        except BaseException:
            self._codes.rolled_back()
            raise
        self._codes.committed()

    def _insert(self, segment: Segment, held: pa.Table | None = None) -> None:
        config, schema = self.definition(segment.table)
        loading.load(self._session, config, schema, segment, self, self._codes, held)
        self._session.execute(f"INSERT INTO {LOADED} VALUES (?, ?, ?)", [segment.table, segment.id, segment.rows])

    def unload(self, segment: Segment) -> None:
        """Forget a segment's rows; an upsert table is built again, since older rows may become current."""
        with self._lock:
            config, _ = self.definition(segment.table)
            if config.upsert:
                self.reload(segment.table)
                return
            with self._transaction():
                self._delete(segment.table, segment.id)
            self._changed()

    def _delete(self, physical: str, number: int) -> None:
        self._session.execute(f"DELETE FROM {quoted(physical)} WHERE {loading.SEGMENT} = {number}")
        self._session.execute(f"DELETE FROM {LOADED} WHERE physical = ? AND id = ?", [physical, number])
        self._codes.forget(physical, number)

    def reload(self, physical: str) -> None:
        """Build a table's rows again from its segments, with its present schema and config. Queries see the old rows
        until the new ones are there, and for good when a segment cannot be read."""
        with self._lock:
            config, schema = self.definition(physical)
            with self._transaction():
                self._forget(physical)
                loading.create(self._session, config, schema)
                for segment in self._serving(physical):
                    self._insert(segment)
            self._changed()

    def _serving(self, physical: str) -> list[Segment]:
        """The segments whose rows queries see: all but those that replace or were replaced."""
        out = hidden(self._catalog, physical)
        return [segment for segment in self._catalog.segments(physical) if segment.name not in out]

    def settle(self, physical: str) -> None:
        """After a change of the table's lineage, or one that failed: forget the rows that are hidden or gone now and
        load those that are missing, so that a query sees all of it or nothing. An upsert table is built again."""
        with self._lock:
            serving = {segment.id: segment for segment in self._serving(physical)}
            rows = self._session.execute(f"SELECT id FROM {LOADED} WHERE physical = ?", [physical]).rows()
            have = {number for (number,) in rows}
            if have == set(serving):
                return
            if self.definition(physical)[0].upsert:
                self.reload(physical)
                return
            with self._transaction():
                for number in have - set(serving):
                    self._delete(physical, number)
                for number, segment in serving.items():
                    if number not in have:
                        self._insert(segment)
            self._changed()

    def drop(self, physical: str) -> None:
        with self._lock:
            with self._transaction():
                self._forget(physical)
            self._changed()

    def _forget(self, physical: str) -> None:
        self.facts.clear()
        self._session.execute(f"DROP TABLE IF EXISTS {quoted(physical)}")
        self._session.execute(f"DROP TABLE IF EXISTS {quoted(loading.superseded_name(physical))}")
        self._session.execute(f"DELETE FROM {LOADED} WHERE physical = ?", [physical])
        self._codes.forget(physical)

    def definition(self, physical: str) -> tuple[TableConfig, Schema]:
        """A physical table's config and schema. Raises KeyError when there is none."""
        config = self._catalog.get("table", physical)
        schema = self._catalog.get("schema", raw_name(physical))
        if config is None or schema is None:
            raise KeyError(physical)
        return TableConfig.of(config), Schema.of(schema)

    # --- what there is

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def limits(self) -> dict[str, float]:
        """Queries a second that "database/NAME" and "application/NAME" may ask; "" stands for no counting at all."""
        found = self._limits
        if found is None:
            kept = {name: float((self._catalog.get(QUOTA, name) or {})["max"]) for name in self._catalog.names(QUOTA)}
            off = self._catalog.get("cluster", QUOTAS_OFF) is not None
            self._limits = found = kept | ({"": 0.0} if off else {})
        return found

    def changed(self) -> None:
        """Forget what is known of the tables: a schema, a config or a state is another now."""
        with self._lock:
            self.facts.clear()
            self._changed()

    def _changed(self) -> None:
        self._relations.clear()
        self._limits = None
        self._generation += 1

    def cursor(self) -> Session:
        """A session for one thread's queries."""
        return self.database.cursor()

    def find(self, name: str) -> Relation | None:
        """See `Relations.find`. Raises PinotError 191 for a table that is disabled."""
        if (known := self._relations.get(name.lower())) is not None:
            return known
        with self._lock:
            found = self._find(name)
            if found is not None:
                self._relations[name.lower()] = found
        return found

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """See `Relations.ask`."""
        provide(sql, self, self.functions)
        session = self.cursor()
        try:
            return session.execute(sql).rows()
        finally:
            session.close()

    def held(self, table: str) -> dict[str, list[str]]:
        """Segment names by physical table, of one raw or physical name."""
        names = [p for p in self._catalog.names("table") if p == table or raw_name(p) == table]
        return {physical: [segment.name for segment in self._catalog.segments(physical)] for physical in names}

    def knows(self, table: str) -> bool:
        """Whether there is a physical table, both sides of one, or a logical table of that name."""
        return bool(self.held(table)) or table in self._catalog.names(LOGICAL)

    def disk(self) -> Any:
        """Total, used and free bytes of the file system that holds the rows."""
        return shutil.disk_usage(self._folder)

    def names(self) -> list[str]:
        """The physical tables."""
        return self._catalog.names("table")

    def segments(self, physical: str) -> list[Segment]:
        return self._catalog.segments(physical)

    def _find(self, name: str) -> Relation | None:
        tables = {table.lower(): table for table in self._catalog.names("table")}
        if name.lower() in tables:
            return self._relation(tables[name.lower()])
        physical = [tables[p.lower()] for t in TYPES if (p := f"{name}_{t}".lower()) in tables]
        if len(physical) == 2:
            return self._hybrid(physical[0], physical[1])
        if physical:
            return self._relation(physical[0])
        logical = next((one for one in self._catalog.names(LOGICAL) if one.lower() == name.lower()), None)
        return self._logical(LogicalTable.of(self._catalog.get(LOGICAL, logical) or {})) if logical else None

    def time_boundary(self, offline: str) -> Boundary | None:
        """Where a hybrid table's rows change sides, by its offline table's name; None for one that is none, or has no
        offline rows with a time."""
        realtime = physical_name(raw_name(offline), "REALTIME")
        return self._boundary(offline) if {offline, realtime} <= set(self._catalog.names("table")) else None

    def _boundary(self, offline: str) -> Boundary | None:
        config, schema = self.definition(offline)
        explicit = self._catalog.get(TIME_BOUNDARY, offline)
        return boundary_of(self._catalog.segments(offline), schema, config, explicit["ms"] if explicit else None)

    def _hybrid(self, offline: str, realtime: str) -> Relation:
        sides = [self._relation(offline), self._relation(realtime)]
        config, schema = self.definition(offline)
        parts = _sides(sides[:1], sides[1:], self._boundary(offline))
        return composed(config.raw_name, schema, config, parts, nulls=any(side.null_handling for side in sides))

    def _logical(self, table: LogicalTable) -> Relation:
        """As LogicalTableRouteProvider: of each physical table that is still there its rows."""
        schema, known = self._catalog.get("schema", table.name), set(self._catalog.names("table"))
        there = [self._relation(physical) for physical in table.tables if physical in known]
        reference = table.ref_offline or table.ref_realtime
        if schema is None or not there or reference not in known:
            raise PinotError(TABLE_DOES_NOT_EXIST, f"TableDoesNotExistError: {table.name} has lost its tables")
        offline, realtime = ([r for r in there if r.config.table_type == kind] for kind in TYPES)
        found = [self._boundary(one) for one in table.bounded_by if one in known and one.endswith(TYPES[0])]
        boundary = min((one for one in found if one is not None), key=lambda one: one.ms, default=None)
        parts = _sides(offline, realtime, boundary) if offline and realtime else [Part(one) for one in there]
        document = {**self.definition(reference)[0].document, "quota": table.section("quota")}
        config = TableConfig(table.name, TYPES[0], document | {"query": table.section("query")})
        nulls = any(one.null_handling for one in there)
        return replace(composed(table.name, Schema.of(schema), config, parts, nulls=nulls), configs=(config,))

    def relation(self, physical: str) -> Relation:
        """One physical table, also when it is disabled. Raises KeyError when there is none."""
        with self._lock:
            return self._relation_of(physical)

    def outdated(self, physical: str) -> bool:
        """Whether the rows were built with other columns than the schema has now, so that a reload changes them."""
        with self._lock:
            _, schema = self.definition(physical)
            sql = "SELECT column_name FROM duckdb_columns() WHERE table_name = ?"
            built = {name for (name,) in self._session.execute(sql, [physical]).rows()}
            return {name for name in built if not name.startswith("$")} != set(schema.fields)

    def _relation(self, physical: str) -> Relation:
        if self._catalog.get("disabled", physical):
            raise PinotError(TABLE_DISABLED, "TableIsDisabledError")
        if self._catalog.get(DISABLED_ROLE, "broker"):
            raise PinotError(BROKER_RESOURCE_MISSING, "BrokerResourceMissingError: the broker is disabled")
        if self._catalog.get(DISABLED_ROLE, "server"):
            names = [segment.name for segment in self._serving(physical)]
            raise PinotError(SEGMENT_UNAVAILABLE, f"{len(names)} segments unavailable: [{', '.join(names[:10])}]")
        return self._relation_of(physical)

    def _relation_of(self, physical: str) -> Relation:
        config, schema = self.definition(physical)
        rows = self._session.execute(f"SELECT count(*) FROM {quoted(physical)}").rows()[0][0]
        keeps = config.keeps_nulls or schema.column_based_nulls
        held, added = self._serving(physical), loading.lacking(self._session, config, schema)
        past = loading.superseded_name(physical)
        return Relation(
            name=config.raw_name,
            found_by=physical,
            schema=schema,
            config=config,
            columns=columns_of(self._session, config, schema, self._codes, LOADED),
            source=loading.extended(physical, added, config, schema),
            superseded=loading.extended(past, added, config, schema) if config.upsert else "",
            rows=rows,
            segments=len(held),
            segment_names={segment.id: segment.name for segment in held},
            generation=self._generation,
            null_handling=keeps,
            groovy=self._groovy(config),
            comparison_column=loading.comparison_column(config)
            if config.upsert
            else str((config.section("metadata").get("customConfigs") or {}).get("asOfColumn") or ""),
        )

    def _groovy(self, config: TableConfig) -> bool:
        """Off, unless the cluster's configuration or, before it, the table's own says otherwise."""
        own = config.section("query").get("disableGroovy")
        kept = self._catalog.get("cluster", "configs") or {}
        disabled = kept.get("pinot.broker.disable.query.groovy", "true") if own is None else own
        return str(disabled).lower() == "false"

    def close(self) -> None:
        with self._lock:
            self.functions.close()
            self._session.close()
            self.database.close()


def _sides(offline: Sequence[Relation], realtime: Sequence[Relation], boundary: Boundary | None) -> list[Part]:
    """Both sides of a boundary; without one only the realtime side, as Pinot reads it."""
    if boundary is None:
        return [Part(one) for one in realtime]
    for one in (*offline, *realtime):
        if boundary.column not in one.schema.fields:
            raise PinotError(QUERY_EXECUTION, f"{one.config.name} has no column {boundary.column} to tell sides by")
    old = [Part(one, side(boundary, one.schema, realtime=False)) for one in offline]
    return [*old, *(Part(one, side(boundary, one.schema, realtime=True)) for one in realtime)]
