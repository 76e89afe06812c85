"""Functions of arrays (ArrayFunctions.java, ArrayUtils of commons-lang). Pinot's names carry the element's type."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Callable, Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql import casts
from meshloom.engine.sql.functions.registry import Result, scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import NUMERIC, Typed, duckdb_type, literal_sql

ALL = ("Int", "Long", "Float", "Double", "String")
PLAIN = ("Int", "String")


def element(arguments: Sequence[Typed]) -> str:
    return arguments[0].element


def same(arguments: Sequence[Typed]) -> str:
    return arguments[0].type if arguments[0].array else f"{arguments[0].type}_ARRAY"


def family(stem: str, kinds: Sequence[str], template: str, result: str, further: Sequence[str] = ()) -> None:
    """A function for each element type. "E" in `result` and `further` stands for the element, "A" for its array."""
    for kind in kinds:
        one = kind.upper()
        types = {"E": one, "A": f"{one}_ARRAY"}
        text = template.replace("{none}", casts.PLACEHOLDERS[one]).replace("{type}", duckdb_type(one))
        parameters = [types["A"], *(types.get(more, more) for more in further)]
        scalar(f"{stem}{kind}", text, types.get(result, result), len(parameters), parameters)


family("arrayReverse", PLAIN, "list_reverse({0})", "A")
family("arraySort", PLAIN, "list_sort({0})", "A")
family("arrayIndexOf", PLAIN, "(coalesce(list_position({0}, {1}), 0) - 1)", "INT", ["E"])
INDEXES = "list_filter(range(len({0})), lambda i$: ({0})[i$ + 1] = {1})::INTEGER[]"
family("arrayIndexesOf", ALL, INDEXES, "INT_ARRAY", ["E"])
family("arrayContains", PLAIN, "list_contains({0}, {1})", "BOOLEAN", ["E"])
family("arrayDistinct", PLAIN, "list_filter({0}, lambda v$, i$: list_position({0}, v$) = i$)", "A")
REMOVED = "list_filter({0}, lambda v$, i$: i$ <> coalesce(list_position({0}, {1}), 0))"
family("arrayRemove", PLAIN, REMOVED, "A", ["E"])
BOTH = "list_concat({0}, {1})"
family("arrayUnion", PLAIN, f"list_filter({BOTH}, lambda v$, i$: list_position({BOTH}, v$) = i$)", "A", ["A"])
family("arrayConcat", ALL, BOTH, "A", ["A"])
family("arrayPushBack", ALL, "list_append({0}, {1})", "A", ["E"])
family("arrayPushFront", ALL, "list_prepend({1}, {0})", "A", ["E"])
ELEMENT = "(CASE WHEN {1} BETWEEN 1 AND len({0}) THEN ({0})[{1}] ELSE {none} END)"
family("arrayElementAt", ALL, ELEMENT, "E", ["INT"])
for kind in ("Int", "Long"):  # which wrap around as Java's do
    total = casts.low_bits("CAST(coalesce(list_sum({0}), 0) AS HUGEINT)", "LONG")
    text = casts.low_bits(total, "INT") if kind == "Int" else total
    scalar(f"arraySum{kind}", text, kind.upper(), 1, [f"{kind.upper()}_ARRAY"])
# Java's copyOfRange fills up behind the end.
OUTSIDE = "error('Array index out of range: ' || {0} || ' to ' || {1} || ' of ' || len({2}))"
SLICE = "list_resize(({0})[{1} + 1 : least({2}, len({0}))], {2} - {1}, {filler})"
for kind, filler in (("Int", "0"), ("Long", "0"), ("String", "NULL")):
    inside = "{1} BETWEEN 0 AND len({0}) AND {1} <= {2}"
    text = f"(CASE WHEN NOT ({inside}) THEN {OUTSIDE.format('{1}', '{2}', '{0}')} ELSE {SLICE} END)"
    family("arraySlice", (kind,), text.replace("{filler}", filler), "A", ["INT", "INT"])
MOST_VALUES = 10_000_000  # that an array may be generated with
SIZE = (
    "(CASE WHEN {2} = 0 THEN error('/ by zero') WHEN {steps} < -1 THEN error('An array cannot have a negative size') "
    f"WHEN {{steps}} >= {MOST_VALUES} THEN error('An array of so many values is too large') ELSE {{steps}} + 1 END)"
)
for kind in ("Int", "Long"):
    one = kind.upper()
    wider = {"INT": "BIGINT", "LONG": "HUGEINT"}[one]
    between = casts.low_bits(f"(CAST({{1}} AS {wider}) - {{0}})", one)
    steps = f"(CAST({between} AS {wider}) // {{2}})"
    values = f"list_transform(range({SIZE.replace('{steps}', steps)}::BIGINT), lambda i$: {{0}} + i$ * {{2}})"
    scalar(f"generate{kind}Array", f"CAST({values} AS {duckdb_type(one)}[])", f"{one}_ARRAY", 3, [one])


def as_float(value: float) -> float:
    """The nearest FLOAT."""
    if not math.isfinite(value) or abs(value) > FLOAT_MAX:
        return math.copysign(math.inf, value) if not math.isnan(value) else value
    return float(struct.unpack("f", struct.pack("f", value))[0])


FLOAT_MAX = 3.4028235677973366e38  # what is beyond rounds to an infinity


def generated(start: float, end: float, step: float, kept: Callable[[float], float] = float) -> list[float]:
    """Each value is the one before and a step (ArrayFunctions.generateDoubleArray). Raises ValueError."""
    way = kept(end - start)
    if step:
        size = kept(kept(way / step) + 1)
    else:
        size = math.nan if math.isnan(way) or not way else math.copysign(math.inf, way) * math.copysign(1, step)
    count = 0 if math.isnan(size) else int(min(max(size, -(2**31)), 2**31 - 1))
    if count < 0:
        raise ValueError("An array cannot have a negative size")
    if count > MOST_VALUES:
        raise ValueError("An array of so many values is too large")
    return list(itertools.accumulate([start, *itertools.repeat(step, count - 1)], lambda a, b: kept(a + b)))[:count]


row_function("generateDoubleArray", generated, "DOUBLE_ARRAY", ["DOUBLE"] * 3)
row_function(
    "generateFloatArray", lambda start, end, step: generated(start, end, step, as_float), "FLOAT_ARRAY", ["FLOAT"] * 3
)


def intersected(left: list[int], right: list[int]) -> list[int]:
    """Both ascending: the values of `left` met in `right` on one walk (ArrayFunctions.intersectIndices)."""
    found, place = [], 0
    for value in left:
        if place < len(right) and value == right[place]:
            found.append(value)
            place += 1
    return found


row_function("intersectIndices", intersected, "INT_ARRAY", ["INT_ARRAY", "INT_ARRAY"])


# --- of any element type (transform functions)
def multi_valued(name: str) -> PinotError:
    return PinotError(QUERY_VALIDATION, f"Argument must be multi-valued for transform function: {name}")


def of_arrays(names: str, text: str, result: Result, count: int = 1, element_type: str = "") -> None:
    """Functions all of whose arguments are multi-value, their elements read as `element_type` when one is given."""

    def render(arguments: Sequence[Typed]) -> str:
        if not all(argument.array for argument in arguments):
            raise multi_valued(names.split()[0])
        read = [argument.cast(f"{element_type}_ARRAY") if element_type else argument for argument in arguments]
        return text.format(*(argument.sql for argument in read))

    scalar(names, render, result, count)


of_arrays("arrayLength cardinality", "len({0})", "INT")
of_arrays("arrayMin", "list_min({0})", element)
of_arrays("arrayMax", "list_max({0})", element)
of_arrays("arraySum", "coalesce(list_sum({0}), 0)", "DOUBLE", 1, "DOUBLE")
of_arrays("arrayAverage", "list_avg({0})", "DOUBLE", 1, "DOUBLE")
of_arrays("arraysOverlap", "list_has_any({0}, {1})", "BOOLEAN", 2)


def glued(values: str, separator: Typed) -> str:
    """DuckDB's array_to_string takes no separator that differs from row to row."""
    if separator.literal is not None:
        return f"array_to_string({values}, {literal_sql(separator.literal)})"
    return f"px_joined_2({values}, {separator.cast('STRING').sql})"


