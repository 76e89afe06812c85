"""A segment as a tar.gz: one folder named like the segment, with its rows as `data.parquet`, or in Pinot's own form."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import IO, BinaryIO, cast

import pyarrow as pa

from meshloom.engine.errors import RestError
from meshloom.engine.storage.pinot_segment.buffers import READ, V3
from meshloom.engine.storage.pinot_segment.metadata import FILE
from meshloom.engine.storage.pinot_segment.segment import Files

DATA = "data.parquet"
MOST_BYTES = 16 << 30  # of one segment; Pinot advises to stay below 1 GB
BATCH = "all_segments_metadata"
MOST_FILES = 100_000
MOST_HEADER = 1 << 20  # bytes of what a tar says of one file


class _Header(tarfile.TarInfo):
    """Refuses a header that is larger than any name, before it is read into memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        kinds = (*tarfile.GNU_TYPES, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
        if self.type in kinds and self.type != tarfile.GNUTYPE_SPARSE and self.size > MOST_HEADER:
            raise tarfile.HeaderError("a header that is too large")
        made: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        return made


def taken(file: BinaryIO, target: Path, folder: Path) -> str | Files:
    """Take a segment out of a tar: the rows of one of ours, which are then `target`, and its name; or the files of one
    in Pinot's own form, which then lie in `folder`.

    Raises RestError: 500 it is no tar, or one that reaches outside itself; 501 it is of neither form; 400 it holds more
    than a segment may. Then there is no `target`.
    """
    held: dict[str, Path] = {}
    sums: dict[str, tuple[int, int]] = {}
    total = 0
    try:
        with tarfile.open(fileobj=_plain(file), mode="r|*", tarinfo=_Header) as tar:
            for number, member in enumerate(tar):
                if member.name.startswith("/") or ".." in member.name.split("/"):
                    raise RestError(500, "Exception while uploading segment: a file of the tar lies outside of it")
                total += member.size
                if total > MOST_BYTES or number > MOST_FILES:
                    raise RestError(
                        400, f"The segment unpacks to more than {MOST_BYTES:,} bytes or {MOST_FILES:,} files"
                    )
                outer, _, path = member.name.removeprefix("./").partition("/")
                content = tar.extractfile(member) if member.isreg() and path else None
                if content is None:
                    continue
                if path == DATA:
                    _copy(content, target)
                    return outer
                wanted = path.removeprefix(V3).endswith(READ) and "/" not in path.removeprefix(V3)
                kept = folder / str(number) if wanted else None
                sums[path] = _copy(content, kept)
                if kept is not None:
                    held[path] = kept
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise RestError(
            500, "Exception while uploading segment: No Compressor found for the stream signature."
        ) from error
    if FILE not in held and V3 + FILE not in held:
        what = f"a tar that holds SEGMENT/{FILE} or SEGMENT/{V3}{FILE}, or SEGMENT/{DATA}"
        raise RestError(501, f"The segment is not in a form that this engine reads: {what}")
    return Files(held, sums)


def listed(file: BinaryIO) -> list[tuple[str, str]]:
    """The names of segments and where each lies, of a batch's tar. Raises RestError 400."""
    try:
        with tarfile.open(fileobj=_plain(file), mode="r|*", tarinfo=_Header) as tar:
            for number, member in enumerate(tar):
                if number > MOST_FILES or member.size > MOST_HEADER:
                    raise RestError(400, "The batch has too many files, or one that is too large")
                if member.isreg() and member.name.rpartition("/")[2] == BATCH:
                    content = tar.extractfile(member)
                    lines = content.read(MOST_HEADER).decode().splitlines() if content is not None else []
                    if lines and len(lines) % 2 == 0:
                        return list(zip(lines[0::2], lines[1::2], strict=True))
                    break
    except (tarfile.TarError, EOFError, OSError, zlib.error, UnicodeDecodeError) as error:
        raise RestError(400, "The batch is no tar of segments' metadata") from error
    raise RestError(400, f"The batch has no {BATCH} with a name and an address of each segment")


def _plain(file: BinaryIO) -> BinaryIO:
    """Pinot also packs segments by Zstandard and LZ4, which Python's tar does not know."""
    first = file.read(4)
    file.seek(0)
    codec = {b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4"}.get(first)
    return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(file, mode="r"), codec)) if codec else file


def _copy(content: IO[bytes], target: Path | None) -> tuple[int, int]:
    """Its Adler-32 and size. What a tar says of its size is not believed. Without a `target` it is only read."""
    made, size = zlib.adler32(b""), 0
    try:
        with target.open("wb") if target is not None else nullcontext() as out:
            while chunk := content.read(1 << 20):
                made, size = zlib.adler32(chunk, made), size + len(chunk)
                if size > MOST_BYTES:
                    raise RestError(400, f"The segment unpacks to more than {MOST_BYTES:,} bytes")
                if out is not None:
                    out.write(chunk)
    except BaseException:
        if target is not None:
            target.unlink(missing_ok=True)
        raise
    return made, size


def packed(name: str, folder: Path) -> Path:
    """Pack what lies in `folder` as the segment `name` into a temporary file, which is the caller's."""
    with tempfile.NamedTemporaryFile(prefix="meshloom-", suffix=".tar.gz", delete=False) as file:
        target = Path(file.name)
    try:
        with tarfile.open(target, "w:gz", compresslevel=1) as tar:
            tar.add(folder, arcname=name)
    except BaseException:
        target.unlink()
        raise
    return target
