"""Columns that nobody reads, left out from the tables up (Calcite's RelFieldTrimmer)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from meshloom.engine.sql.multi.explain import builder, joining
from meshloom.engine.sql.multi.explain.rel import (
    AggCall,
    Aggregate,
    Correlate,
    Filter,
    Join,
    Places,
    Project,
    Rel,
    SetOp,
    Sort,
    Uncollect,
    Values,
    same,
)
from meshloom.engine.sql.multi.explain.rex import Field, Rex, integer, moved, refs, rewritten
from meshloom.engine.sql.multi.explain.types import BIGINT


def trimmed(root: Rel) -> Rel:
    found, _ = _trim(root, set(range(len(root.columns))))
    return found


def _trim(rel: Rel, used: set[int]) -> tuple[Rel, Places]:
    match rel:
        case Project():
            return _project(rel, used)
        case Filter():
            return _filter(rel, used)
        case Sort():
            return _sort(rel, used)
        case Join():
            return _join(rel, used)
        case Correlate():
            return _correlate(rel, used)
        case Aggregate():
            return _aggregate(rel, used)
        case SetOp():
            return _set(rel, used)
        case Values():
            return _values(rel, used)
        case Uncollect():
            inner, _ = _trim(rel.input, set(range(len(rel.input.columns))))
            return replace(rel, input=inner), same(len(rel.columns))
    return _leaf(rel, used)


def _leaf(rel: Rel, used: set[int]) -> tuple[Rel, Places]:
    count = len(rel.columns)
    if len(used) == count:
        return rel, same(count)
    if not used:
        return _dummy(rel), {}
    kept = sorted(used)
    found = builder.narrowed(rel, kept)
    return found, {place: number for number, place in enumerate(kept)}


def _dummy(rel: Rel) -> Rel:
    """Rows without a column are not liked: one that is always 0 stands in."""
    if len(rel.columns) == 1:
        return rel
    return Project(rel, (integer(0),), ("DUMMY",))


def _moved(expr: Rex, places: Places) -> Rex:
    return moved(expr, lambda place: places[place])


def _child(rel: Rel, used: Iterable[int]) -> tuple[Rel, Places]:
    """What defines an order is kept."""
    wanted = set(used)
    if isinstance(rel, Sort):
        wanted |= refs(*(key.key for key in rel.keys))
    return _trim(rel, wanted)


def _project(rel: Project, used: set[int]) -> tuple[Rel, Places]:
    wanted = refs(*(rel.exprs[place] for place in used))
    inner, places = _child(rel.input, wanted)
    if inner == rel.input and len(used) == len(rel.exprs):
        return rel, same(len(rel.exprs))
    if not used:
        return _dummy(inner), {}
    kept = sorted(used)
    exprs = [_moved(rel.exprs[place], places) for place in kept]
    found = builder.project(inner, exprs, [rel.titles[place] for place in kept])
    return found, {place: number for number, place in enumerate(kept)}


def _filter(rel: Filter, used: set[int]) -> tuple[Rel, Places]:
    inner, places = _child(rel.input, used | refs(rel.condition))
    if inner == rel.input and len(used) == len(rel.columns):
        return rel, same(len(rel.columns))
    return builder.filtered(inner, [_moved(rel.condition, places)]), places


def _sort(rel: Sort, used: set[int]) -> tuple[Rel, Places]:
    inner, places = _child(rel.input, used | refs(*(key.key for key in rel.keys)))
    if inner == rel.input and len(used) == len(rel.columns):
        return rel, same(len(rel.columns))
    keys = [replace(key, key=_moved(key.key, places)) for key in rel.keys]
    return builder.sort_limit(inner, keys, rel.offset, rel.fetch), places


def _join(rel: Join, used: set[int]) -> tuple[Rel, Places]:
    width = len(rel.left.columns)
    wanted = used | refs(rel.condition) | (refs(rel.match) if rel.match is not None else set())
    left, lefts = _child(rel.left, {place for place in wanted if place < width})
    right, rights = _child(rel.right, {place - width for place in wanted if place >= width})
    if left == rel.left and right == rel.right:
        return rel, same(len(rel.columns))
    shift = len(left.columns)
    places = {**lefts, **{place + width: shift + number for place, number in rights.items()}}
    condition = _moved(rel.condition, places)
    if rel.match is not None:
        found: Rel = replace(rel, left=left, right=right, condition=condition, match=_moved(rel.match, places))
    else:
        found = joining.join(left, right, condition, rel.kind, rel.hints)
    kept = lefts if rel.kind in ("semi", "anti") else places
    return found, kept


def _correlate(rel: Correlate, used: set[int]) -> tuple[Rel, Places]:
    width = len(rel.left.columns)
    wanted = {place for place in used if place < width} | set(rel.required)
    left, lefts = _child(rel.left, wanted)
    right, rights = _child(rel.right, {place - width for place in used if place >= width})
    if len(right.columns) and not rights:
        rights = {}
    right = relinked(right, rel.name, lefts, left)
    required = tuple(sorted(lefts[place] for place in rel.required))
    found = Correlate(left, right, rel.name, rel.kind, required)
    shift = len(left.columns)
    return found, {**lefts, **{place + width: shift + number for place, number in rights.items()}}


def relinked(rel: Rel, name: str, places: Places, left: Rel) -> Rel:
    """With references to the outer row at their new places."""

    def change(part: Rex) -> Rex | None:
        if isinstance(part, Field) and part.correlation == name:
            place = places.get(part.index, part.index)
            return Field(name, place, left.columns[place].name, part.type)
        return None

    return changed(rel, lambda expr: rewritten(expr, change))


def changed(rel: Rel, one: Callable[[Rex], Rex]) -> Rel:
    """Every expression of a tree, changed."""
    rel = rel.over([changed(inner, one) for inner in rel.inputs])
    match rel:
        case Filter():
            return replace(rel, condition=one(rel.condition))
        case Project():
            return replace(rel, exprs=tuple(map(one, rel.exprs)))
        case Join():
            return replace(rel, condition=one(rel.condition))
    return rel


def _aggregate(rel: Aggregate, used: set[int]) -> tuple[Rel, Places]:
    count = len(rel.groups)
    calls = [(number, call) for number, call in enumerate(rel.calls) if count + number in used]
    wanted = set(rel.groups)
    for _, call in calls:
        wanted |= {*call.args, *refs(*(key.key for key in call.order))} | ({call.filter} if call.filter >= 0 else set())
    inner, places = _child(rel.input, wanted)
    if inner == rel.input and used == set(range(len(rel.columns))):
        return rel, same(len(rel.columns))
    made = [
        replace(
            call,
            args=tuple(places[arg] for arg in call.args),
            filter=places[call.filter] if call.filter >= 0 else -1,
            order=tuple(replace(key, key=_moved(key.key, places)) for key in call.order),
        )
        for _, call in calls
    ]
    if not made and not rel.groups and not rel.sets:
        return builder.aggregate(inner, (), [AggCall("COUNT", (), BIGINT, "DUMMY")]), {}
    groups = [places[group] for group in rel.groups]
    sets = [[places[group] for group in one] for one in rel.sets]
    found = builder.aggregate(inner, groups, made, sets)
    ordered = sorted(set(groups))
    result = {number: ordered.index(group) for number, group in enumerate(groups)}
    return found, result | {count + number: len(ordered) + place for place, (number, _) in enumerate(calls)}


def _set(rel: SetOp, used: set[int]) -> tuple[Rel, Places]:
    count = len(rel.columns)
    wanted = used if rel.all and used else set(range(count)) if not rel.all else {count - 1}
    kept = sorted(wanted)
    sides = []
    for side in rel.sides:
        inner, places = _child(side, wanted)
        exprs = [builder.ref(inner, places[place]) for place in kept]
        sides.append(builder.project(inner, exprs))
    if tuple(sides) == rel.sides:
        return rel, same(count)
    return replace(rel, sides=tuple(sides)), {place: number for number, place in enumerate(kept)}


def _values(rel: Values, used: set[int]) -> tuple[Rel, Places]:
    kept = sorted(used) or [len(rel.columns) - 1]
    if len(kept) == len(rel.columns):
        return rel, same(len(rel.columns))
    rows = tuple(tuple(row[place] for place in kept) for row in rel.tuples)
    return Values(tuple(rel.row[place] for place in kept), rows), {p: n for n, p in enumerate(kept)}
