"""A query's plan in each segment that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.single.explain.condition import TRUE
from meshloom.engine.sql.single.explain.contents import VIRTUAL, Contents
from meshloom.engine.sql.single.explain.filters import Filters, Indexes
from meshloom.engine.sql.single.explain.folding import Folder
from meshloom.engine.sql.single.explain.operator import Operator
from meshloom.engine.sql.single.explain.pruning import Kept, kept
from meshloom.engine.sql.single.explain.query import Asked, asked
from meshloom.engine.sql.single.explain.segment import SegmentPlan
from meshloom.engine.sql.single.explain.startree import StarTree, trees_of
from meshloom.engine.sql.source import source_of
from meshloom.engine.sql.statement import Statement


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked, of a table that has the virtual columns besides its own."""

    statement: Statement
    select: exp.Select
    relation: Relation
    relations: Relations
    limit: int
    offset: int


class Planned:
    """Raises PinotError as the query itself would."""

    def __init__(self, query: Query, *, bloom: bool = True) -> None:
        self.statement = query.statement
        relation = replace(query.relation, columns={**query.relation.columns, **VIRTUAL})
        self.contents = Contents(relation, query.relations, source_of(relation, query.statement))
        folder = Folder(relation, query.relations)
        found = asked(query.statement, query.select, relation, folder.folded, query.limit, query.offset)
        self.asked: Asked = replace(found, filter=None) if found.filter == TRUE else found
        self.indexes = Indexes.of(relation, query.statement)
        self._bloom = bloom

    def kept(self) -> Kept:
        return kept(self.asked, self.contents, self.indexes, bloom=self._bloom)

    def trees(self) -> Sequence[StarTree]:
        relation = self.contents.relation
        used = self.statement.option("useStarTree").lower() != "false"
        return list(trees_of(relation.config, relation)) if used else []

    def segment(self, segment: int, trees: Sequence[StarTree]) -> Operator:
        filters = Filters(self.contents, self.indexes, segment, nulls=self.statement.null_handling)
        return SegmentPlan(self.asked, filters, trees, self.statement.flag("allowReverseOrder")).operator()
