"""A segment as a tar.gz: one folder named like the segment, with its rows as `data.parquet`."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from meshloom.engine.errors import RestError

DATA = "data.parquet"


def parquet_of(file: BinaryIO, target: Path) -> str:
    """Take the rows out of a tar, write them to `target` and return the segment's name.

    Raises RestError: 500 it is no tar, 501 it is one in Pinot's own columnar form.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:*") as tar:
            for member in tar:
                folder, _, name = member.name.rpartition("/")
                content = tar.extractfile(member) if member.isfile() and name == DATA else None
                if content is not None and folder:
                    with target.open("wb") as out:
                        shutil.copyfileobj(content, out)
                    return folder.strip("./").rpartition("/")[2]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise RestError(
            500, "Exception while uploading segment: No Compressor found for the stream signature."
        ) from error
    raise RestError(501, f"The segment is not in a form that this engine reads: a tar that holds SEGMENT/{DATA}")


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
