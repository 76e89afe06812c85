"""DuckDB behind five verbs: open, execute, register, interrupt, close.

Two kinds of database leave this file. `open_database` gives one that is locked down: no file, no network, no
extension, no setting can be reached from SQL, whatever the text. `open_reader` gives a private one that reads files;
only statements that Meshloom wrote itself may run there, never a user's text.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from meshloom.errors import Broken

LOCK_DOWN = (
    "SET autoinstall_known_extensions=false",
    "SET autoload_known_extensions=false",
    "SET allow_community_extensions=false",
    "SET enable_external_access=false",
    "SET lock_configuration=true",
)
SETTINGS = (
    "SET GLOBAL TimeZone='UTC'",  # GLOBAL: a cursor does not take over what its connection was set to
    "SET GLOBAL preserve_insertion_order=true",
    "SET GLOBAL errors_as_json=false",
    "SET GLOBAL perfect_ht_threshold=20",  # groups by integers of up to a million neighbours are counted in an array
)


class ComputeError(Broken):
    """DuckDB could not do what it was asked. `kind` is DuckDB's own class of error, `BinderException` for one."""

    default_code = "compute"

    def __init__(self, what: str, *, kind: str) -> None:
        super().__init__(what)
        self.kind = kind

    def __str__(self) -> str:
        return self.what


@contextmanager
def _translated() -> Iterator[None]:
    """Give the platform's error in place of DuckDB's, without its pointers into the statement's text."""
    try:
        yield
    except duckdb.Error as error:
        raise ComputeError(str(error).split("\n\nLINE ")[0].strip(), kind=type(error).__name__) from error


class Session:
    """One thread's way into a database. Not to be shared between threads; close it when done."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> Session:
        """Run one statement or several; the last one's result is kept for `rows`, `arrow` or `batches`.

        Raises ComputeError, also when `interrupt` ended it (kind `InterruptException`).
        """
        with _translated():
            self._connection.execute(sql, parameters)
        return self

    def rows(self) -> list[tuple[Any, ...]]:
        """All rows of the last result, as Python values; for TIMESTAMP WITH TIME ZONE use Arrow (it wants pytz)."""
        with _translated():
            return self._connection.fetchall()

    def arrow(self, sql: str) -> pa.Table:
        """The whole answer of one SELECT as an Arrow table."""
        with _translated():
            return self._connection.sql(sql).to_arrow_table()

    def batches(self, sql: str, rows: int = 100_000) -> pa.RecordBatchReader:
        """The answer of one SELECT, `rows` at a time; the session is busy until the reader is drained."""
        with _translated():
            return self._connection.sql(sql).to_arrow_reader(rows)

    def each(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """The batches of a reader of `batches`; what ends the query half-way raises ComputeError here, too."""
        try:
            yield from reader
        except (OSError, pa.ArrowException) as error:  # DuckDB's own errors, as Arrow wraps them
            raise ComputeError(str(error).split("\n\nLINE ")[0].strip(), kind=type(error).__name__) from error

    def columns(self) -> list[tuple[str, str]]:
        """Names and DuckDB types of the last result."""
        return [(column[0], str(column[1])) for column in self._connection.description or ()]

    def register(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Make Arrow rows readable under `name`, in this session only."""
        with _translated():
            self._connection.register(name, rows)

    def unregister(self, name: str) -> None:
        with _translated():
            self._connection.unregister(name)

    def create_function(
        self, name: str, function: Callable[..., Any], parameters: Sequence[str], returns: str, nulls: bool = False
    ) -> None:
        """Add a vectorised function over Arrow arrays: `parameters` and `returns` are DuckDB type names.

        With `nulls` the function sees null arguments; without, the answer for them is null.
        """
        with _translated():
            self._connection.create_function(  # type: ignore[call-overload]  # the stubs want enumerations; names do too
                name,
                function,
                [self._connection.type(parameter) for parameter in parameters],
                self._connection.type(returns),
                type="arrow",
                null_handling="special" if nulls else "default",
            )

    def interrupt(self) -> None:
        """End the running statement, from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Database:
    """One open DuckDB database; `cursor` gives each thread its session.

    A file that is open here cannot be opened by another process, even to read it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def cursor(self) -> Session:
        with self._lock:
            return Session(self._connection.cursor())

    def close(self) -> None:
        self._connection.close()


def open_database(path: Path | None, threads: int = 2, memory: str = "") -> Database:
    """Open (or make) a locked-down database; None keeps it in memory.

    Args:
        path: the database file; another process must not have it open.
        threads: how many threads one statement may use; it cannot be changed afterwards.
        memory: DuckDB's memory limit, "4GB" say; "" leaves its default.

    Raises:
        ComputeError: the file is no database of this DuckDB, or somebody else has it open.
    """
    config: dict[str, Any] = {"threads": threads} | ({"memory_limit": memory} if memory else {})
    with _translated():
        connection = duckdb.connect(str(path) if path else ":memory:", config=config)
        for statement in SETTINGS + LOCK_DOWN:
            connection.execute(statement)
    return Database(connection)


def open_reader(threads: int = 2) -> Session:
    """A private in-memory database that may read and write files: for Meshloom's own statements only."""
    with _translated():
        connection = duckdb.connect(":memory:", config={"threads": threads})
        for statement in SETTINGS:
            connection.execute(statement)
    return Session(connection)


def lock(session: Session, files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> None:
    """Leave a reader nothing to read or write but these files and what lies in these folders. There is no way back.

    Other people's SQL may run after it, provided that what it calls was checked.
    """
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    inside = ", ".join("'" + str(path).replace("'", "''") + "/'" for path in folders)
    session.execute(f"SET allowed_paths=[{paths}]").execute(f"SET allowed_directories=[{inside}]")
    for statement in LOCK_DOWN:
        session.execute(statement)
