"""EXPLAIN's plans against those of others: `plans/README.md` says where each file comes from.

A block is a query (`>`) and its plan. A line `! reason` marks a plan that is not matched, and it must not match: a
mark that is no longer true fails as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from meshloom.engine.sql.multi.explain import sources, text
from meshloom.engine.sql.multi.explain.answer import planned
from meshloom.engine.sql.multi.explain.exchanges import exchanged
from meshloom.engine.sql.multi.explain.rel import Column
from meshloom.engine.sql.multi.explain.types import SqlType, named
from meshloom.engine.sql.statement import parse
from meshloom.infra.compute import Session, open_database

FOLDER = Path(__file__).parent / "plans"
MATCHING = {"calcite": (721, 721), "pinot_joins": (18, 21), "pinot_rules": (17, 17)}

_FRONT = "col1 VARCHAR, col2 VARCHAR, col3 INTEGER, col4 DECIMAL, col5 BOOLEAN, col6 INTEGER"
_TIMES = "ts BIGINT, ts_timestamp TIMESTAMP"
EIGHT = f"{_FRONT}, {_TIMES}"
NINE = f"{_FRONT}, col7 BIGINT, {_TIMES}"
_NULLABLE = ", ".join(f"{column}?" for column in NINE.split(", "))
_TAIL = "tail VARCHAR"
_VIRTUAL = "$docId INTEGER, $hostName VARCHAR, $partitionId VARCHAR, $segmentName VARCHAR"
TABLES = {
    **dict.fromkeys("abcd", NINE),
    **dict.fromkeys("nm", _NULLABLE),
    "e": f"{_FRONT}, col7 BIGINT, mcol1 VARCHAR[], mcol2 BIGINT[], {_TIMES}",
    "flights": f"{_VIRTUAL}, at TIMESTAMP?, late DOUBLE?, legs VARCHAR[]?, miles BIGINT?, "
    "seats INTEGER?, tail VARCHAR?",
    "planes": f"{_VIRTUAL}, engines INTEGER, {_TAIL}",
}
"""Columns of each table: name and type, `[]` of several values, `?` nullable."""


@dataclass(frozen=True)
class Block:
    query: str
    reason: str
    plan: list[str]


def column(spec: str) -> Column:
    name, kind = spec.split()
    plain = named(kind.replace("?", "").replace("[]", ""))
    whole = SqlType("ARRAY", element=plain) if "[]" in kind else plain
    return Column(name, whole.with_null("?" in kind))


@dataclass
class Tables:
    """Satisfies what EXPLAIN asks of `Relations`: columns by name, and values of constants."""

    session: Session
    specs: dict[str, str]
    generation: int = 1

    def find(self, name: str) -> Any:
        if name not in self.specs:
            return None
        return SimpleNamespace(name=name, columns_of=tuple(column(spec) for spec in self.specs[name].split(", ")))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.session.execute(sql).rows()


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    database = open_database(None, 1)
    session = database.cursor()
    yield session
    session.close()
    database.close()


def blocks(path: Path) -> list[Block]:
    found = []
    for part in path.read_text().split("\n\n"):
        lines = part.strip("\n").split("\n")
        if not lines[0].startswith("> "):
            continue
        reason = lines[1] if lines[1].startswith("! ") else ""
        found.append(Block(lines[0][2:], reason, lines[2 if reason else 1 :]))
    return found


@pytest.mark.parametrize("name", MATCHING)
def test_plans(name: str, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "columns_of", lambda relation: relation.columns_of)
    specs = TABLES | (dict.fromkeys("ab", EIGHT) if name == "pinot_joins" else {})
    tables: Any = Tables(session, specs)
    wrong, matching = [], 0
    found = blocks(FOLDER / f"{name}.txt")
    for block in found:
        rel = planned(parse(block.query, {}), tables)
        told = list(text.lines(rel if name == "calcite" else exchanged(rel)))
        matching += told == block.plan
        if (told == block.plan) == bool(block.reason):
            wrong.append("\n".join(["> " + block.query, *told]))
    assert not wrong, "\n\n".join(wrong)
    assert (matching, len(found)) == MATCHING[name]
