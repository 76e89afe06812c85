"""Sets of ids as Base64 (IdSet.java): a roaring bitmap of INT or LONG values, a Bloom filter of the others.

`inIdSet` looks a value up in one. A set says its kind in its first byte: 0 empty, 1 and 2 bitmaps, 3 Bloom filter.
"""

from __future__ import annotations

import base64 as b64
import functools
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.hashes import murmur3_128
from meshloom.engine.sql.functions.registry import gathering, needs, scalar
from meshloom.engine.sql.functions.sketches.values import listed, number, options, row
from meshloom.engine.sql.typed import Typed

EMPTY, BITMAP, BITMAP64, BLOOM = range(4)
THRESHOLD, INSERTIONS, CHANCE = 8 * 1024 * 1024, 5_000_000, 0.03
M32, M63, M64 = (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1
# How each type is put into Guava's funnel, and the funnel's number.
PUT: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "INT": (0, lambda value: struct.pack("<i", value)), "FLOAT": (0, lambda value: struct.pack("<f", value)),
    "LONG": (1, lambda value: struct.pack("<q", value)), "DOUBLE": (1, lambda value: struct.pack("<d", value)),
    "STRING": (2, lambda value: value.encode("utf-16-le")), "BYTES": (3, bytes),
}  # fmt: skip
STORED = {"BOOLEAN": "INT", "TIMESTAMP": "LONG", "JSON": "STRING"}


