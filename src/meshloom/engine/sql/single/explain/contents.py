"""What a plan depends on of a table's rows, segment by segment: sizes, the extremes and the order of columns, and
whether a condition lets all values of a column through, or none (Pinot asks its dictionaries and metadata)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlglot import exp

from meshloom.engine.config.types import DataType
from meshloom.engine.sql.relation import ColumnInfo, Relation, Relations
from meshloom.engine.sql.scope import Scope, read
from meshloom.engine.sql.single.explain.condition import UNBOUNDED, Condition
from meshloom.engine.sql.single.explain.optimizing import NUMERIC
from meshloom.engine.sql.single.explain.ranges import EPOCH, stored
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
    """Of one column in one segment: the extremes (a null counts as its default), and whether any is null."""

    least: Any
    greatest: Any
    nulls: bool


NOTHING = Extent(None, None, False)


class Contents:
    """A table's segments, by their numbers. Asks only for what a plan needs, each once; what a segment's columns are
    like is kept beyond the query, since it does not change."""

    def __init__(self, relation: Relation, relations: Relations, source: str) -> None:
        self.relation, self.relations, self._source = relation, relations, source
        lasting = source == relation.source and not relation.superseded and not relation.configs
        self._facts = relations.facts if lasting else {}
        self._counts: dict[str, dict[int, int]] = {}
        self._outcomes: dict[str, dict[int, tuple[bool, bool]]] = {}

    @cached_property
    def documents(self) -> dict[int, int]:
        """How many rows each segment has, in the order of the segments."""
        held = self._fact("", self._rows)
        return {segment: held[segment] for segment in sorted(self._segments(held))}

    def _segments(self, held: Mapping[int, Any]) -> Iterable[int]:
        return self.relation.segment_names if self._facts is self.relations.facts else held

    def extent(self, column: str, segment: int) -> Extent:
        if column in VIRTUAL:
            return self._virtual(column, segment)
        found: Extent = self._fact(column, self._extents)[segment]
        return found

    def sorted(self, column: str, segment: int) -> bool:
        """Whether the rows are in a column's order."""
        if column in VIRTUAL:
            return True
        info = self.relation.columns[column]
        if not info.single_value or not _compares(info):
            return False
        return bool(self._fact(f"order of {column}", self._orders)[segment])

    def _fact(self, name: str, ask: Callable[[str, str], dict[int, Any]]) -> dict[int, Any]:
        """What `ask` finds by segment, of those of which it is not known yet."""
        found = self._facts.setdefault((self.relation.source, name), {})
        missing = [str(one) for one in self.relation.segment_names if one not in found]
        if missing or not self.relation.segment_names:
            some = f' WHERE "$segment" IN ({", ".join(missing)})' if found and missing else ""
            found.update({int(one): NOTHING if name and name[:9] != "order of " else 0 for one in missing})
            found.update(ask(name.removeprefix("order of "), some))
        return found

    def _rows(self, _: str, where: str) -> dict[int, Any]:
        return self._by_segment(f'SELECT "$segment", count(*) FROM {self._source}{where} GROUP BY 1')

    def _by_segment(self, sql: str) -> dict[int, Any]:
        return {int(row[0]): row[1] if len(row) == 2 else row[1:] for row in self.relations.ask(sql)}

    def _virtual(self, column: str, segment: int) -> Extent:
        if column == "$docId":
            return Extent(0, self.documents[segment] - 1, False)
        value = self.relation.segment_names.get(segment, "") if column == "$segmentName" else "localhost"
        return Extent(value, value, False)

    def values(self, column: str, segment: int) -> int:
        """How many different values a column has."""
        if column not in self._counts:
            relation = self._of_values(column)
            value = read(relation.columns[column], "", nulls=False).sql
            rows = self.relations.ask(f'SELECT "$segment", count(DISTINCT {value}) FROM {relation.source} GROUP BY 1')
            self._counts[column] = {int(number): int(count) for number, count in rows}
        return self._counts[column].get(segment, 0)

    def combinations(self, columns: tuple[str, ...], segment: int) -> list[tuple[Any, ...]]:
        """The different values of some columns together, in their order."""
        read_ = ", ".join(read(self.relation.columns[column], "", nulls=False).sql for column in columns)
        rows = self.relations.ask(
            f'SELECT DISTINCT {read_} FROM {self._source} WHERE "$segment" = {segment} ORDER BY ALL'
        )
        return [tuple(map(comparable, row)) for row in rows]

    def kept(self, name: Any, segment: int, make: Callable[[], Any]) -> Any:
        """What is made of a segment's rows, once."""
        found = self._facts.setdefault((self.relation.source, name), {})
        if segment not in found:
            found[segment] = make()
        return found[segment]

    def outcome(self, condition: Condition, segment: int) -> tuple[bool, bool]:
        """Whether a predicate of a column holds for any of its values, and whether for all of them."""
        key = str(condition)
        if key not in self._outcomes:
            relation = self._of_values(condition.column)
            node = node_of(condition, relation.columns[condition.column])
            held = SingleTranslator(Scope(relation, "", False, self.relations), nulls=False).predicate(node).sql
            sql = f'SELECT "$segment", bool_or({held}), bool_and({held}) FROM {relation.source} GROUP BY 1'
            rows = self.relations.ask(sql)
            self._outcomes[key] = {int(number): (bool(some), bool(every)) for number, some, every in rows}
        return self._outcomes[key].get(segment, (False, False))

    def value(self, column: str, text: str) -> Any:
        """A constant as a value that compares with a column's extremes; None for one that is none of its type."""
        type_ = self.relation.columns[column].data_type.value
        value = stored(text, type_)
        return value if isinstance(value, str) == (type_ in TEXTS) else None

    def _extents(self, column: str, where: str) -> dict[int, Any]:
        info = self.relation.columns[column]
        relation = self._of_values(column)
        value = read(relation.columns[column], "", nulls=False).sql
        null = f"{read(info, '', nulls=True).sql} IS NULL" if info.nullable and info.single_value else "false"
        extremes = f"min({value}), max({value})" if _compares(info) else "NULL, NULL"
        sql = f'SELECT "$segment", {extremes}, bool_or({null}) FROM {relation.source}{where} GROUP BY 1'
        rows = self._by_segment(sql).items()
        return {one: Extent(comparable(least), comparable(most), bool(null)) for one, (least, most, null) in rows}

    def _orders(self, column: str, where: str) -> dict[int, Any]:
        value = read(self.relation.columns[column], "", nulls=False).sql
        before = f'lag({value}) OVER (PARTITION BY "$segment" ORDER BY "$doc")'
        pairs = f'SELECT "$segment", {value} AS value, {before} AS before FROM {self._source}{where}'
        return self._by_segment(
            f'SELECT "$segment", bool_and(coalesce(value >= before, true)) FROM ({pairs}) GROUP BY 1'
        )

    def _of_values(self, column: str) -> Relation:
        """The table with each value of a multi-value column in a row of its own."""
        info = self.relation.columns[column]
        if info.single_value:
            return replace(self.relation, source=self._source)
        values, name = read(info, "", nulls=False).sql, (info.physical or column).replace('"', '""')
        source = f'(SELECT "$segment", unnest({values}) AS "{name}" FROM {self._source})'
        columns = {**self.relation.columns, column: replace(info, single_value=True, nullable=False)}
        return replace(self.relation, source=source, columns=columns)


def _compares(info: ColumnInfo) -> bool:
    """Whether a column's values compare as they are stored."""
    return info.data_type.value in COMPARED and not info.wide


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
    if all(condition.closed) and UNBOUNDED not in condition.values:  # of several values it must be one
        return exp.Between(this=column, low=values[0], high=values[1])
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
