"""Arithmetic with Calcite's types and Java's arithmetic: integers stay integers, wrap around and divide as ints do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from meshloom.engine.sql import casts
from meshloom.engine.sql.casts import EXTREMES
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.multi import operands
from meshloom.engine.sql.typed import NUMERIC, Typed, duckdb_type, meeting

NAMES: dict[type[exp.Expr], str] = {
    exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divide", exp.Mod: "mod",
}  # fmt: skip
OPERATORS = {
    "plus": "+", "add": "+", "minus": "-", "sub": "-", "times": "*", "mult": "*", "divide": "/", "div": "/", "mod": "%",
}  # fmt: skip
WIDE_NAMES = {"+": "plus", "-": "minus", "*": "times", "/": "divide", "%": "mod"}


def common(types: Sequence[str]) -> str:
    """The type that holds them all (Calcite's leastRestrictive); STRING when nothing else does."""
    kinds = {type_ for type_ in types if type_ != "UNKNOWN"}
    if not kinds:
        return "UNKNOWN"
    if len(kinds) == 1:
        return kinds.pop()
    if kinds <= set(NUMERIC):
        if kinds & {"BIG_DECIMAL", WIDE} and kinds & {"FLOAT", "DOUBLE"}:
            return "DOUBLE"
        return max(kinds, key=NUMERIC.index)
    if kinds <= {"TIMESTAMP", "LONG", "INT"}:
        return "TIMESTAMP"
    return "STRING"


def operate(name: str, left: Typed, right: Typed) -> Typed:
    """One of `OPERATORS`. Raises PinotError 700 for what is no number."""
    operator = OPERATORS[name]
    operands.arithmetic(operator, left, right)
    left, right = number(left, right), number(right, left)
    type_ = common([left.type, right.type])
    aggregate = left.aggregate or right.aggregate
    if type_ in EXTREMES:
        sql = _integer(operator, left, right, type_)
        if operator == "%" and right.type != type_:  # a remainder has the divisor's type
            return Typed(f"CAST({sql} AS {duckdb_type(right.type)})", right.type, aggregate=aggregate)
    elif type_ == WIDE or (operator == "*" and left.type == right.type == "BIG_DECIMAL"):
        # The product of two decimals may have twice the digits after the point.
        a, b, type_ = left.cast(WIDE).sql, right.cast(WIDE).sql, WIDE
        sql = f"px_wide{WIDE_NAMES[operator]}_2({a}, {b})"
    elif type_ == "BIG_DECIMAL" and operator == "*":
        a, b = (side.sql if side.type == type_ else f"CAST({side.sql} AS DECIMAL(19,0))" for side in (left, right))
        sql = f"CAST(({a} * {b}) AS {duckdb_type(type_)})"
    else:
        a, b = left.cast(type_).sql, right.cast(type_).sql
        sql = f"CAST(({a} {operator} {b}) AS {duckdb_type(type_)})" if type_ != "UNKNOWN" else "NULL"
        if operator == "/" and type_ in ("DOUBLE", "FLOAT"):
            sql = f"CAST(({left.cast('DOUBLE').sql} / {right.cast('DOUBLE').sql}) AS {duckdb_type(type_)})"
    return Typed(sql, type_, aggregate=aggregate)


def summed(terms: Sequence[tuple[str, Typed]], operated: Callable[[str, Typed, Typed], Typed]) -> Typed:
    """A long chain of `+` and `-` from its left, each operand behind its sign, as no deep expression: integers of one
    type are added up exactly and wrapped around once, which is the same, and doubles one after the other as a list.
    `operated` takes any other pair."""
    total = terms[0][1]
    place = 1
    while place < len(terms):
        run = _run(total, terms[place:])
        if len(run) > 1:
            total = _wrapped(total, run)
        else:
            total = operated("plus" if terms[place][0] == "+" else "minus", total, terms[place][1])
        place += max(len(run), 1)
    return total


def _run(first: Typed, terms: Sequence[tuple[str, Typed]]) -> Sequence[tuple[str, Typed]]:
    """As many terms as leave the type what it is, an integer's or DOUBLE."""
    kinds = (*EXTREMES, "FLOAT", "DOUBLE") if first.type == "DOUBLE" else tuple(EXTREMES)
    count = 0
    if first.type in kinds:
        while count < len(terms) and terms[count][1].type in kinds:
            if common([first.type, terms[count][1].type]) != first.type:
                break
            count += 1
    return terms[:count]


def _wrapped(first: Typed, terms: Sequence[tuple[str, Typed]]) -> Typed:
    wide = {"INT": "BIGINT", "LONG": "HUGEINT"}.get(first.type, "DOUBLE")
    texts = [f"CAST({first.sql} AS {wide})", *(f"({sign} CAST({term.sql} AS {wide}))" for sign, term in terms)]
    aggregate = first.aggregate or any(term.aggregate for _, term in terms)
    if wide == "DOUBLE":
        text = f"list_reduce([{', '.join(texts)}], lambda x, y: x + y)"
    else:
        text = casts.low_bits(balanced(texts, "+"), first.type)
    return Typed(text, first.type, aggregate=aggregate)


def balanced(texts: Sequence[str], operator: str) -> str:
    """Operands of an associative operator, in parentheses that are no deeper than need be."""
    if len(texts) == 1:
        return texts[0]
    half = len(texts) // 2
    return f"({balanced(texts[:half], operator)} {operator} {balanced(texts[half:], operator)})"


def with_query(values: list[Typed], sql: str, types: Sequence[str]) -> tuple[list[Typed], str]:
    """Values and the query whose columns, of `types`, they are compared with, in forms that DuckDB compares."""
    result, columns, changed = [], [], False
    for place, (value, type_) in enumerate(zip(values, types, strict=True)):
        column = Typed(f'"c{place}"', type_)
        if WIDE in (value.type, type_) and value.type != type_:
            value, column = meeting(value, column)
        elif value.type == "BIG_DECIMAL" and type_ != value.type:
            value = value.cast("DOUBLE")
        elif "STRING" in (value.type, type_) and "UNKNOWN" not in (value.type, type_):
            value, column = value.cast("STRING"), column.cast("STRING")
        result.append(value)
        columns.append(column.sql)
        changed = changed or column.type != type_
    if changed:
        names = ", ".join(f'"c{place}"' for place in range(len(types)))
        sql = f"SELECT {', '.join(columns)} FROM ({sql}) AS q({names})"
    return result, sql


def number(value: Typed, other: Typed | None = None) -> Typed:
    """An operand that is no number as one: times count milliseconds, texts are read as numbers of the other's type."""
    if value.type in NUMERIC or value.type == "UNKNOWN":
        return value
    if value.type in operands.TEXTS and other is not None and other.type in NUMERIC:
        return value.cast(other.type)
    return value.cast({"TIMESTAMP": "LONG", "BOOLEAN": "INT"}.get(value.type, "DOUBLE"))


NOT_TRIED = re.compile(r"\b(OVER|SELECT|random|uuid|error)\b", re.IGNORECASE)
"""What DuckDB's TRY takes none of: windows, subqueries, volatile functions."""


def _integer(operator: str, left: Typed, right: Typed, type_: str) -> str:
    once = operator in "+-*" and (type_ != "LONG" or len(left.sql) + len(right.sql) > casts.LONG_TEXT)
    if once:  # these hold each operand's text once
        return _operated(operator, left, right, type_, left.sql, right.sql)
    return casts.both_once(left.sql, right.sql, lambda a, b: _operated(operator, left, right, type_, a, b))


def _operated(operator: str, left: Typed, right: Typed, type_: str, a: str, b: str) -> str:
    whole = right.literal is not None and int(right.literal) not in (0, -1)
    if operator == "%":
        if whole:
            return f"CAST({a} % {b} AS {duckdb_type(type_)})"
        return f"CAST(CASE WHEN {b} = 0 THEN {a} * 0 ELSE {a} % {b} END AS {duckdb_type(type_)})"
    least, most = EXTREMES[type_]
    if operator == "/":
        if whole:
            return f"CAST({a} // {b} AS {duckdb_type(type_)})"
        # Pinot divides doubles and casts to the integer type, which saturates: x/0 is the greatest value.
        return (
            f"CAST(CASE WHEN {b} <> 0 THEN least(CAST({a} AS HUGEINT) // {b}, {most}) WHEN {b} IS NULL THEN NULL "
            f"WHEN {a} > 0 THEN {most} WHEN {a} < 0 THEN {least} ELSE {a} END AS {duckdb_type(type_)})"
        )
    if type_ == "LONG":
        # Exactly only where 64 bits do not do: that is slower, and rare.
        wider = casts.low_bits(f"(CAST({a} AS HUGEINT) {operator} CAST({b} AS HUGEINT))", type_)
        if len(a) + len(b) > casts.LONG_TEXT or left.aggregate or right.aggregate or NOT_TRIED.search(a + b):
            return wider
        return f"coalesce(try(CAST({a} AS BIGINT) {operator} CAST({b} AS BIGINT)), {wider})"
    exact = f"(CAST({a} AS BIGINT) {operator} CAST({b} AS BIGINT))"
    return f"CAST((({exact} + 2147483648) & 4294967295) - 2147483648 AS INTEGER)"
