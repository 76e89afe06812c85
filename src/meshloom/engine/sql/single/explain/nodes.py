"""An expression of a plan as a syntax tree again, to be computed."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.sql.canonical import OPERATORS
from meshloom.engine.sql.single.explain.expression import Call, Column, Expression, Literal

BINARY = {name: kind for kind, name in OPERATORS.items() if kind is not exp.Not}


def node_of(expression: Expression) -> exp.Expr:
    match expression:
        case Column(name):
            return exp.column(exp.to_identifier(name, quoted=True))
        case Literal():
            return literal_node(expression)
        case Call(name, arguments):
            return _call(name, arguments)


def literal_node(literal: Literal) -> exp.Expr:
    value = literal.value
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, str):
        return exp.Literal.string(value)
    number = exp.Literal.number(repr(abs(value)))
    return exp.Neg(this=number) if value < 0 else number


def _call(name: str, arguments: tuple[Expression, ...]) -> exp.Expr:
    nodes = [exp.paren(node_of(one)) if isinstance(one, Call) else node_of(one) for one in arguments]
    match name:
        case "cast" if isinstance(arguments[1], Literal):
            return exp.Cast(this=nodes[0], to=exp.DataType.build(arguments[1].text, dialect="pinot"))
        case "case":
            pairs = zip(nodes[:-1:2], nodes[1::2], strict=False)
            return exp.Case(ifs=[exp.If(this=test, true=value) for test, value in pairs], default=nodes[-1])
        case "not":
            return exp.Not(this=nodes[0])
        case "in" | "not_in":
            found = exp.In(this=nodes[0], expressions=nodes[1:])
            return found if name == "in" else exp.Not(this=found)
        case "is_null" | "is_not_null":
            null = exp.Is(this=nodes[0], expression=exp.Null())
            return null if name == "is_null" else exp.Not(this=null)
        case "between":
            return exp.Between(this=nodes[0], low=nodes[1], high=nodes[2])
        case "item":
            return exp.Bracket(this=nodes[0], expressions=nodes[1:])
    kind = BINARY.get(name)
    if kind is None:
        return exp.Anonymous(this=name, expressions=nodes)
    found_: exp.Expr = nodes[0]
    for node in nodes[1:]:
        found_ = kind(this=found_, expression=node)
    return found_
