"""Aggregations of statistics with Pinot's rules for few rows, and those over arrays, place by place."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.aggregates import number
from meshloom.engine.sql.functions.registry import gathering
from meshloom.engine.sql.typed import Typed

NAN = "'NaN'::DOUBLE"
NO_SPREAD = "1e-19"  # below it commons-math takes the values for equal


def moment(function: str, least: int) -> None:
    """A moment is not a number below `least` values, and 0 when they are all equal (commons-math's Skewness)."""

    def rendered(arguments: Sequence[Typed], where: str) -> str:
        value = number(arguments[0])
        few, spread = f"count({value}){where} < {least}", f"var_samp({value}){where} < {NO_SPREAD}"
        endless = f"coalesce(bool_or(NOT isfinite({value})){where}, false)"  # of which DuckDB knows no moment
        finite = f"{function}(CASE WHEN isfinite({value}) THEN {value} END){where}"
        return f"(CASE WHEN {few} OR {endless} THEN {NAN} WHEN {spread} THEN 0.0 ELSE {finite} END)"

    gathering(function, rendered, "DOUBLE")


moment("skewness", 3)
moment("kurtosis", 4)


def array_sums(arguments: Sequence[Typed], where: str, kind: str) -> str:
    """The sums of the values at each place; shorter arrays count as filled up with 0."""
    if not arguments[0].array:
        raise PinotError(QUERY_VALIDATION, "sumArray takes a multi-value column")
    value = arguments[0].cast(f"{kind}_ARRAY").sql
    places = f"range(max(len({value})){where})"
    each = f"list_transform(list({value}){where}, lambda a$: coalesce(a$[i$ + 1], 0))"
    return f"list_transform({places}, lambda i$: list_sum({each}))"


gathering("sumArrayLong", lambda a, w: array_sums(a, w, "LONG"), "LONG_ARRAY")
gathering("sumArrayDouble", lambda a, w: array_sums(a, w, "DOUBLE"), "DOUBLE_ARRAY")


# --- histograms
def histogram(arguments: Sequence[Typed], where: str) -> str:
    """histogram(value, lower, upper, bins) or histogram(value, ARRAY[edges]): how many values fall into each bin, the
    last one closed. Raises PinotError 700."""
    value = number(arguments[0])
    values = f"coalesce(list({value}){where}, [])"
    if len(arguments) == 2:
        return by_edges(values, arguments[1])
    if len(arguments) != 4:
        raise PinotError(QUERY_VALIDATION, f"Histogram expects 2 or 4 arguments, got: {len(arguments)}")
    low, high, bins = arguments[1].number, arguments[2].number, int(arguments[3].number or 0)
    if bins < 1 or low is None or high is None or not low < high:
        raise PinotError(QUERY_VALIDATION, "histogram(column, lower, upper, bins) wants numbers, lower below upper")
    step = (high - low) / bins
    place = f"CASE WHEN v$ = {high!r} THEN {bins - 1} ELSE floor((v$ - {low!r}) / {step!r}) END"
    inside = f"list_transform(list_filter({values}, lambda v$: v$ BETWEEN {low!r} AND {high!r}), lambda v$: {place})"
    return f"list_transform(range({bins}), lambda b$: len(list_filter({inside}, lambda p$: p$ = b$))::DOUBLE)"


def by_edges(values: str, edges: Typed) -> str:
    if not edges.array:
        raise PinotError(QUERY_VALIDATION, "Please use the format of `Histogram(columnName, ARRAY[1,10,100])`")
    bounds = edges.cast("DOUBLE_ARRAY").sql
    inside = (
        f"v$ >= ({bounds})[b$] AND (v$ < ({bounds})[b$ + 1] OR (b$ = len({bounds}) - 1 AND v$ = ({bounds})[b$ + 1]))"
    )
    counts = (
        f"list_transform(range(1, len({bounds})), lambda b$: len(list_filter({values}, lambda v$: {inside}))::DOUBLE)"
    )
    sorted_ = f"len({bounds}) > 1 AND {bounds} = list_sort(list_distinct({bounds}))"
    return f"(CASE WHEN {sorted_} THEN {counts} ELSE error('The bin edges must be strictly increasing') END)"


gathering("histogram", histogram, "DOUBLE_ARRAY", (2, 4))


# --- the rows of an extreme
def extreme(function: str, arguments: Sequence[Typed], where: str) -> str:
    """exprMin(projection, measure, …): the projection of every row whose measures are least, each a row of its own."""
    projection, *measures = arguments
    key = f"row({', '.join(measure.sql for measure in measures)})"
    known = " AND ".join(f"{measure.sql} IS NOT NULL" for measure in measures)
    clause = f"{where.removesuffix(')')} AND {known})" if where else f" FILTER (WHERE {known})"
    rows = f"list({{'k': {key}, 'v': {projection.sql}}}){clause}"
    kept = f"list_filter({rows}, lambda r$: r$.k = {function}({key}){clause})"
    return f"unnest(coalesce(list_transform({kept}, lambda r$: r$.v), [NULL]))"


gathering("exprMin", lambda a, w: extreme("min", a, w), lambda a: a[0].type, (2, -1))
gathering("exprMax", lambda a, w: extreme("max", a, w), lambda a: a[0].type, (2, -1))
