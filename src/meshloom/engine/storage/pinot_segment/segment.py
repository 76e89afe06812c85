"""A whole segment into a Parquet file of a table."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from meshloom.engine.config.schema import Schema
from meshloom.engine.storage.pinot_segment.bounds import damaged
from meshloom.engine.storage.pinot_segment.buffers import V3, Buffers, checksum
from meshloom.engine.storage.pinot_segment.columns import STEP, read, stepped
from meshloom.engine.storage.pinot_segment.metadata import CREATION, FILE, Metadata

MOST_CELLS = 10_000_000_000  # documents times columns: what a small file may declare, and how long it may then take


@dataclass(frozen=True, slots=True)
class Files:
    """A segment's files by their path in its folder: those that are read, and of all the Adler-32 and the size."""

    held: Mapping[str, Path]
    sums: Mapping[str, tuple[int, int]]

    def _content(self, name: str) -> bytes:
        found = self.held.get(V3 + name) or self.held.get(name)
        if found is None:
            raise damaged(f"{name} is missing")
        return found.read_bytes()

    def metadata(self) -> Metadata:
        """Raises RestError 400: it cannot be read, or the files are not those whose CRC creation.meta tells."""
        found = Metadata.of(self._content(FILE), self._content(CREATION))
        made = checksum(self.sums)
        if made != found.crc:
            what = f"its files have the CRC {made}, {CREATION} says {found.crc}"
            raise damaged(f"{what}: it was damaged, or changed after it was built")
        return found


def to_parquet(files: Files, target: Path, schema: Schema, *, nullable: Mapping[str, bool]) -> Metadata:
    """Write the rows of the schema's columns that the segment has; the others are for the loading to fill.

    `nullable` says of each column whether the table shows nulls. Raises RestError 400 for what cannot be read; then
    there is no `target`.
    """
    metadata, buffers = files.metadata(), Buffers(files.held)
    names = [name for name in metadata.names if name in schema.fields and not schema.fields[name].virtual]
    if metadata.rows * len(names) > MOST_CELLS:
        raise damaged(f"{metadata.rows:,} documents in {len(names):,} columns are declared")
    if not names:
        raise damaged("it has none of the table's columns")
    try:
        columns = [read(metadata, buffers, schema.fields[name], keeps_nulls=nullable[name]) for name in names]
        made = pa.schema([pa.field(column.name, column.type) for column in columns])
        with pq.ParquetWriter(target, made, compression="snappy", store_schema=False) as writer:
            for arrays in zip(*(stepped(column, metadata.rows) for column in columns), strict=True):
                writer.write_table(pa.Table.from_arrays(list(arrays), schema=made), row_group_size=STEP)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, pa.ArrowException):
            raise damaged("its values cannot be told") from error
        raise
    return metadata


def folder_of(folder: Path) -> Files:
    """The files of a segment that lies unpacked in a folder."""
    held = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return Files(held, {name: (zlib.adler32(path.read_bytes()), path.stat().st_size) for name, path in held.items()})
