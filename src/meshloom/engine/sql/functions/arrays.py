"""Functions of arrays (ArrayFunctions.java, ArrayUtils of commons-lang). Pinot's names carry the element's type."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import Result, scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import NUMERIC, Typed, duckdb_type, literal_sql

ALL = ("Int", "Long", "Float", "Double", "String")
PLAIN = ("Int", "String")
# What Pinot answers for no element (CommonConstants.NullValuePlaceHolder).
PLACEHOLDER = {"INT": "0", "LONG": "0::BIGINT", "FLOAT": "0::FLOAT", "DOUBLE": "0::DOUBLE", "STRING": "'null'"}


def element(arguments: Sequence[Typed]) -> str:
    return arguments[0].element


def same(arguments: Sequence[Typed]) -> str:
    return arguments[0].type if arguments[0].array else f"{arguments[0].type}_ARRAY"


def family(stem: str, kinds: Sequence[str], template: str, result: str, further: Sequence[str] = ()) -> None:
    """A function for each element type. "E" in `result` and `further` stands for the element, "A" for its array."""
    for kind in kinds:
        one = kind.upper()
        types = {"E": one, "A": f"{one}_ARRAY"}
        text = template.replace("{none}", PLACEHOLDER[one]).replace("{type}", duckdb_type(one))
        parameters = [types["A"], *(types.get(more, more) for more in further)]
        scalar(f"{stem}{kind}", text, types.get(result, result), len(parameters), parameters)


family("arrayReverse", PLAIN, "list_reverse({0})", "A")
family("arraySort", PLAIN, "list_sort({0})", "A")
family("arrayIndexOf", PLAIN, "(coalesce(list_position({0}, {1}), 0) - 1)", "INT", ["E"])
INDEXES = "list_filter(range(len({0})), lambda i: ({0})[i + 1] = {1})::INTEGER[]"
family("arrayIndexesOf", ALL, INDEXES, "INT_ARRAY", ["E"])
family("arrayContains", PLAIN, "list_contains({0}, {1})", "BOOLEAN", ["E"])
family("arrayDistinct", PLAIN, "list_filter({0}, lambda v, i: list_position({0}, v) = i)", "A")
REMOVED = "list_filter({0}, lambda v, i: i <> coalesce(list_position({0}, {1}), 0))"
family("arrayRemove", PLAIN, REMOVED, "A", ["E"])
BOTH = "list_concat({0}, {1})"
family("arrayUnion", PLAIN, f"list_filter({BOTH}, lambda v, i: list_position({BOTH}, v) = i)", "A", ["A"])
family("arrayConcat", ALL, BOTH, "A", ["A"])
family("arrayPushBack", ALL, "list_append({0}, {1})", "A", ["E"])
family("arrayPushFront", ALL, "list_prepend({1}, {0})", "A", ["E"])
ELEMENT = "(CASE WHEN {1} BETWEEN 1 AND len({0}) THEN ({0})[{1}] ELSE {none} END)"
family("arrayElementAt", ALL, ELEMENT, "E", ["INT"])
family("arraySum", ("Int", "Long"), "coalesce(list_sum({0}), 0)::{type}", "E")
# Java's copyOfRange fills up behind the end.
SLICE = "list_resize(({0})[{1} + 1 : least({2}, len({0}))], {2} - {1}, {filler})"
for kind, filler in (("Int", "0"), ("Long", "0"), ("String", "NULL")):
    family("arraySlice", (kind,), SLICE.replace("{filler}", filler), "A", ["INT", "INT"])
for kind in ("Int", "Long"):
    one = kind.upper()
    text = f"range({{0}}, {{1}} + sign({{2}})::INTEGER, {{2}})::{duckdb_type(one)}[]"
    scalar(f"generate{kind}Array", text, f"{one}_ARRAY", 3, [one])
for kind in ("Float", "Double"):
    one = kind.upper()
    steps = "range(CAST(trunc(({1} - {0}) / {2}) AS BIGINT) + 1)"
    text = f"list_transform({steps}, lambda i: {{0}} + i * {{2}})::{duckdb_type(one)}[]"
    scalar(f"generate{kind}Array", text, f"{one}_ARRAY", 3, [one])


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


def joined(arguments: Sequence[Typed]) -> str:
    if not arguments[0].array:
        raise multi_valued("arrayToString")
    values = arguments[0].cast("STRING_ARRAY").sql
    if len(arguments) < 3:
        return f"array_to_string({values}, {arguments[1].sql})"
    filled = f"list_transform({values}, lambda v: CASE WHEN v = 'null' THEN {arguments[2].sql} ELSE v END)"
    return f"(CASE WHEN len({values}) = 0 THEN 'null' ELSE array_to_string({filled}, {arguments[1].sql}) END)"


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
    return f"list_filter({array.sql}, lambda v: v IN ({', '.join(listed)}))"


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
