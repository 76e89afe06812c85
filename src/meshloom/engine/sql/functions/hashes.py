"""Hashes and encodings (HashFunctions.java, DataTypeConversionFunctions.java)."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
import zlib
from collections.abc import Iterator
from decimal import Decimal

from meshloom.engine.sql import decimals
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import row_function

B = "BYTES"
scalar("md5", "md5({0})", "STRING", 1, [B])
scalar("sha", "sha1({0})", "STRING", 1, [B])
scalar("sha256", "sha256({0})", "STRING", 1, [B])
row_function("sha224", lambda data: hashlib.sha3_224(data).hexdigest(), "STRING", [B])  # SHA-3, as Pinot's is
row_function("sha512", lambda data: hashlib.sha512(data).hexdigest(), "STRING", [B])


def signed32(value: int) -> int:
    return value - (1 << 32) if value & 0x80000000 else value


def signed64(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def md2(data: bytes) -> str:
    """RFC 1319, with the S-box from the digits of pi."""
    padding = 16 - len(data) % 16
    data += bytes([padding]) * padding
    checksum, last = bytearray(16), 0
    for at in range(0, len(data), 16):
        for place in range(16):
            checksum[place] ^= PI_BOX[data[at + place] ^ last]
            last = checksum[place]
    state = bytearray(48)
    for at in range(0, len(data) + 16, 16):
        block = (data + bytes(checksum))[at : at + 16]
        state[16:32] = block
        state[32:48] = bytes(a ^ b for a, b in zip(block, state[:16], strict=True))
        mixed = 0
        for turn in range(18):
            for place in range(48):
                state[place] ^= PI_BOX[mixed]
                mixed = state[place]
            mixed = (mixed + turn) % 256
    return state[:16].hex()


def _pi_box() -> bytes:
    """A permutation of the bytes, shuffled by the digits of pi as RFC 1319 was."""
    digits = iter(_pi_digits())

    def below(size: int) -> int:
        while True:
            x, y = next(digits), 10
            if size > 10:
                x, y = x * 10 + next(digits), 100
            if size > 100:
                x, y = x * 10 + next(digits), 1000
            if x < size * (y // size):
                return x % size

    box = list(range(256))
    for place in range(2, 257):
        other = below(place)
        box[place - 1], box[other] = box[other], box[place - 1]
    return bytes(box)


def _pi_digits() -> Iterator[int]:
    """Gibbons' spigot."""
    q, r, t, k, n, m = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, m = q * k, (2 * q + r) * m, t * m, k + 1, (q * (7 * k + 2) + r * m) // (t * m), m + 2


PI_BOX = _pi_box()
row_function("md2", md2, "STRING", [B])
row_function("md5Raw", lambda data: hashlib.md5(data).digest(), B, [B])


def _fnv(bits: int, basis: int, prime: int) -> None:
    """The Fowler-Noll-Vo hashes of a size: FNV-1 multiplies before the byte comes in, FNV-1a after."""
    signed, type_ = (signed32, "INT") if bits == 32 else (signed64, "LONG")

    def first(data: bytes) -> int:
        value = basis
        for byte in data:
            value = (value * prime % (1 << bits)) ^ byte
        return signed(value)

    def alternate(data: bytes) -> int:
        value = basis
        for byte in data:
            value = (value ^ byte) * prime % (1 << bits)
        return signed(value)

    row_function(f"fnv1Hash{bits} fnv1_{bits}", first, type_, [B])
    row_function(f"fnv1aHash{bits} fnv1a_{bits}", alternate, type_, [B])
    row_function(f"fnv1Hash{bits}UTF8", lambda text: first(text.encode()), type_, ["STRING"])
    row_function(f"fnv1aHash{bits}UTF8", lambda text: alternate(text.encode()), type_, ["STRING"])


_fnv(32, 0x811C9DC5, 0x01000193)
_fnv(64, 0xCBF29CE484222325, 0x100000001B3)

