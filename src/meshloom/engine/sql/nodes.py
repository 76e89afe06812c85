"""The nodes of a query's tree, in one quick pass: a translation asks for some kind of node a dozen times."""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError

Node = TypeVar("Node", bound=exp.Expr)


def nodes_of(tree: exp.Expr) -> list[exp.Expr]:
    """The tree itself and all below it, each before what it holds."""
    found, open_ = [], [tree]
    while open_:
        node = open_.pop()
        found.append(node)
        below = []
        for held in node.args.values():
            if isinstance(held, exp.Expr):
                below.append(held)
            elif type(held) is list:
                below += [one for one in held if isinstance(one, exp.Expr)]
        open_ += reversed(below)
    return found


def found(tree: exp.Expr, kind: type[Node]) -> list[Node]:
    return [node for node in nodes_of(tree) if isinstance(node, kind)]


CHAINED: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.And: (exp.And,), exp.Or: (exp.Or,), exp.DPipe: (exp.DPipe,), exp.Add: (exp.Add, exp.Sub),
    exp.Sub: (exp.Add, exp.Sub),
}  # fmt: skip
"""Operators that people chain by the hundred, each with those that continue its chain."""
LONG_CHAIN = 16  # operands, from which on a chain is no longer taken two by two


def chain(node: exp.Expr) -> list[tuple[type[exp.Expr], exp.Expr]]:
    """The operands of a long chain without parentheses, each with the operator before it (the first with that of the
    whole); empty for anything else."""
    found: list[tuple[type[exp.Expr], exp.Expr]] = []
    kinds, one = CHAINED.get(type(node), ()), node
    while isinstance(one, kinds):
        found.append((type(one), one.args["expression"]))
        one = one.this
    return [(type(node), one), *reversed(found)] if len(found) >= LONG_CHAIN else []


def inner_query(node: exp.Expr) -> exp.Query:
    """The query inside parentheses. Raises PinotError 700 when there is none."""
    inner = node.unnest()
    if not isinstance(inner, exp.Query):
        raise PinotError(QUERY_VALIDATION, f"Unsupported expression: {node.sql(dialect='pinot')}")
    return inner
