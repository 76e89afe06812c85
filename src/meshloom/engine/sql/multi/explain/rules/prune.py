"""Operators over no rows (PruneEmptyRules); SortRemoveRule needs what is sorted already, which nothing here is."""

from __future__ import annotations

from dataclasses import replace

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.builder import empty as is_empty
from meshloom.engine.sql.multi.explain.rel import Aggregate, Correlate, Filter, Join, Project, Rel, SetOp, Sort, Values
from meshloom.engine.sql.multi.explain.rex import Rex, null
from meshloom.engine.sql.multi.explain.rules.filters import converted


def sort(rel: Rel) -> Rel | None:
    return None


def empty(rel: Rel) -> Rel | None:
    match rel:
        case Filter() | Project() | Sort() if is_empty(rel.input):
            return Values(rel.columns)
        case Sort(fetch=0):
            return Values(rel.columns)
        case Aggregate() if is_empty(rel.input) and rel.groups and not rel.sets:
            return Values(rel.columns)
        case Correlate() if is_empty(rel.left) or (is_empty(rel.right) and rel.kind == "inner"):
            return Values(rel.columns)
        case Join():
            return _join(rel)
        case SetOp(kind="Union"):
            return _union(rel)
    return None


def _join(rel: Join) -> Rel | None:
    if is_empty(rel.left):
        if rel.kind in ("right", "full"):
            nulls: list[Rex] = [null(column.type) for column in rel.columns[: len(rel.left.columns)]]
            return builder.project(rel.right, [*nulls, *builder.references(rel.right)], list(rel.names))
        return Values(rel.columns)
    if is_empty(rel.right):
        if rel.kind in ("left", "full"):
            width = len(rel.left.columns)
            nulls = [null(column.type) for column in rel.columns[width:]]
            return builder.project(rel.left, [*builder.references(rel.left), *nulls], list(rel.names))
        return rel.left if rel.kind == "anti" else Values(rel.columns)
    return None


def _union(rel: SetOp) -> Rel | None:
    kept = [side for side in rel.sides if not is_empty(side)]
    if len(kept) == len(rel.sides):
        return None
    if not kept:
        return Values(rel.columns)
    if len(kept) == 1:
        return converted(kept[0], rel)
    return replace(rel, sides=tuple(kept))
