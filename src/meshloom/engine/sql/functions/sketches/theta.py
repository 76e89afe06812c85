"""Theta sketches (DistinctCountThetaSketchAggregationFunction, SketchFunctions).

A sketch passes from call to call as the bytes of an ordered compact sketch, as datasketches-java writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import gathering, installed, needs, scalar
from meshloom.engine.sql.functions.sketches.values import (
    base64,
    hashed,
    listed,
    narrowed,
    number,
    options,
    rounded,
    row,
    sketch_of,
)
from meshloom.engine.sql.typed import Typed

NAME = "DISTINCT_COUNT_THETA_SKETCH"
ENTRIES = 4096  # ThetaUtil.DEFAULT_NOMINAL_ENTRIES
INGESTED = 16384  # CommonConstants.Helix.DEFAULT_THETA_SKETCH_NOMINAL_ENTRIES, of toThetaSketch
LEAST, MOST = 5, 26  # logarithms of the entries that datasketches takes
EMPTY, SINGLE = bytes([1, 3, 3, 0, 0, 0x1E, 0, 0]), 0x3A
ONE = b"\x00\x00\x80\x3f"


def as_java(sketch: Any) -> bytes:
    """The bytes that datasketches-java writes where the C++ library leaves them free: flags of an empty sketch and of
    one item, and the sampling probability, always 1 in a compact sketch."""
    data = bytearray(sketch.serialize())
    if sketch.is_empty():
        return EMPTY
    if data[0] == 1:
        data[5] = SINGLE
    else:
        data[12:16] = ONE
    return bytes(data)


def read(data: bytes) -> Any:
    from datasketches import compact_theta_sketch

    return compact_theta_sketch.deserialize(data)


def of_values(values: Iterable[Any], lg_k: int, chance: float) -> bytes:
    from datasketches import update_theta_sketch

    sketch = update_theta_sketch(lg_k, chance)
    for value in values:
        if value is not None:
            sketch.update(value)
    return as_java(sketch.compact())


def of_sketches(sketches: Iterable[bytes | None], lg_k: int, chance: float) -> bytes:
    """Their union; a single one stays as it is, as in Pinot's accumulator."""
    from datasketches import theta_union

    known = [sketch for sketch in sketches if sketch]
    if len(known) == 1:
        return as_java(read(known[0]))
    union = theta_union(lg_k, chance)
    for sketch in known:
        union.update(read(sketch))
    return as_java(union.get_result())


def intersection(first: bytes, second: bytes) -> bytes:
    from datasketches import theta_intersection

    found = theta_intersection()
    found.update(read(first))
    found.update(read(second))
    return as_java(found.get_result())


def difference(first: bytes, second: bytes) -> bytes:
    from datasketches import theta_a_not_b

    return as_java(theta_a_not_b().compute(read(first), read(second)))


def estimate(data: bytes) -> int:
    return rounded(read(data).get_estimate())


def united(first: bytes, second: bytes, lg_k: int) -> bytes:
    return of_sketches([first, second], lg_k, 1.0)


for type_ in ("LONG", "DOUBLE", "STRING"):
    row(f"theta{type_}", of_values, [f"{type_}_ARRAY", "INT", "DOUBLE"], "BYTES")
    row(f"thetaone{type_}", lambda value, lg_k: of_values([value], lg_k, 1.0), [type_, "INT"], "BYTES", nulls=True)
row("thetaBYTES", of_sketches, ["BYTES_ARRAY", "INT", "DOUBLE"], "BYTES")
UNION, INTERSECT, DIFF, COUNTED = (
    row("thetaunion", united, ["BYTES", "BYTES", "INT"], "BYTES"),
    row("thetaintersect", intersection, ["BYTES", "BYTES"], "BYTES"),
    row("thetadiff", difference, ["BYTES", "BYTES"], "BYTES"),
    row("thetaestimate", estimate, ["BYTES"], "LONG"),
)  # fmt: skip


def logarithm(entries: str) -> int:
    """Of the next power of two. Raises PinotError 700 for a size that the library has not."""
    size = int(number(entries, NAME))
    found = max(size - 1, 0).bit_length()
    if size < 1 or not LEAST <= found <= MOST:
        raise PinotError(QUERY_VALIDATION, f"{NAME}: nominalEntries is from {1 << LEAST} to {1 << MOST}, not {size}")
    return found


# --- the aggregation
def sketch(arguments: Sequence[Typed], where: str) -> str:
    """DuckDB's text for the bytes of the sketch that the arguments describe."""
    given = options(
        arguments[1] if len(arguments) > 1 else None,
        ("nominalEntries", "samplingProbability", "accumulatorThreshold"), NAME,
    )  # fmt: skip
    lg_k = logarithm(given.get("nominalentries", str(ENTRIES)))
    chance = number(given.get("samplingprobability", "1"), NAME)
    type_ = hashed(arguments[0], NAME)

    def made(clause: str) -> str:
        return f"px_theta{type_.lower()}_3({listed(arguments[0], type_, clause)}, {lg_k}, {chance!r})"

    if len(arguments) < 4:
        return made(where)
    conditions = arguments[2:-1]
    sketches = [made(where), *(made(narrowed(where, condition.cast("BOOLEAN").sql)) for condition in conditions)]
    return Combined(arguments[-1].literal or "", sketches, lg_k).text()


