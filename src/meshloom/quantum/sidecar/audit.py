"""The access log: one line for each read or attempt, each line holding the hash of the one before (H4)."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meshloom.spec.time import format_instant

FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Break:
    """The first line at which the log does not hold: it was changed, cut out or put in."""

    line: int
    why: str


class AuditLog:
    """Append-only, in `folder/audit.jsonl`. Safe for threads; one process writes.

    A line is handed to the operating system before the answer goes out; it survives a crash of this process, and a
    crash of the machine up to the system's own write-back (fsync runs when the log is closed).
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "audit.jsonl"
        self._lock = threading.Lock()
        self._last = self._recover()
        self._file = self._path.open("ab", buffering=0)

    def _recover(self) -> str:
        """The last whole line's hash; half a line, left by a crash, is moved aside, not into the chain."""
        if not self._path.exists():
            return FIRST
        content = self._path.read_bytes()
        whole, newline, rest = content.rpartition(b"\n")
        if rest:
            with self._path.with_suffix(".torn").open("ab") as torn:
                torn.write(rest + b"\n")
            with self._path.open("r+b") as file:
                file.truncate(len(whole) + len(newline))
        if not whole:
            return FIRST
        last: str = json.loads(whole.rpartition(b"\n")[2])["hash"]
        return last

    def write(self, entry: Mapping[str, Any]) -> str:
        """Add a line and return its hash. `time` is added when it is missing."""
        with self._lock:
            document = {"time": format_instant(datetime.now(UTC)), **entry, "previous": self._last}
            body = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
            digest = hashlib.sha256(body.encode()).hexdigest()
            self._file.write(json.dumps({**json.loads(body), "hash": digest}, ensure_ascii=False).encode() + b"\n")
            self._last = digest
        return digest

    def entries(self, port_prefix: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Newest first; of the ports whose URN begins with `port_prefix`."""
        found: list[dict[str, Any]] = []
        for line in reversed(self._path.read_bytes().splitlines()):
            entry = json.loads(line)
            port = str(entry.get("port", ""))
            if not port_prefix or port == port_prefix or port.startswith(f"{port_prefix}:"):
                found.append(entry)
                if len(found) >= limit:
                    break
        return found

    def verify(self) -> Break | None:
        """The first line that does not fit its hash or its predecessor; None when the log holds."""
        previous = FIRST
        for number, entry in self._numbered():
            digest = entry.pop("hash", "")
            body = json.dumps(entry, sort_keys=True, ensure_ascii=False, default=str)
            if entry.get("previous") != previous:
                return Break(number, "it does not follow the line before it")
            if hashlib.sha256(body.encode()).hexdigest() != digest:
                return Break(number, "it was changed")
            previous = digest
        return None

    def _numbered(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield number, json.loads(line)

    def close(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()
