"""The operators of a filter in one segment: which index answers a predicate, what is always true or never, and the
order of an AND's inputs (FilterPlanNode, FilterOperatorUtils), and which segments are not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.single.explain.condition import Condition
from meshloom.engine.sql.single.explain.contents import Contents
from meshloom.engine.sql.single.explain.operator import EMPTY, ENTIRE, Operator
from meshloom.engine.sql.statement import Statement

PRIORITY = {
    "FILTER_SORTED_INDEX": 0, "FILTER_BITMAP": 100, "FILTER_INVERTED_INDEX": 100, "FILTER_RAW_INVERTED_INDEX": 100,
    "FILTER_RANGE_INDEX": 200, "FILTER_TEXT_INDEX": 200, "FILTER_JSON_INDEX": 200, "FILTER_H3_INDEX": 200,
    "INCLUSION_FILTER_H3_INDEX": 200, "FILTER_AND": 300, "FILTER_OR": 400, "FILTER_FULL_SCAN": 500,
    "FILTER_EXPRESSION": 1000,
}  # fmt: skip
COUNTING = frozenset(
    ("FILTER_SORTED_INDEX", "FILTER_BITMAP", "FILTER_INVERTED_INDEX", "FILTER_RAW_INVERTED_INDEX",
     "FILTER_RANGE_INDEX", "FILTER_TEXT_INDEX", "FILTER_JSON_INDEX", EMPTY, ENTIRE)
)  # fmt: skip
FEW_TEXTS = 10_000  # values of a dictionary in which a regular expression is looked for


@dataclass(frozen=True, slots=True)
class Indexes:
    """What may be used of a table's indexes: `skipped` are those that the query forbids, by column."""

    relation: Relation
    skipped: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, relation: Relation, statement: Statement) -> Indexes:
        """Reads `skipIndexes`, `column=inverted,range&other=sorted`."""
        told = (one.partition("=") for one in statement.option("skipIndexes").split("&") if "=" in one)
        return cls(relation, {column: frozenset(kinds.lower().split(",")) for column, _, kinds in told})

    def has(self, column: str, kind: str) -> bool:
        return kind in self.relation.columns[column].indexes and self.allows(column, kind)

    def allows(self, column: str, kind: str) -> bool:
        return kind not in self.skipped.get(column, ())

    def dictionary(self, column: str) -> bool:
        return self.relation.columns[column].dictionary


def entire(documents: int) -> Operator:
    return Operator(f"{ENTIRE}(docs:{documents})")


