"""Functions whose type is Calcite's own in the multi-stage engine (SqlStdOperatorTable, TransformFunctionType.java):
the single-stage engine has INT or DOUBLE where a standard function keeps its argument's type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.sql.casts import EXTREMES
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.multi import arithmetic
from meshloom.engine.sql.typed import NUMERIC, Typed

# YEAR, MONTH, … are EXTRACT, which is BIGINT; so are Pinot's own names for parts of a time.
LONGS = frozenset((
    "year", "quarter", "month", "week", "day", "dayofyear", "dayofmonth", "dayofweek", "hour", "minute", "second",
    "doy", "dow", "millisecond", "yearofweek", "yow", "weekofyear", "monthofyear",
))  # fmt: skip
AS_ARGUMENT = frozenset(("floor", "ceil", "ceiling", "truncate", "sign"))
DOUBLES = frozenset(("greatest", "least", "negate"))
TYPES = {"timestampadd": "TIMESTAMP", "timestampdiff": "INT", "fromdatetime": "TIMESTAMP"}

UNIT_FIRST = ("timestampadd", "timestampdiff")
CAST_TYPES = {"DATE": "TIMESTAMP", "TIME": "TIMESTAMP", "SMALLINT": "INT", "TINYINT": "INT"}
INT_DIGITS, LONG_DIGITS, DOUBLE_DIGITS = 11, 38, 30  # fewer than the first, up to the others
KNOWN = LONGS | AS_ARGUMENT | DOUBLES | TYPES.keys()


def retyped(plain: str, found: Typed, arguments: Sequence[exp.Expr], translate: Callable[[exp.Expr], Typed]) -> Typed:
    """`found` is the call of the function with the plain name."""
    type_ = TYPES.get(plain, found.type)
    if plain in UNIT_FIRST and isinstance(arguments[0], exp.Literal):
        return found  # Pinot's own function, whose unit is a text
    if plain in LONGS and found.type == "INT":
        type_ = "LONG"
    elif plain in AS_ARGUMENT and found.type == "DOUBLE":
        first = translate(arguments[0])
        if first.type in EXTREMES and plain in ("floor", "ceil", "ceiling"):
            return replace(first, literal=None)
        if first.type in (*EXTREMES, "FLOAT", "BIG_DECIMAL", WIDE):
            type_ = first.type
        elif plain != "sign" and len(arguments) == 1 and is_decimal(first):
            type_ = "INT" if len((first.literal or "").partition(".")[0].lstrip("-")) < INT_DIGITS else "LONG"
    elif plain in DOUBLES and found.type in (*NUMERIC, "TIMESTAMP"):
        type_ = "DOUBLE"
    return found if type_ == found.type else found.cast(type_)


def target(node: exp.DataType) -> str:
    """The type that CAST goes to, where Pinot's types have another name or more of them in one; else "".

    DATE and TIME are times like any other (RelToPlanNodeConverter.convertToColumnDataType), DECIMAL(p, s) is the
    smallest type that is taken to hold it (resolveDecimal)."""
    if not isinstance(node.this, exp.DataType.Type):
        return ""
    if node.this == exp.DataType.Type.DECIMAL and node.expressions:
        precision, scale = (int(one.name) for one in [*node.expressions, exp.Literal.number(0)][:2])
        if scale:
            return "DOUBLE" if precision <= DOUBLE_DIGITS else ""
        return "INT" if precision < INT_DIGITS else "LONG" if precision <= LONG_DIGITS else ""
    return CAST_TYPES.get(node.this.name, "")


def is_decimal(value: Typed) -> bool:
    """Whether a value is a literal like 2.5, which Calcite types DECIMAL; 2.5e0 is a DOUBLE."""
    return value.type == "DOUBLE" and value.literal is not None and "e" not in value.literal.lower()


def beside_decimals(values: Sequence[Typed]) -> list[Typed]:
    """The same, literals like 2.5 as BIG_DECIMAL where one of the others is."""
    if not any(value.type in ("BIG_DECIMAL", WIDE) for value in values):
        return list(values)
    return [value.cast(WIDE) if is_decimal(value) else value for value in values]


def operated(name: str, left: Typed, right: Typed) -> Typed:
    """One of `arithmetic.OPERATORS`. Raises PinotError 700 for what is no number."""
    return arithmetic.operate(name, *beside_decimals([left, right]))
