"""KLL sketches of quantiles (PercentileKLLAggregationFunction), in datasketches' bytes.

Up to about k values the answer is exact; beyond, KLL throws coins and two runs may differ a little, in Pinot too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from meshloom.engine.sql.functions.aggregates import percentile, share_of
from meshloom.engine.sql.functions.multi_values import ARRAYS
from meshloom.engine.sql.functions.registry import gathering, installed, needs
from meshloom.engine.sql.functions.sketches.values import base64, listed, row, whole
from meshloom.engine.sql.typed import Typed

K = 200  # CommonConstants.Helix.DEFAULT_KLL_SKETCH_K


def of_values(values: Iterable[float | None], k: int) -> Any:
    from datasketches import kll_doubles_sketch

    sketch = kll_doubles_sketch(k)
    for value in values:
        if value is not None:
            sketch.update(value)
    return sketch


def of_sketches(sketches: Iterable[bytes | None], k: int) -> Any:
    from datasketches import kll_doubles_sketch

    merged = kll_doubles_sketch(k)
    for sketch in sketches:
        if sketch:
            merged.merge(kll_doubles_sketch.deserialize(sketch))
    return merged


def quantile(sketch: Any, share: float) -> float | None:
    return None if sketch.is_empty() else float(sketch.get_quantile(share, True))


for type_, made in (("DOUBLE", of_values), ("BYTES", of_sketches)):
    row(f"kll{type_}", lambda v, k, share, made=made: quantile(made(v, k), share), [f"{type_}_ARRAY", "INT", "DOUBLE"],
        "DOUBLE")  # fmt: skip
    row(f"kllraw{type_}", lambda v, k, made=made: bytes(made(v, k).serialize()), [f"{type_}_ARRAY", "INT"], "BYTES")


def parts(arguments: Sequence[Typed], where: str) -> tuple[str, str, int]:
    type_ = "BYTES" if arguments[0].element == "BYTES" else "DOUBLE"
    k = whole(arguments[2], "PERCENTILE_KLL", 8, 65535) if len(arguments) > 2 else K
    return type_.lower(), listed(arguments[0], type_, where), k


def answered(arguments: Sequence[Typed], where: str) -> str:
    """The sketch's quantile; without the packages the exact one."""
    share = share_of(arguments)
    if installed("sketches"):
        type_, values, k = parts(arguments, where)
        return f"px_kll{type_}_3({values}, {k}, {share!r})"
    if arguments[0].array:
        return ARRAYS["percentile"](arguments, where)
    condition = where.removeprefix(" FILTER (WHERE ").removesuffix(")")
    value = arguments[0] if not where else Typed(f"CASE WHEN {condition} THEN {arguments[0].sql} END", "DOUBLE")
    return percentile([value, *arguments[1:]])


def raw(arguments: Sequence[Typed], where: str) -> str:
    share_of(arguments)
    type_, values, k = parts(arguments, where)
    return base64(f"px_kllraw{type_}_2({values}, {k})")


gathering("percentileKLL", answered, "DOUBLE", (2, 3), empty="'-Infinity'::DOUBLE")
gathering("percentileRawKLL", raw, "STRING", (2, 3))
needs("sketches", "percentileRawKLL")
