"""The rows of a plan: what the broker does, how segments are combined, and the plan that most segments have
(ExplainPlanDataTableReducer; with `explainPlanVerbose` all plans)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.java_maps import ordered, string_hash
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.single.explain import hashing
from meshloom.engine.sql.single.explain.condition import FALSE, TRUE
from meshloom.engine.sql.single.explain.contents import VIRTUAL, Contents
from meshloom.engine.sql.single.explain.expression import Call, Column, calls_in
from meshloom.engine.sql.single.explain.filters import Filters, Indexes
from meshloom.engine.sql.single.explain.folding import Folder
from meshloom.engine.sql.single.explain.operator import EMPTY, ENTIRE, Operator, numbered
from meshloom.engine.sql.single.explain.pruning import kept
from meshloom.engine.sql.single.explain.query import Asked, asked
from meshloom.engine.sql.single.explain.segment import SegmentPlan
from meshloom.engine.sql.single.explain.startree import trees_of
from meshloom.engine.sql.source import source_of
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.typed import literal_sql

COLUMNS = (
    OutputColumn("Operator", "STRING"),
    OutputColumn("Operator_Id", "INT"),
    OutputColumn("Parent_Id", "INT"),
)
BROKER = [("BROKER_EVALUATE", 0, -1)]  # what the broker answers by itself

Row = tuple[str, int, int]


def explained(
    statement: Statement, select: exp.Select, relation: Relation, relations: Relations, limit: int, offset: int
) -> Compiled:
    """The plan as an answer's rows. Raises PinotError as the query itself would."""
    relation = replace(relation, columns={**relation.columns, **VIRTUAL})
    contents = Contents(relation, relations, source_of(relation, statement))
    query = asked(statement, select, relation, Folder(relation, relations).folded, limit, offset)
    if query.filter == FALSE or not contents.documents:
        return told(BROKER, (relation.name,), relations.generation)
    if query.filter == TRUE:
        query = replace(query, filter=None)
    rows: list[Row] = [(_reduce(query), 1, 0)]
    indexes = Indexes.of(relation, statement)
    segments = kept(query, contents, indexes).segments
    if not segments:
        rows += [(_start(len(contents.documents)), -1, -1), ("ALL_SEGMENTS_PRUNED_ON_SERVER", 2, 1)]
        return told(rows, (relation.name,), relations.generation)
    trees = [] if statement.option("useStarTree").lower() == "false" else list(trees_of(relation.config, relation))
    plans: Counter[Operator] = Counter()
    for segment in segments:
        filters = Filters(contents, indexes, segment, nulls=statement.null_handling)
        reverse = statement.option("allowReverseOrder").lower() == "true"
        plans[SegmentPlan(query, filters, trees, reverse).operator()] += 1
    rows.append((_combined(query), 2, 1))
    for plan, count in _shown(plans, statement.flag("explainPlanVerbose")):
        rows += [(_start(count), -1, -1), *numbered(plan, 2, 3)]
    return told(rows, (relation.name,), relations.generation)


def told(rows: Iterable[Row], tables: tuple[str, ...], generation: int) -> Compiled:
    values = ", ".join(f"({literal_sql(text)}, {number}, {parent})" for text, number, parent in rows)
    return Compiled(f"SELECT * FROM (VALUES {values}) AS plan", COLUMNS, tables, generation)


def _start(segments: int) -> str:
    return f"PLAN_START(numSegmentsForThisPlan:{segments})"


def _shown(plans: Counter[Operator], verbose: bool) -> list[tuple[Operator, int]]:
    """All of them, or the longest plan that looks for something; failing that, of those that take all, then of those
    that take none; in the order of their hash codes."""
    found = sorted(plans.items(), key=lambda one: _hash(one[0]))
    if verbose or len(found) == 1:
        return found

    def rank(plan: Operator) -> tuple[int, int]:
        return (0 if plan.has(EMPTY) else 1 if plan.has(ENTIRE) else 2), len(list(numbered(plan, 2, 3)))

    return [max(found, key=lambda one: rank(one[0]))]


def _hash(plan: Operator) -> int:
    """ExplainPlanRows.hashCode."""
    rows = hashing.of_list(
        hashing.of_list((string_hash(text), number, parent)) for text, number, parent in numbered(plan, 2, 3)
    )
    flags = (plan.has(EMPTY), plan.has(ENTIRE), False)
    return hashing.signed(hashing.of_list((rows, *map(hashing.of_boolean, flags))))


# --- above the segments


def _combined(query: Asked) -> str:
    if query.aggregations:
        return "COMBINE_GROUP_BY" if query.keys else "COMBINE_AGGREGATE"
    if query.distinct:
        return "COMBINE_DISTINCT"
    if not query.orders or query.limit == 0:
        return "COMBINE_SELECT"
    by_extremes = isinstance(query.orders[0].expression, Column)
    return "COMBINE_SELECT_ORDERBY_MINMAX" if by_extremes else "COMBINE_SELECT_ORDERBY"


def _reduce(query: Asked) -> str:
    parts = []
    if query.having is not None:
        parts.append(f"havingFilter:{query.having}")
    if query.orders:
        parts.append(f"sort:[{', '.join(map(str, query.orders))}]")
    parts.append(f"limit:{query.limit}")
    later = tuple(dict.fromkeys(_after(query)))
    if later:
        parts.append(f"postAggregations:{', '.join(text for text, _ in ordered(later, grown=True))}")
    return f"BROKER_REDUCE({','.join(parts)})"


def _after(query: Asked) -> Iterator[str]:
    """What is calculated from aggregations (QueryContextUtils.collectPostAggregations)."""
    compared = [one.left for one in query.having.everywhere()] if query.having is not None else []
    for node in [*query.items, *compared, *(one.expression for one in query.orders), *query.keys]:
        if isinstance(node, Call) and find_aggregate(node.name) is None and _aggregates(node):
            yield str(node)


def _aggregates(call: Call) -> bool:
    return any(find_aggregate(one.name) is not None for one in calls_in(call))
