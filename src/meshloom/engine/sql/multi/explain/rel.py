"""Relational operators, as Calcite has them (RelNode): frozen values, each with the columns of its rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from meshloom.engine.sql.multi.explain.rex import Frame, Literal, Order, Rex
from meshloom.engine.sql.multi.explain.types import SqlType, least_restrictive

Names = tuple[str, ...]
Hints = tuple[tuple[str, str], ...]  # options of a hint, by name


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: SqlType


Columns = tuple[Column, ...]
Places = dict[int, int]  # where a column stands now, by where it stood


def same(count: int) -> Places:
    """All columns where they were."""
    return {place: place for place in range(count)}


class _Node(ABC):
    """What all operators have. Not slotted: columns are worked out once."""

    @property
    def inputs(self) -> tuple[Rel, ...]:
        return ()

    @property
    def names(self) -> Names:
        return tuple(column.name for column in self.columns)

    @property
    @abstractmethod
    def columns(self) -> Columns: ...


@dataclass(frozen=True)
class Scan(_Node):
    table: str
    row: Columns

    @property
    def columns(self) -> Columns:
        return self.row

    def over(self, inputs: Sequence[Rel]) -> Scan:
        return self


@dataclass(frozen=True)
class Values(_Node):
    row: Columns
    tuples: tuple[tuple[Literal, ...], ...] = ()

    @property
    def columns(self) -> Columns:
        return self.row

    def over(self, inputs: Sequence[Rel]) -> Values:
        return self


@dataclass(frozen=True)
class _Single(_Node):
    input: Rel

    @property
    def inputs(self) -> tuple[Rel, ...]:
        return (self.input,)

    @property
    def columns(self) -> Columns:
        return self.input.columns


@dataclass(frozen=True)
class Filter(_Single):
    condition: Rex

    def over(self, inputs: Sequence[Rel]) -> Filter:
        return replace(self, input=inputs[0])


@dataclass(frozen=True)
class Project(_Single):
    exprs: tuple[Rex, ...]
    titles: Names

    @cached_property
    def columns(self) -> Columns:
        return tuple(Column(name, expr.type) for name, expr in zip(self.titles, self.exprs, strict=True))

    def over(self, inputs: Sequence[Rel]) -> Project:
        return replace(self, input=inputs[0])


@dataclass(frozen=True)
class Sort(_Single):
    """`keys` are over places; `offset` and `fetch` are numbers of rows."""

    keys: tuple[Order, ...] = ()
    offset: int | None = None
    fetch: int | None = None

    def over(self, inputs: Sequence[Rel]) -> Sort:
        return replace(self, input=inputs[0])


@dataclass(frozen=True, slots=True)
class AggCall:
    """`filter` is the place of a flag; `order` that of WITHIN GROUP; `shown` are the arguments where they are told
    otherwise than by their places, as the two stages of an aggregation do."""

    op: str
    args: tuple[int, ...]
    type: SqlType
    name: str = ""
    distinct: bool = False
    filter: int = -1
    order: tuple[Order, ...] = ()
    shown: tuple[str, ...] | None = None

    def __str__(self) -> str:
        args = ", ".join(self.shown if self.shown is not None else (f"${arg}" for arg in self.args))
        text = f"{self.op}({'DISTINCT ' if self.distinct and args else 'DISTINCT' if self.distinct else ''}{args})"
        if self.order:
            text += f" WITHIN GROUP ([{collation(self.order)}])"
        return text + (f" FILTER ${self.filter}" if self.filter >= 0 else "")


@dataclass(frozen=True)
class Aggregate(_Single):
    """`sets` are grouping sets, when there is more than the one of all groups. `kind` is LEAF, FINAL or DIRECT once
    the aggregation is spread over stages."""

    groups: tuple[int, ...]
    calls: tuple[AggCall, ...] = ()
    sets: tuple[tuple[int, ...], ...] = ()
    kind: str = ""
    hints: Hints = ()
    collations: tuple[Order, ...] = ()
    limit: int = 0

    @cached_property
    def columns(self) -> Columns:
        below = self.input.columns
        keys = [below[group] for group in self.groups]
        if self.sets:
            everywhere = set.intersection(*(set(one) for one in self.sets))
            keys = [
                key if group in everywhere else Column(key.name, key.type.with_null(True))
                for group, key in zip(self.groups, keys, strict=True)
            ]
        names = uniquified(
            [*(key.name for key in keys), *(c.name or f"$f{len(keys) + n}" for n, c in enumerate(self.calls))]
        )
        types = [*(key.type for key in keys), *(one.type for one in self.calls)]
        return tuple(Column(name, type_) for name, type_ in zip(names, types, strict=True))

    def over(self, inputs: Sequence[Rel]) -> Aggregate:
        return replace(self, input=inputs[0])


@dataclass(frozen=True, slots=True)
class WindowGroup:
    keys: tuple[int, ...]
    order: tuple[Order, ...]
    frame: Frame
    calls: tuple[WindowCall, ...]


@dataclass(frozen=True, slots=True)
class WindowCall:
    op: str
    operands: tuple[Rex, ...]
    type: SqlType
    ignore_nulls: bool = False
    distinct: bool = False

    def __str__(self) -> str:
        inner = ("DISTINCT " if self.distinct else "") + ", ".join(map(str, self.operands))
        return f"{self.op}({inner})"


@dataclass(frozen=True)
class Window(_Single):
    """Columns of the input, then those of the groups' calls. References beyond the input are constants."""

    groups: tuple[WindowGroup, ...]
    constants: tuple[Literal, ...] = ()
    hints: Hints = ()
    added_names: Names = ()

    @cached_property
    def columns(self) -> Columns:
        calls = [call for group in self.groups for call in group.calls]
        named = self.added_names or tuple(
            f"w{n}$o{m}" for n, group in enumerate(self.groups) for m in range(len(group.calls))
        )
        added = tuple(Column(name, call.type) for name, call in zip(named, calls, strict=True))
        return (*self.input.columns, *added)

    def over(self, inputs: Sequence[Rel]) -> Window:
        return replace(self, input=inputs[0])


