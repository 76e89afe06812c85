"""A segment as a tar.gz: one folder named like the segment, with its rows as `data.parquet`."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from meshloom.engine.errors import RestError

DATA = "data.parquet"
MOST_BYTES = 16 << 30  # of one segment; Pinot advises to stay below 1 GB


def parquet_of(file: BinaryIO, target: Path) -> str:
    """Take the rows out of a tar, write them to `target` and return the segment's name.

    Raises RestError: 500 it is no tar, or one that reaches outside itself; 501 it is one in Pinot's own columnar form;
    400 it holds more than a segment may. Then there is no `target`.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:*") as tar:
            for member in tar:
                folder, _, name = member.name.rpartition("/")
                if member.name.startswith("/") or ".." in member.name.split("/"):
                    raise RestError(500, "Exception while uploading segment: a file of the tar lies outside of it")
                content = tar.extractfile(member) if member.isfile() and name == DATA else None
                if content is not None and folder:
                    _copy(content, target)
                    return folder.removeprefix("./").rpartition("/")[2]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise RestError(
            500, "Exception while uploading segment: No Compressor found for the stream signature."
        ) from error
    raise RestError(501, f"The segment is not in a form that this engine reads: a tar that holds SEGMENT/{DATA}")


def _copy(content: IO[bytes], target: Path) -> None:
    """What a tar says of its size is not believed."""
    left = MOST_BYTES
    try:
        with target.open("wb") as out:
            while chunk := content.read(1 << 20):
                left -= len(chunk)
                if left < 0:
                    raise RestError(400, f"The segment unpacks to more than {MOST_BYTES:,} bytes")
                out.write(chunk)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def packed(name: str, paths: Sequence[str]) -> Path:
    """Write a segment's rows as such a tar into a temporary file, which is the caller's. Raises OSError when a file of
    it cannot be read."""
    with tempfile.NamedTemporaryFile(prefix="meshloom-", suffix=".tar.gz", delete=False) as file:
        target = Path(file.name)
    try:
        _pack(name, paths, target)
    except BaseException:
        target.unlink()
        raise
    return target


def _pack(name: str, paths: Sequence[str], target: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".parquet") as together, tarfile.open(target, "w:gz") as tar:
        data = Path(paths[0])
        if len(paths) > 1:
            data = Path(together.name)
            files = [pq.ParquetFile(path) for path in paths]
            schema = pa.unify_schemas([file.schema_arrow for file in files])
            with pq.ParquetWriter(data, schema, compression="zstd") as writer:
                for file in files:
                    for batch in file.iter_batches():
                        writer.write_table(completed(pa.Table.from_batches([batch]), schema))
        member = tarfile.TarInfo(f"{name}/{DATA}")
        member.size = data.stat().st_size
        with data.open("rb") as file:
            tar.addfile(member, file)


def completed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """With nulls for the columns that the rows lack."""
    columns = [rows.column(f.name) if f.name in rows.column_names else pa.nulls(len(rows), f.type) for f in schema]
    return pa.table(columns, schema=schema)
