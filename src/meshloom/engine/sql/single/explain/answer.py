"""The rows of a plan: what the broker does, how segments are combined, and the plan that most segments have
(ExplainPlanDataTableReducer; with `explainPlanVerbose` all plans)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.java_maps import ordered, string_hash
from meshloom.engine.sql.single.explain import hashing
from meshloom.engine.sql.single.explain.condition import FALSE
from meshloom.engine.sql.single.explain.expression import Call, Column, calls_in
from meshloom.engine.sql.single.explain.operator import EMPTY, ENTIRE, Operator, numbered
from meshloom.engine.sql.single.explain.planned import Planned, Query
from meshloom.engine.sql.single.explain.pruning import Kept
from meshloom.engine.sql.single.explain.query import Asked
from meshloom.engine.sql.typed import literal_sql

COLUMNS = (
    OutputColumn("Operator", "STRING"),
    OutputColumn("Operator_Id", "INT"),
    OutputColumn("Parent_Id", "INT"),
)
BROKER = [("BROKER_EVALUATE", 0, -1)]  # what the broker answers by itself

NOTHING = dict.fromkeys(
    ("numDocsScanned", "numEntriesScannedPostFilter", "numSegmentsProcessed", "numSegmentsMatched"), 0
)

Row = tuple[str, int, int]


def explained(query: Query) -> Compiled:
    """The plan as an answer's rows. Raises PinotError as the query itself would."""
    planned = Planned(query)
    asked, documents, name = planned.asked, planned.contents.documents, query.relation.name
    generation = query.relations.generation
    if asked.filter == FALSE or not documents:
        return told(BROKER, (name,), generation)
    rows: list[Row] = [(_reduce(asked), 1, 0)]
    found = planned.kept()
    if not found.segments:
        rows += [(_start(len(documents)), -1, -1), ("ALL_SEGMENTS_PRUNED_ON_SERVER", 2, 1)]
        return told(rows, (name,), generation, found.counters)
    trees = planned.trees()
    plans = Counter(planned.segment(segment, trees) for segment in found.segments)
    rows.append((_combined(asked), 2, 1))
    for plan, count in _shown(plans, query.statement.flag("explainPlanVerbose")):
        rows += [(_start(count), -1, -1), *numbered(plan, 2, 3)]
    return told(rows, (name,), generation, _counters(plans, found))


def _counters(plans: Counter[Operator], found: Kept) -> dict[str, int]:
    """What the answer tells besides: in how many segments nothing passes the filter, in how many all does."""
    return {
        **found.counters,
        "explainPlanNumEmptyFilterSegments": sum(n for plan, n in plans.items() if plan.has(EMPTY)),
        "explainPlanNumMatchAllFilterSegments": sum(n for plan, n in plans.items() if plan.has(ENTIRE)),
    }


def told(
    rows: Iterable[Row], tables: tuple[str, ...], generation: int, counters: Mapping[str, int] = NOTHING
) -> Compiled:
    """An answer that is made of rows already: no document is looked at for it."""
    values = ", ".join(f"({literal_sql(text)}, {number}, {parent})" for text, number, parent in rows)
    sql = f"SELECT * FROM (VALUES {values}) AS plan"
    return Compiled(sql, COLUMNS, tables, generation, counters=lambda *_: {**NOTHING, **counters})


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
