"""Aggregations. The single-stage engine answers DOUBLE for sums and extremes, the multi-stage one keeps integers."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions import hyperloglog
from meshloom.engine.sql.functions.registry import Render, aggregate
from meshloom.engine.sql.typed import DUCKDB, Typed


def same(arguments: Sequence[Typed]) -> str:
    return arguments[0].element


def widened(arguments: Sequence[Typed]) -> str:
    return {"INT": "LONG", "FLOAT": "DOUBLE", "BOOLEAN": "LONG"}.get(arguments[0].element, arguments[0].element)


def number(argument: Typed) -> str:
    """The argument as a DOUBLE; milliseconds for a time."""
    return argument.cast("DOUBLE").sql


def averaged(argument: Typed) -> str:
    """Integers as they are: DuckDB adds them up exactly and faster, and the mean is a DOUBLE either way."""
    return argument.sql if argument.element == "INT" else number(argument)


def values(argument: Typed) -> str:
    return argument.sql


def share_of(arguments: Sequence[Typed]) -> float:
    """The percentile asked for as a fraction. Raises PinotError 700 when it is no literal from 0 to 100."""
    text = arguments[1].literal
    if text is None or not 0 <= float(text) <= 100:
        raise PinotError(QUERY_VALIDATION, "percentile: the second argument must be a number between 0 and 100")
    return float(text) / 100


def percentile(arguments: Sequence[Typed]) -> str:
    """Pinot's exact percentile is the value at index floor(n*p/100) of the sorted values (PercentileAggregation)."""
    share = share_of(arguments)
    value = number(arguments[0])
    ordered = f"list({value} ORDER BY {value}) FILTER (WHERE {value} IS NOT NULL)"
    return f"list_extract({ordered}, least(count({value}), CAST(floor(count({value}) * {share}) AS BIGINT) + 1))"


def hll(arguments: Sequence[Typed]) -> str:
    values = f"list(DISTINCT {arguments[0].sql}) FILTER (WHERE {arguments[0].sql} IS NOT NULL)"
    return hyperloglog.count(values, arguments[0].element, hyperloglog.log2m_of(arguments))


def exact(arguments: Sequence[Typed]) -> str:
    return "BIG_DECIMAL" if arguments[0].type in ("INT", "LONG", "BIG_DECIMAL") else WIDE


def exact_sum(arguments: Sequence[Typed]) -> str:
    value = arguments[0].cast(exact(arguments)).sql
    if exact(arguments) == WIDE:
        return f"px_widesum_1(list({value}) FILTER (WHERE {value} IS NOT NULL))"
    return f"sum({value})"


def raw_hll(arguments: Sequence[Typed]) -> str:
    values = f"list(DISTINCT {arguments[0].sql}) FILTER (WHERE {arguments[0].sql} IS NOT NULL)"
    return hyperloglog.count(values, arguments[0].element, hyperloglog.log2m_of(arguments), "hllraw")


NEGATIVE, POSITIVE = "'-Infinity'::DOUBLE", "'Infinity'::DOUBLE"

aggregate("count", "count({0})", "LONG", "LONG", "0")
aggregate("sum", lambda a: f"sum({number(a[0])})", "DOUBLE", widened, "0.0")
aggregate("sumPrecision", exact_sum, exact, exact, "0", (1, 3))
aggregate("min", lambda a: f"min({number(a[0])})", "DOUBLE", same, POSITIVE)
aggregate("max", lambda a: f"max({number(a[0])})", "DOUBLE", same, NEGATIVE)
aggregate("minString", "min({0})", "STRING", "STRING")
aggregate("maxString", "max({0})", "STRING", "STRING")
aggregate("avg", lambda a: f"avg({averaged(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("mode", lambda a: f"mode({number(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE, (1, 2))
aggregate("minMaxRange", lambda a: f"(max({number(a[0])}) - min({number(a[0])}))", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("distinctCount distinctCountBitmap distinctCountOffHeap", "count(DISTINCT {0})", "INT", "INT", "0")
aggregate("distinctCountRawHLL", raw_hll, "STRING", "STRING", "", (1, 2))
aggregate("distinctCountHLL", hll, "LONG", "LONG", "0", (1, 2))
aggregate("distinctCountHLLPlus distinctCountULL", "approx_count_distinct({0})", "LONG", "LONG",
          "0", (1, 3))  # fmt: skip
aggregate("distinctSum", lambda a: f"sum(DISTINCT {number(a[0])})", "DOUBLE", "DOUBLE", "0.0")
aggregate("distinctAvg", lambda a: f"avg(DISTINCT {number(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("percentile percentileSmartTDigest", percentile, "DOUBLE", "DOUBLE", NEGATIVE,
          (2, 4))  # fmt: skip
aggregate("percentileEst", percentile, "LONG", "LONG", str(-(2**63)), 2)
aggregate("varPop", lambda a: f"var_pop({number(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("varSamp variance", lambda a: f"var_samp({number(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("stdDevPop", lambda a: f"stddev_pop({number(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("stdDevSamp stdDev", lambda a: f"stddev_samp({number(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("covarPop", lambda a: f"covar_pop({number(a[0])}, {number(a[1])})", "DOUBLE", "DOUBLE", NEGATIVE, 2)
aggregate("covarSamp", lambda a: f"covar_samp({number(a[0])}, {number(a[1])})", "DOUBLE", "DOUBLE", NEGATIVE, 2)
aggregate("corr", lambda a: f"corr({number(a[0])}, {number(a[1])})", "DOUBLE", "DOUBLE", NEGATIVE, 2)
# Exact up to 100,000 values in Pinot, estimated beyond; here always exact.
aggregate("distinctCountSmartHLL distinctCountSmartHLLPlus distinctCountSmartULL", "count(DISTINCT {0})", "INT", "INT",
          "0", (1, 2))  # fmt: skip
aggregate("segmentPartitionedDistinctCount", "count(DISTINCT {0})", "LONG", "LONG", "0")


def typed(arguments: Sequence[Typed]) -> str:
    """The type that the third argument names."""
    text = (arguments[2].literal or "").upper()
    if text not in DUCKDB:
        raise PinotError(QUERY_VALIDATION, f"the third argument names a data type, not {text or 'an expression'}")
    return text


def at_extreme(function: str) -> Render:
    return lambda a: f"{function}({a[0].cast(typed(a)).sql}, {a[1].cast('LONG').sql})"


aggregate("firstWithTime", at_extreme("arg_min"), typed, typed, "", 3)
aggregate("lastWithTime", at_extreme("arg_max"), typed, typed, "", 3)


aggregate("sumInt sumLong", lambda a: f"sum({a[0].cast('LONG').sql})::BIGINT", "LONG", "LONG", "0")
aggregate("minLong", lambda a: f"min({a[0].cast('LONG').sql})", "LONG", "LONG", str(2**63 - 1))
aggregate("maxLong", lambda a: f"max({a[0].cast('LONG').sql})", "LONG", "LONG", str(-(2**63)))
aggregate("sum0", lambda a: f"coalesce(sum({number(a[0])}), 0)", "DOUBLE", widened, "0.0")
aggregate("boolAnd", "bool_and({0})", "BOOLEAN", "BOOLEAN", "true")
aggregate("boolOr", "bool_or({0})", "BOOLEAN", "BOOLEAN", "false")
aggregate("anyValue", "any_value({0})", same, same)
