"""Projections pushed towards the tables (PushProjector and the rules that use it), made one or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.hints import is_lookup
from meshloom.engine.sql.multi.explain.rel import Column, Filter, Join, Project, Rel, SetOp, uniquified
from meshloom.engine.sql.multi.explain.rex import Call, Over, Ref, Rex, has_over, refs, rewritten, shifted, walk
from meshloom.engine.sql.multi.explain.rules import strong


@dataclass
class _Side:
    """What one input is projected to: its columns that are read (`kept`), then whole expressions over it."""

    offset: int
    width: int
    kept: list[int]
    exprs: list[Rex]

    def holds(self, places: set[int]) -> bool:
        return bool(places) and all(self.offset <= place < self.offset + self.width for place in places)


class Pushed:
    """`exprs` are a projection's, `condition` that of the operator below it, which reads the same columns. `strict`
    are places that an outer join may leave null: only what is null with them may be computed below."""

    def __init__(
        self, project: Project, condition: Rex | None, widths: Sequence[int], strict: set[int], preserve: bool
    ):
        self.project, self.condition, self.strict, self.preserve = project, condition, strict, preserve
        offsets = [sum(widths[:number]) for number in range(len(widths))]
        self.sides = [_Side(offset, width, [], []) for offset, width in zip(offsets, widths, strict=True)]
        for expr in project.exprs:
            self._read(expr)
        if condition is not None:
            self._read(condition)
        for side in self.sides:
            if len(self.sides) > 1 and not side.kept and not side.exprs and side.width:
                side.kept.append(side.offset)
            side.kept.sort()

    def _read(self, node: Rex) -> None:
        if isinstance(node, Ref):
            side = self._side_of(node.index)
            if node.index not in side.kept:
                side.kept.append(node.index)
            return
        if self._preserved(node):
            return
        if isinstance(node, Call):
            for operand in node.operands:
                self._read(operand)
        elif isinstance(node, Over):
            for part in walk(node):
                if isinstance(part, Ref):
                    self._read(part)

    def _preserved(self, node: Rex) -> bool:
        if not self.preserve or not isinstance(node, Call):
            return False
        used = refs(node)
        for side in self.sides:
            if side.holds(used) and (not self.strict & used or strong.null(node, used)):
                if node not in side.exprs:
                    side.exprs.append(node)
                return True
        return False

    def _side_of(self, place: int) -> _Side:
        return next(side for side in self.sides if side.offset <= place < side.offset + side.width)

    @property
    def idle(self) -> bool:
        """Nothing would be gained."""
        if any(side.exprs for side in self.sides):
            return False
        kept = sum(len(side.kept) for side in self.sides)
        return kept in (0, sum(side.width for side in self.sides))

    def below(self, number: int, rel: Rel) -> Project:
        side = self.sides[number]
        places = [place - side.offset for place in side.kept]
        exprs = builder.at(rel, places) + [shifted(expr, -side.offset) for expr in side.exprs]
        titles: list[str] = [rel.names[place] for place in places]
        numbered: list[str] = []
        for _ in side.exprs:
            number = next(n for n in count(len(numbered)) if f"EXPR${n}" not in titles)
            numbered.append(f"EXPR${number}")
        titles += [self._title(expr, name) for expr, name in zip(side.exprs, numbered, strict=True)]
        return Project(rel, tuple(exprs), tuple(uniquified(titles, counted=True)))

    def _title(self, expr: Rex, otherwise: str) -> str:
        named = zip(self.project.titles, self.project.exprs, strict=True)
        return next((title for title, item in named if item == expr), otherwise)

    def converted(self, node: Rex, columns: Sequence[Column]) -> Rex:
        """An expression over what the sides give."""
        starts = []
        total = 0
        for side in self.sides:
            starts.append(total)
            total += len(side.kept) + len(side.exprs)

        def change(part: Rex) -> Rex | None:
            for start, side in zip(starts, self.sides, strict=True):
                if isinstance(part, Call) and part in side.exprs:
                    return self._ref(start + len(side.kept) + side.exprs.index(part), part, columns)
                if isinstance(part, Ref) and part.index in side.kept:
                    return self._ref(start + side.kept.index(part.index), part, columns)
            return None

        return rewritten(node, change)

    def _ref(self, place: int, part: Rex, columns: Sequence[Column]) -> Ref:
        return Ref(place, columns[place].type if place < len(columns) else part.type)

    def top(self, rel: Rel) -> Rel:
        exprs = [self.converted(expr, rel.columns) for expr in self.project.exprs]
        return builder.project(rel, exprs, list(self.project.titles))


def through_join(rel: Rel) -> Rel | None:
    if not isinstance(rel, Project) or not isinstance(rel.input, Join):
        return None
    join = rel.input
    if join.kind in ("semi", "anti") or join.match is not None or is_lookup(join):
        return None
    widths = [len(join.left.columns), len(join.right.columns)]
    lefts, rights = set(range(widths[0])), set(range(widths[0], sum(widths)))
    strict = {"left": rights, "right": lefts, "full": lefts | rights}.get(join.kind, set())
    pushed = Pushed(rel, join.condition, widths, strict, True)
    if pushed.idle:
        return None
    left, right = pushed.below(0, join.left), pushed.below(1, join.right)
    made = replace(join, left=left, right=right)
    condition = pushed.converted(join.condition, (*left.columns, *right.columns))
    return pushed.top(replace(made, condition=condition))


def through_filter(rel: Rel) -> Rel | None:
    if not isinstance(rel, Project) or not isinstance(rel.input, Filter) or has_over(*rel.exprs):
        return None
    below = rel.input.input
    pushed = Pushed(rel, rel.input.condition, [len(below.columns)], set(), False)
    side = pushed.sides[0]
    if len(side.kept) == side.width:
        return None
    if not side.kept:
        if side.width == 1:
            return None
        side.kept.append(0)
    narrowed = pushed.below(0, below)
    condition = pushed.converted(rel.input.condition, narrowed.columns)
    return pushed.top(builder.filtered(narrowed, [condition]))


def through_set(rel: Rel) -> Rel | None:
    if not isinstance(rel, Project) or not isinstance(rel.input, SetOp) or not rel.input.all:
        return None
    if has_over(*rel.exprs):
        return None
    sets = rel.input
    if builder.identity(rel.exprs, sets):
        return sets  # what it called the columns is lost
    pushed = Pushed(rel, None, [len(sets.columns)], set(), True)
    sides = tuple(pushed.top(pushed.below(0, side)) for side in sets.sides)
    return replace(sets, sides=sides)


def _permutation(rel: Project) -> list[int] | None:
    if len(rel.exprs) != len(rel.input.columns):
        return None
    places = [expr.index for expr in rel.exprs if isinstance(expr, Ref)]
    return places if sorted(places) == list(range(len(rel.exprs))) else None


def merge(rel: Rel) -> Rel | None:
    if not isinstance(rel, Project) or not isinstance(rel.input, Project):
        return None
    below = rel.input
    top, bottom = _permutation(rel), _permutation(below)
    if top is not None and top == sorted(top):
        return None
    if top is not None and bottom is not None and bottom == sorted(bottom):
        return None
    exprs = builder.pushed_past(rel.exprs, below)
    if exprs is None:
        return None
    if builder.identity(exprs, below.input):
        return below.input
    return builder.project(below.input, exprs, list(rel.titles), merge=False)


def remove(rel: Rel) -> Rel | None:
    """What it called the columns is lost."""
    return rel.input if isinstance(rel, Project) and builder.identity(rel.exprs, rel.input) else None
