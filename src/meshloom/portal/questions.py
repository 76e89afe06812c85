"""Questions to begin with, made from what the contracts say: nobody wrote them for a particular mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshloom.mesh.views import ContractDescription, Description
from meshloom.portal import chart

OPEN = ("", "public", "internal")
COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Question:
    """What it asks in words, and the SQL."""

    title: str
    sql: str


def questions(tables: Sequence[tuple[Description, str, ContractDescription]]) -> tuple[Question, ...]:
    """At most three: how many rows of the largest table, a table with columns that are not for everybody, a sum over
    time. `tables` are those that can be asked, with their names in SQL."""
    found = []
    largest = max(tables, key=lambda one: _rows(one[0], one[2]), default=None)
    if largest is not None:
        found.append(Question(f"How many {_noun(largest[2])} are for me?", f"SELECT COUNT(*) FROM {largest[1]}"))
    for _, name, contract in tables:
        closed = [column.name for column in contract.columns if column.classification not in OPEN]
        if closed:
            wanted = ", ".join([*contract.primary_key, *closed][: COLUMNS + 1])
            title = f"Who may see {' and '.join(closed[:2])}?"
            found.append(Question(title, f"SELECT {wanted} FROM {name} LIMIT 10"))
            break
    for _, name, contract in tables:
        axes = chart.axes(contract)
        if axes is not None:
            by = next((key for key in contract.primary_key if key != axes.time), axes.time)
            sql = (
                f"SELECT {by}, SUM({axes.measure}) FROM {name} GROUP BY {by} ORDER BY SUM({axes.measure}) DESC LIMIT 10"
            )
            found.append(Question(f"The ten highest: {axes.titles[axes.measure].lower()} by {by}", sql))
            break
    return tuple(found)


def _rows(about: Description, contract: ContractDescription) -> int:
    return next((one.rows for one in about.publishes if one.contract == contract.id), 0)


def _noun(contract: ContractDescription) -> str:
    entity = str((contract.semantics or {}).get("entity", "row"))
    return entity if entity.endswith("s") else f"{entity}s"
