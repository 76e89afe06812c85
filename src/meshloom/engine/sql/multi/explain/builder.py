"""How operators are put on top of others (Calcite's RelBuilder, as PinotRuleUtils configures it): projections that
change nothing or follow one another are made one, conditions are simplified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from meshloom.engine.sql.multi.explain.rel import (
    AggCall,
    Aggregate,
    Column,
    Filter,
    Project,
    Rel,
    Sort,
    Values,
    uniquified,
)
from meshloom.engine.sql.multi.explain.rex import Call, Literal, Order, Ref, Rex, always, has_over, through, walk
from meshloom.engine.sql.multi.explain.simplify import filtering, kept_type

BLOAT = 100  # by how much a merged projection may be longer than the two


def ref(rel: Rel, place: int) -> Ref:
    return Ref(place, rel.columns[place].type)


def at(rel: Rel, places: Iterable[int]) -> list[Rex]:
    return [ref(rel, place) for place in places]


def references(rel: Rel) -> list[Rex]:
    return at(rel, range(len(rel.columns)))


def narrowed(rel: Rel, places: Sequence[int]) -> Rel:
    """These columns alone, under their names."""
    return project(rel, at(rel, places), [rel.names[place] for place in places])


def identity(exprs: Sequence[Rex], rel: Rel) -> bool:
    """Whether these are all the input's columns in order."""
    return len(exprs) == len(rel.columns) and all(
        isinstance(expr, Ref) and expr.index == place and expr.type == rel.columns[place].type
        for place, expr in enumerate(exprs)
    )


def project(
    rel: Rel, exprs: Sequence[Rex], names: Sequence[str | None] = (), *, force: bool = False, merge: bool = True
) -> Rel:
    """`names` may lack some, or hold None for what is named after its column."""
    if not force and not names and identity(exprs, rel):
        return rel
    titles = [*names, *[None] * (len(exprs) - len(names))]
    if isinstance(rel, Project) and merge and (merged := pushed_past(exprs, rel)) is not None:
        titles = [
            title if title is not None or not isinstance(expr, Ref) else rel.titles[expr.index]
            for title, expr in zip(titles, exprs, strict=True)
        ]
        return project(rel.input, merged, titles, force=force)
    done = [kept_type(expr) for expr in exprs]
    found = [title if title is not None else _inferred(rel, expr) for title, expr in zip(titles, done, strict=True)]
    shown = named(found)
    if not force and identity(done, rel):
        return rel
    if isinstance(rel, Values) and done and all(isinstance(expr, Literal) for expr in done):
        columns = tuple(Column(title, expr.type) for title, expr in zip(shown, done, strict=True))
        row = tuple(expr for expr in done if isinstance(expr, Literal))
        return Values(columns, tuple(row for _ in rel.tuples))
    return Project(rel, tuple(done), tuple(shown))


def named(titles: Sequence[str | None]) -> list[str]:
    """Names for those that have none, other names for those that repeat."""
    return uniquified([title if title is not None else f"$f{n}" for n, title in enumerate(titles)])


def _inferred(rel: Rel, expr: Rex) -> str | None:
    while isinstance(expr, Call) and expr.op == "CAST":
        expr = expr.operands[0]
    return rel.columns[expr.index].name if isinstance(expr, Ref) else None


def pushed_past(exprs: Sequence[Rex], below: Project) -> list[Rex] | None:
    """The expressions over the input of a projection; None when they would be much longer (RelOptUtil)."""
    found = [through(expr, below.exprs) for expr in exprs]
    if any(_repeats_window(expr, below) for expr in exprs):
        return None
    before = sum(_size(expr) for expr in exprs) + sum(_size(expr) for expr in below.exprs)
    return found if sum(_size(expr) for expr in found) <= before + BLOAT else None


def _repeats_window(expr: Rex, below: Project) -> bool:
    """A window function over a window function is not merged."""
    return has_over(expr) and any(has_over(below.exprs[part.index]) for part in walk(expr) if isinstance(part, Ref))


def _size(expr: Rex) -> int:
    return sum(1 for _ in walk(expr))


def filtered(rel: Rel, conditions: Sequence[Rex]) -> Rel:
    condition = filtering(list(conditions))
    if always(condition, False):
        return Values(rel.columns)
    return rel if always(condition, True) else Filter(rel, condition)


def aggregate(rel: Rel, groups: Sequence[int], calls: Sequence[AggCall], sets: Sequence[Sequence[int]] = ()) -> Rel:
    """Calls that repeat are made once; COUNT of what is never null counts rows."""
    calls = [_counted(call, rel) for call in calls]
    ordered = tuple(sorted(set(groups)))
    once = list(dict.fromkeys(_anonymous(call) for call in calls))
    kept = [next(call for call in calls if _anonymous(call) == one) for one in once]
    found = Aggregate(rel, ordered, tuple(kept), tuple(tuple(one) for one in sets))
    if len(kept) == len(calls):
        return found
    places = [*range(len(ordered)), *(len(ordered) + once.index(_anonymous(call)) for call in calls)]
    titles = [*found.names[: len(ordered)], *(call.name or None for call in calls)]
    return project(found, at(found, places), titles)


def _counted(call: AggCall, rel: Rel) -> AggCall:
    certain = call.op == "COUNT" and not call.distinct and not any(rel.columns[a].type.nullable for a in call.args)
    return replace(call, args=()) if certain else call


def _anonymous(call: AggCall) -> AggCall:
    return replace(call, name="")


def sort_limit(rel: Rel, keys: Sequence[Order], offset: int | None, fetch: int | None) -> Rel:
    if fetch == 0:
        return Values(rel.columns)
    if not keys and not offset and fetch is None:
        return rel
    return Sort(rel, tuple(keys), offset if offset else None, fetch)


def empty(rel: Rel) -> bool:
    return isinstance(rel, Values) and not rel.tuples
