"""The rules of Pinot's planner (PinotQueryRuleSets), in its order: the basic ones each on its own, then filters and
projections pushed down and what is left over pruned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meshloom.engine.sql.multi.explain.rel import Rel
from meshloom.engine.sql.multi.explain.rules import (
    aggregates,
    constants,
    filters,
    joins,
    projects,
    prune,
    unions,
    windows,
)

Rule = Callable[[Rel], Rel | None]
MOST = 2_000  # applications of rules to one plan
FILTERS: tuple[Rule, ...] = (filters.into_join, filters.through_aggregate, filters.through_set, filters.through_project)
PROJECTS: tuple[Rule, ...] = (projects.through_filter, projects.through_join, projects.merge)
PRUNED: tuple[Rule, ...] = (
    aggregates.over_project, projects.merge, projects.remove, filters.merge, aggregates.remove, prune.sort,
    prune.empty,
)  # fmt: skip


def optimized(rel: Rel, fold: constants.Fold) -> Rel:
    """`fold` works out a call of constants; None where it cannot."""
    basic: tuple[Rule, ...] = (
        filters.into_join, filters.through_aggregate, filters.through_set, projects.through_join,
        projects.through_set, filters.through_project, filters.of_join, projects.remove, windows.of_project,
        windows.transposed, constants.in_projects(fold), constants.in_filters(fold), joins.push_expressions,
        joins.to_semi_join, unions.to_distinct, aggregates.remove, aggregates.through_join, aggregates.reduce,
        aggregates.case_to_filter,
    )  # fmt: skip
    for rule in basic:
        rel = applied(rel, (rule,))
    for rules in (FILTERS, PROJECTS, FILTERS, PRUNED):
        rel = applied(rel, rules)
    return rel


def applied(rel: Rel, rules: Sequence[Rule]) -> Rel:
    """Each rule wherever it matches, from the top down, until none does."""
    budget = [MOST]
    while True:
        found = _visited(rel, rules, budget)
        if found == rel or budget[0] <= 0:
            return found
        rel = found


def _visited(rel: Rel, rules: Sequence[Rule], budget: list[int]) -> Rel:
    rel = _applied_here(rel, rules, budget)
    if not rel.inputs:
        return rel
    inputs = [_visited(inner, rules, budget) for inner in rel.inputs]
    return rel if all(a is b for a, b in zip(inputs, rel.inputs, strict=True)) else rel.over(inputs)


def _applied_here(rel: Rel, rules: Sequence[Rule], budget: list[int]) -> Rel:
    again = True
    while again and budget[0] > 0:
        again = False
        for rule in rules:
            found = rule(rel)
            if found is not None and found != rel:
                budget[0] -= 1
                rel, again = found, True
                break
    return rel
