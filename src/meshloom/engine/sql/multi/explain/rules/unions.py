"""UNION as UNION ALL whose rows are made distinct (UnionToDistinctRule)."""

from __future__ import annotations

from dataclasses import replace

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.rel import Rel, SetOp


def to_distinct(rel: Rel) -> Rel | None:
    if not isinstance(rel, SetOp) or rel.kind != "Union" or rel.all:
        return None
    return builder.aggregate(replace(rel, all=True), range(len(rel.columns)), ())
