"""What a segment's plan looks at: documents, entries for the filter, entries behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshloom.engine.sql.single.explain.contents import Contents
from meshloom.engine.sql.single.explain.documents import Matches
from meshloom.engine.sql.single.explain.expression import columns_in
from meshloom.engine.sql.single.explain.iterators import (
    Computed,
    Documents,
    Either,
    Flags,
    Known,
    Others,
    Scan,
    conjunction,
    disjunction,
    drained,
    first,
)
from meshloom.engine.sql.single.explain.operator import Operator
from meshloom.engine.sql.single.explain.query import Asked
from meshloom.engine.sql.single.explain.startree_nodes import walked


@dataclass(frozen=True, slots=True)
class Looked:
    documents: int = 0
    in_filter: int = 0
    post_filter: int = 0


def looked_at(plan: Operator, asked: Asked, matches: Matches, segment: int) -> Looked:
    """As each operator counts (getExecutionStatistics)."""
    rows = matches.rows(segment)
    match plan.name:
        case "AGGREGATE_NO_SCAN":
            return Looked(rows)
        case "AGGREGATE_EMPTY" | "SELECT_EMPTY":
            return Looked()
        case "FAST_FILTERED_COUNT":
            return Looked(_numbers(plan.inputs[0], matches, segment)[0])
        case "DISTINCT_DICTIONARY":
            column = str(asked.items[0])
            kept = min(asked.limit, matches.contents.values(column, segment))
            return Looked(kept, 0, kept)
        case "SELECT" | "SELECT_ORDERBY" | "SELECT_PARTIAL_ORDER_BY_LINEAR" | "SELECT_PARTIAL_ORDER_BY_DESC":
            return _selected(plan, asked, matches, segment)
    found = [_read(one, matches, segment) for one in plan.inputs]
    return Looked(
        sum(one.documents for one in found), sum(one.in_filter for one in found), sum(one.post_filter for one in found)
    )


def of_one(plan: Operator, contents: Contents, segment: int, documents: int) -> Looked | None:
    """What an aggregation looks at whose filter is one predicate, when it is known how many documents passed: without
    asking the rows again. None for another plan."""
    below = _filter(plan) if plan.name in ("AGGREGATE", "GROUP_BY") else None
    if below is None or below.condition is None or below.inputs or not below.condition.column:
        return None
    scanned = below.name == "FILTER_FULL_SCAN"
    column = below.condition.column
    if scanned and (not contents.relation.columns[column].single_value or contents.extent(column, segment).nulls):
        return None
    return Looked(documents, contents.documents[segment] if scanned else 0, documents * _columns(plan))


def _read(plan: Operator, matches: Matches, segment: int) -> Looked:
    below = _filter(plan)
    if below is None:
        return Looked()
    if below.tree is not None:
        count, entries = walked(matches.contents, below.tree, segment)
        return Looked(count, entries, count * _columns(plan))
    count, entries = _numbers(below, matches, segment)
    return Looked(count, entries, count * _columns(plan))


def _selected(plan: Operator, asked: Asked, matches: Matches, segment: int) -> Looked:
    below, (project,) = _filter(plan), plan.inputs
    if below is None:
        return Looked()
    columns, wanted = _columns(project), asked.limit + asked.offset
    if plan.name == "SELECT":
        count, entries = _numbers(below, matches, segment, asked.limit)
        return Looked(count, entries, count * columns)
    sorted_ = plan.text.partition("unsortedList: ()")[1]
    if plan.name == "SELECT_PARTIAL_ORDER_BY_LINEAR" and sorted_:
        count, entries = _numbers(below, matches, segment, wanted)
        return Looked(count, entries, count * columns)
    count, entries = _numbers(below, matches, segment)
    more = 0
    if plan.name == "SELECT_ORDERBY":
        ordered = {one.expression for one in asked.orders}
        rest = {name for item in asked.items if item not in ordered for name in columns_in(item)}
        more = min(count, wanted) * len(rest)
    return Looked(count, entries, count * columns + more)


def _columns(plan: Operator) -> int:
    """How many columns are read."""
    project = next(one for one in plan.everywhere() if one.name == "PROJECT")
    inner = project.text.removeprefix("PROJECT(").removesuffix(")")
    return len(inner.split(", ")) if inner else 0


def _filter(plan: Operator) -> Operator | None:
    found = next((one for one in plan.everywhere() if one.name in ("DOC_ID_SET", "REVERSE_DOC_ID_SET")), None)
    return found.inputs[0] if found is not None else None


def _numbers(plan: Operator, matches: Matches, segment: int, most: int | None = None) -> tuple[int, int]:
    """How many documents pass, of as many as are wanted, and the entries that were looked at for them."""
    rows = matches.rows(segment)
    if plan.entire or plan.empty:
        matches.passed(np.full(rows, not plan.empty))
        return (0 if plan.empty else rows if most is None else min(rows, most)), 0
    documents = _documents(plan, matches, segment)
    flags, entries = drained(documents, rows) if most is None else first(documents, rows, most)
    matches.passed(flags)
    return int(np.count_nonzero(flags)), entries


def _documents(plan: Operator, matches: Matches, segment: int) -> Documents:
    rows = matches.rows(segment)
    match plan.name:
        case "FILTER_AND":
            return conjunction([_documents(one, matches, segment) for one in plan.inputs])
        case "":  # what the query's filter looked at is not counted again for an aggregation's own
            main, own = (_documents(one, matches, segment) for one in plan.inputs)
            return conjunction([Known(drained(main, rows)[0]), own])
        case "FILTER_OR":
            return disjunction([_documents(one, matches, segment) for one in plan.inputs])
        case "FILTER_NOT":
            return _others(plan.inputs[0], matches, segment)
    condition = plan.condition
    if condition is None:
        return Known(np.full(rows, not plan.empty))
    flags = matches.passing(condition, segment)
    if plan.name == "FILTER_EXPRESSION":
        return Computed(flags)
    if plan.name != "FILTER_FULL_SCAN":
        return Known(flags)
    unknown = matches.unknown(condition, segment)
    scan = Scan(flags, matches.widths(condition.column, segment))
    return conjunction([scan, Known(~unknown)]) if matches.nulls and unknown.any() else scan


def _others(plan: Operator, matches: Matches, segment: int) -> Documents:
    """NOT: with nulls handled, also without those where the condition is unknown."""
    rows, condition = matches.rows(segment), plan.condition
    if plan.name == "FILTER_NOT":
        return _documents(plan.inputs[0], matches, segment)
    inner = _documents(plan, matches, segment)
    if plan.name == "FILTER_BITMAP" and condition is not None:
        return Known(~matches.passing(condition, segment))
    if plan.name == "FILTER_EXPRESSION" and condition is not None:
        return Computed(~matches.passing(condition, segment) & ~matches.unknown(condition, segment))
    unknown: Flags = np.zeros(rows, dtype=bool)
    if matches.nulls and condition is not None:
        unknown = matches.unknown(condition, segment)
    return Others(Either([inner, Known(unknown)]) if unknown.any() else inner, rows)