row_function("adler32", lambda data: signed32(zlib.adler32(data)), "INT", [B])
row_function("crc32", lambda data: signed32(zlib.crc32(data)), "INT", [B])


def _castagnoli() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ 0x82F63B78 if byte & 1 else byte >> 1
        table.append(byte)
    return tuple(table)


CASTAGNOLI = _castagnoli()


def crc32c(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ CASTAGNOLI[(value ^ byte) & 0xFF]
    return signed32(value ^ 0xFFFFFFFF)


row_function("crc32c", crc32c, "INT", [B])

M32, M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def murmur2(data: bytes, seed: int = 0x9747B28C) -> int:
    """MurmurHash2 in 32 bits with Kafka's seed (Austin Appleby, 2008; public domain)."""
    m, h = 0x5BD1E995, (seed ^ len(data)) & M32
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & M32
        k = (k ^ (k >> 24)) * m & M32
        h = (h * m & M32) ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & M32
    h = (h ^ (h >> 13)) * m & M32
    return signed32(h ^ (h >> 15))


def murmur2_64(data: bytes, seed: int = 0xE17A1465) -> int:
    """MurmurHash64A (Austin Appleby; public domain)."""
    m, h = 0xC6A4A7935BD1E995, ((seed & M32) ^ (len(data) * 0xC6A4A7935BD1E995)) & M64
    whole = len(data) & ~7
    for at in range(0, whole, 8):
        k = int.from_bytes(data[at : at + 8], "little") * m & M64
        k = (k ^ (k >> 47)) * m & M64
        h = (h ^ k) * m & M64
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & M64
    h = (h ^ (h >> 47)) * m & M64
    return signed64(h ^ (h >> 47))


def _rotated(value: int, by: int, size: int) -> int:
    return ((value << by) | (value >> (size - by))) & ((1 << size) - 1)


def murmur3_32(data: bytes, seed: int) -> int:
    """MurmurHash3_x86_32 (Austin Appleby, 2011; public domain)."""

    def mixed(k: int) -> int:
        return _rotated(k * 0xCC9E2D51 & M32, 15, 32) * 0x1B873593 & M32

    h, whole = seed & M32, len(data) & ~3
    for at in range(0, whole, 4):
        h = (_rotated(h ^ mixed(int.from_bytes(data[at : at + 4], "little")), 13, 32) * 5 + 0xE6546B64) & M32
    if rest := data[whole:]:
        h ^= mixed(int.from_bytes(rest, "little"))
    h ^= len(data)
    h = (h ^ (h >> 16)) * 0x85EBCA6B & M32
    h = (h ^ (h >> 13)) * 0xC2B2AE35 & M32
    return signed32(h ^ (h >> 16))


def murmur3_128(data: bytes, seed: int) -> bytes:
    """MurmurHash3_x64_128, both halves little-endian."""
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F

    def first(k: int) -> int:
        return _rotated(k * c1 & M64, 31, 64) * c2 & M64

    def second(k: int) -> int:
        return _rotated(k * c2 & M64, 33, 64) * c1 & M64

    def final(k: int) -> int:
        k = (k ^ (k >> 33)) * 0xFF51AFD7ED558CCD & M64
        k = (k ^ (k >> 33)) * 0xC4CEB9FE1A85EC53 & M64
        return k ^ (k >> 33)

    h1 = h2 = seed & M64
    whole = len(data) & ~15
    for at in range(0, whole, 16):
        h1 ^= first(int.from_bytes(data[at : at + 8], "little"))
        h1 = (((_rotated(h1, 27, 64) + h2) & M64) * 5 + 0x52DCE729) & M64
        h2 ^= second(int.from_bytes(data[at + 8 : at + 16], "little"))
        h2 = (((_rotated(h2, 31, 64) + h1) & M64) * 5 + 0x38495AB5) & M64
    rest = data[whole:]
    h2 ^= second(int.from_bytes(rest[8:], "little")) if len(rest) > 8 else 0
    h1 ^= first(int.from_bytes(rest[:8], "little")) if rest else 0
    h1, h2 = h1 ^ len(data), h2 ^ len(data)
    h1 = (h1 + h2) & M64
    h2 = (h2 + h1) & M64
    h1, h2 = final(h1), final(h2)
    h1 = (h1 + h2) & M64
    h2 = (h2 + h1) & M64
    return h1.to_bytes(8, "little") + h2.to_bytes(8, "little")


row_function("murmurHash2 murmur2", murmur2, "INT", [B])
row_function("murmurHash2UTF8", lambda text: murmur2(text.encode()), "INT", ["STRING"])
row_function("murmurHash2Bit64", murmur2_64, "LONG", [B, "INT"], 1)
row_function("murmurHash3Bit32", murmur3_32, "INT", [B, "INT"])
row_function("murmur3Bit32Default murmur3_32", lambda data: murmur3_32(data, 0), "INT", [B])
row_function(
    "murmurHash3Bit64", lambda data, seed: int.from_bytes(murmur3_128(data, seed)[:8], "little", signed=True), "LONG",
    [B, "INT"],
)  # fmt: skip
row_function("murmurHash3Bit128", murmur3_128, B, [B, "INT"])

# --- encodings
scalar("bytesToHex", "lower(hex({0}))", "STRING", 1, [B])
scalar("hexToBytes", "unhex({0})", B, 1, ["STRING"])
scalar("toBase64", "to_base64({0})", "STRING", 1, [B])
scalar(
    "fromBase64",
    "from_base64(rpad(rtrim({0}, '='), ((len(rtrim({0}, '=')) + 3) // 4 * 4)::INTEGER, '='))",
    B,
    1,
    ["STRING"],
)
row_function("base64Encode", base64.b64encode, B, [B])
row_function("base64Decode", base64.b64decode, B, [B])
row_function("hexDecimalToLong", lambda text: signed64(int(text, 16) & M64), "LONG", ["STRING"])
scalar("longToHexDecimal", "lower(to_hex({0}))", "STRING", 1, ["LONG"])


def uuid_bytes(text: str) -> bytes | None:
    """UUID.fromString: five hexadecimal numbers, the low digits of each; nothing for what is no UUID."""
    parts = text.split("-")
    if len(text) > 36 or len(parts) != 5 or not all(re.fullmatch("[0-9a-fA-F]+", part) for part in parts):
        return None
    return bytes.fromhex("".join(part.zfill(size)[-size:] for part, size in zip(parts, (8, 4, 4, 4, 12), strict=True)))


row_function("toUUIDBytes", uuid_bytes, B, ["STRING"])
row_function("fromUUIDBytes", lambda data: str(uuid.UUID(bytes=data)), "STRING", [B])


def decimal_bytes(value: str, scale: int | None = None) -> bytes:
    """Two bytes of scale and Java's two's complement of the unscaled value (BigDecimalUtils.serialize)."""
    number = Decimal(value) if scale is None else Decimal(value).quantize(Decimal(1).scaleb(-scale))
    sign, digits, exponent = number.as_tuple()
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    size = ((unscaled if unscaled >= 0 else -unscaled - 1).bit_length() // 8) + 1
    return (-int(exponent) & 0xFFFF).to_bytes(2, "big") + unscaled.to_bytes(size, "big", signed=True)


def decimal_of(data: bytes) -> bytes:
    """BigDecimalUtils.deserialize: the scale in two bytes, the digits as a whole number."""
    digits, scale = int.from_bytes(data[2:], "big", signed=True), int.from_bytes(data[:2], "big", signed=True)
    return decimals.scaled(Decimal(digits).scaleb(-scale, decimals.EXACT))


row_function("bigDecimalToBytes", decimal_bytes, B, ["STRING", "INT"], 1)
row_function("bytesToBigDecimal", decimal_of, decimals.WIDE, [B])
