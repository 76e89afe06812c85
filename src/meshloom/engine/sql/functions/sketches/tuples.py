"""Tuple sketches with an integer to each key (IntegerTupleSketchAggregationFunction, SketchFunctions)."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import gathering, needs, scalar
from meshloom.engine.sql.functions.sketches.theta import LEAST, MOST, logarithm
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

NAME = "Tuple Sketch Aggregation Function"
LG_K = 14  # CommonConstants.Helix.DEFAULT_TUPLE_SKETCH_LGK
MODES = {"Sum": 0, "Min": 1, "Max": 2}  # IntegerSummary.Mode, the last byte of each summary


@functools.cache
def form(mode: str) -> Any:
    """How datasketches-java writes an IntegerSummary: four bytes of the value and one of the mode."""
    from datasketches import PyObjectSerDe

    class Summary(PyObjectSerDe):  # type: ignore[misc]
        def get_size(self, item: int) -> int:
            return 5

        def to_bytes(self, item: int) -> bytes:
            return struct.pack("<iB", (item + 2**31) % 2**32 - 2**31, MODES[mode])

        def from_bytes(self, data: bytes, offset: int) -> tuple[int, int]:
            return struct.unpack_from("<i", data, offset)[0], 5

    return Summary()


@functools.cache
def policy(mode: str) -> Any:
    from datasketches import AccumulatorPolicy, MaxIntPolicy, MinIntPolicy

    return {"Sum": AccumulatorPolicy, "Min": MinIntPolicy, "Max": MaxIntPolicy}[mode]()


def read(data: bytes, mode: str = "Sum") -> Any:
    from datasketches import compact_tuple_sketch

    return compact_tuple_sketch.deserialize(data, form(mode))


def of_sketches(sketches: Iterable[bytes | None], lg_k: int, mode: str = "Sum") -> Any:
    from datasketches import tuple_union

    known = [read(sketch, mode) for sketch in sketches if sketch]
    if len(known) == 1:
        return known[0]
    union = tuple_union(policy(mode), lg_k)
    for sketch in known:
        union.update(sketch)
    return union.get_result()


def intersection(first: bytes, second: bytes, mode: str) -> bytes:
    from datasketches import tuple_intersection

    found = tuple_intersection(policy(mode))
    found.update(read(first, mode))
    found.update(read(second, mode))
    return bytes(found.get_result().serialize(form(mode)))


def difference(first: bytes, second: bytes) -> bytes:
    from datasketches import tuple_a_not_b

    return bytes(tuple_a_not_b().compute(read(first), read(second)).serialize(form("Sum")))


def single(key: Any, value: int | None, lg_k: int) -> bytes:
    from datasketches import update_tuple_sketch

    sketch = update_tuple_sketch(policy("Sum"), lg_k)
    if key is not None and value is not None:
        sketch.update(key, value)
    return bytes(sketch.compact().serialize(form("Sum")))


def summed(sketch: Any) -> int:
    return rounded(sum(value for _, value in sketch) / sketch.theta)


def averaged(sketch: Any) -> int | None:
    values = [value for _, value in sketch]
    return rounded(sum(values) / len(values)) if values else None


for name, answer, result in (
    ("count", lambda sketch: rounded(sketch.get_estimate()), "LONG"), ("sum", summed, "LONG"),
    ("avg", averaged, "LONG"), ("raw", lambda sketch: bytes(sketch.serialize(form("Sum"))), "BYTES"),
):  # fmt: skip
    row(f"tuple{name}", lambda sketches, lg_k, f=answer: f(of_sketches(sketches, lg_k)), ["BYTES_ARRAY", "INT"], result)
for mode in MODES:
    row(
        f"tupleunion{mode}", lambda a, b, k, m=mode: bytes(of_sketches([a, b], k, m).serialize(form(m))),
        ["BYTES", "BYTES", "INT"], "BYTES",
    )  # fmt: skip
    row(f"tupleintersect{mode}", lambda a, b, m=mode: intersection(a, b, m), ["BYTES", "BYTES"], "BYTES")
for type_ in ("LONG", "DOUBLE", "STRING"):
    row(f"tupleone{type_}", single, [type_, "INT", "INT"], "BYTES", nulls=True)
DIFF = row("tuplediff", difference, ["BYTES", "BYTES"], "BYTES")
COUNTED = row("tupleestimate", lambda data: rounded(read(data).get_estimate()), ["BYTES"], "LONG")


def over(form_: str, arguments: Sequence[Typed], where: str) -> str:
    """Over a column of sketches; other columns are refused, as in Pinot."""
    if arguments[0].type != "BYTES":
        raise PinotError(QUERY_VALIDATION, f"Illegal data type for {NAME}: {arguments[0].type}")
    lg_k = LG_K
    if len(arguments) > 1:
        entries = arguments[1].literal or ""
        if arguments[1].type == "STRING":
            given = options(arguments[1], ("nominalEntries", "accumulatorThreshold"), NAME)
            entries = given.get("nominalentries", str(1 << LG_K))
        lg_k = logarithm(entries)
    return f"px_tuple{form_}_2({listed(arguments[0], 'BYTES', where)}, {lg_k})"


gathering("distinctCountTupleSketch", lambda a, w: over("count", a, w), "LONG", (1, 2))
gathering("distinctCountRawIntegerSumTupleSketch", lambda a, w: base64(over("raw", a, w)), "STRING", (1, 2))
gathering("sumValuesIntegerSumTupleSketch", lambda a, w: over("sum", a, w), "LONG", (1, 2))
gathering("avgValueIntegerSumTupleSketch", lambda a, w: over("avg", a, w), "LONG", (1, 2))


def made(arguments: Sequence[Typed]) -> str:
    """toIntegerSumTupleSketch(key, value[, lgK])."""
    lg_k = whole(arguments[2], "toIntegerSumTupleSketch", LEAST, MOST) if len(arguments) > 2 else LG_K
    key = arguments[0].cast("STRING") if arguments[0].type in ("BIG_DECIMAL", "WIDE_DECIMAL") else arguments[0]
    type_ = hashed(key, "toIntegerSumTupleSketch")
    if type_ == "BYTES":
        raise PinotError(QUERY_VALIDATION, "toIntegerSumTupleSketch: a key of BYTES is not supported here")
    return f"px_tupleone{type_.lower()}_3({key.cast(type_).sql}, {arguments[1].cast('INT').sql}, {lg_k})"


def united(mode: str, arguments: Sequence[Typed]) -> str:
    """With three arguments the first is the number of nominal entries."""
    lg_k = logarithm(arguments[0].literal or "") if len(arguments) > 2 else LG_K
    first, second = (sketch_of(argument) for argument in arguments[-2:])
    return f"px_tupleunion{mode.lower()}_3({first}, {second}, {lg_k})"


def operations(mode: str) -> None:
    scalar(f"int{mode}TupleSketchUnion", lambda a: united(mode, a), "BYTES", (2, 3))
    scalar(
        f"int{mode}TupleSketchIntersect",
        lambda a: f"px_tupleintersect{mode.lower()}_2({sketch_of(a[0])}, {sketch_of(a[1])})", "BYTES", 2,
    )  # fmt: skip
    needs("sketches", f"int{mode}TupleSketchUnion int{mode}TupleSketchIntersect")


for mode in MODES:
    operations(mode)
scalar("toIntegerSumTupleSketch", made, "BYTES", (2, 3))
scalar("intTupleSketchDiff", lambda a: f"{DIFF}({sketch_of(a[0])}, {sketch_of(a[1])})", "BYTES", 2)
scalar("getIntTupleSketchEstimate", lambda a: f"{COUNTED}({sketch_of(a[0])})", "LONG")
needs(
    "sketches",
    "toIntegerSumTupleSketch intTupleSketchDiff getIntTupleSketchEstimate distinctCountTupleSketch "
    "distinctCountRawIntegerSumTupleSketch sumValuesIntegerSumTupleSketch avgValueIntegerSumTupleSketch",
)
