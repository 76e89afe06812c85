"""The schemas and tables of a cluster, and what else its catalogue keeps: judged, added, changed and dropped."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from meshloom.engine.config.databases import qualified
from meshloom.engine.config.documents import schema_document, table_document, with_tenants
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TYPES, TableConfig, physical_name, raw_name
from meshloom.engine.config.validate import check_compatible, check_schema, check_schema_name
from meshloom.engine.config.validate_table import (
    check_hybrid,
    check_name,
    check_placement,
    check_table,
    check_tenants,
    sanitized,
    sized,
)
from meshloom.engine.config.validate_tasks import check_minions, check_tasks
from meshloom.engine.config.validate_upsert import violations
from meshloom.engine.controller.instances import Instances
from meshloom.engine.errors import RestError
from meshloom.engine.ingest.functions import check_functions, schema_function
from meshloom.engine.server.tables import LOGICAL, TIME_BOUNDARY, Server
from meshloom.engine.storage import lineage
from meshloom.engine.storage.catalog import Catalog
from meshloom.engine.storage.deepstore import DeepStore

MADE = "table-made"  # a document that is put once, when a table is added


class Definitions:
    """What there is: schemas, table configs and other documents.

    Every method raises RestError with the HTTP status and the text that Pinot's controller would give.
    """

    def __init__(self, catalog: Catalog, server: Server, deep_store: DeepStore) -> None:
        self.catalog = catalog
        self.server = server
        self.deep_store = deep_store
        self.instances = Instances()
        self._lock = threading.RLock()

    def cluster_config(self, name: str, default: str) -> str:
        return str((self.catalog.get("cluster", "configs") or {}).get(name, default))

    def tags(self, instance: str) -> list[str]:
        """An instance's tags, of which each names a tenant and what of it."""
        kept = self.catalog.get("tags", instance)
        return list(kept["tags"]) if kept else self.instances.tags(instance)

    def tagged(self, tag: str) -> int:
        """How many instances have a tag."""
        return sum(tag in self.tags(name) for name in self.instances.names())

    # --- schemas

    def schemas(self) -> list[str]:
        return self.catalog.names("schema")

    def schema(self, name: str) -> dict[str, Any]:
        """The schema's JSON. Raises RestError 404."""
        document = self.catalog.get("schema", name)
        if document is None:
            raise RestError(404, f"Schema {name} not found")
        return document

    def put_schema(self, document: Mapping[str, Any]) -> None:
        """Keep a schema as it is, in place of the one of its name; tables take up new columns at their reload."""
        with self._lock:
            Schema.of(document)
            self.catalog.put("schema", str(document["schemaName"]), document)
            self.server.changed()

    def add_schema(
        self, document: Mapping[str, Any], *, override: bool = True, force: bool = False, details: bool = True
    ) -> dict[str, Any]:
        """Judge a schema as Pinot does and keep it; returns its unrecognised properties by JSON pointer.

        Raises RestError 400 for one that contradicts itself or (unless `force`) is no extension of the one before,
        in `details`, 409 when there is one and `override` is false.
        """
        kept, unknown = self.judged(document)
        with self._lock:
            before = self.catalog.get("schema", kept["schemaName"])
            if before is not None and not override:
                raise RestError(409, f"Schema: {kept['schemaName']} already exists")
            if before is not None and not force:
                check_compatible(before, kept, details=details)
            self.put_schema(kept)
        return unknown

    def judged(
        self, document: Mapping[str, Any], refusal: str = "", database: str = ""
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A schema as Pinot keeps it, and its unrecognised properties. The tables of its name have to fit it.

        Raises RestError 400; `refusal` is the sentence in front of what Jackson says, `database` the request's.
        """
        kept, unknown = schema_document(document, refusal)
        check_schema_name(kept)
        name = kept["schemaName"] = qualified(kept["schemaName"], database)
        for physical in (physical_name(name, kind) for kind in TYPES):
            if physical not in self.tables():
                continue
            try:
                self._fits(TableConfig.of(self.table(physical)), Schema.of(kept))
            except RestError as error:
                kind = physical.rpartition("_")[2]
                told = f"Schema is incompatible with tableConfig with name: {physical} and type: {kind}"
                reason = f"Invalid schema: {name}. Reason: {told}, reason: {error.what}"
                raise RestError(400, reason) from error
        check_schema(kept, schema_function)
        return kept, unknown

    def _fits(self, config: TableConfig, schema: Schema, skipped: frozenset[str] = frozenset()) -> None:
        groovy = self.cluster_config("controller.disable.ingestion.groovy", "true").lower() == "false"
        check_table(config, schema, lambda: check_functions(config, schema, groovy=groovy), skipped)

    def drop_schema(self, name: str) -> None:
        with self._lock:
            self.schema(name)
            users = [table for table in self.tables() if raw_name(table) == name]
            if users or name in self.catalog.names(LOGICAL):
                shown = f"table {users[0]}" if users else "logical table"
                raise RestError(409, f"Cannot delete schema {name}, as it is associated with {shown}")
            self.catalog.remove("schema", name)

    # --- tables

    def tables(self) -> list[str]:
        """Names with type, sorted."""
        return self.catalog.names("table")

    def table(self, physical: str) -> dict[str, Any]:
        """The table config's JSON. Raises RestError 404."""
        document = self.catalog.get("table", physical)
        if document is None:
            raise RestError(404, f"Table {physical} not found")
        return document

    def put_table(self, document: Mapping[str, Any], *, replace: bool = False) -> TableConfig:
        """Keep a table config as it is: add a table, or with `replace` change its config.

        Raises RestError 404 (no schema) and 409 (is there).
        """
        config = TableConfig.of(document)
        with self._lock:
            self.schema(config.raw_name)
            if config.raw_name in self.catalog.names(LOGICAL):
                raise RestError(409, f"Logical table '{config.raw_name}' already exists. Please use a different name")
            if config.name in self.tables() and not replace:
                raise self.there(config.name)
            with self.catalog.transaction():
                if config.name not in self.tables():
                    self.catalog.put(MADE, config.name, {})
                self.catalog.put("table", config.name, config.document)
                self.server.create(config.name)
        return config

    @staticmethod
    def there(physical: str) -> RestError:
        """A table that is added is there already."""
        what = (
            "If this is unexpected, try deleting the table to remove all metadata associated with it before attempting"
        )
        return RestError(409, f"Table config for {physical} already exists. {what} to recreate.")

    def schema_of(self, physical: str) -> dict[str, Any]:
        """The schema of a table that is added. Raises RestError 400 when there is none."""
        found = self.catalog.get("schema", raw_name(physical))
        if found is None:
            raise RestError(400, f"Failed to find schema for table: {physical}")
        return found

    def checked(
        self,
        document: Mapping[str, Any],
        *,
        placed: bool = True,
        schema: Schema | None = None,
        skipped: frozenset[str] = frozenset(),
    ) -> tuple[TableConfig, dict[str, Any]]:
        """A table config that Pinot would accept, and its unrecognised properties.

        `placed` judges size, replication and tenants too, as POST does and the validation does not; `schema` is one
        that is not kept yet; `skipped` are kinds of validation to leave out. Raises RestError 400 with what is wrong.
        """
        kept, unknown = table_document(document)
        kept = sanitized(kept)
        config = TableConfig.of(kept)
        if schema is None:
            schema = Schema.of(self.schema_of(config.name))
        self._fits(config, schema, skipped)
        if placed:
            check_name(config)
            config = sized(config)
            self._hybrid(config)
        if not skipped & {"ALL", "TASK"}:
            check_tasks(config, schema)
        if placed:
            check_placement(config, self.tagged)
            check_tenants(config, self.tagged)
            check_minions(config, self.tagged)
        return config, unknown

    def _hybrid(self, config: TableConfig) -> None:
        other = physical_name(config.raw_name, "OFFLINE" if config.table_type == "REALTIME" else "REALTIME")
        if other in self.tables():
            pair = sorted((config, TableConfig.of(self.table(other))), key=lambda one: one.table_type)
            check_hybrid(*pair)

    def state(self, physical: str) -> str:
        """Whether a table is "enabled" or "disabled". Raises RestError 404."""
        self.table(physical)
        return "disabled" if self.catalog.get("disabled", physical) else "enabled"

    def set_state(self, physical: str, enabled: bool) -> None:
        """A disabled table keeps its rows and answers no query."""
        self.table(physical)
        if enabled:
            self.catalog.remove("disabled", physical)
        else:
            self.catalog.put("disabled", physical, {"disabled": True})
        self.server.changed()

    def drop_table(self, name: str, table_type: str = "") -> list[str]:
        """Drop one type of a table, or both; returns the names dropped. Raises RestError 404 when there is none."""
        with self._lock:
            names = [physical_name(name, kind) for kind in TYPES if not table_type or kind == table_type]
            names = [physical for physical in names if physical in self.tables()]
            if not names:
                raise RestError(404, f"Table '{name}' with type {table_type or 'null'} does not exist")
            self._unreferenced(name, names)
            for physical in names:
                for segment in self.catalog.segments(physical):
                    self.catalog.remove_segment(physical, segment.name)
                self.catalog.remove("table", physical)
                self.catalog.remove(MADE, physical)
                self.catalog.remove("disabled", physical)
                self.catalog.remove(TIME_BOUNDARY, physical)
                self.catalog.remove(lineage.KIND, physical)
                self.catalog.remove("pushed-files", physical)
                self.server.drop(physical)
                self.deep_store.remove_table(physical)
        return names

    def _unreferenced(self, name: str, physical: Sequence[str]) -> None:
        for logical in self.catalog.names(LOGICAL):
            if set(physical) & set((self.catalog.get(LOGICAL, logical) or {})["physicalTableConfigMap"]):
                raise RestError(
                    409, f"Cannot delete table config: {name} because it is referenced in logical table: {logical}"
                )

    def keep(self, kind: str, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document that says how queries read tables, in place of the one of its kind and name."""
        with self._lock:
            self.catalog.put(kind, name, document)
            self.server.changed()

    def forget(self, kind: str, name: str) -> bool:
        """Forget such a document; says whether there was one."""
        with self._lock:
            found = self.catalog.remove(kind, name)
            self.server.changed()
        return found

    def add_table(
        self,
        document: Mapping[str, Any],
        *,
        replace: bool = False,
        force: bool = False,
        skipped: frozenset[str] = frozenset(),
    ) -> tuple[TableConfig, dict[str, Any]]:
        """Judge a table config as Pinot does and keep it; returns it and its unrecognised properties.

        Raises RestError 400 for what is wrong with it or (unless `force`) may not change, 409 when the table is there.
        """
        config, unknown = self.checked(document, skipped=skipped)
        if replace and not force and config.name in self.tables():
            changed = violations(TableConfig.of(self.table(config.name)), config)
            if changed:
                raise RestError(400, f"Failed to update configuration for {config.name} due to: {', '.join(changed)}")
        return self.put_table(with_tenants(dict(config.document)), replace=replace), unknown

    def reload(self, physical: str) -> None:
        """Build the table's rows again with its present schema and config."""
        self.table(physical)
        self.server.reload(physical)
