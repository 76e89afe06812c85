"""The nodes of a query's tree, in one quick pass: a translation asks for some kind of node a dozen times."""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp

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
