"""Comparisons, logic and nulls as functions of a name (ComparisonFunctions.java, LogicalFunctions.java,
ObjectFunctions.java); the operators themselves are translated with the expression around them."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.registry import as_stored, scalar, transform
from meshloom.engine.sql.typed import NUMERIC, Typed, meeting


def alike(left: Typed, right: Typed) -> tuple[str, str]:
    """Both as one type: numbers as doubles, else as the left one; what is JSON on the left is text
    (BinaryOperatorTransformFunction.fillResultString)."""
    if WIDE in (left.element, right.element):
        first, second = meeting(left, right)
        return first.sql, second.sql
    if left.type == right.type or (left.type in NUMERIC and right.type in NUMERIC):
        return left.sql, right.sql
    if left.type == "JSON":
        return left.cast("STRING").sql, right.cast("STRING").sql
    if left.type in NUMERIC or right.type in NUMERIC:
        return left.cast("DOUBLE").sql, right.cast("DOUBLE").sql
    return left.sql, right.cast(left.type).sql


def compared(operator: str, arguments: Sequence[Typed]) -> str:
    left, right = alike(arguments[0], arguments[1])
    return f"({left} {operator} {right})"


for names, operator in (
    ("equals", "="), ("notEquals", "<>"), ("greaterThan", ">"), ("greaterThanOrEqual", ">="), ("lessThan", "<"),
    ("lessThanOrEqual", "<="), ("isDistinctFrom", "IS DISTINCT FROM"), ("isNotDistinctFrom", "IS NOT DISTINCT FROM"),
):  # fmt: skip
    scalar(names, lambda a, o=operator: compared(o, a), "BOOLEAN", 2)  # type: ignore[misc]


def within(arguments: Sequence[Typed]) -> str:
    (value, low), (other, high) = alike(arguments[0], arguments[1]), alike(arguments[0], arguments[2])
    return f"({value} >= {low} AND {other} <= {high})"


def anyone(word: str, arguments: Sequence[Typed]) -> str:
    return "(" + f" {word} ".join(argument.sql for argument in arguments) + ")"


def listed(word: str, arguments: Sequence[Typed]) -> str:
    value, *options = arguments
    return f"({value.sql} {word} ({', '.join(alike(value, option)[1] for option in options)}))"


scalar("between", within, "BOOLEAN", 3)
scalar("in", lambda a: listed("IN", a), "BOOLEAN", (2, -1))
scalar("notIn", lambda a: listed("NOT IN", a), "BOOLEAN", (2, -1))
scalar("and", lambda a: anyone("AND", a), "BOOLEAN", (1, -1), ["BOOLEAN"])
scalar("or", lambda a: anyone("OR", a), "BOOLEAN", (1, -1), ["BOOLEAN"])
scalar("not", "(NOT {0})", "BOOLEAN", 1, ["BOOLEAN"])
scalar("isTrue", "({0} IS TRUE)", "BOOLEAN", 1, ["BOOLEAN"])
scalar("isFalse", "({0} IS FALSE)", "BOOLEAN", 1, ["BOOLEAN"])
scalar("isNotTrue", "({0} IS NOT TRUE)", "BOOLEAN", 1, ["BOOLEAN"])
scalar("isNotFalse", "({0} IS NOT FALSE)", "BOOLEAN", 1, ["BOOLEAN"])


def truth(argument: Typed) -> str:
    """As the single-stage engine's transform functions of truths read a number: its whole part as an INT."""
    return (argument.cast("INT") if argument.numeric else argument).cast("BOOLEAN").sql


transform("and", lambda a: "(" + " AND ".join(map(truth, a)) + ")", "BOOLEAN", (1, -1))
transform("or", lambda a: "(" + " OR ".join(map(truth, a)) + ")", "BOOLEAN", (1, -1))
transform("not", lambda a: f"(NOT {truth(a[0])})", "BOOLEAN")
for name in ("true", "false"):
    transform(f"is{name}", lambda a, n=name: f"({truth(a[0])} IS {n})", "BOOLEAN")  # type: ignore[misc]
    transform(f"isNot{name}", lambda a, n=name: f"({truth(a[0])} IS NOT {n})", "BOOLEAN")  # type: ignore[misc]
scalar("isNull", "({0} IS NULL)", "BOOLEAN")
scalar("isNotNull", "({0} IS NOT NULL)", "BOOLEAN")


def bare_null(argument: Typed) -> bool:
    return argument.type == "UNKNOWN" or argument.sql == "NULL"


def compatible(arguments: Sequence[Typed]) -> str:
    """The type of COALESCE (CoalesceTransformFunction.getCompatibleType): the widest of numbers, else text."""
    types = list(dict.fromkeys(argument.type for argument in arguments if not bare_null(argument)))
    if len(types) < 2:
        return types[0] if types else "UNKNOWN"
    return max(types, key=NUMERIC.index) if set(types) <= set(NUMERIC) else "STRING"


def first_known(arguments: Sequence[Typed]) -> str:
    type_ = compatible(arguments)
    known = [argument.cast(type_).sql for argument in arguments if not bare_null(argument)]
    return f"coalesce({', '.join(known)})" if known else "NULL"


scalar("coalesce", first_known, compatible, (1, -1))


def as_text_or_number(arguments: Sequence[Typed]) -> str:
    type_ = compatible(arguments)
    return type_ if type_ in NUMERIC or type_ == "UNKNOWN" else "STRING"


def first_text_or_number(arguments: Sequence[Typed]) -> str:
    """In the single-stage engine what is no number is text, a time that of its milliseconds, a truth 1 or 0."""
    type_ = as_text_or_number(arguments)
    known = [as_stored(argument, True).cast(type_).sql for argument in arguments if not bare_null(argument)]
    return f"coalesce({', '.join(known)})" if known else "NULL"


transform("coalesce", first_text_or_number, as_text_or_number, (1, -1))


def null_if(arguments: Sequence[Typed]) -> str:
    left, right = alike(arguments[0], arguments[1])
    return f"(CASE WHEN {left} = {right} THEN NULL ELSE {arguments[0].sql} END)"


scalar("nullIf", null_if, lambda a: a[0].type, 2)


def cases(arguments: Sequence[Typed]) -> str:
    """caseWhen(condition, value, …, otherwise)."""
    *pairs, rest = arguments if len(arguments) % 2 else (*arguments, Typed("NULL", arguments[1].type))
    type_ = arguments[1].type
    body = " ".join(
        f"WHEN {test.cast('BOOLEAN').sql} THEN {value.cast(type_).sql}"
        for test, value in zip(pairs[::2], pairs[1::2], strict=True)
    )
    return f"(CASE {body} ELSE {rest.sql if rest.sql == 'NULL' else rest.cast(type_).sql} END)"


scalar("caseWhen case", cases, lambda a: a[1].type, (2, -1))
