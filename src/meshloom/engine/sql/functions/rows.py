"""Functions that DuckDB has not: Python over one row's values, called with whole Arrow arrays.

A query's text names them `px_<name>_<number of arguments>`; `provide` makes those that a text names known to DuckDB.
"""

from __future__ import annotations

import inspect
import re
import threading
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.registry import Result, key, scalar
from meshloom.engine.sql.typed import Typed, duckdb_type
from meshloom.infra.compute import Session

BATCH = 2048  # rows that DuckDB hands to a function at once
NAMED = re.compile(r"\bpx_[a-z0-9]+_\d+\b")
ARROW = {
    "INT": pa.int32(), "LONG": pa.int64(), "FLOAT": pa.float32(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
    "STRING": pa.string(), "JSON": pa.string(), "BYTES": pa.binary(), "TIMESTAMP": pa.timestamp("us"),
    WIDE: pa.binary(),
}  # fmt: skip


class Stopping:
    """The functions that queries call which must end. DuckDB sees an interrupt between batches of 2,048 rows only; a
    slow function is to end within its batch. It does not know whose batch it has: another query that is ended with it
    is run again by the broker, which knows. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queries: dict[int, frozenset[str]] = {}
        self._spared: list[frozenset[str]] = []
        self.names: frozenset[str] = frozenset()
        self.mark = f"stopped {uuid.uuid4().hex}"  # of the error's text; nothing that a query holds can be it

    def begin(self, query: object, names: frozenset[str]) -> None:
        with self._lock:
            self._queries[id(query)] = names
            self._settle()

    def end(self, query: object) -> None:
        """The query is gone; nothing happens for one that was never stopped."""
        with self._lock:
            if self._queries.pop(id(query), None) is not None:
                self._settle()

    @contextmanager
    def spared(self, names: frozenset[str]) -> Iterator[None]:
        """What the block runs is no query and must not end: its functions go on, also those of a stopped query."""
        with self._lock:
            self._spared.append(names)
            self._settle()
        try:
            yield
        finally:
            with self._lock:
                self._spared.remove(names)
                self._settle()

    def _settle(self) -> None:
        self.names = frozenset().union(*self._queries.values()).difference(*self._spared)

    def watched(self, name: str, rows: Iterable[Any]) -> Iterator[Any]:
        """The rows, until the function of that name has to stop: then RuntimeError with the mark."""
        for row in rows:
            if name in self.names:
                raise RuntimeError(self.mark)
            yield row


STOPPING = Stopping()


@dataclass(frozen=True, slots=True)
class RowFunction:
    """One Python function for one number of arguments. With `nulls` it sees nulls; without, their answer is null."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    result: str
    nulls: bool

    def vectorised(self, *, lenient: bool = False, stoppable: bool = True) -> Callable[..., pa.Array]:
        """`lenient` answers null for the values on which the function fails; `stoppable` ends with
        the query that calls it."""
        element = ARROW[self.result.removesuffix("_ARRAY")]
        type_ = pa.list_(element) if self.result.endswith("_ARRAY") else element
        function = _or_null(self.function) if lenient else self.function

        def call(*columns: Any) -> pa.Array:
            every = zip(*(column.to_pylist() for column in columns), strict=True)
            rows = STOPPING.watched(self.name, every) if stoppable else every
            found: Iterable[Any] = (None if None in row and not self.nulls else function(*row) for row in rows)
            return pa.array(list(_bounded(found) if self.result in ("STRING", "BYTES") else found), type_)

        # DuckDB counts the parameters of what it is given.
        names = [f"a{place}" for place in range(len(self.parameters))]
        kind = inspect.Parameter.POSITIONAL_ONLY
        call.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])  # type: ignore[attr-defined]
        return call

    def add_to(self, session: Session, *, lenient: bool = False, stoppable: bool = True) -> None:
        parameters = [duckdb_type(parameter) for parameter in self.parameters]
        made = self.vectorised(lenient=lenient, stoppable=stoppable)
        session.create_function(self.name, made, parameters, duckdb_type(self.result), nulls=True)


MOST = 2**28
"""Bytes of text that a function may make of one batch of rows."""


def _bounded(texts: Iterable[Any]) -> Iterator[Any]:
    """The same texts. Raises ValueError before they take the process's memory."""
    size = 0
    for text in texts:
        size += len(text) if text is not None else 0
        check_size(size)
        yield text


def check_size(characters: int) -> None:
    """Raises ValueError when a batch of rows may not have as much text."""
    if characters > MOST:
        raise ValueError(f"A function makes more than {MOST // 2**20} MB of text of {BATCH:,} rows")


def _or_null(function: Callable[..., Any]) -> Callable[..., Any]:
    def tried(*values: Any) -> Any:
        try:
            return function(*values)
        except Exception:  # whatever a value does to it: DuckDB's TRY does not reach into Python
            return None

    return tried


ROWS: dict[str, RowFunction] = {}
_known: weakref.WeakKeyDictionary[object, set[str]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def row_function(
    names: str,
    function: Callable[..., Any],
    result: str,
    parameters: Sequence[str],
    least: int | None = None,
    *,
    nulls: bool = False,
) -> None:
    """Add a Python function under Pinot's `names`; its last parameters may be left out down to `least` of them."""
    first = key(names.split()[0])
    for count in range(len(parameters) if least is None else least, len(parameters) + 1):
        name = f"px_{first}_{count}"
        ROWS[name] = RowFunction(name, function, tuple(parameters[:count]), result, nulls)
    arity = (len(parameters) if least is None else least, len(parameters))

    def render(arguments: Sequence[Typed]) -> str:
        return f"px_{first}_{len(arguments)}({', '.join(argument.sql for argument in arguments)})"

    declared: Result = result
    scalar(names, render, declared, arity, parameters)


def named_in(sql: str) -> frozenset[str]:
    """The row functions that a query's text calls."""
    return frozenset(NAMED.findall(sql)) & ROWS.keys()


def provide(sql: str, owner: object, session: Session, *, lenient: bool = False) -> None:
    """Make the row functions that a text names known to the database behind `session`. `owner` stands for that
    database: what it knows already is not added again; a session that is its own owner asks no queries.
    `lenient` ones answer null where they fail."""
    wanted = named_in(sql)
    if not wanted:
        return
    with _lock:
        known = _known.setdefault(owner, set())
        for name in wanted - known:
            ROWS[name].add_to(session, lenient=lenient, stoppable=owner is not session)
            known.add(name)