@dataclass(frozen=True)
class Uncollect(_Single):
    """Each array of the input's row as rows; with their numbers from 1 where `ordinality` says so."""

    row: Columns
    ordinality: bool = False

    @property
    def columns(self) -> Columns:
        return self.row

    def over(self, inputs: Sequence[Rel]) -> Uncollect:
        return replace(self, input=inputs[0])


@dataclass(frozen=True)
class Exchange(_Single):
    """Rows sent to the next stage. `order` is there for a sort exchange (None for another)."""

    distribution: str = "hash"
    keys: tuple[int, ...] = ()
    pipeline: bool = False
    order: tuple[Order, ...] | None = None
    on_receiver: bool = False
    partitioned: bool | None = None

    def over(self, inputs: Sequence[Rel]) -> Exchange:
        return replace(self, input=inputs[0])


@dataclass(frozen=True)
class _Pair(_Node):
    left: Rel
    right: Rel

    @property
    def inputs(self) -> tuple[Rel, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Join(_Pair):
    """`kind` is inner, left, right, full, semi, anti, asof or left_asof; `match` is the condition of an ASOF join."""

    condition: Rex
    kind: str = "inner"
    match: Rex | None = None
    hints: Hints = ()

    @cached_property
    def columns(self) -> Columns:
        return joined(self.left.columns, self.right.columns, self.kind)

    def over(self, inputs: Sequence[Rel]) -> Join:
        return replace(self, left=inputs[0], right=inputs[1])


@dataclass(frozen=True)
class Correlate(_Pair):
    """For each row of the left, the right's rows with it; `required` are the left's columns that the right reads."""

    name: str
    kind: str
    required: tuple[int, ...]

    @cached_property
    def columns(self) -> Columns:
        return joined(self.left.columns, self.right.columns, self.kind)

    def over(self, inputs: Sequence[Rel]) -> Correlate:
        return replace(self, left=inputs[0], right=inputs[1])


@dataclass(frozen=True)
class SetOp(_Node):
    """`kind` is Union, Intersect or Minus."""

    sides: tuple[Rel, ...]
    kind: str
    all: bool

    @property
    def inputs(self) -> tuple[Rel, ...]:
        return self.sides

    @cached_property
    def columns(self) -> Columns:
        """Named as the first side's; rows that are listed (VALUES) may differ in type."""
        found = []
        for same in zip(*(side.columns for side in self.sides), strict=True):
            first = same[0].type
            type_ = first if all(one.type.alike(first) for one in same) else least_restrictive([c.type for c in same])
            found.append(Column(same[0].name, (type_ or first).with_null(any(one.type.nullable for one in same))))
        return tuple(found)

    def over(self, inputs: Sequence[Rel]) -> SetOp:
        return replace(self, sides=tuple(inputs))


Rel = Scan | Values | Filter | Project | Sort | Aggregate | Window | Uncollect | Exchange | Join | Correlate | SetOp


def joined(left: Columns, right: Columns, kind: str) -> Columns:
    """The columns of a join, those of a side that may be missing nullable."""
    if kind in ("semi", "anti"):
        return left
    sides = [
        *(_nullable(column, kind in ("right", "full")) for column in left),
        *(_nullable(column, kind in ("left", "full", "left_asof")) for column in right),
    ]
    names = uniquified([column.name for column in sides])
    return tuple(Column(name, column.type) for name, column in zip(names, sides, strict=True))


def _nullable(column: Column, missing: bool) -> Column:
    return Column(column.name, column.type.with_null(True)) if missing else column


def uniquified(names: Iterable[str], *, counted: bool = False) -> list[str]:
    """A repeated name gets the first number that is free (SqlValidatorUtil.uniquify); `counted`, none below the number
    of the names before it (its F_SUGGESTER)."""
    used: dict[str, None] = {}
    for name in names:
        attempt, found = 0, name
        while found in used:
            found = f"{name}{max(len(used), attempt) if counted else attempt}"
            attempt += 1
        used[found] = None
    return list(used)


def collation(order: Sequence[Order]) -> str:
    """`1 DESC, 0`: where nulls stand is told when it is not what the direction would give."""
    told = []
    for key in order:
        text = str(key.key).removeprefix("$")
        direction = key.direction()
        told.append(text if direction == "ASC" else f"{text} {direction}")
    return ", ".join(told)
