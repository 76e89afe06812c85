"""Integers of a fixed number of bits, one behind the other, the highest bit first (Pinot's PinotDataBitSet)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from meshloom.engine.storage.pinot_segment.bounds import Bytes, damaged, part

Ids = npt.NDArray[np.int32]


def size(bits: int, count: int) -> int:
    """How many bytes they take."""
    return (bits * count + 7) // 8


def width(most: int) -> int:
    """How many bits an integer up to `most` takes: one at least."""
    return max(most.bit_length(), 1)


def unpacked(data: Bytes, bits: int, start: int, count: int, what: str) -> Ids:
    """`count` integers of `bits` bits from the one numbered `start` on. Raises RestError 400."""
    if not 1 <= bits <= 31:
        raise damaged(f"{what} has {bits} bits for a value")
    skipped = start % 8
    first, last = (start - skipped) // 8 * bits, size(bits, start + count)
    held = part(data, first, max(last - first, 0), what)
    groups = -(-(count + skipped) // 8)  # eight integers take as many whole bytes as one has bits
    padded = np.zeros(groups * bits, dtype=np.uint8)
    padded[: len(held)] = held
    columns = padded.reshape(groups, bits)
    made = np.empty((groups, 8), dtype=np.int32)
    for place in range(8):
        made[:, place] = _column(columns, bits, place)
    return made.reshape(-1)[skipped : skipped + count]


def _column(groups: npt.NDArray[np.uint8], bits: int, place: int) -> npt.NDArray[np.uint64]:
    begin, end = place * bits, (place + 1) * bits
    value = np.zeros(len(groups), dtype=np.uint64)
    last = (end + 7) // 8
    for byte in range(begin // 8, last):
        value = (value << np.uint64(8)) | groups[:, byte]
    return (value >> np.uint64(last * 8 - end)) & np.uint64((1 << bits) - 1)


def packed(values: Ids, bits: int) -> bytes:
    """The reverse: `values` are below 2 ** bits."""
    groups = -(-len(values) // 8)
    padded = np.zeros(groups * 8, dtype=np.uint64)
    padded[: len(values)] = values
    columns = padded.reshape(groups, 8)
    made = np.zeros((groups, bits), dtype=np.uint8)
    for place in range(8):
        begin, end = place * bits, (place + 1) * bits
        last = (end + 7) // 8
        shifted = columns[:, place] << np.uint64(last * 8 - end)
        for byte in range(begin // 8, last):
            made[:, byte] |= ((shifted >> np.uint64(8 * (last - 1 - byte))) & np.uint64(255)).astype(np.uint8)
    return made.tobytes()[: size(bits, len(values))]
