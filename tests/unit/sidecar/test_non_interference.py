"""What is forbidden does not matter: the same question over data that differ only in forbidden values has one answer.

Two tables hold the same visible rows. In one, hidden rows and masked values are others, and there are more of them.
Each generated question is asked of both; columns, types, rows, counters and errors must be the same. Every leak that
was found stands as a case of its own below.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshloom.errors import MeshloomError
from meshloom.quantum.sidecar.sidecar import Sidecar
from meshloom.spec.identity import Principal

from .questions import Question

QUESTIONS = 10_000
AT = datetime(2026, 11, 23, tzinfo=UTC)
ANN = Principal("ann", frozenset({"team"}))
COLUMNS = {
    "id": "integer", "region": "string", "name": "string", "amount": "number", "salary": "number", "note": "string",
    "born": "timestamp",
}  # fmt: skip
VISIBLE = [(i, "ns"[i % 2], f"{'abc'[i % 3]}", i * 10.5, None if i == 4 else i) for i in range(1, 9)]


def values(secret: int) -> str:
    """The visible rows, with masked values of one kind or the other, among hidden rows."""
    rows = []
    for i, region, name, amount, _ in VISIBLE:
        salary = [f"{1000 + i}.0", "0.0", "NULL"][(i + secret) % 3] if secret else f"{i * 7}.5"
        note = f"'{secret * i}'" if secret else f"'x{i}'"
        born = f"TIMESTAMP '1990-0{1 + secret}-0{i} 10:00:00'"
        rows.append(f"({i}, '{region}', '{name}', {amount}, {salary}, {note}, {born})")
        for hidden in range(1 + secret * 2):
            rows.append(
                f"({100 + hidden}, 'secret', '{'zq'[secret]}{i}', {-5.0 * secret}, {9e9 * secret}, 'h{secret}',"
                f" TIMESTAMP '20{10 + secret}-01-01 00:00:00')"
            )
    return f"VALUES {', '.join(rows)}"


def verdict(document: Mapping[str, Any]) -> Mapping[str, Any]:
    if document["port"]["product"] == "other":
        return {"allow": ["open"]}
    return {
        "allow": ["some of it"],
        "row_filters": [{"column": "region", "operator": "in", "values": ["n", "s"]}],
        "column_masks": [
            {"column": "salary", "kind": "null"},
            {"column": "note", "kind": "constant", "value": "hidden"},
            {"column": "born", "kind": "year"},
        ],
    }


@pytest.fixture(scope="module")
def door(lasting: Any) -> Sidecar:
    for name, secret in (("alpha", 0), ("omega", 1)):
        lasting.publish(lasting.port(name, COLUMNS, actual_time="born"), values(secret), at=AT)
    lasting.publish(lasting.port("other", COLUMNS), values(0).replace("'secret'", "'o'"))
    sidecar: Sidecar = lasting.sidecar(verdict)
    return sidecar


def told(door: Sidecar, sql: str, table: str, multistage: bool) -> object:
    """Everything that a reader learns of an answer, but for times and ids."""
    options = {"useMultistageEngine": str(multistage).lower()}
    try:
        document = door.query(ANN, "work", sql.format(t=table), options=options).document
    except MeshloomError as error:
        return type(error).__name__, str(error).replace(table, "T")
    result = document.pop("resultTable")
    rows = [repr([0.0 if value == 0 else value for value in row]) for row in result["rows"]]
    counters = {key: value for key, value in document.items() if key.startswith("num") or key == "totalDocs"}
    return result["dataSchema"], sorted(rows), counters


def assert_same(door: Sidecar, sql: str, multistage: bool) -> object:
    left, right = told(door, sql, "alpha", multistage), told(door, sql, "omega", multistage)
    assert left == right, sql
    return left


def test_generated_questions_have_one_answer(door: Sidecar) -> None:
    answered = 0

    @settings(
        max_examples=QUESTIONS, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**48))
    def ask(seed: int) -> None:
        nonlocal answered
        question = Question(seed)
        answer = assert_same(door, question.text, question.multistage)
        answered += isinstance(answer, tuple) and len(answer) == 3

    ask()
    # A door that refuses everything leaks nothing either: most questions must really have been answered.
    assert answered > QUESTIONS * 0.6


@pytest.mark.parametrize("multistage", [False, True], ids=["single-stage", "multi-stage"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM {t}",
        "SELECT max(salary), minstring(note), count(salary) FROM {t}",
        "SELECT id FROM {t} WHERE salary > 5 ORDER BY id",
        "SELECT id FROM {t} ORDER BY salary, id",
        "SELECT note, count(*) FROM {t} GROUP BY note HAVING max(salary) > 0",
        "SELECT id AS salary FROM {t} WHERE region = 'secret' ORDER BY salary LIMIT 5",
        "SELECT sum(id) FILTER (WHERE salary > 100) FROM {t}",
        "SELECT id FROM {t} WHERE cast(name AS int) = 1 ORDER BY id",
        "SELECT id FROM {t} WHERE 1 / (id - 100) > 0 ORDER BY id",
        "SELECT DISTINCT region FROM {t} ORDER BY region LIMIT 100",
        "SELECT id FROM {t} WHERE region = 'secret' OR 1 = 1 ORDER BY id LIMIT 100",
        "SELECT _actual_time, _tags FROM {t} ORDER BY id LIMIT 100",
        'SELECT "Salary", "NOTE" FROM {t} ORDER BY id LIMIT 100',
        "SELECT case when salary > 100 then 'rich' else 'poor' end, count(*) FROM {t} GROUP BY 1",
    ],
)
def test_known_ways_to_look_behind(door: Sidecar, sql: str, multistage: bool) -> None:
    assert_same(door, sql, multistage)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH {t} AS (SELECT * FROM {t}) SELECT * FROM {t}",
        "WITH w AS (SELECT * FROM {t}) SELECT max(w.salary) FROM w",
        "SELECT * FROM (SELECT * FROM {t}) {t} ORDER BY id LIMIT 100",
        "SELECT a.id FROM {t} a JOIN {t} b ON a.salary = b.salary ORDER BY a.id LIMIT 100",
        "SELECT id FROM other WHERE salary IN (SELECT salary FROM {t}) ORDER BY id",
        "SELECT id FROM other o WHERE EXISTS (SELECT 1 FROM {t} x WHERE x.id > 99) ORDER BY id",
        "SELECT name FROM {t} EXCEPT SELECT name FROM other",
        "SELECT (SELECT max(amount) FROM {t}) FROM other LIMIT 1",
    ],
)
def test_known_ways_around_in_several_stages(door: Sidecar, sql: str) -> None:
    assert_same(door, sql, multistage=True)


def test_the_two_tables_do_differ(door: Sidecar) -> None:
    """Without a policy the same questions do tell them apart, or the test would prove nothing."""
    broker = door._broker
    for sql in ("SELECT count(*) FROM {t}", "SELECT max(salary) FROM {t}", "SELECT note FROM {t} WHERE id = 3"):
        left, right = (broker.query(sql.format(t=table))["resultTable"]["rows"] for table in ("alpha", "omega"))
        assert left != right
