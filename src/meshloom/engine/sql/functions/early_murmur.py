"""The early form of MurmurHash3 for 64 bits (Murmur3F, Austin Appleby; public domain) that Pinot calls X64
(MurmurHashFunctions.java); as there, bytes of the last, unfinished block are signed."""

from __future__ import annotations

from dataclasses import dataclass

from meshloom.engine.sql.functions.rows import row_function

MASK = (1 << 64) - 1


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & MASK


@dataclass(slots=True)
class _State:
    h1: int
    h2: int
    c1: int = 0x87C37B91114253D5
    c2: int = 0x4CF5AD432745937F

    def mix(self, k1: int, k2: int) -> None:
        self.h1 ^= _rotated(k1 * self.c1 & MASK, 23) * self.c2 & MASK
        self.h1 = (self.h1 + self.h2) & MASK
        self.h2 = _rotated(self.h2, 41)
        self.h2 ^= _rotated(k2 * self.c2 & MASK, 23) * self.c1 & MASK
        self.h2 = (self.h2 + self.h1) & MASK
        self.h1 = (self.h1 * 3 + 0x52DCE729) & MASK
        self.h2 = (self.h2 * 3 + 0x38495AB5) & MASK
        self.c1 = (self.c1 * 5 + 0x7B7D159C) & MASK
        self.c2 = (self.c2 * 5 + 0x6BCE6396) & MASK


def _final(k: int) -> int:
    k = (k ^ (k >> 33)) * 0xFF51AFD7ED558CCD & MASK
    k = (k ^ (k >> 33)) * 0xC4CEB9FE1A85EC53 & MASK
    return k ^ (k >> 33)


def _signed_block(part: bytes) -> int:
    found = 0
    for place, byte in enumerate(part):
        found ^= ((byte - 256 if byte > 127 else byte) << (8 * place)) & MASK
    return found


def halves(data: bytes, seed: int) -> tuple[int, int]:
    state = _State((0x9368E53C2F6AF274 ^ seed) & MASK, (0x586DCD208F7CD3FD ^ seed) & MASK)
    whole = len(data) & ~15
    for at in range(0, whole, 16):
        state.mix(int.from_bytes(data[at : at + 8], "little"), int.from_bytes(data[at + 8 : at + 16], "little"))
    if rest := data[whole:]:
        state.mix(_signed_block(rest[:8]), _signed_block(rest[8:]))
    h1, h2 = state.h1, state.h2 ^ len(data)
    h1 = (h1 + h2) & MASK
    h2 = (h2 + h1) & MASK
    h1, h2 = _final(h1), _final(h2)
    h1 = (h1 + h2) & MASK
    return h1, (h2 + h1) & MASK


def upper_half(data: bytes, seed: int) -> int:
    high = halves(data, seed)[0] >> 32
    return high - (1 << 32) if high >> 31 else high


row_function("murmurHash3X64Bit32", upper_half, "INT", ["BYTES", "INT"])
row_function("murmurHash3X64Bit64", upper_half, "LONG", ["BYTES", "INT"])  # Pinot answers no more than 32 bits
row_function(
    "murmurHash3X64Bit128", lambda data, seed: b"".join(half.to_bytes(8, "big") for half in halves(data, seed)),
    "BYTES", ["BYTES", "INT"],
)  # fmt: skip
