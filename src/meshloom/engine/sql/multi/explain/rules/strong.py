"""Whether a condition cannot be true where some columns are null (Calcite's Strong)."""

from __future__ import annotations

from collections.abc import Set

from meshloom.engine.sql.multi.explain.rex import COMPARISONS, Call, Literal, Ref, Rex
from meshloom.engine.sql.multi.explain.sargs import Sarg

STRICT = ("+", "-", "*", "/", "MOD", "CAST", "LIKE", "EXTRACT", *COMPARISONS)


def null(node: Rex, places: Set[int]) -> bool:
    """Whether it is null when these columns are."""
    match node:
        case Ref():
            return node.index in places
        case Literal():
            return node.value is None
        case Call() if node.op in STRICT or node.op == "NOT":
            return any(null(operand, places) for operand in node.operands)
        case Call(op="COALESCE"):
            return all(null(operand, places) for operand in node.operands)
        case Call(op="AND" | "OR"):
            return all(null(operand, places) for operand in node.operands)
        case Call(op="SEARCH"):
            sarg = node.operands[1]
            assert isinstance(sarg, Literal) and isinstance(sarg.value, Sarg)
            return sarg.value.nulls is None and null(node.operands[0], places)
    return False


def not_true(node: Rex, places: Set[int]) -> bool:
    match node:
        case Literal():
            return node.value is not True
        case Call(op="AND"):
            return any(not_true(operand, places) for operand in node.operands)
        case Call(op="OR"):
            return all(not_true(operand, places) for operand in node.operands)
        case Call(op="NOT"):
            return null(node.operands[0], places)
        case Call(op="IS NOT NULL" | "IS TRUE" | "IS FALSE"):
            return null(node.operands[0], places)
        case Call(op="SEARCH"):
            sarg = node.operands[1]
            assert isinstance(sarg, Literal) and isinstance(sarg.value, Sarg)
            return sarg.value.nulls is not True and null(node.operands[0], places)
    return null(node, places)