class Bloom:
    """Guava's BloomFilter with MURMUR128_MITZ_64."""

    def __init__(self, words: bytearray, hashes: int) -> None:
        self._words, self._hashes, self._bits = words, hashes, 8 * len(words)

    @classmethod
    def sized(cls, insertions: int, chance: float) -> Bloom:
        bits = int(-insertions * math.log(chance) / math.log(2) ** 2)
        return cls(bytearray(8 * -(-bits // 64)), max(1, int(bits / insertions * math.log(2) + 0.5)))

    def _places(self, data: bytes) -> Iterable[int]:
        digest = murmur3_128(data, 0)
        first, second = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
        for _ in range(self._hashes):
            yield (first & M63) % self._bits
            first = (first + second) & M64

    def add(self, data: bytes) -> None:
        for place in self._places(data):
            self._words[place >> 3] |= 1 << (place & 7)

    def __contains__(self, data: bytes) -> bool:
        return all(self._words[place >> 3] >> (place & 7) & 1 for place in self._places(data))

    def written(self) -> bytes:
        """Strategy, hashes, and the words: little-endian here, big-endian there."""
        size = len(self._words) // 8
        return struct.pack(f">BBi{size}Q", 1, self._hashes, size, *struct.unpack(f"<{size}Q", self._words))

    @classmethod
    def read(cls, data: bytes) -> Bloom:
        strategy, hashes, size = struct.unpack_from(">BBi", data)
        if strategy != 1:
            raise ValueError(f"BloomFilter strategy {strategy} is not known")
        return cls(bytearray(struct.pack(f"<{size}Q", *struct.unpack_from(f">{size}Q", data, 6))), hashes)


def bitmap(values: Iterable[int]) -> bytes:
    from pyroaring import BitMap

    return bytes(BitMap(values, optimize=False).serialize())


def bitmap64(values: Iterable[int]) -> bytes:
    """Roaring64NavigableMap's legacy form: unsigned, then each high half with the bitmap of its low halves."""
    halves: dict[int, list[int]] = {}
    for value in values:
        halves.setdefault(value >> 32 & M32, []).append(value & M32)
    parts = [struct.pack(">I", high) + bitmap(low) for high, low in sorted(halves.items())]
    return struct.pack(">bi", 0, len(parts)) + b"".join(parts)


def made(values: Sequence[Any], type_: str, threshold: int, insertions: int, chance: float) -> str:
    """The set of the values that are not null, as Base64. Raises ValueError for a type that Pinot has no set for."""
    known = {value for value in values if value is not None}
    if not values:
        return b64.b64encode(bytes([EMPTY])).decode()
    if threshold > 0 and type_ in ("INT", "LONG"):
        data = bytes([BITMAP]) + bitmap(value & M32 for value in known) if type_ == "INT" else (
            bytes([BITMAP64]) + bitmap64(known)
        )  # fmt: skip
        if len(data) <= threshold:
            return b64.b64encode(data).decode()
    number_, put = PUT[type_]
    bloom = Bloom.sized(insertions, chance)
    for value in known:
        bloom.add(put(value))
    return b64.b64encode(bytes([BLOOM, number_]) + bloom.written()).decode()


@dataclass(frozen=True, slots=True)
class IdSet:
    kind: int
    funnel: int = 0
    values: Any = None

    def holds(self, value: Any, type_: str) -> bool:
        """Raises ValueError when the set was built from another type."""
        if self.kind == EMPTY:
            return False
        if self.kind == BITMAP and type_ == "INT":
            return value & M32 in self.values
        if self.kind == BITMAP64 and type_ == "LONG":
            return value & M32 in self.values.get(value >> 32 & M32, ())
        if self.kind == BLOOM and PUT[type_][0] == self.funnel:
            return PUT[type_][1](value) in self.values
        raise ValueError(f"Cannot look up {type_} values in an IdSet built from other values")


@functools.lru_cache(16)
def read(text: str) -> IdSet:
    """Raises ValueError for what is no set."""
    from pyroaring import BitMap

    data = b64.b64decode(text, validate=True)
    if not data or data[0] > BLOOM:
        raise ValueError("Caught exception while deserializing IdSet")
    if data[0] == BITMAP:
        return IdSet(BITMAP, values=BitMap.deserialize(data[1:]))
    if data[0] == BITMAP64:
        (count,) = struct.unpack_from(">i", data, 2)
        values, place = {}, 6
        for _ in range(count):
            (high,) = struct.unpack_from(">I", data, place)
            low = BitMap.deserialize(data[place + 4 :])
            values[high] = low
            place += 4 + len(low.serialize())
        return IdSet(BITMAP64, values=values)
    return IdSet(BLOOM, data[1], Bloom.read(data[2:])) if data[0] == BLOOM else IdSet(EMPTY)


def looked_up(type_: str) -> Callable[[Any, str | None], bool | None]:
    def found(value: Any, text: str | None) -> bool | None:
        if text is None:
            return False
        ids = read(text)
        if value is None:
            return False if ids.kind == EMPTY else None
        return ids.holds(value, type_)

    return found


for type_ in PUT:
    row(
        f"idset{type_}", lambda v, size, n, p, t=type_: made(v, t, size, n, p),
        [f"{type_}_ARRAY", "INT", "INT", "DOUBLE"], "STRING",
    )  # fmt: skip
    row(f"inidset{type_}", looked_up(type_), [type_, "STRING"], "BOOLEAN", nulls=True)


def stored(argument: Typed, function: str) -> str:
    type_ = STORED.get(argument.element, argument.element)
    if type_ not in PUT:
        raise PinotError(QUERY_VALIDATION, f"Illegal data type for {function} aggregation function: {type_}")
    return type_


def collected(arguments: Sequence[Typed], where: str) -> str:
    """idSet(column[, 'sizeThresholdInBytes=…;expectedInsertions=…;fpp=…'])."""
    given = options(
        arguments[1] if len(arguments) > 1 else None, ("sizeThresholdInBytes", "expectedInsertions", "fpp"), "ID_SET"
    )
    size = int(number(given.get("sizethresholdinbytes", str(THRESHOLD)), "ID_SET"))
    insertions = int(number(given.get("expectedinsertions", str(INSERTIONS)), "ID_SET"))
    chance = number(given.get("fpp", str(CHANCE)), "ID_SET")
    if insertions < 1 or not 0 < chance < 1:
        raise PinotError(QUERY_VALIDATION, "ID_SET: expectedInsertions is positive and fpp between 0 and 1")
    type_ = stored(arguments[0], "ID_SET")
    return f"px_idset{type_.lower()}_4({listed(arguments[0], type_, where)}, {size}, {insertions}, {chance!r})"


def contained(arguments: Sequence[Typed]) -> str:
    type_ = stored(arguments[0], "IN_ID_SET")
    return f"px_inidset{type_.lower()}_2({arguments[0].cast(type_).sql}, {arguments[1].cast('STRING').sql})"


gathering("idSet", collected, "STRING", (1, 2))
scalar("inIdSet", contained, "BOOLEAN", 2)
needs("sketches", "idSet inIdSet")
