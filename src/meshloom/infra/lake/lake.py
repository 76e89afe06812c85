"""What the platform asks of a table format. One behaviour suite in tests/contract runs on every implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One append: its number in the format's own terms, the files that it added and what was written beside it."""

    id: int
    files: tuple[Path, ...]
    properties: Mapping[str, str]


class Lake(Protocol):
    """Tables by name. Blocking; any number of readers, one writer a table (the platform's lock sees to it)."""

    def folder(self, table: str) -> Path:
        """Where the data files of a table belong; made when missing, also before the table's first append."""

    def append(self, table: str, files: Sequence[Path], properties: Mapping[str, str]) -> Snapshot:
        """Make Parquet files in `folder(table)` part of the table, in one commit with `properties`.

        The first append makes the table with the files' columns; later files may add columns. After a crash the
        append either happened or did not. Raises Broken when the files' columns do not fit the table's.
        """

    def snapshots(self, table: str) -> list[Snapshot]:
        """Oldest first; empty when there is no such table."""

    def tables(self) -> list[str]:
        """Names, sorted."""

    def sweep(self, table: str) -> list[Path]:
        """Remove files in the table's folder that no snapshot knows (a crash left them) and return their paths."""

    def drop(self, table: str) -> None:
        """Remove the table and its files; one that is not there does no harm."""
