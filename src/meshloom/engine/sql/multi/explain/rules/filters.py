"""Filters pushed towards the tables (FilterIntoJoinRule, FilterAggregateTransposeRule, FilterSetOpTransposeRule,
FilterProjectTransposeRule, JoinConditionPushRule, FilterMergeRule)."""

from __future__ import annotations

from dataclasses import replace

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.hints import is_lookup
from meshloom.engine.sql.multi.explain.rel import Aggregate, Filter, Join, Project, Rel, SetOp
from meshloom.engine.sql.multi.explain.rex import (
    Call,
    Ref,
    Rex,
    conjunction,
    conjunctions,
    has_over,
    moved,
    refs,
    rewritten,
    shifted,
    through,
)
from meshloom.engine.sql.multi.explain.rules import strong

LEFT_ABOVE, RIGHT_ABOVE = ("inner", "left", "semi", "anti"), ("inner", "right")
LEFT_WITHIN, RIGHT_WITHIN = ("inner", "right", "semi"), ("inner", "left", "semi")


def into_join(rel: Rel) -> Rel | None:
    if not isinstance(rel, Filter) or not isinstance(rel.input, Join):
        return None
    return _performed(rel.input, conjunctions(rel.condition))


def of_join(rel: Rel) -> Rel | None:
    if not isinstance(rel, Join) or rel.match is not None or not conjunctions(rel.condition):
        return None
    return _performed(rel, [])


def _stricter(join: Join, above: list[Rex]) -> str:
    """The kind of a join whose missing rows the conditions above it refuse."""
    kind, width = join.kind, len(join.left.columns)
    lefts, rights = set(range(width)), set(range(width, len(join.columns)))
    for condition in above:
        if kind in ("right", "full") and strong.not_true(condition, lefts):
            kind = "inner" if kind == "right" else "left"
        if kind in ("left", "full") and strong.not_true(condition, rights):
            kind = "inner" if kind == "left" else "right"
    return kind


def _performed(join: Join, above: list[Rex]) -> Rel | None:
    within = conjunctions(join.condition)
    kind = join.kind if join.match is not None or not above else _stricter(join, above)
    can_right = not is_lookup(join)
    left: list[Rex] = []
    right: list[Rex] = []
    kept = _classified(
        join,
        above,
        within,
        left,
        right,
        kind in LEFT_ABOVE,
        can_right and kind in RIGHT_ABOVE,
        kind in ("inner", "semi") and join.match is None,
    )
    inner = _classified(
        join,
        within,
        None,
        left,
        right,
        join.match is None and kind in LEFT_WITHIN,
        can_right and join.match is None and kind in RIGHT_WITHIN,
        False,
    )
    if not left and not right and kind == join.kind and len(kept) == len(above):
        return None
    found = replace(
        join,
        left=builder.filtered(join.left, left) if left else join.left,
        right=builder.filtered(join.right, right) if right else join.right,
        condition=conjunction(inner),
        kind=kind,
    )
    done = converted(found, join)
    if kept:
        return builder.filtered(done, kept)
    return done


def _classified(
    join: Join, filters: list[Rex], joined: list[Rex] | None, left: list[Rex], right: list[Rex],
    to_left: bool, to_right: bool, to_join: bool,
) -> list[Rex]:  # fmt: skip
    """What stays where it is; the rest goes to a side, or into the join's condition."""
    width = len(join.left.columns)
    kept = []
    for one in filters:
        used = refs(one)
        if to_left and all(place < width for place in used):
            left.append(_typed(one, join, 0))
        elif to_right and all(place >= width for place in used):
            right.append(_typed(shifted(one, -width), join, width))
        elif to_join and joined is not None:
            if one not in joined:
                joined.append(one)
        else:
            kept.append(one)
    return kept


def _typed(node: Rex, join: Join, offset: int) -> Rex:
    """Columns have the types that their side gives them: what a join may have made nullable is no longer."""
    side = join.right if offset else join.left

    def change(part: Rex) -> Rex | None:
        return Ref(part.index, side.columns[part.index].type) if isinstance(part, Ref) else None

    return _not_null(rewritten(node, change))


def _not_null(node: Rex) -> Rex:
    if isinstance(node, Call) and node.type.name == "BOOLEAN" and node.op != "CAST":
        operands = tuple(map(_not_null, node.operands))
        nullable = not node.op.startswith("IS ") and any(operand.type.nullable for operand in operands)
        if node.op == "SEARCH":
            nullable = operands[0].type.nullable
        return replace(node, operands=operands, type=node.type.with_null(node.type.nullable and nullable))
    return node


def converted(rel: Rel, before: Rel) -> Rel:
    """With the types that the columns had, where they have become stricter."""
    if all(a.type == b.type for a, b in zip(rel.columns, before.columns, strict=True)):
        return rel
    exprs: list[Rex] = []
    for place, (now, then) in enumerate(zip(rel.columns, before.columns, strict=True)):
        column = Ref(place, now.type)
        exprs.append(column if now.type == then.type else Call("CAST", (column,), then.type))
    return Project(rel, tuple(exprs), rel.names)


def through_aggregate(rel: Rel) -> Rel | None:
    if not isinstance(rel, Filter) or not isinstance(rel.input, Aggregate):
        return None
    aggregate = rel.input
    everywhere = set(aggregate.groups)
    for one in aggregate.sets:
        everywhere &= set(one)
    pushed, kept = [], []
    for condition in conjunctions(rel.condition):
        used = refs(condition)
        if all(place < len(aggregate.groups) and aggregate.groups[place] in everywhere for place in used):
            pushed.append(moved(condition, lambda place: aggregate.groups[place]))
        else:
            kept.append(condition)
    if not pushed:
        return None
    below = builder.filtered(aggregate.input, pushed)
    if below == aggregate.input:
        return None
    return builder.filtered(replace(aggregate, input=below), kept)


def through_set(rel: Rel) -> Rel | None:
    if not isinstance(rel, Filter) or not isinstance(rel.input, SetOp):
        return None
    sides = []
    for side in rel.input.sides:
        condition = through(rel.condition, builder.references(side))
        sides.append(builder.filtered(side, [condition]))
    return replace(rel.input, sides=tuple(sides))


def through_project(rel: Rel) -> Rel | None:
    if not isinstance(rel, Filter) or not isinstance(rel.input, Project) or has_over(*rel.input.exprs):
        return None
    project = rel.input
    return replace(project, input=Filter(project.input, through(rel.condition, project.exprs)))


def merge(rel: Rel) -> Rel | None:
    if not isinstance(rel, Filter) or not isinstance(rel.input, Filter):
        return None
    return builder.filtered(rel.input.input, [rel.input.condition, rel.condition])
