"""Dimension tables and lookUp in both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster

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


def table(name: str, **more: Any) -> dict[str, Any]:
    common = {"tenants": {}, "tableIndexConfig": {}, "metadata": {}}
    return {"tableName": name, "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}} | common | more


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("engine")
    found = Cluster.open(home)
    for schema in (STORES, SALES):
        found.controller.add_schema(schema)
    refresh = {"replication": "1", "segmentPushType": "REFRESH"}
    found.controller.add_table(table("stores", isDimTable=True, segmentsConfig=refresh))
    found.controller.add_table(table("sales"))
    stores = [
        {"chain": "x", "id": 1, "town": "Bern", "area": 10.5},
        {"chain": "x", "id": 2, "town": "Basel", "area": 20},
        {"chain": "y", "id": 1, "town": "Genf", "area": 30},
        {"chain": "y", "id": 1, "town": "Geneva", "area": 31},
    ]
    ingest(found, home, "stores", stores)
    sales = [("x", 1, 5), ("x", 2, 7), ("x", 1, 1), ("y", 1, 4), ("z", 9, 2)]
    ingest(found, home, "sales", [{"chain": c, "store": s, "amount": a} for c, s, a in sales])
    yield found
    found.close()


def ingest(cluster: Cluster, home: Path, name: str, rows: list[dict[str, Any]]) -> None:
    file = home / f"{name}.json"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    cluster.controller.ingest_file(f"{name}_OFFLINE", file, {"inputFormat": "json"})


def answer(cluster: Cluster, sql: str, **options: str) -> Any:
    found = cluster.broker.query(sql, options)
    assert not found["exceptions"], found["exceptions"]
    return found["resultTable"]["rows"]


def test_each_row_finds_the_newest_of_its_key(cluster: Cluster) -> None:
    found = answer(cluster, f"SELECT chain, store, {TOWN} FROM sales ORDER BY amount LIMIT 10")
    assert [row[2] for row in found] == ["Bern", "null", "Geneva", "Bern", "Basel"]


def test_groups_filters_and_nulls(cluster: Cluster) -> None:
    found = answer(cluster, f"SELECT {TOWN} AS town, sum(amount) FROM sales GROUP BY town ORDER BY town")
    assert found == [["Basel", 7.0], ["Bern", 6.0], ["Geneva", 4.0], ["null", 2.0]]
    assert answer(cluster, f"SELECT count(*) FROM sales WHERE {TOWN} = 'Bern'") == [[2]]
    missing = f"SELECT {TOWN} FROM sales WHERE chain = 'z'"
    assert answer(cluster, missing, enableNullHandling="true") == [[None]]


def test_the_multi_stage_engine_looks_up_too(cluster: Cluster) -> None:
    area = "lookup('stores', 'area', 'chain', chain, 'id', store)"
    found = answer(cluster, f"SELECT sum({area}) FROM sales", useMultistageEngine="true")
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
def test_what_cannot_be_looked_up_says_why(cluster: Cluster, call: str, code: int, says: str) -> None:
    (error,) = cluster.broker.query(f"SELECT {call} FROM sales")["exceptions"]
    assert error["errorCode"] == code
    assert says in error["message"]
