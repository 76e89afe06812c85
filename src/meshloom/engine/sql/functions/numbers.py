"""Functions of numbers (ArithmeticFunctions.java, TrigonometricFunctions.java, the bit functions)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from meshloom.engine.sql import casts
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import NUMERIC, Typed, duckdb_type

ORDER = NUMERIC


def number(argument: Typed) -> Typed:
    """Text and the like as a DOUBLE."""
    return argument if argument.numeric else argument.cast("DOUBLE")


def kind(arguments: Sequence[Typed]) -> str:
    return number(arguments[0]).type


def wide(arguments: Sequence[Typed]) -> str:
    """The type that holds every argument."""
    types = [argument.type for argument in arguments]
    return max(types, key=ORDER.index) if all(type_ in ORDER for type_ in types) else types[0]


# Doubles in the single-stage engine.
for names, template in (
    ("plus add", "({0} + {1})"),
    ("minus sub", "({0} - {1})"),
    ("times mult", "({0} * {1})"),
    ("divide div", "({0} / {1})"),
):
    operator = template[5]
    scalar(
        names,
        lambda a, o=operator: "(" + f" {o} ".join(x.sql for x in a) + ")",  # type: ignore[misc]
        "DOUBLE",
        (2, -1) if operator in "+*" else 2,
        ["DOUBLE"],
    )
scalar("avgReduce", "({0} / {1})", "DOUBLE", 2, ["DOUBLE", "LONG"])
scalar("mod", "({0} % {1})", "DOUBLE", 2, ["DOUBLE"])  # with the sign of the dividend, as Java's; fmod has none
scalar("moduloOrZero", "(CASE WHEN {1} = 0 THEN 0 ELSE {0} % {1} END)", "DOUBLE", 2, ["DOUBLE"])
POSITIVE = "(CASE WHEN {0} % {1} < 0 THEN {0} % {1} + abs({1}) ELSE {0} % {1} END)"
scalar("positiveModulo", POSITIVE, "DOUBLE", 2, ["DOUBLE"])
scalar("intDiv", lambda a: casts.saturated(f"floor({a[0].sql} / {a[1].sql})", "LONG"), "LONG", 2, ["DOUBLE"])
ZERO = "(CASE WHEN {1} = 0 THEN 0 ELSE " + casts.saturated("floor({0} / {1})", "LONG") + " END)"
scalar("intDivOrZero", ZERO, "LONG", 2, ["DOUBLE"])
scalar("isFinite", "CAST(isfinite({0}) AS INTEGER)", "INT", 1, ["DOUBLE"])
scalar("isInfinite", "CAST(isinf({0}) AS INTEGER)", "INT", 1, ["DOUBLE"])
scalar("isNaN", "CAST(isnan({0}) AS INTEGER)", "INT", 1, ["DOUBLE"])
scalar("ifNotFinite", "(CASE WHEN isfinite({0}) THEN {0} ELSE {1} END)", "DOUBLE", 2, ["DOUBLE"])
LN = "(CASE WHEN {0} > 0 THEN ln({0}) WHEN {0} = 0 THEN '-Infinity'::DOUBLE ELSE 'NaN'::DOUBLE END)"
for name in ("exp", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
             "cot", "degrees", "radians"):  # fmt: skip
    # Out of its domain a function of Java is NaN, where DuckDB fails.
    fails = {"sqrt": "{0} < 0", "asin": "abs({0}) > 1", "acos": "abs({0}) > 1"}.get(name)
    text = f"{name}({{0}})" if fails is None else f"(CASE WHEN {fails} THEN 'NaN'::DOUBLE ELSE {name}({{0}}) END)"
    if name in ("log2", "log10"):
        text = (
            f"(CASE WHEN {{0}} > 0 THEN {name}({{0}}) WHEN {{0}} = 0 THEN '-Infinity'::DOUBLE ELSE 'NaN'::DOUBLE END)"
        )
    scalar(name, text, "DOUBLE", 1, ["DOUBLE"])
scalar("ln log", LN, "DOUBLE", 1, ["DOUBLE"])
scalar("sign", "CAST(sign({0}) AS DOUBLE)", "DOUBLE", 1, ["DOUBLE"])
scalar("abs", lambda a: casts.absolute(number(a[0]).sql, number(a[0]).type), kind)
scalar("negate", lambda a: casts.negative(number(a[0]).sql, number(a[0]).type), kind)


def decimal_or_double(arguments: Sequence[Typed]) -> str:
    return arguments[0].type if arguments[0].type in ("BIG_DECIMAL", WIDE) else "DOUBLE"


def stepped(name: str) -> Callable[[Sequence[Typed]], str]:
    """`ceil` or `floor` (SingleParamMathTransformFunction): a BIG_DECIMAL stays one."""

    def render(arguments: Sequence[Typed]) -> str:
        value = arguments[0]
        if value.type == WIDE:
            return f"px_wide{name}_1({value.sql})"
        if value.type == "BIG_DECIMAL":
            return f"CAST({name}({value.sql}) AS {duckdb_type(value.type)})"
        return f"{name}({value.cast('DOUBLE').sql})"

    return render


scalar("ceil ceiling", stepped("ceil"), decimal_or_double)
scalar("floor", stepped("floor"), decimal_or_double)
scalar("power pow", "pow({0}, {1})", "DOUBLE", 2, ["DOUBLE"])
scalar("atan2", "atan2({0}, {1})", "DOUBLE", 2, ["DOUBLE"])
row_function("hypot", math.hypot, "DOUBLE", ["DOUBLE", "DOUBLE"])
SMALL = "abs({0}) < 1e150 AND abs({1}) < 1e150"
scalar(
    "hypot", f"(CASE WHEN {SMALL} THEN sqrt({{0}} * {{0}} + {{1}} * {{1}}) ELSE px_hypot_2({{0}}, {{1}}) END)",
    "DOUBLE", 2, ["DOUBLE"],
)  # fmt: skip


def width(type_: str) -> int:
    return 32 if type_ == "INT" else 64


def signed(value: int, size: int) -> int:
    """The low `size` bits as Java's two's complement."""
    value &= (1 << size) - 1
    return value - (1 << size) if value >> (size - 1) else value


def lcm(left: int, right: int) -> int:
    return 0 if 0 in (left, right) else signed(abs(left) // math.gcd(left, right) * abs(right), 64)


row_function("gcd", lambda left, right: signed(math.gcd(left, right), 64), "LONG", ["LONG", "LONG"])
row_function("lcm", lcm, "LONG", ["LONG", "LONG"])
for name, quick in (("gcd", "greatest_common_divisor"), ("lcm", "least_common_multiple")):
    text = f"{quick}({{0}}, {{1}}) ELSE px_{name}_2({{0}}, {{1}}) END)"
    few = "{0} BETWEEN -2147483648 AND 2147483647 AND {1} BETWEEN -2147483648 AND 2147483647"
    scalar(name, f"(CASE WHEN {few} THEN {text}", "LONG", 2, ["LONG"])


DECIMALS = frozenset(map(str, range(11)))  # so few that DuckDB's decimals round as Java's do


def rounded(arguments: Sequence[Typed]) -> str:
    """As BigDecimal rounds: half up, away from zero, by the digits that are written. Math.round alone rounds up."""
    value = arguments[0].sql
    if len(arguments) == 1:
        whole = f"CAST({casts.saturated(f'floor({value} + 0.5)', 'LONG')} AS DOUBLE)"
        return f"(CASE WHEN isfinite({value}) THEN {whole} ELSE {value} END)"
    exact = f"px_rounddecimal_2({value}, {arguments[1].sql})"
    if (arguments[1].literal or "") not in DECIMALS:
        return exact
    quick = f"CAST(round(CAST(CAST({value} AS VARCHAR) AS DECIMAL(38,18)), {arguments[1].literal}) AS DOUBLE)"
    return f"(CASE WHEN abs({value}) < 1e15 THEN {quick} ELSE {exact} END)"


def truncated(arguments: Sequence[Typed]) -> str:
    value = arguments[0].sql
    return f"trunc({value})" if len(arguments) == 1 else f"px_truncatedecimal_2({value}, {arguments[1].sql})"


scalar("roundDecimal", rounded, "DOUBLE", (1, 2), ["DOUBLE", "INT"])
scalar("truncate truncateDecimal", truncated, "DOUBLE", (1, 2), ["DOUBLE", "INT"])


def selected(arguments: Sequence[Typed]) -> str:
    """The type of the least or greatest (SelectTupleElementTransformFunction): numbers meet as LONG, DOUBLE or
    BIG_DECIMAL."""
    types = {argument.type for argument in arguments if argument.type != "UNKNOWN"}
    if len(types) < 2 or not types <= set(NUMERIC):
        return min(types, default="UNKNOWN") if len(types) < 2 else wide(arguments)
    if types & {"BIG_DECIMAL", WIDE}:
        return WIDE if types & {WIDE, "DOUBLE", "FLOAT"} else "BIG_DECIMAL"
    return "DOUBLE" if types & {"DOUBLE", "FLOAT"} else "LONG"


def selecting(name: str) -> Callable[[Sequence[Typed]], str]:
    def render(arguments: Sequence[Typed]) -> str:
        type_ = selected(arguments)
        known = [argument for argument in arguments if argument.type != "UNKNOWN"]
        return f"{name}({', '.join(a.cast(type_).sql if a.numeric else a.sql for a in known)})" if known else "NULL"

    return render


scalar("least", selecting("least"), selected, (1, -1))
scalar("greatest", selecting("greatest"), selected, (1, -1))


# --- bits: INT stays INT, everything else is LONG
def integer(arguments: Sequence[Typed]) -> str:
    return "INT" if all(argument.type == "INT" for argument in arguments) else "LONG"


def bits(operator: str, arguments: Sequence[Typed]) -> str:
    type_ = integer(arguments)
    return "(" + f" {operator} ".join(argument.cast(type_).sql for argument in arguments) + ")"


scalar("bitAnd", lambda a: bits("&", a), integer, (2, -1))
scalar("bitOr", lambda a: bits("|", a), integer, (2, -1))
scalar("bitXor", lambda a: f"xor({a[0].cast(integer(a)).sql}, {a[1].cast(integer(a)).sql})", integer, 2)
scalar("bitNot", lambda a: f"(~ {a[0].cast(integer(a)).sql})", integer)


def _shifts(size: int, type_: str) -> None:
    row_function(f"bitShiftLeft{type_}", lambda v, n: signed(v << (n % size), size), type_, [type_, "INT"])
    row_function(f"bitShiftRight{type_}", lambda v, n: v >> (n % size), type_, [type_, "INT"])
    row_function(
        f"bitShiftRightLogical{type_}", lambda v, n: signed((v & ((1 << size) - 1)) >> (n % size), size), type_,
        [type_, "INT"],
    )  # fmt: skip


for type_ in ("INT", "LONG"):
    _shifts(width(type_), type_)
for names, inner in (
    ("bitShiftLeft", "bitshiftleft"), ("bitShiftRight", "bitshiftright"),
    ("bitShiftRightLogical bitShiftRightUnsigned", "bitshiftrightlogical"),
):  # fmt: skip

    def shifted(arguments: Sequence[Typed], inner: str = inner) -> str:
        type_ = integer(arguments[:1])
        return f"px_{inner}{type_.lower()}_2({arguments[0].cast(type_).sql}, {arguments[1].cast('INT').sql})"

    scalar(names, shifted, lambda a: integer(a[:1]), 2)
scalar("bitExtract extractBit", "CAST(({0} >> {1}) & 1 AS INTEGER)", "INT", 2, ["LONG", "INT"])
row_function("bitMask", lambda n: signed(1 << n, 64) if 0 <= n < 64 else 0, "LONG", ["LONG"])
scalar("mask", lambda a: f"({a[0].cast(integer(a)).sql} & {2 ** (width(integer(a)) - 1) - 1})", integer)
scalar("throwError", "CAST(0 AS BIGINT)", "LONG", 1, ["INT"])  # Pinot's own tests alone make it throw
row_function("byteswapInt", lambda v: int.from_bytes(v.to_bytes(4, "little", signed=True), "big", signed=True), "INT",
             ["INT"])  # fmt: skip
row_function("byteswapLong", lambda v: int.from_bytes(v.to_bytes(8, "little", signed=True), "big", signed=True), "LONG",
             ["LONG"])  # fmt: skip