row_function("joined", lambda texts, separator: separator.join(texts), "STRING", ["STRING_ARRAY", "STRING"])


def joined(arguments: Sequence[Typed]) -> str:
    if not arguments[0].array:
        raise multi_valued("arrayToString")
    values = arguments[0].cast("STRING_ARRAY").sql
    if len(arguments) < 3:
        return glued(values, arguments[1])
    filled = f"list_transform({values}, lambda v$: CASE WHEN v$ = '' THEN {arguments[2].sql} ELSE v$ END)"
    return f"(CASE WHEN len({values}) = 0 THEN '' ELSE {glued(filled, arguments[1])} END)"


scalar("arrayToString", joined, "STRING", (2, 3), ["", "STRING"])


def common(arguments: Sequence[Typed]) -> str:
    kinds = [argument.element for argument in arguments]
    if all(kind in NUMERIC for kind in kinds):
        return max(kinds, key=NUMERIC.index)
    return kinds[0]


def constructed(arguments: Sequence[Typed]) -> str:
    kind = common(arguments)
    return f"[{', '.join(argument.cast(kind).sql for argument in arguments)}]"


scalar("array arrayValueConstructor", constructed, lambda a: f"{common(a)}_ARRAY", (1, -1))


def kept(arguments: Sequence[Typed]) -> str:
    """valueIn: of a multi-value column the values that are listed."""
    array, options = arguments[0], arguments[1:]
    if not array.array:
        raise multi_valued("valueIn")
    listed = []
    for option in options:
        if option.literal is None:
            raise PinotError(QUERY_VALIDATION, "The second to last arguments of valueIn must be literals")
        listed.append(Typed(literal_sql(option.literal), "STRING").cast(array.element).sql)
    return f"list_filter({array.sql}, lambda v$: v$ IN ({', '.join(listed)}))"


scalar("valueIn", kept, same, (2, -1))


def looked_up(arguments: Sequence[Typed]) -> str:
    """mapValue(keys, 'key', values): the value at the key's place."""
    keys, wanted, values = arguments
    if not (keys.array and values.array):
        raise multi_valued("mapValue")
    if wanted.literal is None:
        raise PinotError(QUERY_VALIDATION, "mapValue: the second argument must be a literal")
    key = Typed(literal_sql(wanted.literal), "STRING").cast(keys.element).sql
    return f"({values.sql})[list_position({keys.sql}, {key})]"


scalar("mapValue", looked_up, lambda a: a[2].element, 3)
