"""Pinot's broker: text to answer. Translations are cached; each thread asks the server through a session of its own."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from meshloom.engine.broker.answer import document, rows_of
from meshloom.engine.broker.quota import Quotas, limit_of, limits_of
from meshloom.engine.broker.running import Query, Running
from meshloom.engine.config.table import physical_name, raw_name
from meshloom.engine.errors import (
    QUERY_CANCELLATION,
    QUERY_EXECUTION,
    PinotError,
    RestError,
)
from meshloom.engine.server.tables import Server
from meshloom.engine.sql import decimals
from meshloom.engine.sql.compiled import Compiled, Counters, OutputColumn
from meshloom.engine.sql.functions import STOPPING, named_in, provide
from meshloom.engine.sql.multi import compile_multi
from meshloom.engine.sql.options import check_indexes, timeout_of
from meshloom.engine.sql.parsing import bounded
from meshloom.engine.sql.planning_time import timed_out, within
from meshloom.engine.sql.relation import Relations
from meshloom.engine.sql.single import compile_single
from meshloom.engine.sql.statement import Statement, parse
from meshloom.engine.sql.ties import heap_order
from meshloom.infra.compute import ComputeError, Session

CACHED = 2_000
WRAPPED = re.compile(r"^Invalid Input Error: (?:Python exception occurred while executing the UDF: \w+: )?")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """An answer before it is printed. `rows` has the columns in order, under names of no meaning."""

    columns: tuple[OutputColumn, ...]
    rows: pa.Table
    tables: tuple[str, ...]
    aggregates: bool
    total_docs: int
    segments: int
    milliseconds: int
    documents: int | None = None  # that an aggregation's filter let through; None when it had none
    counters: Counters | None = None

    def without_totals(self) -> QueryResult:
        """The same without saying how many rows and segments there are."""
        return replace(self, total_docs=self.rows.num_rows, segments=1, counters=None)


class Broker:
    """Answers queries over what a server holds. Safe for threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.running = Running()
        self._quotas = Quotas()
        self._local = threading.local()
        self._sessions: list[Session] = []
        self._lock = threading.Lock()
        self._cache: OrderedDict[Any, Compiled] = OrderedDict()

    def query(self, sql: str, options: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Pinot's answer document; what goes wrong stands in its `exceptions`."""
        started = time.perf_counter()
        try:
            return self.answer(self.run(parse(sql, options)))
        except PinotError as error:
            return failure(error, int((time.perf_counter() - started) * 1000))

    @property
    def relations(self) -> Relations:
        """The tables that queries may name."""
        return self._server

    def run(self, statement: Statement, key: object = None, relations: Relations | None = None) -> QueryResult:
        """Run a parsed query. Raises PinotError.

        `key` names the translation in the cache, for callers that rewrite trees; it must tell apart everything that
        the tree and the options may hold. `relations` stand in place of the broker's own.
        """
        compiled = self.compiled(statement, key, relations)
        read = [relation for table in compiled.scanned if (relation := self._server.find(table))]
        configs = [config for relation in read for config in relation.configs or (relation.config,)]
        asking = statement.option("applicationName", "")
        self._quotas.acquire(limits_of(configs, asking, self._server.limits))
        started = time.perf_counter()
        rows = self._execute(compiled.sql, statement)
        documents = None
        if compiled.counted:
            last = rows.num_columns - 1
            documents = int(rows.column(last)[0].as_py() or 0) if rows.num_rows else 0
            rows = rows.remove_column(last)
        if compiled.ties:
            rows = settled(rows, compiled.ties)
        return QueryResult(
            named(compiled.columns, rows),
            rows,
            compiled.tables,
            compiled.aggregates,
            sum(relation.rows for relation in read),
            sum(relation.segments for relation in read),
            int((time.perf_counter() - started) * 1000),
            documents,
            compiled.counters,
        )

    def compiled(self, statement: Statement, key: object = None, relations: Relations | None = None) -> Compiled:
        """The translation of a query, from the cache when it still holds. Raises PinotError."""
        key = (key or statement.text, tuple(sorted(statement.options.items())))
        with self._lock:
            found = self._cache.get(key)
            if found is not None and found.generation == self._server.generation:
                self._cache.move_to_end(key)
                return found
        check_indexes(statement)
        compile_ = compile_multi if statement.multistage else compile_single
        known = relations or self._server
        with bounded():
            if statement.began:  # nor is it worth to follow its rows to count what Pinot would have looked at
                found = within(timeout_of(statement), statement.began, lambda: compile_(statement, known))
                return replace(readable(found), counters=None)
            found = readable(compile_(statement, known))
        with self._lock:
            self._cache[key] = found
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        return found

    def routing(self, table: str) -> dict[str, dict[str, list[str]]]:
        """Which server has which segments of a table, by physical table. Raises RestError 404."""
        found = self._server.held(table)
        if not found:
            raise RestError(404, f"Cannot find routing for table: {table}")
        return {physical: {self._server.instance: names} for physical, names in found.items()}

    def knows(self, table: str) -> bool:
        """Whether there is a physical or a logical table of that name."""
        return self._server.knows(table)

    def quota(self, name: str) -> float:
        """Queries a second of "table NAME", "database NAME" or "application NAME"; 0 for no limit."""
        kind, _, whose = name.partition(" ")
        if kind != "table":
            return self._server.limits.get(f"{kind}/{whose}", 0.0)
        configs = [self._server.relation(physical).config for physical in self._server.held(whose)]
        return next((limit for config in configs if (limit := limit_of(config)) is not None), 0.0)

    def time_boundary(self, table: str) -> dict[str, str]:
        """Where a hybrid table's rows change from offline to realtime. Raises RestError 404."""
        found = self._server.time_boundary(physical_name(raw_name(table), "OFFLINE"))
        if found is None:
            raise RestError(404, f"Cannot find time boundary for table: {table}")
        return {"timeColumn": found.column, "timeValue": found.value}

    def answer(self, result: QueryResult) -> dict[str, Any]:
        """A result as Pinot's document."""
        rows = rows_of(result.rows, result.columns)
        found = document(
            result.columns,
            rows,
            tables=result.tables,
            request_id=uuid.uuid4().hex,
            docs_scanned=_scanned(result),
            total_docs=result.total_docs,
            segments=result.segments,
            milliseconds=result.milliseconds,
        )
        counters = result.counters
        return found if counters is None else {**found, **counters(len(rows), result.documents)}

    def close(self) -> None:
        """Release every thread's session; no query may come after it."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._server.cursor()
            with self._lock:
                self._sessions.append(session)
        return session

    def _execute(self, sql: str, statement: Statement) -> pa.Table:
        session, timeout_ms = self._session(), timeout_of(statement)
        left = timeout_ms - (time.monotonic() - statement.began) * 1000 if statement.began else timeout_ms
        if left <= 0:
            raise timed_out(timeout_ms)
        name = statement.option("clientQueryId") or uuid.uuid4().hex
        provide(sql, self._server, self._server.functions)
        with self.running.watched(session, name, statement.text, left, named_in(sql)) as query:
            while True:
                try:
                    return session.arrow(sql)
                except ComputeError as error:
                    ended = STOPPING.mark in error.what
                    if ended and not query.stopped:  # another query's end: this one begins again
                        time.sleep(0.01)
                        continue
                    if error.kind != "InterruptException" and not ended:
                        raise PinotError(QUERY_EXECUTION, f"QueryExecutionError: {_told(error)}") from error
                    raise _stopped(query, timeout_ms) from error


def _stopped(query: Query, timeout_ms: int) -> PinotError:
    if query.stopped == "cancelled":
        return PinotError(QUERY_CANCELLATION, "QueryCancellationError: the query was cancelled")
    return timed_out(timeout_ms)


def readable(compiled: Compiled) -> Compiled:
    """With BIG_DECIMAL values of any size as text, and typed as Pinot types them."""
    types = [column.type for column in compiled.columns]
    sql = decimals.readable(compiled.sql, types, int(compiled.counted) + compiled.ties)
    if sql is compiled.sql:
        return compiled
    columns = tuple(replace(c, type=c.type.replace(decimals.WIDE, "BIG_DECIMAL")) for c in compiled.columns)
    return replace(compiled, sql=sql, columns=columns)


def settled(rows: pa.Table, ties: int) -> pa.Table:
    """Equal rows in Pinot's order; the last `ties` columns are their keys and the document."""
    answer = rows.select(range(rows.num_columns - ties))
    *keys, documents = (rows.column(place).to_pylist() for place in range(rows.num_columns - ties, rows.num_columns))
    return answer.take(pa.array(heap_order(list(zip(*keys, strict=True)), documents), pa.int64()))


def named(columns: tuple[OutputColumn, ...], rows: pa.Table) -> tuple[OutputColumn, ...]:
    """The columns, those of constants named by their value: `'1'`, `'true'`; a null has no type."""
    if not rows.num_rows or not any(column.constant for column in columns):
        return columns
    first = [value for value, *_ in (rows_of(rows.select([place]).slice(0, 1), (column,)) for place, column in
             enumerate(columns))]  # fmt: skip
    return tuple(
        replace(column, name=_shown(value[0]), type=column.type if value[0] is not None else "UNKNOWN")
        if column.constant
        else column
        for column, value in zip(columns, first, strict=True)
    )


def _shown(value: Any) -> str:
    """A literal's text (RequestUtils.prettyPrint)."""
    if isinstance(value, bool) or value is None:
        return f"'{str(value).lower()}'" if value is not None else "'null'"
    return f"'{value}'"


def _scanned(result: QueryResult) -> int:
    """Pinot's numDocsScanned."""
    if not result.aggregates:
        return int(result.rows.num_rows)
    return result.total_docs if result.documents is None else result.documents


def _told(error: ComputeError) -> str:
    """The executor's reason in one line, without what only says in which function of ours it was raised."""
    return WRAPPED.sub("", error.what).split("\n")[0]


def failure(error: PinotError, milliseconds: int = 0) -> dict[str, Any]:
    """The answer to a query that failed."""
    exception = {"errorCode": error.error_code, "message": error.what}
    return document(None, [], exceptions=[exception], request_id=uuid.uuid4().hex, milliseconds=milliseconds)
