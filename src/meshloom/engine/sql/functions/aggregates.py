"""Aggregations. The single-stage engine answers DOUBLE for sums and extremes, the multi-stage one keeps integers."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.errors import QUERY_EXECUTION, QUERY_VALIDATION, PinotError
from meshloom.engine.sql import casts
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions import hyperloglog, hyperloglog_plus
from meshloom.engine.sql.functions.registry import Render, aggregate, as_stored, gathering
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import DUCKDB, Typed, literal_sql


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
    percent = arguments[1].number
    if percent is None or not 0 <= percent <= 100:
        raise PinotError(QUERY_VALIDATION, "percentile: the second argument must be a number between 0 and 100")
    return percent / 100


def percentile(arguments: Sequence[Typed]) -> str:
    """Pinot's exact percentile is the value at index floor(n*p/100) of the sorted values (PercentileAggregation)."""
    share = share_of(arguments)
    value = number(arguments[0])
    ordered = f"list({value} ORDER BY {value}) FILTER (WHERE {value} IS NOT NULL)"
    return f"list_extract({ordered}, least(count({value}), CAST(floor(count({value}) * {share}) AS BIGINT) + 1))"


def hll(arguments: Sequence[Typed]) -> str:
    values = f"list(DISTINCT {arguments[0].sql}) FILTER (WHERE {arguments[0].sql} IS NOT NULL)"
    return hyperloglog.count(values, arguments[0].element, hyperloglog.log2m_of(arguments))


def hll_plus(arguments: Sequence[Typed]) -> str:
    values = f"list(DISTINCT {arguments[0].sql}) FILTER (WHERE {arguments[0].sql} IS NOT NULL)"
    return hyperloglog_plus.count(values, arguments)


def exact(arguments: Sequence[Typed]) -> str:
    return "BIG_DECIMAL" if arguments[0].type in ("INT", "LONG", "BIG_DECIMAL") and len(arguments) < 2 else WIDE


def exact_sum(arguments: Sequence[Typed]) -> str:
    """sumPrecision(value[, precision[, scale]]): rounded half to even (SumPrecisionAggregationFunction)."""
    type_ = exact(arguments)
    value = arguments[0].cast(type_).sql
    total = f"px_widesum_1(list({value}) FILTER (WHERE {value} IS NOT NULL))" if type_ == WIDE else f"sum({value})"
    sizes = [argument.literal or "" for argument in arguments[1:]]
    if not all(size.isdigit() for size in sizes):
        raise PinotError(QUERY_VALIDATION, "sumPrecision: precision and scale are whole numbers")
    return total if not sizes else f"px_widerounded_3({total}, {sizes[0]}, {sizes[1] if sizes[1:] else -1})"


def raw_hll(arguments: Sequence[Typed]) -> str:
    values = f"list(DISTINCT {arguments[0].sql}) FILTER (WHERE {arguments[0].sql} IS NOT NULL)"
    return hyperloglog.count(values, arguments[0].element, hyperloglog.log2m_of(arguments), "hllraw")


NEGATIVE, POSITIVE = "'-Infinity'::DOUBLE", "'Infinity'::DOUBLE"

aggregate("count", "count({0})", "LONG", "LONG", "0")
aggregate("sum", lambda a: f"sum({number(a[0])})", "DOUBLE", widened, "0.0")
aggregate("sumPrecision", exact_sum, "STRING", exact, "'0'", (1, 3))
aggregate("min", lambda a: f"min({number(a[0])})", "DOUBLE", same, POSITIVE)
aggregate("max", lambda a: f"max({number(a[0])})", "DOUBLE", same, NEGATIVE)

