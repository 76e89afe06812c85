"""Calls of constants, worked out (PinotEvaluateLiteralRule)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from meshloom.engine.sql.multi.explain.casting import cast
from meshloom.engine.sql.multi.explain.rel import Filter, Project, Rel
from meshloom.engine.sql.multi.explain.rex import Call, Literal, Over, Rex

Fold = Callable[[Call], Literal | None]


def folded(node: Rex, fold: Fold) -> Rex:
    if isinstance(node, Over):
        return replace(node, operands=tuple(folded(operand, fold) for operand in node.operands))
    if not isinstance(node, Call):
        return node
    operands = tuple(folded(operand, fold) for operand in node.operands)
    node = node if operands == node.operands else replace(node, operands=operands)
    if not all(isinstance(operand, Literal) for operand in operands) or node.op in ("CASE", "SEARCH", "ARRAY"):
        return node
    return (fold(node) if node.deterministic else None) or node


def in_projects(fold: Fold) -> Callable[[Rel], Rel | None]:
    def rule(rel: Rel) -> Rel | None:
        if not isinstance(rel, Project):
            return None
        exprs = []
        for expr in rel.exprs:
            found = folded(expr, fold)
            exprs.append(found if found.type == expr.type else cast(expr.type, found))
        return replace(rel, exprs=tuple(exprs))

    return rule


def in_filters(fold: Fold) -> Callable[[Rel], Rel | None]:
    def rule(rel: Rel) -> Rel | None:
        return replace(rel, condition=folded(rel.condition, fold)) if isinstance(rel, Filter) else None

    return rule
