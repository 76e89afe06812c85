"""CPC sketches (DistinctCountCPCSketchAggregationFunction, SketchFunctions), in datasketches' bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import gathering, installed, needs, scalar
from meshloom.engine.sql.functions.sketches.values import (
    base64,
    hashed,
    listed,
    options,
    rounded,
    row,
    sketch_of,
    whole,
)
from meshloom.engine.sql.typed import Typed

NAME = "DISTINCT_COUNT_CPC_SKETCH"
LEAST, MOST = 4, 26  # logarithms of k that datasketches takes
LG_K = 12  # CommonConstants.Helix.DEFAULT_CPC_SKETCH_LGK


def of_values(values: Iterable[Any], lg_k: int) -> bytes:
    """Each value once, in order: as Pinot takes them from a dictionary, and the estimate depends on the order."""
    from datasketches import cpc_sketch

    sketch = cpc_sketch(lg_k)
    for value in sorted({value for value in values if value is not None}):
        sketch.update(value)
    return bytes(sketch.serialize())


def read(data: bytes) -> Any:
    from datasketches import cpc_sketch

    return cpc_sketch.deserialize(data)


def of_sketches(sketches: Iterable[bytes | None], lg_k: int) -> bytes:
    """Their union; a single one stays as it is, as in Pinot's accumulator."""
    from datasketches import cpc_union

    known = [sketch for sketch in sketches if sketch]
    if len(known) == 1:
        return known[0]
    union = cpc_union(lg_k)
    for sketch in known:
        union.update(read(sketch))
    return bytes(union.get_result().serialize())


for type_ in ("LONG", "DOUBLE", "STRING"):
    row(f"cpc{type_}", of_values, [f"{type_}_ARRAY", "INT"], "BYTES")
    row(f"cpcone{type_}", lambda value, lg_k: of_values([value], lg_k), [type_, "INT"], "BYTES", nulls=True)
row("cpcBYTES", of_sketches, ["BYTES_ARRAY", "INT"], "BYTES")
UNION = row("cpcunion", lambda first, second: of_sketches([first, second], LG_K), ["BYTES", "BYTES"], "BYTES")
COUNTED = row("cpcestimate", lambda data: rounded(read(data).get_estimate()), ["BYTES"], "LONG")


def lg_k_of(arguments: Sequence[Typed]) -> int:
    """`12` or `'lgK=12;accumulatorThreshold=2'`. Raises PinotError 700."""
    if len(arguments) < 2:
        return LG_K
    if arguments[1].type != "STRING":
        return whole(arguments[1], NAME, LEAST, MOST)
    given = options(arguments[1], ("nominalEntries", "lgK", "accumulatorThreshold"), NAME)
    text = given.get("lgk", str(LG_K))
    if given.get("nominalentries", "").isdigit():
        text = str(int(given["nominalentries"]).bit_length() - 1)
    return whole(Typed("", "INT", text), NAME, LEAST, MOST)


def sketch(arguments: Sequence[Typed], where: str) -> str:
    type_ = hashed(arguments[0], NAME)
    return f"px_cpc{type_.lower()}_2({listed(arguments[0], type_, where)}, {lg_k_of(arguments)})"


def count(arguments: Sequence[Typed], where: str) -> str:
    """The sketch's own estimate; without the packages the exact count."""
    if installed("sketches"):
        return f"{COUNTED}({sketch(arguments, where)})"
    if arguments[0].element == "BYTES":
        raise PinotError(QUERY_VALIDATION, f"{NAME} of sketches needs packages: pip install 'meshloom[sketches]'")
    if arguments[0].array:
        return f"len(list_distinct(flatten(coalesce(list({arguments[0].sql}){where}, []))))"
    return f"count(DISTINCT {arguments[0].sql}){where}"


def single(arguments: Sequence[Typed]) -> str:
    """toCpcSketch(value[, lgK]): a sketch of one value, empty for null."""
    value = arguments[0].cast("STRING") if arguments[0].type in ("BIG_DECIMAL", "WIDE_DECIMAL") else arguments[0]
    type_ = hashed(value, "toCpcSketch")
    if type_ == "BYTES":
        raise PinotError(QUERY_VALIDATION, "toCpcSketch of BYTES is not supported here; give it text or a number")
    return f"px_cpcone{type_.lower()}_2({value.cast(type_).sql}, {lg_k_of(arguments)})"


def united(arguments: Sequence[Typed]) -> str:
    found = sketch_of(arguments[0])
    for other in arguments[1:]:
        found = f"{UNION}({found}, {sketch_of(other)})"
    return found


gathering("distinctCountCPCSketch", count, "LONG", (1, 2))
gathering("distinctCountRawCPCSketch", lambda a, w: base64(sketch(a, w)), "STRING", (1, 2))
scalar("toCpcSketch", single, "BYTES", (1, 2))
scalar("cpcSketchUnion", united, "BYTES", (2, 5))
scalar("getCpcSketchEstimate", lambda a: f"{COUNTED}({sketch_of(a[0])})", "LONG")
needs("sketches", "distinctCountRawCPCSketch toCpcSketch cpcSketchUnion getCpcSketchEstimate")
