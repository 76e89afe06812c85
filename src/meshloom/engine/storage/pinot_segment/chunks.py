"""Raw forward indexes: values in chunks, each packed by itself.

Numbers lie in the form of FixedByteChunkForwardIndexWriter (versions 1 to 6). Other values and lists lie in that of
VarByteChunkForwardIndexWriter (1 to 3), or of VarByteChunkForwardIndexWriterV4 (4; 5, where a list of numbers has no
length of its own; 6, where a packed chunk has sizes instead of places).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from meshloom.engine.storage.pinot_segment import codecs
from meshloom.engine.storage.pinot_segment.bounds import Bytes, Longs, damaged, number, numbers, part, unknown
from meshloom.engine.storage.pinot_segment.spans import Spans

HUGE, PIPELINE = 1 << 31, 0xC0DEC0DE
WITHOUT_COUNT = 5  # from this version on a list of numbers has no length of its own


@dataclass(frozen=True, slots=True)
class _Header:
    """Of versions 1 to 3, and of numbers in any: where the chunks begin and how they are packed."""

    codec: int
    chunk_rows: int
    entry_bytes: int
    places: Longs
    first: int

    @classmethod
    def of(cls, data: Bytes, rows: int, what: str) -> _Header:
        version, chunks, chunk_rows, entry_bytes = numbers(data, 0, 4, ">i4", what).tolist()
        start, codec = 16, codecs.SNAPPY
        if version > 1:
            _, codec, start = numbers(data, 16, 3, ">i4", what).tolist()
        if chunk_rows < 1 or chunks != -(-rows // chunk_rows):
            raise damaged(f"{what} has {chunks:,} chunks of {chunk_rows:,} documents, of {rows:,} in all")
        type_ = ">i4" if version < 3 else ">i8"
        places = numbers(data, start, chunks, type_, what)
        first = start + chunks * np.dtype(type_).itemsize
        bounds = np.concatenate((places, [len(data)]))
        if bool((np.diff(bounds) < 0).any()) or (chunks and bounds[0] < first):
            raise damaged(f"{what} has chunks that lie outside of it")
        return cls(codec, chunk_rows, entry_bytes, bounds, first)

    def chunks(self, data: Bytes, rows: int) -> Iterator[tuple[Bytes, int]]:
        """The packed bytes of each, and its documents."""
        for place, start in enumerate(self.places[:-1].tolist()):
            count = min(self.chunk_rows, rows - place * self.chunk_rows)
            yield data[start : self.places[place + 1]], count


def version_of(data: Bytes, what: str) -> int:
    """Raises RestError 400 for those that are not read."""
    if data[:4].tobytes() == b"CLP.":
        raise unknown(f"{what} is packed as a log by CLP")
    version = number(data, 0, what)
    if version == 7 and len(data) >= 8 and number(data, 4, what, ">u4") == PIPELINE:
        raise unknown(f"{what} is packed by a pipeline of codecs (version 7)")
    if not 1 <= version <= 6:
        raise unknown(f"{what} is a forward index of version {version}")
    return version


def fixed(data: Bytes, rows: int, type_: str, what: str) -> Iterator[npt.NDArray[np.generic]]:
    """Numbers of numpy's type `type_`, chunk by chunk. Raises RestError 400."""
    size = np.dtype(type_).itemsize
    version_of(data, what)
    header = _Header.of(data, rows, what)
    if header.entry_bytes != size:
        raise damaged(f"{what} has values of {header.entry_bytes} bytes, where {size} are expected")
    if header.codec == codecs.PASS_THROUGH:
        yield part(data, header.first, rows * size, what).view(type_)
        return
    for packed, count in header.chunks(data, rows):
        yield codecs.unpacked(header.codec, packed, what, count * size).view(type_)


def variable(data: Bytes, rows: int, what: str) -> Iterator[Spans]:
    """Values of any length, chunk by chunk. Raises RestError 400."""
    version = version_of(data, what)
    yield from _by_place(data, rows, what) if version < 4 else _by_metadata(data, rows, what, version)


def _by_place(data: Bytes, rows: int, what: str) -> Iterator[Spans]:
    header = _Header.of(data, rows, what)
    for packed, count in header.chunks(data, rows):
        chunk = codecs.unpacked(header.codec, packed, what)
        starts = numbers(chunk, 0, min(count + 1, header.chunk_rows), ">i4", what)
        # The place of the first document that is missing in the last chunk is zero.
        yield Spans.of(chunk, np.concatenate((starts[:count], [len(chunk)])), what)


def _by_metadata(data: Bytes, rows: int, what: str, version: int) -> Iterator[Spans]:
    _, codec, start = numbers(data, 4, 3, ">i4", what).tolist()
    if start < 16 or (start - 16) % 8:
        raise damaged(f"{what} says that its chunks begin at byte {start:,}")
    entries = numbers(data, 16, (start - 16) // 4, "<u4", what)
    documents, places = np.append(entries[0::2], rows), np.append(entries[1::2], len(data) - start)
    huge, documents = documents >= HUGE, documents % HUGE
    counts, sizes = np.diff(documents), np.diff(places)
    if documents[0] != 0 or bool((counts < 1).any()) or bool((sizes < 0).any()) or bool((counts[huge[:-1]] != 1).any()):
        raise damaged(f"{what} has chunks that are not in order")
    for place, count in enumerate(counts.tolist()):
        packed = part(data, start + int(places[place]), int(sizes[place]), what)
        chunk = codecs.unpacked(codec, packed, what)
        if huge[place]:
            yield Spans.of(chunk, np.array([0, len(chunk)]), what)
            continue
        held = numbers(chunk, 0, count + 1, "<i4", what)
        if held[0] != count:
            raise damaged(f"{what} has a chunk of {held[0]:,} documents, where {count:,} are expected")
        if version == 6 and codec != codecs.PASS_THROUGH:
            bounds = 4 * (count + 1) + np.concatenate(([0], np.cumsum(held[1:])))
        else:
            bounds = np.concatenate((held[1:], [len(chunk)]))
        yield Spans.of(chunk, bounds, what)
