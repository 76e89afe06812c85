"""What a plan depends on of a table's rows, segment by segment: sizes, the extremes and the order of columns, and
whether a condition lets all values of a column through, or none (Pinot asks its dictionaries and metadata)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlglot import exp

from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.scope import Scope, read
from meshloom.engine.sql.single.predicates import SingleTranslator

COMPARED = frozenset(("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BOOLEAN", "TIMESTAMP", "STRING", "BYTES"))


@dataclass(frozen=True, slots=True)
class Extent:
    """Of one column in one segment: the extremes (a null counts as its default), whether the rows are in its order,
    and whether any is null."""

    least: Any
    greatest: Any
    sorted: bool
    nulls: bool


class Contents:
    """A table's segments, by their numbers. Asks only for what a plan needs, each once."""

    def __init__(self, relation: Relation, relations: Relations, source: str) -> None:
        self.relation, self._relations, self._source = relation, relations, source
        self._extents: dict[str, dict[int, Extent]] = {}
        self._outcomes: dict[str, dict[int, tuple[bool, bool]]] = {}

    @cached_property
    def documents(self) -> dict[int, int]:
        """How many rows each segment has, in the order of the segments."""
        sql = f'SELECT "$segment", count(*) FROM {self._source} GROUP BY 1 ORDER BY 1'
        return {int(number): int(rows) for number, rows in self._relations.ask(sql)}

    def extent(self, column: str, segment: int) -> Extent:
        if column not in self._extents:
            self._extents[column] = self._asked(column)
        return self._extents[column][segment]

    def outcome(self, column: str, condition: exp.Expr, segment: int) -> tuple[bool, bool]:
        """Whether a condition on a column holds for any of its values, and whether for all of them."""
        key = f"{column} {condition.sql()}"
        if key not in self._outcomes:
            relation = self._of_values(column)
            held = SingleTranslator(Scope(relation, "", False, self._relations), nulls=False).predicate(condition).sql
            sql = f'SELECT "$segment", bool_or({held}), bool_and({held}) FROM {relation.source} GROUP BY 1'
            rows = self._relations.ask(sql)
            self._outcomes[key] = {int(number): (bool(some), bool(every)) for number, some, every in rows}
        return self._outcomes[key].get(segment, (False, False))

    def beyond(self, column: str, condition: exp.Expr, segment: int) -> bool:
        """Whether an equality or a range lies outside of a column's extremes."""
        return any(not self.outcome(column, bound, segment)[0] for bound in _bounds(condition))

    def _asked(self, column: str) -> dict[int, Extent]:
        info = self.relation.columns[column]
        relation = self._of_values(column)
        value = read(relation.columns[column], "", nulls=False).sql
        null = f"{read(info, '', nulls=True).sql} IS NULL" if info.nullable and info.single_value else "false"
        compared = info.data_type.value in COMPARED
        extremes = f"min({value}), max({value})" if compared else "NULL, NULL"
        ordered = "false"
        if compared and info.single_value:
            before = f'lag({value}) OVER (PARTITION BY "$segment" ORDER BY "$doc")'
            ordered = f"bool_and(coalesce({value} >= before, true))"
            relation = replace(relation, source=f"(SELECT *, {before} AS before FROM {relation.source})")
        sql = f'SELECT "$segment", {extremes}, {ordered}, bool_or({null}) FROM {relation.source} GROUP BY 1'
        found = {int(number): Extent(*rest) for number, *rest in self._relations.ask(sql)}
        nothing = Extent(None, None, False, False)
        return {segment: found.get(segment, nothing) for segment in self.documents}

    def _of_values(self, column: str) -> Relation:
        """The table with each value of a multi-value column in a row of its own."""
        info = self.relation.columns[column]
        if info.single_value:
            return replace(self.relation, source=self._source)
        values, name = read(info, "", nulls=False).sql, (info.physical or column).replace('"', '""')
        source = f'(SELECT "$segment", unnest({values}) AS "{name}" FROM {self._source})'
        columns = {**self.relation.columns, column: replace(info, single_value=True, nullable=False)}
        return replace(self.relation, source=source, columns=columns)


def _bounds(condition: exp.Expr) -> Iterator[exp.Expr]:
    """The comparisons with one bound that a condition is made of."""
    match condition:
        case exp.EQ():
            left, right = condition.args["this"], condition.args["expression"]
            yield from (exp.GTE(this=left, expression=right), exp.LTE(this=left, expression=right))
        case exp.Between():
            yield exp.GTE(this=condition.this, expression=condition.args["low"])
            yield exp.LTE(this=condition.this, expression=condition.args["high"])
        case exp.And():
            for part in condition.flatten():
                yield from _bounds(part.unnest())
        case _:
            yield condition
