"""sum, avg, min and max of a column and a constant as the aggregation of the column, and what is calculated of it
(AggregationOptimizer): only where it stands alone in the select list, without an alias."""

from __future__ import annotations

from meshloom.engine.sql.single.explain.expression import Call, Column, Expression, Literal

KINDS = ("sum", "avg", "min", "max")
OPPOSITE = {"min": "max", "max": "min"}


def rewritten(expression: Expression) -> Expression:
    if not isinstance(expression, Call) or expression.name not in KINDS or len(expression.arguments) != 1:
        return expression
    inner = expression.arguments[0]
    if not isinstance(inner, Call) or len(inner.arguments) != 2 or inner.name not in ("plus", "minus", "times"):
        return expression
    left, right = inner.arguments
    if isinstance(left, Column) and _number(right):
        return _behind(expression.name, inner.name, left, right)
    if isinstance(right, Column) and _number(left):
        if inner.name == "minus":
            return _before(expression.name, left, right)
        return _behind(expression.name, inner.name, right, left)
    return expression


def _number(expression: Expression) -> bool:
    return isinstance(expression, Literal) and type(expression.value) in (int, float)


def _behind(name: str, operator: str, column: Column, constant: Expression) -> Call:
    if operator == "times":
        assert isinstance(constant, Literal)
        negative = constant.value < 0
        return Call("mult", (Call(OPPOSITE.get(name, name) if negative else name, (column,)), constant))
    other = _for_each(constant, column) if name == "sum" else constant
    return Call("add" if operator == "plus" else "sub", (Call(name, (column,)), other))


def _before(name: str, constant: Expression, column: Column) -> Call:
    first = _for_each(constant, column) if name == "sum" else constant
    return Call("sub", (first, Call(OPPOSITE.get(name, name), (column,))))


def _for_each(constant: Expression, column: Column) -> Call:
    return Call("mult", (constant, Call("count", (column,))))
