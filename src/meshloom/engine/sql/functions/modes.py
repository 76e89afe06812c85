"""mode(value, reducer): of the values that come most often the least, the greatest or their mean
(ModeAggregationFunction.java)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.aggregates import NEGATIVE, number
from meshloom.engine.sql.functions.registry import aggregate
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import Typed

REDUCERS: dict[str, Callable[[list[float]], float]] = {"MIN": min, "MAX": max, "AVG": fmean}


def reduced(values: Sequence[float], counts: Sequence[int], reducer: str) -> float | None:
    most = max(counts, default=0)
    often = [value for value, count in zip(values, counts, strict=True) if count == most]
    return REDUCERS[reducer](often) if often else None


ROWS["px_mode_3"] = RowFunction(
    "px_mode_3", reduced, ("DOUBLE_ARRAY", "LONG_ARRAY", "STRING"), "DOUBLE", nulls=False
)  # fmt: skip


def mode(arguments: Sequence[Typed]) -> str:
    """Raises PinotError 700 for a reducer that Pinot has not."""
    reducer = (arguments[1].literal or "").upper() if len(arguments) > 1 else "MIN"
    if reducer not in REDUCERS:
        raise PinotError(QUERY_VALIDATION, f"mode takes one of {', '.join(REDUCERS)} for several values, not {reducer}")
    counted = f"histogram({number(arguments[0])})"
    return f"px_mode_3(map_keys({counted}), CAST(map_values({counted}) AS BIGINT[]), '{reducer}')"


aggregate("mode", mode, "DOUBLE", "DOUBLE", NEGATIVE, (1, 2))
