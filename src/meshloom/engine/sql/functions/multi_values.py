"""Aggregations over every value of a multi-value column: sumMV and its kin, and the plain names given an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meshloom.engine.sql.functions import hyperloglog, hyperloglog_plus
from meshloom.engine.sql.functions.aggregates import longs, share_of
from meshloom.engine.sql.typed import Typed

Render = Callable[[Sequence[Typed], str], str]


def doubles(arguments: Sequence[Typed]) -> str:
    return arguments[0].cast("DOUBLE_ARRAY").sql


def every(arguments: Sequence[Typed], where: str) -> str:
    """All values of all rows, as one list."""
    return f"flatten(coalesce(list({arguments[0].sql}){where}, []))"


def distinct(arguments: Sequence[Typed], where: str) -> str:
    return f"list_distinct({every(arguments, where)})"


def percentile(arguments: Sequence[Typed], where: str) -> str:
    """The value at index floor(n*p/100) of the sorted values, the last one at most."""
    listed = f"list_sort(flatten(coalesce(list({doubles(arguments)}){where}, [])))"
    place = f"least(len({listed}), CAST(floor(len({listed}) * {share_of(arguments)}) AS BIGINT) + 1)"
    return f"({listed})[{place}]"


ARRAYS: dict[str, Render] = {
    "count": lambda a, w: f"coalesce(sum(len({a[0].sql})){w}, 0)",
    "sum": lambda a, w: f"sum(list_sum({doubles(a)})){w}",
    "min": lambda a, w: f"min(list_min({doubles(a)})){w}",
    "max": lambda a, w: f"max(list_max({doubles(a)})){w}",
    "avg": lambda a, w: f"(sum(list_sum({doubles(a)})){w} / sum(len({a[0].sql})){w})",
    "minmaxrange": lambda a, w: f"(max(list_max({doubles(a)})){w} - min(list_min({doubles(a)})){w})",
    "distinctcount": lambda a, w: f"len({distinct(a, w)})",
    "distinctsum": lambda a, w: f"list_sum({distinct([a[0].cast('DOUBLE_ARRAY')], w)})",
    "distinctavg": lambda a, w: f"list_avg({distinct([a[0].cast('DOUBLE_ARRAY')], w)})",
    "sum0": lambda a, w: f"coalesce(sum(list_sum({doubles(a)})){w}, 0)",
    "minlong": lambda a, w: f"min(list_min({longs(a)})){w}",
    "maxlong": lambda a, w: f"max(list_max({longs(a)})){w}",
    "segmentpartitioneddistinctcount": lambda a, w: f"len({distinct(a, w)})",
    "distinctcounthll": lambda a, w: hyperloglog.count(distinct(a, w), a[0].element, hyperloglog.log2m_of(a)),
    "distinctcountrawhll": lambda a, w: hyperloglog.count(
        distinct(a, w), a[0].element, hyperloglog.log2m_of(a), "hllraw"
    ),
    "distinctcounthllplus": lambda a, w: hyperloglog_plus.count(distinct(a, w), a),
    "distinctcountull": lambda a, w: f"CAST(len({distinct(a, w)}) AS BIGINT)",
    "percentile": percentile,
}
for name in ("distinctcountbitmap", "distinctcountoffheap"):
    ARRAYS[name] = ARRAYS["distinctcount"]
ARRAYS["percentileest"] = lambda a, w: percentile([a[0].cast("LONG_ARRAY"), *a[1:]], w)


def over_arrays(name: str) -> Render | None:
    """How an aggregation of that name, without its MV, goes over arrays; None when it does not."""
    return ARRAYS.get(name)
