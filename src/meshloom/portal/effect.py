"""What the policy did to an answer, in words that a reader understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from meshloom.quantum.sidecar.decision import ColumnMask, Decision, RowFilter
from meshloom.quantum.sidecar.sidecar import Answer

OPERATORS = {
    "in": "is one of",
    "not-in": "is none of",
    "=": "is",
    "!=": "is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "is-null": "is empty",
    "not-null": "is not empty",
}
SHOWN_VALUES = 8


@dataclass(frozen=True, slots=True)
class Masked:
    """One column that the reader sees otherwise than it is."""

    column: str
    how: str
    policy: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One decision on one port. `rows` and `masks` are empty when everything was shown as it is."""

    decision: str
    port: str
    product: str
    purpose: str
    rows: tuple[str, ...]
    masks: tuple[Masked, ...]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    policy: str


@dataclass(frozen=True, slots=True)
class Rows:
    """A table to show. `masked` are the columns whose values are not the true ones."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int
    masked: frozenset[str]


def effects(decisions: Sequence[Decision]) -> tuple[Effect, ...]:
    """One for each port that was read."""
    return tuple(
        Effect(
            decision=one.id,
            port=str(one.port),
            product=one.port.product,
            purpose=one.purpose,
            rows=tuple(_filter(condition) for condition in one.filters),
            masks=tuple(Masked(column, _mask(mask), mask.policy) for column, mask in sorted(one.masks.items())),
            reasons=one.reasons,
            warnings=one.warnings,
            policy=one.policy,
        )
        for one in decisions
    )


def rows_of(answer: Answer, limit: int, only: Sequence[str] = ()) -> Rows:
    """The first rows of an answer; `only` picks columns and their order. Columns may share a name, so that values are
    read by position."""
    table, decisions = answer.arrow(), answer.decisions
    types = [column.type for column in answer.result.columns]
    if only:
        places = [table.column_names.index(name) for name in only if name in table.column_names]
        table, types = table.select(places), [types[place] for place in places]
    head = table.slice(0, limit)
    columns = [column.to_pylist() for column in head.columns]
    masked = {name for decision in decisions for name in decision.masks}
    return Rows(
        columns=tuple(table.column_names),
        types=tuple(types),
        rows=tuple(zip(*columns, strict=True)),
        total=table.num_rows,
        masked=frozenset(name for name in table.column_names if name in masked),
    )


def _filter(condition: RowFilter) -> str:
    shown = ", ".join(str(value) for value in condition.values[:SHOWN_VALUES])
    more = len(condition.values) - SHOWN_VALUES
    text = f"{condition.column} {OPERATORS.get(condition.operator, condition.operator)} {shown}".strip()
    return f"{text} and {more} more" if more > 0 else text


def _mask(mask: ColumnMask) -> str:
    if mask.kind == "constant":
        return f"always “{mask.value}”"
    return {"null": "left empty", "hash": "replaced by a pseudonym", "year": "cut to the year"}.get(
        mask.kind, mask.kind
    )
