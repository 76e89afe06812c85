"""distinctCountHLL and its kin: the estimate that Pinot gives, to the number.

HyperLogLog with 32-bit hashes and linear counting for few values, as in stream-lib 2.7 (Apache-2.0), which Pinot uses:
an answer depends only on the set of hashes, so that DuckDB finds the distinct values and Python estimates.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import Typed, cast_sql

M32, MIX = 0xFFFFFFFF, 0x5BD1E995
DEFAULT_LOG2M = 8  # CommonConstants.Helix.DEFAULT_HYPERLOGLOG_LOG2M
MOST = 20


def of_long(value: int) -> int:
    """MurmurHash.hashLong."""
    low, high = value & M32, (value >> 32) & M32
    k = low * MIX & M32
    h = (k ^ (k >> 24)) * MIX & M32
    k = high * MIX & M32
    h = h * MIX & M32
    h ^= (k ^ (k >> 24)) * MIX & M32
    h = (h ^ (h >> 13)) * MIX & M32
    return h ^ (h >> 15)


def of_bytes(data: bytes) -> int:
    """MurmurHash.hash(byte[]): MurmurHash2 with seed -1, its tail read from the end."""
    size = len(data)
    h, whole = M32 ^ size, size & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * MIX & M32
        k = (k ^ (k >> 24)) * MIX & M32
        h = (h * MIX & M32) ^ k
    left = size - whole
    if left:
        for back, shift in ((3, 16), (2, 8), (1, 0)):
            if left >= back:
                byte = data[size - back]
                h ^= ((byte - 256 if byte > 127 else byte) << shift) & M32  # Java's bytes have a sign
        h = h * MIX & M32
    h = (h ^ (h >> 13)) * MIX & M32
    return h ^ (h >> 15)


def of_double(value: float) -> int:
    return of_long(struct.unpack("<q", struct.pack("<d", value))[0])


def of_float(value: float) -> int:
    return of_long(struct.unpack("<i", struct.pack("<f", value))[0])


def registers_of(hashes: Iterable[int], log2m: int) -> list[int]:
    registers = [0] * (1 << log2m)
    for one in hashes:
        place = one >> (32 - log2m)
        rest = ((one << log2m) & M32) | ((1 << (log2m - 1)) + 1)
        registers[place] = max(registers[place], 32 - rest.bit_length() + 1)
    return registers


def serialized(hashes: Iterable[int], log2m: int) -> str:
    return written(registers_of(hashes, log2m), log2m).hex()


def written(registers: list[int], log2m: int) -> bytes:
    """HyperLogLog.getBytes: log2m, the size in bytes, six registers of five bits in each integer."""
    words = [0] * (len(registers) // 6 + (1 if len(registers) > 6 or len(registers) % 6 else 0))
    for place, value in enumerate(registers):
        words[place // 6] |= value << (5 * (place % 6))
    return struct.pack(f">ii{len(words)}I", log2m, 4 * len(words), *words)


def merged(sketches: Iterable[bytes | None]) -> tuple[list[int], int]:
    """The registers of all and their log2m. Raises ValueError when the sketches are of several sizes."""
    found: list[int] = []
    size = DEFAULT_LOG2M
    for sketch in sketches:
        if not sketch:
            continue
        log2m, length = struct.unpack_from(">ii", sketch)
        words = struct.unpack_from(f">{length // 4}I", sketch, 8)
        registers = [words[place // 6] >> (5 * (place % 6)) & 31 for place in range(1 << log2m)]
        if found and log2m != size:
            raise ValueError(f"Cannot merge HyperLogLogs of log2m {size} and {log2m}")
        found, size = [max(pair) for pair in zip(found or registers, registers, strict=True)], log2m
    return found or [0] * (1 << size), size


def estimate(hashes: Iterable[int], log2m: int) -> int:
    return estimated(registers_of(hashes, log2m), log2m)


def estimated(registers: list[int], log2m: int) -> int:
    count = len(registers)
    alpha = {4: 0.673, 5: 0.697, 6: 0.709}.get(log2m, 0.7213 / (1 + 1.079 / count))
    found = alpha * count * count / sum(1.0 / (1 << value) for value in registers)
    if found > 2.5 * count:
        return math.floor(found + 0.5)
    zeros = registers.count(0)
    return math.floor(count * math.log(count / zeros) + 0.5) if zeros else math.floor(found + 0.5)


HASHES: dict[str, Callable[[Any], int]] = {
    "LONG": of_long, "DOUBLE": of_double, "FLOAT": of_float, "STRING": lambda text: of_bytes(text.encode()),
    "BYTES": of_bytes,
}  # fmt: skip


def _row(form: str, type_: str, function: Callable[[Iterable[int], int], object], result: str) -> None:
    name, hash_ = f"px_{form}{type_.lower()}_2", HASHES[type_]
    ROWS[name] = RowFunction(
        name, lambda values, log2m: function((hash_(value) for value in values), log2m), (f"{type_}_ARRAY", "INT"),
        result, False,
    )  # fmt: skip


for type_ in HASHES:
    _row("hll", type_, estimate, "LONG")
    _row("hllraw", type_, serialized, "STRING")
    ROWS[f"px_hllone{type_.lower()}_2"] = RowFunction(
        f"px_hllone{type_.lower()}_2",
        lambda value, log2m, h=HASHES[type_]: written(registers_of([] if value is None else [h(value)], log2m), log2m),
        (type_, "INT"), "BYTES", True,
    )  # fmt: skip
# A column of BYTES holds sketches: they are merged, and have a size of their own.
for form, answer, result in (("hll", estimated, "LONG"), ("hllraw", lambda *found: written(*found).hex(), "STRING")):
    ROWS[f"px_{form}bytes_2"] = RowFunction(
        f"px_{form}bytes_2", lambda sketches, _log2m, f=answer: f(*merged(sketches)), ("BYTES_ARRAY", "INT"), result,
        False,
    )  # fmt: skip


def stored(values: str, kind: str) -> tuple[str, str]:
    """A list of distinct values of Pinot's type `kind` as DuckDB's text of the values that are hashed, and their type
    among `HASHES`."""
    type_ = kind if kind in HASHES else "LONG" if kind in ("INT", "BOOLEAN", "TIMESTAMP") else "STRING"
    listed = f"coalesce({values}, [])"
    if kind == "TIMESTAMP":
        listed = f"list_transform({listed}, lambda v$: epoch_ms(v$))"
    elif kind in ("BIG_DECIMAL", WIDE):
        listed = f"list_transform({listed}, lambda v$: {cast_sql('v$', kind, 'STRING')})"
    elif kind == "BOOLEAN":
        listed = f"list_transform({listed}, lambda v$: v$::INTEGER)"
    texts = {"LONG": "BIGINT[]", "DOUBLE": "DOUBLE[]", "FLOAT": "FLOAT[]", "STRING": "VARCHAR[]", "BYTES": "BLOB[]"}
    return f"CAST({listed} AS {texts[type_]})", type_


def count(values: str, kind: str, log2m: int = DEFAULT_LOG2M, form: str = "hll") -> str:
    """DuckDB text: the estimate of a list of distinct values of Pinot's type `kind`, or with `form` "hllraw" what it
    is estimated from."""
    listed, type_ = stored(values, kind)
    return f"px_{form}{type_.lower()}_2({listed}, {log2m})"


def log2m_of(arguments: Sequence[Typed]) -> int:
    """Raises PinotError 700 for what is no number from 1 to 20."""
    if len(arguments) < 2:
        return DEFAULT_LOG2M
    text = arguments[1].literal or ""
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise PinotError(QUERY_VALIDATION, f"log2m is a number from 1 to {MOST}, not {text or 'an expression'}")
    return int(text)


def single(arguments: Sequence[Typed]) -> str:
    """toHLL(value[, log2m]): a sketch of one value, empty for null."""
    value = arguments[0]
    if value.element in ("INT", "TIMESTAMP"):
        value = value.cast("LONG")
    elif value.element not in HASHES:
        value = value.cast("STRING")
    return f"px_hllone{value.type.lower()}_2({value.sql}, {log2m_of(arguments)})"


scalar("toHLL", single, "BYTES", (1, 2))