class Combined:
    """`SET_UNION($1, SET_DIFF($0, $2))` as DuckDB's text over the texts of the sketches $0, $1, …"""

    TOKENS = re.compile(r"\s*(\$\d+|[A-Za-z_]+|[(),])")

    def __init__(self, expression: str, sketches: Sequence[str], lg_k: int) -> None:
        self._sketches, self._lg_k, self._expression = sketches, lg_k, expression
        self._tokens = self.TOKENS.findall(expression)
        if "".join(self._tokens) != re.sub(r"\s+", "", expression):
            raise self._wrong()

    def _wrong(self) -> PinotError:
        return PinotError(QUERY_VALIDATION, f"{NAME}: not a post-aggregation expression: {self._expression}")

    def text(self) -> str:
        found = self._one()
        if self._tokens:
            raise self._wrong()
        return found

    def _next(self, wanted: str = "") -> str:
        if not self._tokens or (wanted and self._tokens[0] != wanted):
            raise self._wrong()
        return str(self._tokens.pop(0))

    def _one(self) -> str:
        token = self._next()
        if token.startswith("$"):
            if int(token[1:]) >= len(self._sketches):
                raise self._wrong()
            return self._sketches[int(token[1:])]
        operation = token.replace("_", "").lower()
        self._next("(")
        parts = [self._one()]
        while self._tokens and self._tokens[0] == ",":
            self._next()
            parts.append(self._one())
        self._next(")")
        if operation not in ("setunion", "setintersect", "setdiff") or len(parts) < 2:
            raise self._wrong()
        if operation == "setdiff" and len(parts) != 2:
            raise self._wrong()
        return combined(operation.removeprefix("set"), parts, self._lg_k)


def combined(operation: str, sketches: Sequence[str], lg_k: int) -> str:
    found = sketches[0]
    for other in sketches[1:]:
        if operation == "union":
            found = f"{UNION}({found}, {other}, {lg_k})"
        else:
            found = f"{INTERSECT if operation == 'intersect' else DIFF}({found}, {other})"
    return found


def count(arguments: Sequence[Typed], where: str) -> str:
    """The sketch's own estimate; without the packages the exact count, which needs no filters and no sketches."""
    if installed("sketches"):
        return f"{COUNTED}({sketch(arguments, where)})"
    if len(arguments) > 3 or arguments[0].type == "BYTES":
        raise PinotError(
            QUERY_VALIDATION, f"{NAME} with filters or of sketches needs packages: pip install 'meshloom[sketches]'"
        )
    if arguments[0].array:
        return f"len(list_distinct(flatten(coalesce(list({arguments[0].sql}){where}, []))))"
    return f"count(DISTINCT {arguments[0].sql}){where}"


gathering("distinctCountThetaSketch", count, "LONG", (1, -1))
gathering("distinctCountRawThetaSketch", lambda a, w: base64(sketch(a, w)), "STRING", (1, -1))
needs("sketches", "distinctCountRawThetaSketch")


# --- one row
def single(arguments: Sequence[Typed]) -> str:
    """toThetaSketch(value[, nominal entries]): a sketch of one value, empty for null."""
    lg_k = logarithm(arguments[1].literal or "" if len(arguments) > 1 else str(INGESTED))
    value = arguments[0].cast("STRING") if arguments[0].type in ("BIG_DECIMAL", "WIDE_DECIMAL") else arguments[0]
    type_ = hashed(value, "toThetaSketch")
    if type_ == "BYTES":
        raise PinotError(QUERY_VALIDATION, "toThetaSketch of BYTES is not supported here; give it text or a number")
    return f"px_thetaone{type_.lower()}_2({value.cast(type_).sql}, {lg_k})"


def over(operation: str, most: int) -> None:
    scalar(
        f"thetaSketch{operation}",
        lambda a: combined(operation.lower(), [sketch_of(one) for one in a], ENTRIES.bit_length() - 1),
        "BYTES", (2, most),
    )  # fmt: skip


scalar("toThetaSketch", single, "BYTES", (1, 2))
over("Union", 5)
over("Intersect", 5)
over("Diff", 2)
scalar("getThetaSketchEstimate", lambda a: f"{COUNTED}({sketch_of(a[0])})", "LONG")
needs("sketches", "toThetaSketch thetaSketchUnion thetaSketchIntersect thetaSketchDiff getThetaSketchEstimate")
