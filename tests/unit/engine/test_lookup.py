"""Dimension tables and lookUp in both engines."""

from __future__ import annotations

from typing import Any

import pytest

STORES = {
    "schemaName": "stores",
    "dimensionFieldSpecs": [
        {"name": "chain", "dataType": "STRING"}, {"name": "id", "dataType": "INT"},
        {"name": "town", "dataType": "STRING"},
    ],
    "metricFieldSpecs": [{"name": "area", "dataType": "DOUBLE"}],
    "primaryKeyColumns": ["chain", "id"],
}  # fmt: skip
SALES = {
    "schemaName": "sales",
    "dimensionFieldSpecs": [{"name": "chain", "dataType": "STRING"}, {"name": "store", "dataType": "INT"}],
    "metricFieldSpecs": [{"name": "amount", "dataType": "LONG"}],
}
TOWN = "lookUp('stores', 'town', 'chain', chain, 'id', store)"


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    stores = [
        {"chain": "x", "id": 1, "town": "Bern", "area": 10.5},
        {"chain": "x", "id": 2, "town": "Basel", "area": 20},
        {"chain": "y", "id": 1, "town": "Genf", "area": 30},
        {"chain": "y", "id": 1, "town": "Geneva", "area": 31},
    ]
    refresh = {"replication": "1", "segmentPushType": "REFRESH"}
    found.add(STORES, stores, isDimTable=True, segmentsConfig=refresh)
    sales = [("x", 1, 5), ("x", 2, 7), ("x", 1, 1), ("y", 1, 4), ("z", 9, 2)]
    found.add(SALES, [{"chain": c, "store": s, "amount": a} for c, s, a in sales])
    return found


def test_each_row_finds_the_newest_of_its_key(tables: Any) -> None:
    found = tables.rows(f"SELECT chain, store, {TOWN} FROM sales ORDER BY amount LIMIT 10")
    assert [row[2] for row in found] == ["Bern", "null", "Geneva", "Bern", "Basel"]


def test_groups_filters_and_nulls(tables: Any) -> None:
    found = tables.rows(f"SELECT {TOWN} AS town, sum(amount) FROM sales GROUP BY town ORDER BY town")
    assert found == [["Basel", 7.0], ["Bern", 6.0], ["Geneva", 4.0], ["null", 2.0]]
    assert tables.rows(f"SELECT count(*) FROM sales WHERE {TOWN} = 'Bern'") == [[2]]
    missing = f"SELECT {TOWN} FROM sales WHERE chain = 'z'"
    assert tables.rows(missing, enableNullHandling="true") == [[None]]


def test_the_multi_stage_engine_looks_up_too(tables: Any) -> None:
    area = "lookup('stores', 'area', 'chain', chain, 'id', store)"
    found = tables.rows(f"SELECT sum({area}) FROM sales", useMultistageEngine="true")
    assert found == [[10.5 + 20 + 10.5 + 31]]


@pytest.mark.parametrize(
    ("call", "code", "says"),
    [
        ("lookup('stores', 'town', 'chain', chain)", 200, "primary key (chain, id)"),
        ("lookup('stores', 'street', 'chain', chain, 'id', store)", 200, "stores:street"),
        ("lookup('sales', 'amount', 'chain', chain)", 200, "Dimension table does not exist: sales"),
        ("lookup('nothing', 'amount', 'chain', chain)", 200, "Dimension table does not exist: nothing"),
        ("lookup('stores', 'town', 'chain')", 700, "even number"),
        ("lookup(chain, 'town', 'chain', chain)", 700, "by texts"),
    ],
)
def test_what_cannot_be_looked_up_says_why(tables: Any, call: str, code: int, says: str) -> None:
    found, message = tables.error(f"SELECT {call} FROM sales")
    assert found == code
    assert says in message
