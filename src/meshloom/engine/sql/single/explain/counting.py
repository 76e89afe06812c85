"""The counters of an ordinary query's answer: what Pinot would have looked at for it (ExecutionStatistics). Of a table
of a few rows its iterators are followed document by document, once for a query as long as the rows stay the same; of a
greater one it is told from what is known of its segments."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from meshloom.engine.sql.single.explain.condition import FALSE
from meshloom.engine.sql.single.explain.documents import Matches
from meshloom.engine.sql.single.explain.looking import Looked, looked_at, of_one
from meshloom.engine.sql.single.explain.planned import Planned, Query
from meshloom.engine.sql.single.explain.pruning import Kept
from meshloom.engine.sql.single.explain.segment import columns_of

UNASKED = dict.fromkeys(
    ("numServersQueried", "numServersResponded", "numSegmentsQueried", "numSegmentsProcessed", "numSegmentsMatched",
     "numDocsScanned", "numEntriesScannedPostFilter", "totalDocs"), 0,
)  # fmt: skip
LOG = logging.getLogger(__name__)
FEW = 1_000  # rows of a table that is followed document by document


class Counting:
    """Satisfies `Counters`: asks when it is asked, and remembers."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._found: Mapping[str, int] | None = None

    def __call__(self, rows: int, documents: int | None) -> Mapping[str, int]:
        found = self._found
        if found is None:
            try:
                found = counters(self._query, rows, documents)
            except Exception as error:  # a counter is not worth an answer, whatever became of it
                LOG.warning("The counters of an answer could not be told (%s)", type(error).__name__)
                found = {}
            self._found = found
        return found


def counters(query: Query, rows: int, documents: int | None) -> Mapping[str, int]:
    """The answer's fields; none for a table of several, or with upserts, whose segments are not all that is read."""
    relation = query.relation
    known = relation.config.name == relation.found_by and not relation.superseded
    if not known or query.statement.option("asOf") or not relation.segments:
        return {}
    few = relation.rows <= FEW
    planned = Planned(query, bloom=few)
    if planned.asked.filter == FALSE:  # the broker answers by itself
        return UNASKED
    kept = planned.kept()
    totals = _followed(planned, kept, documents) if few else _estimated(planned, kept, rows, documents)
    return {
        "numDocsScanned": totals.documents,
        "numEntriesScannedInFilter": totals.in_filter,
        "numEntriesScannedPostFilter": totals.post_filter,
        "numSegmentsProcessed": len(kept.segments),
        "numSegmentsMatched": totals.matched,
        **kept.counters,
    }


@dataclass(slots=True)
class _Totals:
    documents: int = 0
    in_filter: int = 0
    post_filter: int = 0
    matched: int = 0

    def add(self, looked: Looked) -> None:
        self.documents += looked.documents
        self.in_filter += looked.in_filter
        self.post_filter += looked.post_filter
        self.matched += looked.documents > 0


def _followed(planned: Planned, kept: Kept, documents: int | None) -> _Totals:
    asked, trees, totals = planned.asked, planned.trees(), _Totals()
    if asked.keys and not asked.limit:
        return totals
    plans = {segment: planned.segment(segment, trees) for segment in kept.segments}
    if len(plans) == 1 and documents is not None:
        ((segment, plan),) = plans.items()
        looked = of_one(plan, planned.contents, segment, documents)
        if looked is not None:
            totals.add(looked)
            return totals
    matches = Matches(planned, plans)
    left = asked.limit
    for segment in matches.in_order():
        if asked.selection and not asked.orders and left <= 0:
            break
        if matches.behind(segment):
            break
        looked = looked_at(plans[segment], asked, matches, segment)
        totals.add(looked)
        left -= looked.documents
        matches.seen(segment)
        if matches.enough(segment):
            break
    return totals


def _estimated(planned: Planned, kept: Kept, rows: int, documents: int | None) -> _Totals:
    """Of a great table: at most what is told as looked at in the filter."""
    asked, contents = planned.asked, planned.contents
    held = sum(contents.documents[segment] for segment in kept.segments)
    if documents is None:
        all_ = asked.filter is None and (not asked.selection or bool(asked.orders))
        documents = held if all_ else rows
    scans = 0
    for one in asked.filter.everywhere() if asked.filter is not None else ():
        if one.kind not in ("AND", "OR", "NOT"):
            info = contents.relation.columns.get(one.column)
            scans += info is None or not info.indexes & {"inverted", "range", "sorted", "json", "text", "h3"}
    read = [*(x for one in asked.aggregations for x in one.inputs), *asked.keys]
    if not asked.aggregations:
        read = [*asked.items, *(one.expression for one in asked.orders)]
    matched = len(kept.segments) if documents else 0
    return _Totals(documents, scans * held, documents * len(columns_of(read)), matched)
