"""Bytes of a segment's file, with every place and count checked before it is followed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from meshloom.engine.errors import RestError

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


def damaged(what: str) -> RestError:
    return RestError(400, f"The segment cannot be read: {what}")


def unknown(what: str) -> RestError:
    """For what is whole, as far as can be seen, and of a kind that is not read here."""
    return RestError(400, f"The segment is not of a kind that this engine reads: {what}")


def part(data: Bytes, start: int, size: int, what: str) -> Bytes:
    """Raises RestError 400 when it reaches outside of `data`."""
    if start < 0 or size < 0 or start + size > len(data):
        raise damaged(f"{what} has {len(data):,} bytes, and {size:,} from byte {start:,} on are declared")
    return data[start : start + size]


def numbers(data: Bytes, start: int, count: int, type_: str, what: str) -> Longs:
    """`count` integers of numpy's type `type_` (such as `>i4`) as 64-bit ones. Raises RestError 400."""
    size = np.dtype(type_).itemsize
    return part(data, start, count * size, what).view(type_).astype(np.int64)


def number(data: Bytes, at: int, what: str, type_: str = ">i4") -> int:
    return int(numbers(data, at, 1, type_, what)[0])


def gathered(data: Bytes, places: Longs) -> Longs:
    """The big-endian 32-bit integers at places that the caller has checked."""
    found = np.zeros(len(places), dtype=np.int64)
    for step in range(4):
        found = (found << 8) | data[places + step]
    return np.where(found >= 1 << 31, found - (1 << 32), found)
