"""Queries that read an outer row, as joins with it (Calcite's RelDecorrelator): the columns of the outer row that a
query compares with become columns of its own, on which the two are joined."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshloom.engine.sql.multi.explain import builder, joining
from meshloom.engine.sql.multi.explain.casting import cast
from meshloom.engine.sql.multi.explain.optimize import applied
from meshloom.engine.sql.multi.explain.rel import (
    AggCall,
    Aggregate,
    Correlate,
    Filter,
    Join,
    Places,
    Project,
    Rel,
    Sort,
    Uncollect,
    same,
    uniquified,
)
from meshloom.engine.sql.multi.explain.rex import (
    Call,
    Field,
    Order,
    Over,
    Ref,
    Rex,
    call,
    conjunction,
    conjunctions,
    fields,
    integer,
    moved,
    refs,
    rewritten,
    shifted,
    through,
)
from meshloom.engine.sql.multi.explain.rex import Frame as Rows
from meshloom.engine.sql.multi.explain.rules import filters
from meshloom.engine.sql.multi.explain.types import BIGINT, SqlType

Outer = tuple[str, int]  # a column of an outer row: its correlation and place


class Untold(Exception):
    """A query that reads an outer row in a way that is not looked into here."""


@dataclass(frozen=True)
class Frame:
    """An operator without outer columns: where its old columns stand, and those of outer rows that it has now."""

    rel: Rel
    places: Places
    outer: dict[Outer, int]


def decorrelated(rel: Rel) -> Rel:
    """Raises Untold."""
    if not _has(rel, Correlate):
        return rel
    rel = applied(rel, (_single_value,))
    rel = _adjusted(rel)
    rel = applied(rel, (filters.into_join, filters.through_project, _into_correlate))
    if _has(rel, Uncollect):
        return rel
    found = _Decorrelation().frame(rel)
    return applied(applied(found.rel, (filters.into_join,)), (filters.of_join,))


def _has(rel: Rel, kind: type) -> bool:
    return isinstance(rel, kind) or any(_has(inner, kind) for inner in rel.inputs)


def _single_value(rel: Rel) -> Rel | None:
    """One value of an aggregation without groups is one anyhow."""
    if not isinstance(rel, Aggregate) or [one.op for one in rel.calls] != ["SINGLE_VALUE"]:
        return None
    below = rel.input
    if not isinstance(below, Project) or not isinstance(below.input, Aggregate) or below.input.groups:
        return None
    return builder.project(below.input, [cast(rel.columns[0].type, below.exprs[0])], list(below.titles))


def _adjusted(rel: Rel) -> Rel:
    """A COUNT that finds no row is 0, not null (AdjustProjectForCountAggregateRule)."""
    rel = rel.over([_adjusted(inner) for inner in rel.inputs]) if rel.inputs else rel
    if not isinstance(rel, Correlate) or rel.kind != "left":
        return rel
    right = rel.right
    counted = right.input if isinstance(right, Project) else right
    if not isinstance(counted, Aggregate) or counted.groups:
        return rel
    if counted is right and all(one.op != "COUNT" for one in counted.calls):
        return rel
    whole = replace(rel, right=counted)
    width = len(rel.left.columns)
    exprs: list[Rex] = builder.references(whole)
    for number, one in enumerate(counted.calls):
        if one.op == "COUNT":
            column = exprs[width + number]
            zero = replace(integer(0), type=BIGINT)
            exprs[width + number] = Call("CASE", (call("IS NULL", column), zero, column), BIGINT.with_null(True))
    if isinstance(right, Project):
        exprs[width:] = [through(expr, exprs[width:]) for expr in right.exprs]
    return Project(whole, tuple(exprs), rel.names)


def _into_correlate(rel: Rel) -> Rel | None:
    """FilterCorrelateRule."""
    if not isinstance(rel, Filter) or not isinstance(rel.input, Correlate):
        return None
    pair, width = rel.input, len(rel.input.left.columns)
    left, right, kept = [], [], []
    for one in conjunctions(rel.condition):
        used = refs(one)
        if fields(one):
            kept.append(one)
        elif used and all(place < width for place in used):
            left.append(one)
        elif used and pair.kind == "inner" and all(place >= width for place in used):
            right.append(shifted(one, -width))
        else:
            kept.append(one)
    if not left and not right:
        return None
    made = replace(
        pair,
        left=builder.filtered(pair.left, left) if left else pair.left,
        right=builder.filtered(pair.right, right) if right else pair.right,
    )
    return builder.filtered(made, kept) if kept else made


class _Decorrelation:
    """`lefts` are the outer rows' operators, done, by correlation."""

    def __init__(self) -> None:
        self.lefts: dict[str, Frame] = {}

    def frame(self, rel: Rel) -> Frame:
        match rel:
            case Project():
                return self._project(rel)
            case Filter():
                return self._filter(rel)
            case Aggregate():
                return self._aggregate(rel)
            case Correlate():
                return self._correlate(rel)
            case Join():
                return self._join(rel)
            case Sort():
                return self._sort(rel)
        inputs = [self.frame(inner) for inner in rel.inputs]
        if any(one.outer or one.places != same(len(one.places)) for one in inputs):
            raise Untold("a set operation or window in a query that reads an outer row")
        return Frame(rel.over([one.rel for one in inputs]), same(len(rel.columns)), {})

    def _project(self, rel: Project) -> Frame:
        below = self._with_outer(rel, self.frame(rel.input), rel.exprs)
        exprs = [self._done(expr, below) for expr in rel.exprs]
        titles = list(rel.titles)
        outer = {}
        for one, place in sorted(below.outer.items()):
            outer[one] = len(exprs)
            exprs.append(builder.ref(below.rel, place))
            titles.append(below.rel.names[place])
        found = builder.project(below.rel, exprs, titles, force=True)
        return Frame(found, same(len(rel.exprs)), outer)

    def _filter(self, rel: Filter) -> Frame:
        below = self._with_outer(rel, self.frame(rel.input), (rel.condition,))
        found = builder.filtered(below.rel, [self._done(rel.condition, below)])
        return Frame(found, below.places, below.outer)

    def _with_outer(self, rel: Rel, below: Frame, exprs: tuple[Rex, ...]) -> Frame:
        """The input with the columns of outer rows that these expressions read."""
        needs = {(field.correlation, field.index) for field in fields(*exprs)} - set(below.outer)
        if not needs:
            return below
        if isinstance(rel, Filter):
            equal = {need: _equivalent(rel.condition, need) for need in needs}
            if all(place is not None for place in equal.values()):
                found = {need: below.places[place] for need, place in equal.items() if place is not None}
                return replace(below, outer={**below.outer, **found})
        return self._generated(below, sorted(needs))

    def _generated(self, below: Frame, needs: list[Outer]) -> Frame:
        """Joined with the distinct values of the outer columns."""
        if len({name for name, _ in needs}) > 1:
            raise Untold("a query that reads two outer rows")
        left = self.lefts[needs[0][0]]
        places = [left.places[place] for _, place in needs]
        distinct = builder.aggregate(builder.project(left.rel, builder.at(left.rel, places)), range(len(places)), ())
        width = len(below.rel.columns)
        found = joining.join(below.rel, distinct, conjunction([]), "inner")
        outer = {need: width + number for number, need in enumerate(needs)}
        return Frame(found, below.places, {**below.outer, **outer})

    def _aggregate(self, rel: Aggregate) -> Frame:
        below = self.frame(rel.input)
        if rel.sets:
            raise Untold("grouping sets in a query that reads an outer row")
        order: list[int] = [below.places[group] for group in rel.groups]
        outer: dict[Outer, int] = {}
        for one, place in sorted(below.outer.items()):
            outer[one] = len(order)
            order.append(place)
        count = len(order)
        order += [place for place in range(len(below.rel.columns)) if place not in order]
        exprs = builder.at(below.rel, order)
        newer = builder.project(below.rel, exprs, [below.rel.names[place] for place in order])
        spots = {place: number for number, place in reversed(list(enumerate(order)))}
        calls = tuple(
            replace(
                one,
                args=tuple(spots[below.places[arg]] for arg in one.args),
                filter=spots[below.places[one.filter]] if one.filter >= 0 else -1,
                type=_grouped(one, rel, count),
            )
            for one in rel.calls
        )
        found = Aggregate(newer, tuple(range(count)), calls, hints=rel.hints)
        places = {number: number for number in range(len(rel.groups))}
        places |= {len(rel.groups) + number: count + number for number in range(len(rel.calls))}
        return Frame(found, places, outer)

    def _correlate(self, rel: Correlate) -> Frame:
        left = self.lefts[rel.name] = self.frame(rel.left)
        right = self.frame(rel.right)
        mine = sorted(one for one in right.outer if one[0] == rel.name)
        if not mine:
            raise Untold("a query whose outer row is not compared")
        width = len(left.rel.columns)
        tests = []
        for one in mine:
            inner = right.outer[one]
            column = Ref(width + inner, right.rel.columns[inner].type)
            tests.append(call("=", builder.ref(left.rel, left.places[one[1]]), column))
        found = joining.join(left.rel, right.rel, conjunction(tests), rel.kind)
        places = {**left.places}
        for old, new in right.places.items():
            places[len(rel.left.columns) + old] = width + new
        outer = {one: width + place for one, place in right.outer.items() if one not in mine}
        if not outer:
            return Frame(found, places, left.outer)
        outer = {**left.outer, **outer}
        order = [*places.values(), *outer.values()]
        titles = [*rel.names, *(found.names[place] for place in outer.values())]
        found = Project(found, tuple(builder.at(found, order)), tuple(uniquified(titles)))
        return Frame(found, same(len(places)), {one: len(places) + n for n, one in enumerate(outer)})

    def _join(self, rel: Join) -> Frame:
        left, right = self.frame(rel.left), self.frame(rel.right)
        width = len(left.rel.columns)
        places = {**left.places}
        for old, new in right.places.items():
            places[len(rel.left.columns) + old] = width + new
        outer = {**left.outer, **{one: width + place for one, place in right.outer.items()}}
        if fields(rel.condition):
            raise Untold("an outer row in ON")
        condition = moved(rel.condition, lambda place: places[place])
        found = replace(rel, left=left.rel, right=right.rel, condition=condition)
        return Frame(found, places, outer)

    def _sort(self, rel: Sort) -> Frame:
        below = self.frame(rel.input)
        keys = tuple(replace(key, key=moved(key.key, lambda place: below.places[place])) for key in rel.keys)
        if not below.outer or (rel.fetch is None and rel.offset is None):
            return Frame(replace(rel, input=below.rel, keys=keys), below.places, below.outer)
        if rel.fetch != 1 or rel.offset is not None:
            raise Untold("LIMIT in a query that reads an outer row")
        return self._first(below, keys)

    def _first(self, below: Frame, keys: tuple[Order, ...]) -> Frame:
        """The first row of each outer one, by FIRST_VALUE (RelDecorrelator.decorrelateSortAsAggregate)."""
        outer = sorted(below.outer.items())
        partition = tuple(builder.ref(below.rel, place) for _, place in outer)
        frame = Rows(False, (None, "UNBOUNDED PRECEDING"), (None, "UNBOUNDED FOLLOWING"))
        exprs: list[Rex] = []
        for place in below.places.values():
            ref = builder.ref(below.rel, place)
            exprs.append(Over("FIRST_VALUE", (ref,), ref.type, partition, keys, frame))
        titles = [below.rel.names[place] for place in (*below.places.values(), *(place for _, place in outer))]
        found = builder.project(below.rel, [*exprs, *partition], titles, force=True)
        count = len(below.places)
        made = Aggregate(found, tuple(range(len(found.columns))))
        return Frame(made, same(count), {one: count + number for number, (one, _) in enumerate(outer)})

    def _done(self, expr: Rex, below: Frame) -> Rex:
        def change(part: Rex) -> Rex | None:
            if isinstance(part, Field):
                place = below.outer[part.correlation, part.index]
                return Ref(place, below.rel.columns[place].type)
            if isinstance(part, Ref):
                place = below.places[part.index]
                return Ref(place, below.rel.columns[place].type)
            return None

        return rewritten(expr, change)


def _grouped(one: AggCall, rel: Aggregate, count: int) -> SqlType:
    """With keys there is a row for each result."""
    if not count or rel.groups or one.filter >= 0:
        return one.type
    return one.type.with_null(any(rel.input.columns[arg].type.nullable for arg in one.args))


def _equivalent(condition: Rex, need: Outer) -> int | None:
    """The column that a filter says to be equal to an outer one."""
    for one in conjunctions(condition):
        if not isinstance(one, Call) or one.op != "=":
            continue
        for outer, inner in (one.operands, one.operands[::-1]):
            if isinstance(outer, Field) and (outer.correlation, outer.index) == need and isinstance(inner, Ref):
                return inner.index
    return None
