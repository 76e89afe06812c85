"""Names of tables with a database in front (DatabaseUtils)."""

from __future__ import annotations

from typing import Any

import pytest

MULTI = {"useMultistageEngine": "true"}
ENGINES = pytest.mark.parametrize("engine", [{}, MULTI], ids=["single", "multi"])


def schema(name: str) -> dict[str, Any]:
    return {"schemaName": name, "dimensionFieldSpecs": [{"name": "n", "dataType": "STRING"}]}


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    made = new_tables()
    made.add(schema("orders"), [{"n": "mine"}])
    made.add(schema("shop.orders"), [{"n": "theirs"}])
    return made


@ENGINES
@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT n FROM orders", "mine"),
        ("SELECT n FROM default.orders", "mine"),
        ("SELECT n FROM shop.orders", "theirs"),
        ('SELECT n FROM "shop.orders"', "theirs"),
        ("SELECT orders.n FROM shop.orders", "theirs"),
        ("SELECT o.n FROM shop.orders AS o", "theirs"),
        ("SET database='shop'; SELECT n FROM orders", "theirs"),
        ("SET database='shop'; SELECT n FROM shop.orders", "theirs"),
        ("SET database='default'; SELECT n FROM orders", "mine"),
    ],
)
def test_which_table_is_meant(tables: Any, engine: dict[str, str], sql: str, found: str) -> None:
    assert tables.rows(sql, **engine) == [[found]]


@ENGINES
@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT n FROM none.orders", 190),
        ("SELECT n FROM a.b.orders", 700),
        ("SET database='shop'; SELECT n FROM default.orders", 700),
        ("SET database='none'; SELECT n FROM orders", 190),
    ],
)
def test_what_is_not_there(tables: Any, engine: dict[str, str], sql: str, code: int) -> None:
    assert tables.error(sql, **engine)[0] == code


def test_names_of_with_have_no_database(tables: Any) -> None:
    sql = "SET database='shop'; WITH orders AS (SELECT n FROM shop.orders) SELECT n FROM orders"
    assert tables.rows(sql, **MULTI) == [["theirs"]]
