"""Functions of one row: arithmetic, text, logic, time, JSON and arrays."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import Render, scalar
from meshloom.engine.sql.typed import Typed, cast_sql, literal_sql


def first(arguments: Sequence[Typed]) -> str:
    return arguments[0].type


def wide(arguments: Sequence[Typed]) -> str:
    """The type that holds every argument."""
    order = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL")
    types = [argument.type for argument in arguments]
    return max(types, key=order.index) if all(type_ in order for type_ in types) else types[0]


def constant(argument: Typed, function: str) -> str:
    if argument.literal is None:
        raise PinotError(QUERY_VALIDATION, f"{function}: argument must be a literal")
    return argument.literal


def millis(argument: Typed) -> str:
    return argument.cast("LONG").sql


# --- arithmetic (doubles in the single-stage engine, ArithmeticFunctions.java)
for names, template in (
    ("plus add", "({0} + {1})"),
    ("minus sub", "({0} - {1})"),
    ("times mult", "({0} * {1})"),
    ("divide div", "({0} / {1})"),
):
    scalar(names, template, "DOUBLE", 2, ["DOUBLE"])
scalar("mod", "fmod({0}, {1})", "DOUBLE", 2, ["DOUBLE"])
for name in (
    "exp",
    "ln",
    "log2",
    "log10",
    "sqrt",
    "sign",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "degrees",
    "radians",
):
    scalar(name, f"{name}({{0}})", "DOUBLE", 1, ["DOUBLE"])
scalar("log", "ln({0})", "DOUBLE", 1, ["DOUBLE"])
scalar("abs", "abs({0})", first)
scalar("ceil ceiling", "ceil({0})", "DOUBLE", 1, ["DOUBLE"])
scalar("floor", "floor({0})", "DOUBLE", 1, ["DOUBLE"])
scalar("power pow", "pow({0}, {1})", "DOUBLE", 2, ["DOUBLE"])
scalar("atan2", "atan2({0}, {1})", "DOUBLE", 2, ["DOUBLE"])
scalar(
    "roundDecimal", lambda a: f"round({a[0].sql}, {a[1].sql if len(a) > 1 else 0})", "DOUBLE", (1, 2), ["DOUBLE", "INT"]
)
scalar("truncate truncateDecimal", "trunc({0})", "DOUBLE", 1, ["DOUBLE"])
scalar("least", "least({all})", wide, (1, -1))
scalar("greatest", "greatest({all})", wide, (1, -1))

# --- text (StringFunctions.java); positions count from 0
scalar("upper", "upper({0})", "STRING", 1, ["STRING"])
scalar("lower", "lower({0})", "STRING", 1, ["STRING"])
scalar("length", "length({0})", "INT", 1, ["STRING"])
scalar("reverse", "reverse({0})", "STRING", 1, ["STRING"])
scalar("trim", "trim({0})", "STRING", 1, ["STRING"])
scalar("ltrim", "ltrim({0})", "STRING", 1, ["STRING"])
scalar("rtrim", "rtrim({0})", "STRING", 1, ["STRING"])
scalar("replace", "replace({0}, {1}, {2})", "STRING", 3, ["STRING"])
scalar("startsWith", "starts_with({0}, {1})", "BOOLEAN", 2, ["STRING"])
scalar("endsWith", "suffix({0}, {1})", "BOOLEAN", 2, ["STRING"])
scalar("contains", "contains({0}, {1})", "BOOLEAN", 2, ["STRING"])
scalar("codepoint", "unicode({0})", "INT", 1, ["STRING"])
scalar("chr", "chr({0})", "STRING", 1, ["INT"])
scalar("lpad", "lpad({0}, {1}, {2})", "STRING", 3, ["STRING", "INT", "STRING"])
scalar("rpad", "rpad({0}, {1}, {2})", "STRING", 3, ["STRING", "INT", "STRING"])
scalar(
    "concat",
    lambda a: f"concat({a[0].sql}, {a[2].sql}, {a[1].sql})" if len(a) == 3 else f"concat({a[0].sql}, {a[1].sql})",
    "STRING",
    (2, 3),
    ["STRING"],
)
scalar(
    "substr",
    lambda a: (
        f"{a[0].sql}[{a[1].sql} + 1 : {a[2].sql if len(a) > 2 else 'NULL'}]"
        if len(a) > 2
        else f"substr({a[0].sql}, {a[1].sql} + 1)"
    ),
    "STRING",
    (2, 3),
    ["STRING", "INT"],
)
scalar("substring", lambda a: f"substring({', '.join(x.sql for x in a)})", "STRING", (2, 3), ["STRING", "INT"])
scalar("strpos", "(instr({0}, {1}) - 1)", "INT", 2, ["STRING"])
scalar("regexpLike", "regexp_matches({0}, {1})", "BOOLEAN", 2, ["STRING"])
scalar("md5", "md5({0})", "STRING", 1, ["STRING"])

# --- logic
scalar("coalesce", lambda a: f"coalesce({', '.join(x.cast(a[0].type).sql for x in a)})", first, (1, -1))
scalar("nullIf", "nullif({0}, {1})", first, 2)

# --- time: Pinot's functions take and give milliseconds since 1970, UTC unless told otherwise
UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
SIZES = {"MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000, "HOURS": 3_600_000, "DAYS": 86_400_000}


def moment(argument: Typed) -> str:
    return argument.sql if argument.type == "TIMESTAMP" else cast_sql(argument.sql, argument.type, "TIMESTAMP")


def date_trunc(arguments: Sequence[Typed]) -> str:
    unit = constant(arguments[0], "dateTrunc").lower()
    if unit not in UNITS:
        raise PinotError(QUERY_VALIDATION, f"'{unit}' is not a valid Timestamp field")
    return f"epoch_ms(date_trunc({literal_sql(unit)}, {moment(arguments[1])}))"


def date_part(part: str) -> Render:
    return lambda a: f"CAST({part}({moment(a[0])}) AS INTEGER)"


def to_epoch(size: int) -> Render:
    return lambda a: f"({millis(a[0])} // {size})"


def from_epoch(size: int) -> Render:
    return lambda a: f"({millis(a[0])} * {size})"


scalar("dateTrunc", date_trunc, "LONG", (2, 5))
for name, part in (
    ("year", "year"), ("quarter", "quarter"), ("month monthOfYear", "month"), ("week weekOfYear", "week"),
    ("day dayOfMonth", "day"), ("dayOfYear doy", "dayofyear"), ("dayOfWeek dow", "isodow"), ("hour", "hour"),
    ("minute", "minute"), ("second", "second"), ("yearOfWeek yow", "isoyear"),
):  # fmt: skip
    scalar(name, date_part(part), "INT", (1, 2))
scalar("millisecond", lambda a: f"CAST(millisecond({moment(a[0])}) % 1000 AS INTEGER)", "INT", (1, 2))
scalar("now", "epoch_ms(now()::TIMESTAMP)", "LONG", 0)
for unit, size in SIZES.items():
    scalar(f"toEpoch{unit.title()}", to_epoch(size), "LONG", 1)
    scalar(f"fromEpoch{unit.title()}", from_epoch(size), "LONG", 1)

# --- arrays
scalar("arrayLength cardinality", "length({0})", "INT")
scalar("arrayMin", "list_min({0})", lambda a: a[0].element)
scalar("arrayMax", "list_max({0})", lambda a: a[0].element)
scalar("arraySum", "list_sum({0})", "DOUBLE")
scalar("arrayAverage", "list_avg({0})", "DOUBLE")


# --- JSON
def json_extract(arguments: Sequence[Typed]) -> str:
    path, type_ = constant(arguments[1], "jsonExtractScalar"), constant(arguments[2], "jsonExtractScalar").upper()
    value = f"json_extract_string({arguments[0].sql}, {literal_sql(path)})"
    value = f"TRY_{cast_sql(value, 'STRING', type_)}" if type_ not in ("STRING", "TIMESTAMP") else value
    return f"coalesce({value}, {arguments[3].cast(type_).sql})" if len(arguments) > 3 else value


scalar("jsonExtractScalar", json_extract, lambda a: (a[2].literal or "STRING").upper(), (3, 4))
