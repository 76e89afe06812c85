"""Joins, with what their conditions compute of one side computed below them (RelOptUtil.pushDownJoinConditions):
`upper(a) = b` becomes a comparison of columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.rel import Hints, Join, Rel
from meshloom.engine.sql.multi.explain.rex import (
    Call,
    Literal,
    Ref,
    Rex,
    fields,
    has_over,
    moved,
    refs,
    shifted,
)
from meshloom.engine.sql.multi.explain.simplify import simplified

EQUATIONS = ("=", "IS NOT DISTINCT FROM")


@dataclass
class _Sides:
    """What is added to each side. Added columns are marked by negative places until all are known: -1, -3, … are the
    left's, -2, -4, … the right's."""

    left_count: int
    left: list[Rex] = field(default_factory=list)
    right: list[Rex] = field(default_factory=list)

    def pushed(self, node: Rex) -> Rex:
        """Only equations of one side with the other are looked into."""
        if isinstance(node, Call) and node.op == "AND":
            return replace(node, operands=tuple(map(self.pushed, node.operands)))
        if not isinstance(node, Call) or node.op not in EQUATIONS:
            return node
        sides = [self._side(operand) for operand in node.operands]
        if sorted(sides) != ["left", "right"]:
            return node
        operands = zip(node.operands, sides, strict=True)
        return replace(node, operands=tuple(self._below(operand, side) for operand, side in operands))

    def _side(self, node: Rex) -> str:
        used = refs(node)
        if not used or has_over(node) or fields(node):
            return ""
        if all(place < self.left_count for place in used):
            return "left"
        return "right" if all(place >= self.left_count for place in used) else ""

    def _below(self, node: Rex, side: str) -> Rex:
        if isinstance(node, Ref | Literal):
            return node
        if side == "left":
            self.left.append(node)
            return Ref(1 - 2 * len(self.left), node.type)
        self.right.append(shifted(node, -self.left_count))
        return Ref(-2 * len(self.right), node.type)

    def place(self, number: int, right_count: int) -> int:
        total = self.left_count + len(self.left)
        if number < 0:
            one, side = divmod(-number - 1, 2)
            return self.left_count + one if side == 0 else total + right_count + one
        return number if number < self.left_count else number + len(self.left)


def join(left: Rel, right: Rel, condition: Rex, kind: str, hints: Hints = ()) -> Rel:
    return join_expressions(Join(left, right, simplified(condition, False), kind, hints=hints))


def join_expressions(join: Join) -> Rel:
    """The join, under a projection of its own columns where some had to be added."""
    sides = _Sides(len(join.left.columns))
    right_count = len(join.right.columns)
    condition = sides.pushed(join.condition)
    if not sides.left and not sides.right:
        return join
    condition = moved(condition, lambda number: sides.place(number, right_count))
    found = replace(
        join, left=_widened(join.left, sides.left), right=_widened(join.right, sides.right), condition=condition
    )
    total = sides.left_count + len(sides.left)
    places = [*range(sides.left_count)]
    if join.kind not in ("semi", "anti"):
        places += range(total, total + right_count)
    return builder.project(found, builder.at(found, places), list(join.names))


def _widened(rel: Rel, extra: list[Rex]) -> Rel:
    if not extra:
        return rel
    names: list[str | None] = [*rel.names, *[None] * len(extra)]
    return builder.project(rel, [*builder.references(rel), *extra], names)
