"""What packs the chunks of a raw forward index (Pinot's ChunkCompressionType, by number).

What a chunk says of its unpacked size is checked: against a limit before memory is taken, and against what came out.
"""

from __future__ import annotations

import zlib

import numpy as np
import pyarrow as pa

from meshloom.engine.storage.pinot_segment.bounds import Bytes, Longs, damaged, number, part, unknown

PASS_THROUGH, SNAPPY, ZSTANDARD, LZ4, LZ4_WITH_LENGTH, GZIP, DELTA, DELTA_DELTA = range(8)
NAMES = ("PASS_THROUGH", "SNAPPY", "ZSTANDARD", "LZ4", "LZ4_LENGTH_PREFIXED", "GZIP", "DELTA", "DELTADELTA")
MOST_CHUNK = 256 << 20  # bytes of one unpacked chunk; Pinot aims at 1 MB
_LZ4_FRAME, _LZ4_BLOCK = b"\x04\x22\x4d\x18\x60\x70\x73", 4 << 20


def unpacked(codec: int, data: Bytes, what: str, size: int | None = None) -> Bytes:
    """A chunk's bytes; exactly `size` of them where that is known. Raises RestError 400."""
    if not 0 <= codec < len(NAMES):
        raise unknown(f"{what} is packed by codec {codec}")
    if size is not None and size > MOST_CHUNK:
        raise damaged(f"{what} has a chunk of {size:,} bytes")
    try:
        made = data if codec == PASS_THROUGH else _unpacked(codec, data, what, size)
    except (pa.ArrowException, OSError, zlib.error) as error:
        raise damaged(f"a chunk of {what} is no {NAMES[codec]}") from error
    if size is not None and len(made) != size:
        raise damaged(f"a chunk of {what} unpacks to {len(made):,} bytes, where {size:,} are expected")
    return made


def _unpacked(codec: int, data: Bytes, what: str, size: int | None) -> Bytes:
    if codec == SNAPPY:
        declared = _declared(_varint(data, what), what)
        return _bytes(pa.Codec("snappy").decompress(pa.py_buffer(data), declared))
    if codec == ZSTANDARD:
        return _read(data, "zstd", what)
    if codec == LZ4:
        return _lz4(data, size, what)
    if codec == LZ4_WITH_LENGTH:
        return _lz4(data[4:], _declared(number(data, 0, what, "<i4"), what), what)
    if codec == GZIP:
        return _gzip(data, what)  # its size stands behind it, in an order of bytes that differs by version
    return _delta(data, twice=codec == DELTA_DELTA, what=what)


def _declared(size: int, what: str) -> int:
    if not 0 <= size <= MOST_CHUNK:
        raise damaged(f"a chunk of {what} declares {size:,} bytes")
    return size


def _bytes(held: bytes | pa.Buffer) -> Bytes:
    return np.frombuffer(held, dtype=np.uint8)


def _gzip(data: Bytes, what: str) -> Bytes:
    stream = zlib.decompressobj()
    made = stream.decompress(data.tobytes(), MOST_CHUNK + 1)
    _declared(len(made), what)
    if not stream.eof:
        raise damaged(f"a chunk of {what} ends too early")
    return _bytes(made)


def _varint(data: Bytes, what: str) -> int:
    """The unpacked size with which Snappy begins."""
    size = 0
    for place in range(5):
        byte = number(data, place, what, "u1")
        size |= (byte & 127) << (7 * place)
        if byte < 128:
            return size
    raise damaged(f"a chunk of {what} is no SNAPPY")


def _read(data: Bytes, codec: str, what: str) -> Bytes:
    with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(data)), codec) as stream:
        made = stream.read_buffer(MOST_CHUNK + 1)
    _declared(len(made), what)
    return _bytes(made)


def _lz4(block: Bytes, size: int | None, what: str) -> Bytes:
    """An LZ4 block. pyarrow's own codec for it does not tell how much of its output was filled, so that a smaller block
    than declared would end in memory that nobody wrote; a frame of one block does, up to 4 MB of output."""
    if size is None or size > _LZ4_BLOCK:
        found = _lz4_size(block, what)
        if found > _LZ4_BLOCK:
            if size is not None and found != size:
                raise damaged(f"a chunk of {what} unpacks to {found:,} bytes, where {size:,} are declared")
            return _bytes(pa.Codec("lz4_raw").decompress(pa.py_buffer(block), found))
    frame = b"".join((_LZ4_FRAME, len(block).to_bytes(4, "little"), block.tobytes(), b"\0\0\0\0"))
    made = _read(_bytes(frame), "lz4", what)
    if size is not None and len(made) != size:
        raise damaged(f"a chunk of {what} unpacks to {len(made):,} bytes, where {size:,} are declared")
    return made


def _lz4_size(block: Bytes, what: str) -> int:
    """How many bytes an LZ4 block unpacks to, by its tokens."""
    data, at, size = block.tobytes(), 0, 0

    def length(nibble: int) -> int:
        nonlocal at
        total, byte = nibble, 255 if nibble == 15 else 0
        while byte == 255:
            byte, at = data[at], at + 1
            total += byte
        return total

    try:
        while at < len(data):
            token, at = data[at], at + 1
            literal = length(token >> 4)
            at, size = at + literal, size + literal
            if at < len(data):
                at += 2
                size += length(token & 15) + 4
            _declared(size, what)
    except IndexError as error:
        raise damaged(f"a chunk of {what} is no LZ4") from error
    return size


def _delta(data: Bytes, *, twice: bool, what: str) -> Bytes:
    """Differences of LONG values (DeltaCompressor, DeltaDeltaCompressor), as the values' big-endian bytes."""
    if number(data, 0, what, "i1") != 1:
        raise unknown(f"{what} holds differences of another type than LONG")
    count = number(data, 1, what)
    _declared(8 * count, what)
    if count == 0:
        return data[:0]
    steps: Longs = np.zeros(count, dtype=np.int64)
    steps[0] = number(data, 5, what, ">i8")
    if count > 1:
        block = part(data, 17, number(data, 13, what), what)
        steps[1:] = _lz4(block, 8 * (count - 1), what).view(">i8")
    if twice:
        steps[1:] = np.cumsum(steps[1:])
    return np.cumsum(steps).astype(">i8").view(np.uint8)
