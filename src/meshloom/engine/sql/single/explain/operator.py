"""One operator of a plan (`toExplainString`) and what it reads from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from meshloom.engine.sql.single.explain.condition import Condition

EMPTY = "FILTER_EMPTY"
ENTIRE = "FILTER_MATCH_ENTIRE_SEGMENT"
COMBINED = ""  # of a query's filter and an aggregation's own


@dataclass(frozen=True, slots=True)
class Operator:
    """`text` with its parameters; equal operators are equal plans, so that segments can be counted by them. `condition`
    is a filter's predicate."""

    text: str
    inputs: tuple[Operator, ...] = ()
    condition: Condition | None = field(default=None, compare=False)
    tree: Any = field(default=None, compare=False)  # an `Answering`, where a star-tree is read

    @property
    def name(self) -> str:
        return self.text.partition("(")[0]

    @property
    def empty(self) -> bool:
        return self.name == EMPTY

    @property
    def entire(self) -> bool:
        return self.name == ENTIRE

    def has(self, name: str) -> bool:
        return any(one.name == name for one in self.everywhere())

    def everywhere(self) -> Iterator[Operator]:
        yield self
        for one in self.inputs:
            yield from one.everywhere()


def numbered(operator: Operator, parent: int, number: int) -> Iterator[tuple[str, int, int]]:
    """Each operator with its number and its parent's, depth first (Operator.explainPlan). One without a text has a
    number and is not told."""
    if operator.text:
        yield operator.text, number, parent
    following = number + 1
    for one in operator.inputs:
        yield from numbered(one, number, following)
        following += sum(1 for _ in one.everywhere())
