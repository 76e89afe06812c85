"""The operators of one segment's plan, as Pinot's plan nodes choose them (AggregationPlanNode, GroupByPlanNode,
DistinctPlanNode, SelectionPlanNode, ProjectPlanNode)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from meshloom.engine.sql.functions.java_maps import ordered
from meshloom.engine.sql.single.explain.condition import Condition
from meshloom.engine.sql.single.explain.expression import Column, Expression, Literal, columns_in
from meshloom.engine.sql.single.explain.filters import Filters, counts
from meshloom.engine.sql.single.explain.operator import COMBINED, Operator
from meshloom.engine.sql.single.explain.query import Aggregation, Asked
from meshloom.engine.sql.single.explain.startree import StarTree, answering

DICTIONARY = frozenset(
    ("min", "minmv", "minlong", "minstring", "max", "maxmv", "maxlong", "maxstring", "minmaxrange", "minmaxrangemv",
     "distinctcount", "distinctcountmv", "distinctsum", "distinctsummv", "distinctavg", "distinctavgmv",
     "distinctcountoffheap", "distinctcounthll", "distinctcounthllmv", "distinctcountrawhll", "distinctcountrawhllmv",
     "distinctcounthllplus", "distinctcounthllplusmv", "distinctcountrawhllplus", "distinctcountrawhllplusmv",
     "distinctcountull", "distinctcountrawull", "segmentpartitioneddistinctcount", "distinctcountsmarthll",
     "distinctcountsmarthllplus", "distinctcountsmartull")
)  # fmt: skip
METADATA = frozenset(("min", "minmv", "minlong", "max", "maxmv", "maxlong", "minmaxrange", "minmaxrangemv"))


def columns_of(expressions: Iterable[Expression]) -> list[str]:
    """The columns that expressions read, in the order of a HashMap made of a HashSet."""
    return in_order(tuple(dict.fromkeys(name for one in expressions for name in columns_in(one))))


def in_order(names: tuple[str, ...]) -> list[str]:
    grown = tuple(name for name, _ in ordered(names, grown=True))
    return [name for name, _ in ordered(grown)]


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """Makes one segment's plan."""

    asked: Asked
    filters: Filters
    trees: Sequence[StarTree]
    reverse: bool  # whether rows may be read from the last to the first

    def operator(self) -> Operator:
        asked = self.asked
        if asked.aggregations:
            return self.grouped() if asked.keys else self.aggregated()
        if asked.distinct:
            return self.distinct()
        return self.selected()

    # --- reading

    def projected(self, nodes: Sequence[Expression], below: Operator) -> Operator:
        """PROJECT of the columns, under a TRANSFORM when something is computed from them."""
        project = Operator(f"PROJECT({', '.join(columns_of(nodes))})", (Operator("DOC_ID_SET", (below,)),))
        if all(isinstance(node, Column) for node in nodes):
            return project
        return Operator(f"TRANSFORM({', '.join(sorted(set(map(str, nodes))))})", (project,))

    def read(
        self, aggregations: Sequence[Aggregation], condition: Condition | None, below: Operator
    ) -> tuple[Operator, bool]:
        """What aggregations read, and whether it is a star-tree."""
        tree = None
        if not below.empty:
            tree = answering(self.trees, aggregations, self.asked.keys, condition, self.filters)
        if tree is None:
            nodes = [node for one in aggregations for node in one.inputs]
            return self.projected([*nodes, *self.asked.keys], below), False
        names = tuple(dict.fromkeys([*tree.pairs, *columns_of(self.asked.keys)]))
        inner = Operator("DOC_ID_SET", (Operator("FILTER_STARTREE_INDEX", tree=tree),))
        project = Operator(f"PROJECT({', '.join(in_order(names))})", (inner,))
        if all(isinstance(key, Column) for key in self.asked.keys):
            return project, True
        return Operator(f"TRANSFORM({', '.join(sorted(map(str, self.asked.keys)))})", (project,)), True

    # --- aggregations

    def aggregated(self) -> Operator:
        asked, aggregations = self.asked, self.asked.aggregations
        if asked.limit == 0:
            return Operator("AGGREGATE_EMPTY")
        if any(one.filter is not None for one in aggregations):
            return Operator("AGGREGATE_FILTERED", tuple(self.filtered()))
        below = self.filters.whole(self.asked.filter)
        read, by_tree = self.read(aggregations, self.asked.filter, below)
        if not by_tree and not (self.filters.nulls and self.nulls_in(aggregations)):
            if below.entire and all(map(self.without_scan, aggregations)):
                return Operator("AGGREGATE_NO_SCAN")
            if len(aggregations) == 1 and aggregations[0].name == "count" and counts(below):
                return Operator("FAST_FILTERED_COUNT", (below,))
        return Operator(f"AGGREGATE(aggregations:{_told(aggregations)})", (read,))

    def nulls_in(self, aggregations: Sequence[Aggregation]) -> bool:
        nodes = [node for one in aggregations for node in one.inputs]
        return any(not isinstance(node, Column) or self.filters.has_nulls(node.name) for node in nodes)

    def without_scan(self, one: Aggregation) -> bool:
        """Whether a dictionary or the segment's metadata tells an aggregation."""
        if one.name == "count":
            return True
        if not one.column or one.column not in self.filters.contents.relation.columns:
            return False
        if one.told.lower() in DICTIONARY and self.filters.indexes.dictionary(one.column):
            return True
        return (
            one.told.lower() in METADATA and self.filters.contents.extent(one.column, self.filters.segment) is not None
        )

    def grouped(self) -> Operator:
        asked = self.asked
        told = f"groupKeys:{', '.join(map(str, asked.keys))}, aggregations:{_told(asked.aggregations)}"
        if any(one.filter is not None for one in asked.aggregations):
            return Operator(f"GROUP_BY_FILTERED({told})", tuple(self.filtered()))
        read, _ = self.read(asked.aggregations, self.asked.filter, self.filters.whole(self.asked.filter))
        return Operator(f"GROUP_BY({told})", (read,))

    def filtered(self) -> list[Operator]:
        """One input for each filter of an aggregation, and one for those that have none."""
        main = self.filters.whole(self.asked.filter)
        aggregations = self.asked.aggregations
        if main.empty:
            return [self.projected([*(n for one in aggregations for n in one.inputs), *self.asked.keys], main)]
        held: dict[Condition, list[Aggregation]] = {}
        plain = [one for one in aggregations if one.filter is None]
        for one in aggregations:
            if one.filter is not None:
                held.setdefault(one.filter, []).append(one)
        inputs = []
        for own, group in held.items():
            below = self.filters.whole(own)
            if below.entire and not main.entire:
                plain += group
                continue
            if not main.entire and not below.empty:
                below = Operator(COMBINED, (main, below))
            both = own if self.asked.filter is None else Condition("AND", (self.asked.filter, own))
            inputs.append(self.read(group, both, below)[0])
        return [*inputs, self.read(plain, self.asked.filter, main)[0]] if plain or self.asked.keys else inputs

    # --- rows

    def distinct(self) -> Operator:
        items = self.asked.items
        if self.asked.filter is None and len(items) == 1 and isinstance(items[0], Column):
            column = items[0].name
            nulls = self.filters.nulls and self.filters.has_nulls(column)
            known = column in self.filters.contents.relation.columns
            if known and self.filters.indexes.dictionary(column) and not nulls:
                return Operator("DISTINCT_DICTIONARY")
        told = f"DISTINCT(keyColumns:{', '.join(map(str, items))})"
        return Operator(told, (self.projected(items, self.filters.whole(self.asked.filter)),))

    def selected(self) -> Operator:
        asked, below = self.asked, self.filters.whole(self.asked.filter)
        first = [one.expression for one in asked.orders]
        texts = set(map(str, first))
        items = list({str(node): node for node in asked.items}.values())
        nodes = [*first, *(node for node in items if str(node) not in texts)]
        if asked.limit == 0:
            return Operator("SELECT_EMPTY", (_without_documents(self.projected(items, below)),))
        told = f"(selectList:{', '.join(map(str, nodes))})"
        if not first:
            return Operator("SELECT" + told, (self.projected(nodes, below),))
        prefix = self.sorted_prefix()
        if prefix:
            return self.partially(nodes, prefix, self.projected(nodes, below))
        read = nodes if len(first) == len(nodes) else first
        return Operator("SELECT_ORDERBY" + told, (self.projected(read, below),))

    def sorted_prefix(self) -> int:
        orders = self.asked.orders
        for place, one in enumerate(orders):
            if isinstance(one.expression, Literal):
                continue
            column = one.expression.name if isinstance(one.expression, Column) else ""
            if column not in self.filters.contents.relation.columns or one.descending != orders[0].descending:
                return place
            contents, segment = self.filters.contents, self.filters.segment
            nulls = self.filters.nulls and contents.extent(column, segment).nulls
            if nulls or not contents.sorted(column, segment):
                return place
        return len(orders)

    def partially(self, nodes: list[Expression], prefix: int, read: Operator) -> Operator:
        """Rows come in the order of the first keys already."""
        texts, many = list(map(str, nodes)), len(self.asked.orders)
        lists = (texts[:prefix], texts[prefix:many], texts[many:])
        names = ("sortedList", "unsortedList", "rest")
        told = ", ".join(f"{name}: ({', '.join(one)})" for name, one in zip(names, lists, strict=True))
        descending = self.asked.orders[0].descending
        if descending and self.reverse:
            read = _reversed(read)
        kind = "DESC" if descending and not self.reverse else "LINEAR"
        return Operator(f"SELECT_PARTIAL_ORDER_BY_{kind}({told})", (read,))


def _told(aggregations: Sequence[Aggregation]) -> str:
    return ", ".join(map(str, aggregations))


def _reversed(read: Operator) -> Operator:
    if read.name == "DOC_ID_SET":
        return Operator("REVERSE_DOC_ID_SET", read.inputs)
    return Operator(read.text, tuple(_reversed(one) for one in read.inputs))


def _without_documents(read: Operator) -> Operator:
    return Operator(read.text, tuple(_without_documents(one) for one in read.inputs if one.name != "DOC_ID_SET"))
