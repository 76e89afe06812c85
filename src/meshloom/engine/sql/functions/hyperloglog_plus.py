"""distinctCountHLLPlus: the estimate that Pinot gives, to the number.

HyperLogLog++ with 64-bit hashes of a value's text, as in stream-lib 2.9 (Apache-2.0), which Pinot uses: an answer
depends only on the set of hashes. Few values are counted by the registers that stay empty, some more by the harmonic
mean less its bias, which Heule, Nunkesser and Hall measured ("HyperLogLog in Practice", 2013, appendix): a line of
`hyperloglog_plus.txt` for each precision from 4 to 18 with estimates, then as many with what they are too great by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from meshloom.engine.config.java import double_text, single
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions import hyperloglog
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import Typed

M64, MIX = (1 << 64) - 1, 0xC6A4A7935BD1E995
SEED = 0xE17A1465
PRECISION = 14  # CommonConstants.Helix.DEFAULT_HYPERLOGLOG_PLUS_P; its sparse precision is 0: no sparse form
NEIGHBOURS = 6
THRESHOLDS = (10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 11500, 20000, 50000, 120000, 350000)


def of_bytes(data: bytes) -> int:
    """MurmurHash.hash64: MurmurHash2 of 64 bits."""
    h = SEED ^ (len(data) * MIX & M64)
    whole = len(data) & ~7
    for at in range(0, whole, 8):
        k = int.from_bytes(data[at : at + 8], "little") * MIX & M64
        h = (h ^ ((k ^ k >> 47) * MIX & M64)) * MIX & M64
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * MIX & M64
    h = (h ^ h >> 47) * MIX & M64
    return h ^ h >> 47


@lru_cache(1)
def measured() -> list[list[float]]:
    text = (files(__package__) / "hyperloglog_plus.txt").read_text("ascii")
    return [list(map(float, line.split())) for line in text.splitlines()]


def bias(estimate: float, precision: int) -> float:
    """The mean bias of the six nearest estimates that were measured (getEstimateBias)."""
    if precision > 18:
        return 0.0
    tables = measured()
    estimates, biases = tables[precision - 4], tables[precision - 4 + 15]
    distances = {(estimate - known) ** 2: place for place, known in enumerate(estimates)}
    nearest = [biases[distances[distance]] for distance in sorted(distances)[:NEIGHBOURS]]
    return sum(nearest) / NEIGHBOURS


def linear(size: int, empty: int) -> float:
    return size * math.log(size / empty)


def estimate(hashes: Iterable[int], precision: int, sparse: int) -> int:
    """HyperLogLogPlus.cardinality. `sparse` is the precision of the sparse form, 0 for none."""
    found = np.fromiter(hashes, np.uint64)
    size = 1 << precision
    if sparse:
        count = len(np.unique(found >> np.uint64(64 - sparse)))
        if count <= int(size * 0.75):
            return round_half_up(linear(1 << sparse, (1 << sparse) - count))
    places = (found >> np.uint64(64 - precision)).astype(np.int64)
    rest = (found << np.uint64(precision)) | np.uint64(1 << (precision - 1))
    high = (rest >> np.uint64(32)).astype(np.float64)
    low = (rest & np.uint64(0xFFFFFFFF)).astype(np.float64)
    zeros = np.where(high > 0, 32 - np.frexp(high)[1], 64 - np.frexp(low)[1])
    registers = np.zeros(size, np.int64)
    np.maximum.at(registers, places, zeros + 1)
    alpha = {4: 0.673, 5: 0.697, 6: 0.709}.get(precision, 0.7213 / (1 + 1.079 / size))
    raw = alpha * size * size * (1 / float(np.sum(np.ldexp(1.0, -registers))))
    corrected = raw - bias(raw, precision) if raw <= 5 * size else raw
    empty = int(np.count_nonzero(registers == 0))
    counted = linear(size, empty) if empty else corrected
    few = counted < THRESHOLDS[precision - 4] if precision <= 18 else raw <= 5 * size
    return round_half_up(counted if few else corrected)


def round_half_up(value: float) -> int:
    """Math.round."""
    return math.floor(value + 0.5)


TEXTS: dict[str, Callable[[Any], str]] = {
    "LONG": str, "DOUBLE": double_text, "FLOAT": lambda value: double_text(single(value)), "STRING": str,
}  # fmt: skip


def _row(type_: str) -> None:
    text = TEXTS[type_]
    name = f"px_hllplus{type_.lower()}_3"
    ROWS[name] = RowFunction(
        name, lambda values, p, sp: estimate((of_bytes(text(value).encode()) for value in values), p, sp),
        (f"{type_}_ARRAY", "INT", "INT"), "LONG", False,
    )  # fmt: skip


for _type in TEXTS:
    _row(_type)


def count(values: str, arguments: Sequence[Typed]) -> str:
    """DuckDB text: the estimate of a list of distinct values. Raises PinotError 700 for sizes that Pinot refuses, and
    for sketches."""
    sizes = []
    for argument in arguments[1:]:
        text = argument.literal or ""
        if not text.isdigit():
            raise PinotError(QUERY_VALIDATION, f"p and sp are whole numbers, not {text or 'an expression'}")
        sizes.append(int(text))
    precision, sparse = (*sizes, PRECISION)[0], sizes[1] if len(sizes) > 1 else 0
    if sparse > 31 or precision < 4 or precision > (sparse or 25):
        raise PinotError(QUERY_VALIDATION, "p must be between 4 and sp (inclusive), sp below 32")
    listed, type_ = hyperloglog.stored(values, arguments[0].element)
    if type_ not in TEXTS:
        raise PinotError(
            QUERY_VALIDATION, "distinctCountHLLPlus of BYTES merges serialised sketches, which is not here"
        )
    return f"px_hllplus{type_.lower()}_3({listed}, {precision}, {sparse})"
