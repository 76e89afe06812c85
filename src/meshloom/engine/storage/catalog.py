"""What the cluster holds: schemas, table configs and segments, in one SQLite file. Rows live elsewhere.

A segment is one or more Parquet files: written by the engine into its deep store, or pushed by reference, in which
case the file stays where its owner put it and is only read.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, changed_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segments (
    table_name TEXT NOT NULL, name TEXT NOT NULL, id INTEGER NOT NULL, paths TEXT NOT NULL, rows INTEGER NOT NULL,
    owned INTEGER NOT NULL, created_ms INTEGER NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (table_name, name)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a physical table. `id` is unique in the cluster and never used again; times in milliseconds.

    `owned` says that the engine wrote the files, and removes them with the segment.
    """

    table: str
    name: str
    id: int
    paths: tuple[str, ...]
    rows: int
    owned: bool
    created_ms: int
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Catalog:
    """Documents by kind ("schema", "table", "tenant", …) and segments by table. Safe for threads.

    Who reads never waits for a transaction of another thread, and sees what was there before it: a segment's loading
    holds one for as long as it takes, and queries go on meanwhile.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._writer = 0  # the thread whose transaction is open
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(TABLES)
        self._reading = threading.Lock()
        self._reader = sqlite3.connect(path, check_same_thread=False, isolation_level=None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written inside is undone when an exception leaves the block."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._writer = threading.get_ident()
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._writer = 0

    def _rows(self, sql: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """What a SELECT gives: the thread's own transaction if it has one open, else what is committed."""
        if self._writer == threading.get_ident():
            return self._connection.execute(sql, values).fetchall()
        with self._reading:
            return self._reader.execute(sql, values).fetchall()

    # --- documents

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        rows = self._rows("SELECT document FROM documents WHERE kind = ? AND name = ?", (kind, name))
        return json.loads(rows[0][0]) if rows else None

    def put(self, kind: str, name: str, document: Mapping[str, Any]) -> None:
        with self._lock:
            self._connection.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)",
                (kind, name, json.dumps(document), int(time.time() * 1000)),
            )

    def remove(self, kind: str, name: str) -> bool:
        with self._lock:
            done = self._connection.execute("DELETE FROM documents WHERE kind = ? AND name = ?", (kind, name))
        return done.rowcount > 0

    def names(self, kind: str) -> list[str]:
        """Sorted."""
        return [name for (name,) in self._rows("SELECT name FROM documents WHERE kind = ? ORDER BY name", (kind,))]

    def changed_ms(self, kind: str, name: str) -> int:
        """When a document was last put, 0 when there is none."""
        rows = self._rows("SELECT changed_ms FROM documents WHERE kind = ? AND name = ?", (kind, name))
        return int(rows[0][0]) if rows else 0

    # --- segments

    def add_segment(
        self, table: str, name: str, paths: tuple[str, ...], rows: int, *, owned: bool, metadata: Mapping[str, Any]
    ) -> Segment:
        """Register a segment, in place of one of the same name (whose id is then gone)."""
        with self.transaction():
            highest = self._connection.execute("SELECT document FROM documents WHERE kind = 'counter'").fetchone()
            number = (json.loads(highest[0])["segment"] if highest else 0) + 1
            self.put("counter", "segment", {"segment": number})
            segment = Segment(table, name, number, paths, rows, owned, int(time.time() * 1000), metadata)
            self._connection.execute(
                "INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (table, name, number, json.dumps(paths), rows, owned, segment.created_ms, json.dumps(metadata)),
            )
        return segment

    def describe(self, segment: Segment, metadata: Mapping[str, Any]) -> None:
        """Give a segment other metadata; its rows and its id stay."""
        with self._lock:
            self._connection.execute(
                "UPDATE segments SET metadata = ? WHERE id = ?", (json.dumps(metadata), segment.id)
            )

    def segments(self, table: str) -> list[Segment]:
        """In the order in which they came."""
        rows = self._rows("SELECT * FROM segments WHERE table_name = ? ORDER BY id", (table,))
        return [
            Segment(table_name, name, number, tuple(json.loads(paths)), count, bool(owned), made, json.loads(meta))
            for table_name, name, number, paths, count, owned, made, meta in rows
        ]

    def segment(self, table: str, name: str) -> Segment | None:
        return next((segment for segment in self.segments(table) if segment.name == name), None)

    def remove_segment(self, table: str, name: str) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM segments WHERE table_name = ? AND name = ?", (table, name))

    def close(self) -> None:
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()
