"""Joins: what their conditions compute stands below them; a join with distinct rows that are not read is a semi-join
(JoinPushExpressionsRule, ProjectToSemiJoinRule)."""

from __future__ import annotations

from meshloom.engine.sql.multi.explain import builder, joining
from meshloom.engine.sql.multi.explain.rel import Aggregate, Join, Project, Rel
from meshloom.engine.sql.multi.explain.rex import Call, Ref, Rex, call, conjunction, conjunctions, refs


def equal_keys(join: Join) -> tuple[list[int], list[int], bool]:
    """The places of both sides that are tested for equality, the right's within it, and whether that is all that is
    tested (JoinInfo)."""
    width = len(join.left.columns)
    lefts: list[int] = []
    rights: list[int] = []
    alone = True
    for part in conjunctions(join.condition):
        pair = _pair(part, width)
        if pair is None:
            alone = False
        else:
            lefts.append(pair[0])
            rights.append(pair[1])
    return lefts, rights, alone


def _pair(node: Rex, width: int) -> tuple[int, int] | None:
    if not isinstance(node, Call) or node.op not in ("=", "IS NOT DISTINCT FROM"):
        return None
    a, b = node.operands
    if not isinstance(a, Ref) or not isinstance(b, Ref):
        return None
    low, high = sorted((a.index, b.index))
    return (low, high - width) if low < width <= high else None


def push_expressions(rel: Rel) -> Rel | None:
    if not isinstance(rel, Join) or rel.match is not None:
        return None
    return joining.join_expressions(rel)


def to_semi_join(rel: Rel) -> Rel | None:
    if not isinstance(rel, Project) or not isinstance(rel.input, Join) or not isinstance(rel.input.right, Aggregate):
        return None
    join, aggregate = rel.input, rel.input.right
    width = len(join.left.columns)
    if (
        join.kind not in ("inner", "left")
        or join.match is not None
        or any(place >= width for place in refs(*rel.exprs))
    ):
        return None
    lefts, rights, alone = equal_keys(join)
    if not alone or set(rights) != set(range(len(aggregate.groups))) or not aggregate.groups or aggregate.sets:
        return None
    if join.kind == "left":
        return builder.project(join.left, rel.exprs, list(rel.titles), force=True)
    below = aggregate.input
    tests = [
        call(
            "=",
            builder.ref(join.left, left),
            Ref(width + aggregate.groups[right], below.columns[aggregate.groups[right]].type),
        )
        for left, right in zip(lefts, rights, strict=True)
    ]
    found = joining.join(join.left, below, conjunction(tests), "semi", join.hints)
    return builder.project(found, rel.exprs, list(rel.titles))
