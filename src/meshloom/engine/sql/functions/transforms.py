"""Arithmetic as the single-stage engine's transform functions do it, which know DOUBLE and BIG_DECIMAL
(AdditionTransformFunction.java and its neighbours): a result is DOUBLE, or BIG_DECIMAL when an argument is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from meshloom.engine.sql import casts
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.decimal_rows import java_number
from meshloom.engine.sql.functions.registry import transform
from meshloom.engine.sql.typed import Typed, literal_sql

DECIMALS = ("BIG_DECIMAL", WIDE)
DOUBLES = {"sum": " + ", "product": " * ", "difference": " - ", "quotient": " / "}


def decimal(value: Typed) -> str:
    """A value as BigDecimal reads it: what a column keeps has no zeros at its end, other numbers have their own."""
    if value.type == WIDE:
        return value.sql
    if value.type == "BIG_DECIMAL":
        return value.cast(WIDE).sql
    if value.type == "DOUBLE" and value.literal is not None:
        return f"px_widescaled_1({literal_sql(java_number(repr(float(value.literal))))})"
    if value.type in ("DOUBLE", "FLOAT"):
        return f"px_widescaled_1({casts.text(value.cast('DOUBLE').sql, 'DOUBLE')})"
    if value.type in ("STRING", "JSON"):
        return f"px_widescaled_1({value.sql})"
    return f"px_widescaled_1(CAST({value.cast('LONG').sql} AS VARCHAR))"


def gathered(arguments: Sequence[Typed], of: Callable[[list[float]], float]) -> list[str]:
    """The literals that are no BIG_DECIMAL as one number, and the others behind it."""
    plain = [argument for argument in arguments if argument.literal is not None and argument.type not in DECIMALS]
    numbers = [float(argument.cast("INT").sql == "true") if argument.type == "BOOLEAN" else float(argument.literal or 0)
               for argument in plain]  # fmt: skip
    first = f"px_widescaled_1({literal_sql(java_number(repr(float(of(numbers)))))})"
    return [first, *(decimal(argument) for argument in arguments if argument not in plain)]


def result(arguments: Sequence[Typed]) -> str:
    return WIDE if any(argument.type in DECIMALS for argument in arguments) else "DOUBLE"


def otherwise(arguments: Sequence[Typed]) -> str:
    """divide(a, b, c): c where b is 0, all of them doubles."""
    first, second, third = (argument.cast("DOUBLE").sql for argument in arguments)
    return f"(CASE WHEN {second} = 0 THEN {third} ELSE {first} / {second} END)"


def arithmetic(names: str, kind: str, most: int) -> None:
    def render(arguments: Sequence[Typed]) -> str:
        if kind == "quotient" and len(arguments) == 3:
            return otherwise(arguments)
        if result(arguments) == "DOUBLE":
            return "(" + DOUBLES[kind].join(argument.cast("DOUBLE").sql for argument in arguments) + ")"
        if most == 2:
            return f"px_wide{kind}_2({', '.join(map(decimal, arguments))})"
        values = gathered(arguments, math.fsum if kind == "sum" else math.prod)
        known = " AND ".join(f"{argument.sql} IS NOT NULL" for argument in arguments if argument.literal is None)
        return f"(CASE WHEN {known} THEN px_wide{kind}of_1([{', '.join(values)}]) END)"

    transform(names, render, result, (2, 3 if kind == "quotient" else most))


arithmetic("plus add", "sum", -1)
arithmetic("times mult", "product", -1)
arithmetic("minus sub", "difference", 2)
arithmetic("divide div", "quotient", 2)
transform("negate", "(- {0})", "DOUBLE", 1, ["DOUBLE"])


def absolute(arguments: Sequence[Typed]) -> str:
    value = arguments[0]
    if value.type == WIDE:
        return f"px_wideabs_1({value.sql})"
    return f"abs({(value if value.type == 'BIG_DECIMAL' else value.cast('DOUBLE')).sql})"


transform("abs", absolute, lambda a: a[0].type if a[0].type in DECIMALS else "DOUBLE")
