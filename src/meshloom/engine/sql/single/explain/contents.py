"""What a plan depends on of a table's rows, segment by segment: sizes, the extremes and the order of columns, and
whether a condition lets all values of a column through, or none (Pinot asks its dictionaries and metadata)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlglot import exp

from meshloom.engine.config.types import DataType
from meshloom.engine.sql.relation import ColumnInfo, Relation, Relations
from meshloom.engine.sql.scope import Scope, read
from meshloom.engine.sql.single.explain.condition import UNBOUNDED, Condition
from meshloom.engine.sql.single.explain.optimizing import EPOCH, NUMERIC, stored
from meshloom.engine.sql.single.predicates import SingleTranslator

MOST_MILLIS = (2**63 - 1) // 1000  # of which microseconds can tell
TEXTS = ("STRING", "BYTES")
COMPARED = frozenset(("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BOOLEAN", "TIMESTAMP", "STRING", "BYTES"))


VIRTUAL = {
    "$docId": ColumnInfo("$docId", DataType.INT), "$segmentName": ColumnInfo("$segmentName", DataType.STRING),
    "$hostName": ColumnInfo("$hostName", DataType.STRING),
}  # fmt: skip


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
        self._counts: dict[str, dict[int, int]] = {}
        self._outcomes: dict[str, dict[int, tuple[bool, bool]]] = {}

    @cached_property
    def documents(self) -> dict[int, int]:
        """How many rows each segment has, in the order of the segments."""
        sql = f'SELECT "$segment", count(*) FROM {self._source} GROUP BY 1 ORDER BY 1'
        return {int(number): int(rows) for number, rows in self._relations.ask(sql)}

    def extent(self, column: str, segment: int) -> Extent:
        if column in VIRTUAL:
            return self._virtual(column, segment)
        if column not in self._extents:
            self._extents[column] = self._asked(column)
        return self._extents[column][segment]

    def _virtual(self, column: str, segment: int) -> Extent:
        if column == "$docId":
            return Extent(0, self.documents[segment] - 1, True, False)
        value = self.relation.segment_names.get(segment, "") if column == "$segmentName" else "localhost"
        return Extent(value, value, True, False)

    def values(self, column: str, segment: int) -> int:
        """How many different values a column has."""
        if column not in self._counts:
            relation = self._of_values(column)
            value = read(relation.columns[column], "", nulls=False).sql
            rows = self._relations.ask(f'SELECT "$segment", count(DISTINCT {value}) FROM {relation.source} GROUP BY 1')
            self._counts[column] = {int(number): int(count) for number, count in rows}
        return self._counts[column].get(segment, 0)

    def outcome(self, condition: Condition, segment: int) -> tuple[bool, bool]:
        """Whether a predicate of a column holds for any of its values, and whether for all of them."""
        key = str(condition)
        if key not in self._outcomes:
            relation = self._of_values(condition.column)
            node = node_of(condition, relation.columns[condition.column])
            held = SingleTranslator(Scope(relation, "", False, self._relations), nulls=False).predicate(node).sql
            sql = f'SELECT "$segment", bool_or({held}), bool_and({held}) FROM {relation.source} GROUP BY 1'
            rows = self._relations.ask(sql)
            self._outcomes[key] = {int(number): (bool(some), bool(every)) for number, some, every in rows}
        return self._outcomes[key].get(segment, (False, False))

    def value(self, column: str, text: str) -> Any:
        """A constant as a value that compares with a column's extremes; None for one that is none of its type."""
        type_ = self.relation.columns[column].data_type.value
        value = stored(text, type_)
        return value if isinstance(value, str) == (type_ in TEXTS) else None

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
        rows = self._relations.ask(sql)
        found = {int(number): Extent(comparable(a), comparable(b), bool(c), bool(d)) for number, a, b, c, d in rows}
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


def comparable(value: Any) -> Any:
    """A value of DuckDB's as `stored` makes it of a text."""
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, bytes):
        return value.hex()
    return int(value) if isinstance(value, bool) else value


def node_of(condition: Condition, info: ColumnInfo) -> exp.Expr:
    """A predicate of a column as a syntax tree."""
    column = exp.column(exp.to_identifier(condition.column, quoted=True))
    if condition.kind == "RANGE" and info.data_type.value == "TIMESTAMP":
        low, high = (_far(value) for value in condition.values)
        if low > 0 or high < 0:
            return exp.false()
        ends = zip((low, high), condition.values, strict=True)
        condition = replace(condition, values=tuple(UNBOUNDED if far else value for far, value in ends))
    values = [_literal(value, info) for value in condition.values]
    match condition.kind:
        case "EQ" | "NOT_EQ":
            kind = exp.EQ if condition.kind == "EQ" else exp.NEQ
            return kind(this=column, expression=values[0])
        case "IN" | "NOT_IN":
            found = exp.In(this=column, expressions=values)
            return found if condition.kind == "IN" else exp.Not(this=found)
        case "RANGE":
            return _between(column, condition, values)
    texts = [exp.Literal.string(value) for value in condition.values]
    return exp.Anonymous(this=condition.kind.lower(), expressions=[column, *texts])


def _far(value: str) -> int:
    """1 for a time behind all that there are, -1 for one before them."""
    millis = int(value) if value.lstrip("-").isdigit() else 0
    return (millis > MOST_MILLIS) - (millis < -MOST_MILLIS)


def _between(column: exp.Column, condition: Condition, values: list[exp.Expr]) -> exp.Expr:
    parts: list[exp.Expr] = []
    if condition.values[0] != UNBOUNDED:
        parts.append((exp.GTE if condition.closed[0] else exp.GT)(this=column, expression=values[0]))
    if condition.values[1] != UNBOUNDED:
        parts.append((exp.LTE if condition.closed[1] else exp.LT)(this=column.copy(), expression=values[1]))
    return exp.and_(*parts) if parts else exp.true()


def _literal(value: str, info: ColumnInfo) -> exp.Expr:
    number = info.data_type.value in NUMERIC or (info.data_type.value == "TIMESTAMP" and value.lstrip("-").isdigit())
    if not number:
        return exp.Literal.string(value)
    return exp.Neg(this=exp.Literal.number(value[1:])) if value.startswith("-") else exp.Literal.number(value)
