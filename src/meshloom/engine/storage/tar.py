"""A segment as a tar.gz: one folder named like the segment, with its rows as `data.parquet`."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import BinaryIO

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
