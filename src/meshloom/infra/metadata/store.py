"""Documents by kind and key, and journals that only grow, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from meshloom.errors import Broken

TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_by_subject ON journal (kind, subject, number);
"""


class Store:
    """Safe for threads and processes. Documents are JSON; what is read is a copy."""

    def __init__(self, path: Path) -> None:
        """Raises Broken when the file is no database."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._written = 0
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(TABLES)
        except sqlite3.DatabaseError as error:
            raise Broken(
                f"{path} cannot be read", why=str(error), remedy="restore it, or remove it and apply again"
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._written += 1
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def version(self) -> tuple[int, int]:
        """Differs from an earlier one whenever somebody, also another process, has written in between."""
        with self._lock:
            return self._written, int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def get(self, kind: str, key: str) -> Any:
        """A document, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT document FROM documents WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, kind: str) -> dict[str, Any]:
        """Every document of a kind by its key, sorted."""
        with self._lock:
            rows = self._connection.execute("SELECT key, document FROM documents WHERE kind = ? ORDER BY key", (kind,))
            return {key: json.loads(document) for key, document in rows}

    def put(self, kind: str, key: str, document: Any) -> None:
        with self._lock:
            self._written += 1
            self._connection.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, json.dumps(document))
            )

    def remove(self, kind: str, key: str) -> None:
        with self._lock:
            self._written += 1
            self._connection.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def append(self, kind: str, subject: str, document: Mapping[str, Any]) -> int:
        """Add to a journal and return the entry's number."""
        with self._lock:
            done = self._connection.execute(
                "INSERT INTO journal (kind, subject, document) VALUES (?, ?, ?)", (kind, subject, json.dumps(document))
            )
        return int(done.lastrowid or 0)

    def journal(self, kind: str, subject: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Newest first; of all subjects when none is given."""
        where, parameters = ("AND subject = ?", (kind, subject)) if subject else ("", (kind,))
        with self._lock:
            rows = self._connection.execute(
                f"SELECT document FROM journal WHERE kind = ? {where} ORDER BY number DESC LIMIT {int(limit)}",
                parameters,
            )
            return [json.loads(document) for (document,) in rows]

    def count(self, name: str) -> int:
        """Grow a counter by one and return it."""
        with self.transaction():
            number = int(self.get("counter", name) or 0) + 1
            self.put("counter", name, number)
        return number

    def close(self) -> None:
        with self._lock:
            self._connection.close()