class Filters:
    """Makes the operators of conditions, in one segment."""

    def __init__(self, contents: Contents, indexes: Indexes, segment: int, *, nulls: bool) -> None:
        self.contents, self.indexes, self.segment, self.nulls = contents, indexes, segment, nulls
        self.all = entire(contents.documents[segment])
        self.several: set[Operator] = set()  # scans of multi-value columns, which come after the others

    def whole(self, condition: Condition | None) -> Operator:
        """With the rows that an upsert still has, where the table has upserts."""
        found = self.all if condition is None else self.operator(condition)
        if not self.contents.relation.superseded:
            return found
        return Operator("FILTER_BITMAP") if condition is None else self.conjunction([found, Operator("FILTER_BITMAP")])

    def operator(self, condition: Condition) -> Operator:
        match condition.kind:
            case "TRUE":
                return self.all
            case "FALSE":
                return Operator(EMPTY)
            case "AND":
                return self.conjunction([self.operator(part) for part in condition.parts])
            case "OR":
                return self.disjunction([self.operator(part) for part in condition.parts])
            case "NOT":
                inner = self.operator(condition.parts[0])
                if inner.entire or inner.empty:
                    return Operator(EMPTY) if inner.entire else self.all
                return Operator("FILTER_NOT", (inner,))
        return self.predicate(condition) if condition.column else self.computed(condition)

    def conjunction(self, inputs: list[Operator]) -> Operator:
        if any(one.empty for one in inputs):
            return Operator(EMPTY)
        left = [one for one in inputs if not one.entire]
        if len(left) < 2:
            return left[0] if left else self.all
        return Operator("FILTER_AND", tuple(sorted(left, key=self.priority)))

    def disjunction(self, inputs: list[Operator]) -> Operator:
        if any(one.entire for one in inputs):
            return self.all
        left = [one for one in inputs if not one.empty]
        if len(left) < 2:
            return left[0] if left else Operator(EMPTY)
        return Operator("FILTER_OR", tuple(left))

    def priority(self, operator: Operator) -> int:
        if operator.name == "FILTER_NOT":
            return self.priority(operator.inputs[0])
        return PRIORITY.get(operator.name, 10000) + (50 if operator in self.several else 0)

    # --- predicates

    def computed(self, condition: Condition) -> Operator:
        return Operator(f"FILTER_EXPRESSION(operator:{condition.kind},predicate:{condition})", condition=condition)

    def predicate(self, condition: Condition) -> Operator:
        told = f"operator:{condition.kind},predicate:{condition})"
        match condition.kind:
            case "JSON_MATCH":
                return Operator(f"FILTER_JSON_INDEX(indexLookUp:json_index,{told}", condition=condition)
            case "TEXT_MATCH" | "TEXT_CONTAINS":
                return Operator(f"FILTER_TEXT_INDEX(indexLookUp:text_index,{told}", condition=condition)
            case "VECTOR_SIMILARITY":
                return self.nearest(condition)
            case "IS_NULL" | "IS_NOT_NULL":
                return self.nullness(condition)
        certain = self.certain(condition)
        if certain is not None:
            return certain
        found = Operator(self.looked_up(condition) + told, condition=condition)
        if found.name == "FILTER_FULL_SCAN" and not self.contents.relation.columns[condition.column].single_value:
            self.several.add(found)
        return found

    def nearest(self, condition: Condition) -> Operator:
        vector, count = condition.values[0], (*condition.values[1:], "10")[0]
        told = f"vector identifier:{condition.column}, vector literal:{vector}, topK to search:{count})"
        text = f"VECTOR_SIMILARITY_INDEX(indexLookUp:vector_index, operator:{condition.kind}, {told}"
        return Operator(text, condition=condition)

    def nullness(self, condition: Condition) -> Operator:
        if self.contents.relation.null_handling and self.contents.extent(condition.column, self.segment).nulls:
            return Operator("FILTER_BITMAP", condition=condition)
        return Operator(EMPTY) if condition.kind == "IS_NULL" else self.all

    def certain(self, condition: Condition) -> Operator | None:
        """What a dictionary knows to be always true, or never."""
        if not self.indexes.dictionary(condition.column):
            return None
        some, every = self.contents.outcome(condition, self.segment)
        if not some:
            return Operator(EMPTY)
        if not every:
            return None
        nulls = self.nulls and self.contents.extent(condition.column, self.segment).nulls
        known = Condition("IS_NOT_NULL", (), condition.left)
        return Operator("FILTER_BITMAP", condition=known) if nulls else self.all

    def has_nulls(self, column: str) -> bool:
        known = column in self.contents.relation.columns
        return known and self.contents.extent(column, self.segment).nulls

    def looked_up(self, condition: Condition) -> str:
        """The index that answers a predicate (FilterOperatorUtils.getLeafFilterOperator)."""
        column, kind, indexes = condition.column, condition.kind, self.indexes
        dictionary = indexes.dictionary(column)
        in_order = self.contents.sorted(column, self.segment)
        if kind == "REGEXP_LIKE" and not (dictionary and self.contents.values(column, self.segment) < FEW_TEXTS):
            return "FILTER_FULL_SCAN("
        if dictionary and in_order and indexes.allows(column, "sorted"):
            return "FILTER_SORTED_INDEX(indexLookUp:sorted_index,"
        # Of a sorted column there is no inverted index: the order itself serves for one.
        inverted = dictionary if in_order else "inverted" in indexes.relation.columns[column].indexes
        if kind != "RANGE" and inverted and indexes.allows(column, "inverted"):
            raw = "" if dictionary else "raw_"
            return f"FILTER_{raw.upper()}INVERTED_INDEX(indexLookUp:{raw}inverted_index,"
        if kind in ("RANGE", "EQ") and indexes.has(column, "range"):
            return "FILTER_RANGE_INDEX(indexLookUp:range_index,"
        return "FILTER_FULL_SCAN("


def counts(operator: Operator) -> bool:
    """Whether rows can be counted without reading them (canOptimizeCount)."""
    if operator.name in ("FILTER_AND", "FILTER_OR", "FILTER_NOT"):
        return all(counts(one) for one in operator.inputs)
    return operator.name in COUNTING
