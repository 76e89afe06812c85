"""CASE, simplified (RexSimplify.simplifyCase): branches that cannot be, or say the same, are gone; one that gives
truth values is a disjunction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from meshloom.engine.sql.multi.explain import casting
from meshloom.engine.sql.multi.explain.rex import (
    COMPARISONS,
    TRUE,
    Call,
    Rex,
    always,
    call,
    conjunction,
    disjunction,
    negation,
    walk,
)

Simplify = Callable[[Rex, bool | None], Rex]
Branch = tuple[Rex, Rex]
SAFE = (*COMPARISONS, "AND", "OR", "NOT", "CASE", "LIKE", "+", "-", "*", "SEARCH", "COALESCE", "CAST")


def branches_of(node: Call) -> list[Branch]:
    pairs = list(zip(node.operands[:-1:2], node.operands[1::2], strict=True))
    return [*pairs, (TRUE, node.operands[-1])]


def simplified_case(node: Call, unknown: bool | None, simplify: Simplify) -> Rex:
    kept: list[Branch] = []
    merged = False
    for condition, value in branches_of(node):
        condition, value = simplify(condition, False), simplify(value, unknown)
        if always(condition, False):
            continue
        if kept and kept[-1][1] == value and _safe(condition):
            kept[-1] = (simplify(call("OR", kept[-1][0], condition), False), value)
            merged = True
        else:
            kept.append((condition, value))
        if always(kept[-1][0], True):
            break
    if len(kept) == 1:
        value = kept[0][1]
        return value if value.type == node.type else casting.plain(node.type, value)
    if node.type.name == "BOOLEAN" and (found := _truths(kept, node)) is not None:
        return simplify(found, unknown)
    operands = (*(part for branch in kept[:-1] for part in branch), kept[-1][1])
    if operands == node.operands and not merged:
        return node
    return replace(node, operands=operands)


def _truths(branches: list[Branch], node: Call) -> Rex | None:
    """simplifyBooleanCaseGeneric: `p AND v OR NOT p AND q AND w …`."""
    if not all(_safe(value) and (not place or _safe(condition)) for place, (condition, value) in enumerate(branches)):
        return None
    certain = all(always(value, True) or always(value, False) for _, value in branches)
    terms: list[Rex] = []
    denied: list[Rex] = []
    for condition, value in branches:
        if condition.type.nullable:
            condition = call("IS TRUE", condition)
        if value.type != node.type:
            value = casting.plain(node.type, value)
        used = not _false(value)
        if used:
            term = condition if _true(value) else call("AND", condition, value)
            terms.append(conjunction([term, *(negation(part) for part in denied)]))
        if not (certain and used):
            denied.append(condition)
    return disjunction(terms)


def _true(node: Rex) -> bool:
    return always(node, True) or (isinstance(node, Call) and node.op == "CAST" and always(node.operands[0], True))


def _false(node: Rex) -> bool:
    return always(node, False) or (isinstance(node, Call) and node.op == "CAST" and always(node.operands[0], False))


def _safe(node: Rex) -> bool:
    """Whether it may be evaluated where it was not before."""
    return all(part.op in SAFE or part.op.startswith("IS ") for part in walk(node) if isinstance(part, Call))
