"""The deep store: where the engine keeps the Parquet files of segments that it made itself."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 122_880  # DuckDB's own row group, so that each becomes one unit of its parallel scans
DICTIONARY = {"PLAIN_DICTIONARY", "RLE_DICTIONARY"}
# What DuckDB takes from Arrow as it would read it from Parquet.
PLAIN = {
    pa.string(): "VARCHAR", pa.int32(): "INTEGER", pa.int64(): "BIGINT", pa.float32(): "FLOAT", pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN", pa.timestamp("us"): "TIMESTAMP", pa.binary(): "BLOB",
    pa.decimal128(38, 10): "DECIMAL(38,10)",
}  # fmt: skip


def coded(metadata: pq.FileMetaData, place: int) -> bool:
    """Whether a column's text has a dictionary in every row group."""
    chunks = [metadata.row_group(number).column(place) for number in range(metadata.num_row_groups)]
    text = all(chunk.physical_type == "BYTE_ARRAY" for chunk in chunks)
    return bool(chunks) and text and all(DICTIONARY & set(chunk.encodings) for chunk in chunks)


class DeepStore:
    """A folder with one folder a physical table."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, physical: str, segment: str, rows: pa.Table) -> Path:
        """Write a segment's file whole or not at all, and return its path."""
        partial = self.partial(physical)
        pq.write_table(rows, partial, compression="zstd", row_group_size=ROW_GROUP)
        return self.keep(physical, segment, partial)

    def partial(self, physical: str) -> Path:
        """Where to write a file before `keep` takes it."""
        folder = self._folder / physical
        folder.mkdir(exist_ok=True)
        return folder / f".{uuid.uuid4().hex}.partial"

    def keep(self, physical: str, segment: str, partial: Path) -> Path:
        """Make a written file a segment's, whole or not at all. Each has a name of its own, so that the file of a
        replaced segment stays readable until it is removed."""
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        return partial.replace(self.place(physical, segment, partial))

    def place(self, physical: str, segment: str, partial: Path) -> Path:
        """Where `keep` puts a file."""
        return self._folder / physical / f"{quote(segment, safe='')[:150]}.{partial.stem[1:9]}.parquet"

    def remove(self, paths: tuple[str, ...]) -> None:
        """Remove files that the engine wrote; those that are gone already do no harm."""
        for path in map(Path, paths):
            if path.is_relative_to(self._folder):
                path.unlink(missing_ok=True)

    def remove_table(self, physical: str) -> None:
        shutil.rmtree(self._folder / physical, ignore_errors=True)