# The extreme by the order of the column's own type, as its dictionary has it.
aggregate("minString", "min({0})", "STRING", same)
aggregate("maxString", "max({0})", "STRING", same)
aggregate("avg", lambda a: f"avg({averaged(a[0])})", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("minMaxRange", lambda a: f"(max({number(a[0])}) - min({number(a[0])}))", "DOUBLE", "DOUBLE", NEGATIVE)
aggregate("distinctCount distinctCountBitmap distinctCountOffHeap", "count(DISTINCT {0})", "INT", "INT", "0")
aggregate("distinctCountRawHLL", raw_hll, "STRING", "STRING", "", (1, 2))
aggregate("distinctCountHLL", hll, "LONG", "LONG", "0", (1, 2))
aggregate("distinctCountHLLPlus", hll_plus, "LONG", "LONG", "0", (1, 3))
aggregate("distinctCountULL", "count(DISTINCT {0})", "LONG", "LONG", "0", (1, 2))
aggregate("distinctSum", lambda a: f"sum(DISTINCT {number(a[0])})", "DOUBLE", "DOUBLE", "0.0")
aggregate("distinctAvg", lambda a: f"avg(DISTINCT {number(a[0])})", "DOUBLE", "DOUBLE", "'NaN'::DOUBLE")
aggregate("percentile percentileSmartTDigest", percentile, "DOUBLE", "DOUBLE", NEGATIVE,
          (2, 4))  # fmt: skip
aggregate("percentileEst", lambda a: percentile([a[0].cast("LONG"), *a[1:]]), "LONG", "LONG", str(-(2**63)), 2)
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
SEGMENTWISE = "segmentPartitionedDistinctCount"  # each segment's count, added up; of lists no segment is told
aggregate(
    SEGMENTWISE,
    lambda a: f"count(DISTINCT {_in_segment(a[0].sql, a[1].sql) if len(a) > 1 else a[0].sql})",
    "LONG", "LONG", "0", by_segment=True,
)  # fmt: skip


def _in_segment(value: str, segment: str) -> str:
    return f"CASE WHEN {value} IS NOT NULL THEN row({value}, {segment}) END"


def typed(arguments: Sequence[Typed]) -> str:
    """The type that the third argument names."""
    text = (arguments[2].literal or "").upper()
    if text not in DUCKDB:
        raise PinotError(QUERY_VALIDATION, f"the third argument names a data type, not {text or 'an expression'}")
    return text


def at_extreme(sign: str) -> Render:
    """The value of the least (or with "-" the greatest) time: of the rows of one time the last of a segment, of
    segments the first (FirstWithTimeAggregationFunction, LastWithTime…)."""

    def render(arguments: Sequence[Typed]) -> str:
        time, (segment, row) = arguments[1].cast("LONG").sql, arguments[-2:]
        place = f"{{'t': {sign}CAST({time} AS HUGEINT), 's': {segment.sql}, 'r': -{row.sql}}}"
        return f"arg_min({arguments[0].cast(typed(arguments)).sql}, CASE WHEN {time} IS NOT NULL THEN {place} END)"

    return render


# What FirstWithTime and LastWithTime begin with (getDefaultValueTimePair).
BEGINNINGS = {"INT": str(-(2**31)), "LONG": str(-(2**63)), "FLOAT": "'NaN'::FLOAT", "DOUBLE": "'NaN'::DOUBLE",
              "STRING": "''", "BOOLEAN": "false", "TIMESTAMP": "NULL"}  # fmt: skip


def beginning(arguments: Sequence[Typed]) -> str:
    return BEGINNINGS.get(typed(arguments), "NULL")


aggregate("firstWithTime", at_extreme(""), typed, typed, beginning, 3, by_row=True)
aggregate("lastWithTime", at_extreme("-"), typed, typed, beginning, 3, by_row=True)


def summed(arguments: Sequence[Typed], where: str) -> str:
    """Java's long: it wraps around."""
    value = longs(arguments) if arguments[0].array else arguments[0].cast("LONG").sql
    total = f"sum(list_sum({value}))" if arguments[0].array else f"sum({value})"
    return casts.low_bits(f"CAST({total}{where} AS HUGEINT)", "LONG")


def longs(arguments: Sequence[Typed]) -> str:
    return arguments[0].cast("LONG_ARRAY").sql


gathering("sumInt", lambda a, w: summed([a[0].cast("INT")], w), "LONG", empty="0")
gathering("sumLong", summed, "LONG", empty="0")
aggregate("minLong", lambda a: f"min({a[0].cast('LONG').sql})", "LONG", "LONG", str(2**63 - 1))
aggregate("maxLong", lambda a: f"max({a[0].cast('LONG').sql})", "LONG", "LONG", str(-(2**63)))
aggregate("sum0", lambda a: f"coalesce(sum({number(a[0])}), 0)", "DOUBLE", widened, "0.0")


def of_truths(name: str, function: str) -> Render:
    def render(arguments: Sequence[Typed]) -> str:
        if arguments[0].type != "BOOLEAN":
            raise PinotError(QUERY_EXECUTION, f"Unsupported data type {name} for {arguments[0].type}")
        return f"{function}({arguments[0].sql})"

    return render


aggregate("boolAnd", of_truths("BOOLAND", "bool_and"), "BOOLEAN", "BOOLEAN", "true")
aggregate("boolOr", of_truths("BOOLOR", "bool_or"), "BOOLEAN", "BOOLEAN", "false")
aggregate("anyValue", "any_value({0})", "STRING", same)


# --- lists of values, in the order of the rows
COLLECTED = ("INT", "LONG", "FLOAT", "DOUBLE", "STRING", "BOOLEAN", "TIMESTAMP")


def collected_type(arguments: Sequence[Typed]) -> str:
    text = (arguments[1].literal or "").upper()
    if text not in COLLECTED:
        types = ", ".join(COLLECTED)
        raise PinotError(QUERY_VALIDATION, f"arrayAgg(column, 'type') takes a column as one of {types}")
    return f"{text}_ARRAY"


def known(value: str, where: str) -> str:
    return f"{where.removesuffix(')')} AND {value} IS NOT NULL)" if where else f" FILTER (WHERE {value} IS NOT NULL)"


def gathered(arguments: Sequence[Typed], value: str, where: str, kind: str) -> str:
    """The values as a list; with a third argument that is true each where it comes first."""
    listed = f"list({value}){known(value, where)}"
    if arguments[0].array:
        listed = f"flatten({listed})"
    if len(arguments) > 2 and (arguments[2].literal or "").lower() == "true":
        return f"px_each{kind.lower()}_1({listed})"
    return listed


for _type in COLLECTED:
    _name = f"px_each{_type.lower()}_1"
    ROWS[_name] = RowFunction(
        _name, lambda all_: list(dict.fromkeys(all_)), (f"{_type}_ARRAY",), f"{_type}_ARRAY", False
    )


def array_agg(arguments: Sequence[Typed], where: str) -> str:
    kind = collected_type(arguments).removesuffix("_ARRAY")
    wanted = f"{kind}_ARRAY" if arguments[0].array else kind
    return f"coalesce({gathered(arguments, arguments[0].cast(wanted).sql, where, kind)}, [])"


def list_agg(arguments: Sequence[Typed], where: str) -> str:
    wanted, separator = "STRING_ARRAY" if arguments[0].array else "STRING", arguments[1].literal
    value = as_stored(arguments[0], True).cast(wanted).sql
    if separator is None:
        raise PinotError(QUERY_VALIDATION, "listAgg(column, 'separator'[, distinct]) wants its separator as a literal")
    listed = gathered(arguments, value, where, "STRING")
    return f"(CASE WHEN len({listed}) > 0 THEN array_to_string({listed}, {literal_sql(separator)}) END)"


gathering("arrayAgg", array_agg, collected_type, (2, 3))
gathering("listAgg", list_agg, "STRING", (2, 3))
