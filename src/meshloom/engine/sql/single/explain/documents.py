"""Which documents of each segment pass the predicates of a plan, asked of the rows in one query."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from meshloom.engine.sql.scope import Scope
from meshloom.engine.sql.single.aggregations import AggregatingTranslator
from meshloom.engine.sql.single.explain.condition import UNBOUNDED, Condition
from meshloom.engine.sql.single.explain.contents import comparable, node_of
from meshloom.engine.sql.single.explain.expression import Column, Expression
from meshloom.engine.sql.single.explain.iterators import Flags
from meshloom.engine.sql.single.explain.nodes import node_of as node_of_expression
from meshloom.engine.sql.single.explain.operator import Operator
from meshloom.engine.sql.single.explain.planned import Planned
from meshloom.engine.sql.typed import NUMERIC

ORDER = "order"
PASSES, FAILS, UNKNOWN = "1", "0", "?"


class Matches:
    """By segment; a document is at the place of its number."""

    def __init__(self, planned: Planned, plans: Mapping[int, Operator]) -> None:
        self._planned, self.contents = planned, planned.contents
        self.nulls = planned.statement.null_handling
        relation = planned.contents.relation
        scope = Scope(relation, "", self.nulls, planned.contents.relations)
        self._translator = AggregatingTranslator(scope, nulls=self.nulls)
        wanted: dict[str, str] = {}
        for plan in plans.values():
            for one in plan.everywhere():
                if one.condition is not None:
                    held = self._held(one.condition)
                    told = f"CASE WHEN {held} THEN '{PASSES}' WHEN NOT {held} THEN '{FAILS}' ELSE '{UNKNOWN}' END"
                    wanted[str(one.condition)] = f"""string_agg({told}, '' ORDER BY "$doc")"""
        for name in {c.column for p in plans.values() for o in p.everywhere() if (c := o.condition) and c.column}:
            if not relation.columns[name].single_value:
                quoted = '"' + name.replace('"', '""') + '"'
                width = f"greatest(coalesce(len({quoted}), 1), 1)"
                wanted[f"width of {name}"] = f'list({width} ORDER BY "$doc")'
        first = planned.asked.orders[0].expression if planned.asked.orders else None
        self._key = first.name if isinstance(first, Column) and planned.asked.selection else ""
        if len(plans) < 2:
            self._key = ""  # there is none that another could come before
        if self._key:
            wanted[ORDER] = self._listed(Column(self._key))
        self._ends = planned.asked.distinct and not planned.asked.orders and len(plans) > 1
        if self._ends:
            for place, item in enumerate(planned.asked.items):
                wanted[f"item {place}"] = self._listed(item)
        self._different: set[tuple[Any, ...]] = set()
        self._columns = {name: place for place, name in enumerate(wanted)}
        self._rows = self._asked(list(wanted.values()), list(plans)) if wanted else {}
        self._segments = list(plans)
        self._bound: Any = None
        self._passed: Flags | None = None

    def _held(self, condition: Condition) -> str:
        """A predicate as SQL."""
        info = self.contents.relation.columns.get(condition.column)
        translator = self._translator
        with translator.among_rows():
            if condition.kind in ("IS_NULL", "IS_NOT_NULL"):
                null = exp.Is(this=node_of_expression(condition.left), expression=exp.Null())
                return translator.predicate(null if condition.kind == "IS_NULL" else exp.Not(this=null)).sql
            if info is not None:
                return translator.predicate(node_of(condition, info)).sql
            return translator.predicate(self._computed(condition)).sql

    def _computed(self, condition: Condition) -> exp.Expr:
        left = node_of_expression(condition.left)
        type_ = self._translator.translate(left).type

        def value(text: str) -> exp.Expr:
            if type_ == "BOOLEAN":
                return exp.true() if text in ("true", "1") else exp.false()
            if type_ in NUMERIC and text != UNBOUNDED:
                return exp.Literal.number(text) if text[0] != "-" else exp.Neg(this=exp.Literal.number(text[1:]))
            return exp.Literal.string(text)

        values = [value(text) for text in condition.values]
        match condition.kind:
            case "EQ":
                return exp.EQ(this=left, expression=values[0])
            case "NOT_EQ":
                return exp.NEQ(this=left, expression=values[0])
            case "IN":
                return exp.In(this=left, expressions=values)
            case "NOT_IN":
                return exp.Not(this=exp.In(this=left, expressions=values))
            case "RANGE":
                kinds = ((exp.GTE, exp.LTE), (exp.GT, exp.LT))
                parts: list[exp.Expr] = []
                for place, text in enumerate(condition.values):
                    if text != UNBOUNDED:
                        kind = kinds[0 if condition.closed[place] else 1][place]
                        parts.append(kind(this=left.copy(), expression=values[place]))
                return exp.and_(*parts)
        texts = [exp.Literal.string(text) for text in condition.values]
        return exp.Anonymous(this=condition.kind.lower(), expressions=[left, *texts])

    def _listed(self, expression: Expression) -> str:
        """The values of all documents as SQL."""
        return f'list({self._translator.translate(node_of_expression(expression)).sql} ORDER BY "$doc")'

    def _asked(self, wanted: list[str], segments: list[int]) -> dict[int, tuple[Any, ...]]:
        source, listed = self.contents.relation.source, ", ".join(map(str, segments))
        sql = f'SELECT "$segment", {", ".join(wanted)} FROM {source} WHERE "$segment" IN ({listed}) GROUP BY 1'
        return {int(number): tuple(values) for number, *values in self.contents.relations.ask(sql)}

    def rows(self, segment: int) -> int:
        return self.contents.documents[segment]

    def _values(self, name: str, segment: int) -> Any:
        return self._rows[segment][self._columns[name]]

    def _told(self, condition: Condition, segment: int, letter: str) -> Flags:
        letters = np.frombuffer(self._values(str(condition), segment).encode(), dtype=np.uint8)
        found: Flags = letters == ord(letter)
        return found

    def passing(self, condition: Condition, segment: int) -> Flags:
        return self._told(condition, segment, PASSES)

    def unknown(self, condition: Condition, segment: int) -> Flags:
        """Where a predicate is neither true nor false."""
        return self._told(condition, segment, UNKNOWN)

    def widths(self, column: str, segment: int) -> NDArray[np.int64] | None:
        """How many values each document has in a multi-value column; None for another."""
        name = f"width of {column}"
        return np.array(self._values(name, segment), dtype=np.int64) if name in self._columns else None

    # --- segments in the order in which they are looked at

    def in_order(self) -> list[int]:
        """MinMaxValueBasedSelectionOrderByCombineOperator: those with the least (or greatest) values first."""
        if not self._key:
            return self._segments
        descending = self._planned.asked.orders[0].descending
        extents = {one: self.contents.extent(self._key, one) for one in self._segments}
        if any(extent.least is None for extent in extents.values()):
            return self._segments
        if descending:
            return sorted(self._segments, key=lambda one: extents[one].greatest, reverse=True)
        return sorted(self._segments, key=lambda one: extents[one].least)

    def behind(self, segment: int) -> bool:
        """Whether enough rows come before all of a segment's."""
        if self._bound is None or not self._key:
            return False
        orders, extent = self._planned.asked.orders, self.contents.extent(self._key, segment)
        near = extent.greatest if orders[0].descending else extent.least
        if near is None:
            return False
        beyond = near < self._bound if orders[0].descending else near > self._bound
        return beyond or (near == self._bound and len(orders) == 1)

    def seen(self, segment: int) -> None:
        """After a segment whose rows are enough, its last row bounds the others."""
        asked = self._planned.asked
        if not self._key or self._passed is None:
            return
        values = [comparable(value) for value in self._values(ORDER, segment)]
        values = [value for value, passed in zip(values, self._passed, strict=True) if passed]
        wanted = asked.limit + asked.offset
        if len(values) < wanted or None in values:
            return
        last = sorted(values, reverse=asked.orders[0].descending)[wanted - 1]
        if self._bound is None or (last > self._bound if asked.orders[0].descending else last < self._bound):
            self._bound = last

    def enough(self, segment: int) -> bool:
        """Whether the segments up to this one have as many different rows as are wanted, in no order."""
        asked = self._planned.asked
        if not self._ends:
            return False
        flags = np.ones(self.rows(segment), dtype=bool) if self._passed is None else self._passed
        columns = [self._values(f"item {place}", segment) for place in range(len(asked.items))]
        for passed, *row in zip(flags, *columns, strict=True):
            if passed:
                self._different.update(product(*(one if isinstance(one, list) else [one] for one in row)))
        self._passed = None
        return len(self._different) >= asked.limit

    def passed(self, flags: Flags) -> None:
        """Remember which documents of the present segment its filter lets through."""
        self._passed = flags
