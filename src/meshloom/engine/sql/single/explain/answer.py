"""The rows of a plan: what the broker does, how segments are combined, and the plan that most segments have
(ExplainPlanDataTableReducer; with `explainPlanVerbose` all plans)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sqlglot import exp

from meshloom.engine.sql.canonical import text_of
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.java_maps import ordered
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.result_names import predicate
from meshloom.engine.sql.single.explain.condition import Condition, condition_of
from meshloom.engine.sql.single.explain.contents import Contents
from meshloom.engine.sql.single.explain.filters import Filters, Indexes, left_out
from meshloom.engine.sql.single.explain.operator import EMPTY, ENTIRE, Operator, numbered
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
    where = select.args.get("where")
    condition = condition_of(where.this, relation) if where is not None else None
    contents = Contents(relation, relations, source_of(relation, statement))
    if (condition is not None and condition.kind == "FALSE") or not contents.documents:
        return told(BROKER, (relation.name,), relations.generation)
    query = asked(select, relation, limit, offset)
    rows: list[Row] = [(_reduce(query), 1, 0)]
    indexes = Indexes.of(relation, statement)
    segments = list(_looked_at(query, condition, contents, indexes))
    if not segments:
        rows += [(_start(len(contents.documents)), -1, -1), ("ALL_SEGMENTS_PRUNED_ON_SERVER", 2, 1)]
        return told(rows, (relation.name,), relations.generation)
    trees = [] if statement.option("useStarTree").lower() == "false" else list(trees_of(relation.config, relation))
    plans: Counter[Operator] = Counter()
    for segment in segments:
        filters = Filters(contents, indexes, segment, nulls=statement.null_handling)
        reverse = statement.option("allowReverseOrder").lower() == "true"
        plans[SegmentPlan(query, condition, filters, trees, reverse).operator()] += 1
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
    """The longest plan that looks for something; failing that, of those that take all, then of those that take none."""

    def size(plan: Operator) -> int:
        return sum(1 for _ in plan.everywhere())

    found = sorted(plans.items(), key=lambda one: size(one[0]))
    if verbose or len(found) == 1:
        return found

    def rank(plan: Operator) -> tuple[int, int]:
        names = {one.name for one in plan.everywhere()}
        return (0 if EMPTY in names else 1 if ENTIRE in names else 2), size(plan)

    return [max(found, key=lambda one: rank(one[0]))]


# --- segments


def _looked_at(query: Asked, condition: Condition | None, contents: Contents, indexes: Indexes) -> Iterator[int]:
    """The segments that are not left out (SelectionQuerySegmentPruner and those by values)."""
    left = [
        one for one in contents.documents if condition is None or not left_out(condition, contents, indexes, one)
    ]  # fmt: skip
    if not query.selection or not left:
        return iter(left)
    if query.limit == 0:
        return iter(left[:1])
    if condition is not None or contents.relation.superseded:
        return iter(left)
    return _in_order(query, left, contents) if query.orders else _first(left, query.limit, contents)


def _first(segments: list[int], wanted: int, contents: Contents) -> Iterator[int]:
    for segment in segments:
        if wanted <= 0:
            return
        yield segment
        wanted -= contents.documents[segment]


def _in_order(query: Asked, segments: list[int], contents: Contents) -> Iterator[int]:
    """By the extremes of the first key: segments behind those that have enough rows are left out."""
    first, descending = query.orders[0].node, query.orders[0].descending
    if not isinstance(first, exp.Column) or first.name not in contents.relation.columns:
        yield from segments
        return
    extents = {one: contents.extent(first.name, one) for one in segments}
    if any(one.least is None for one in extents.values()):
        yield from segments
        return
    if descending:
        segments = sorted(segments, key=lambda one: extents[one].least, reverse=True)
    else:
        segments = sorted(segments, key=lambda one: extents[one].greatest)
    wanted, bound = query.limit + query.offset, None
    for one in segments:
        near, far = extents[one].least, extents[one].greatest
        if descending:
            near, far = far, near
        if wanted > 0:
            yield one
            wanted, bound = wanted - contents.documents[one], far
        elif (near > bound if descending else near < bound) or (near == bound and len(query.orders) > 1):
            yield one


# --- above the segments


def _combined(query: Asked) -> str:
    if query.aggregations:
        return "COMBINE_GROUP_BY" if query.keys else "COMBINE_AGGREGATE"
    if query.distinct:
        return "COMBINE_DISTINCT"
    if not query.orders or query.limit == 0:
        return "COMBINE_SELECT"
    by_extremes = isinstance(query.orders[0].node, exp.Column)
    return "COMBINE_SELECT_ORDERBY_MINMAX" if by_extremes else "COMBINE_SELECT_ORDERBY"


def _reduce(query: Asked) -> str:
    parts = []
    if query.having is not None:
        parts.append(f"havingFilter:{predicate(query.having)}")
    if query.orders:
        parts.append(f"sort:[{', '.join(one.text for one in query.orders)}]")
    parts.append(f"limit:{query.limit}")
    later = tuple(dict.fromkeys(_after(query)))
    if later:
        parts.append(f"postAggregations:{', '.join(text for text, _ in ordered(later, grown=True))}")
    return f"BROKER_REDUCE({','.join(parts)})"


def _after(query: Asked) -> Iterator[str]:
    """What is calculated from aggregations."""
    nodes = [*query.items, *(one.node for one in query.orders), *query.keys]
    if query.having is not None:
        nodes += [side for part in query.having.find_all(exp.Binary) for side in (part.left, part.right)]
    for node in nodes:
        calls = [one for one in node.find_all(exp.Anonymous) if find_aggregate(one.name) is not None]
        if calls and node.unnest() not in calls and not isinstance(node.unnest(), exp.Connector | exp.Predicate):
            yield text_of(node.unnest())
