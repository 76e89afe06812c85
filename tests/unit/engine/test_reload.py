"""A reload builds a table's rows again; whoever asks meanwhile sees the old rows or the new ones, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster
from meshloom.infra.compute import ComputeError

SCHEMA: dict[str, Any] = {
    "schemaName": "plays",
    "dimensionFieldSpecs": [{"name": "user", "dataType": "STRING"}, {"name": "seconds", "dataType": "INT"}],
}
TABLE: dict[str, Any] = {
    "tableName": "plays", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
    "tableIndexConfig": {}, "metadata": {},
}  # fmt: skip
ROWS, SEGMENTS = 500, 4


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster.open(tmp_path / "engine")
    made.controller.add_schema(SCHEMA)
    made.controller.add_table(TABLE)
    for number in range(SEGMENTS):
        file = tmp_path / f"plays{number}.csv"
        file.write_text("\n".join(["user,seconds", *(f"u{number},{row}" for row in range(ROWS))]) + "\n")
        made.controller.ingest_file("plays_OFFLINE", file, {"inputFormat": "csv"})
    yield made
    made.close()


def counted(cluster: Cluster, options: dict[str, str] | None = None) -> Any:
    answer = cluster.broker.query("SELECT count(*) FROM plays", options or {})
    return answer["exceptions"] or answer["resultTable"]["rows"]


@pytest.mark.parametrize("options", [{}, {"useMultistageEngine": "true"}], ids=["single-stage", "multi-stage"])
def test_queries_go_on_while_a_table_is_reloaded(cluster: Cluster, options: dict[str, str]) -> None:
    seen: list[Any] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            seen.append(counted(cluster, options))

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(5):
        cluster.controller.reload("plays_OFFLINE")
    done.set()
    asking.join()
    assert len(seen) > 1
    assert [one for one in seen if one != [[ROWS * SEGMENTS]]] == []


def test_a_reload_that_fails_leaves_the_rows_that_were_there(cluster: Cluster, tmp_path: Path) -> None:
    *_, last = sorted((tmp_path / "engine").rglob("*.parquet"))
    last.write_bytes(b"no Parquet")
    with pytest.raises(ComputeError):
        cluster.controller.reload("plays_OFFLINE")
    assert counted(cluster) == [[ROWS * SEGMENTS]]


def test_a_reload_takes_up_a_new_column(cluster: Cluster) -> None:
    more = [*SCHEMA["dimensionFieldSpecs"], {"name": "device", "dataType": "STRING", "defaultNullValue": "radio"}]
    cluster.controller.add_schema(SCHEMA | {"dimensionFieldSpecs": more})
    cluster.controller.reload("plays_OFFLINE")
    answer = cluster.broker.query("SELECT device, count(*) FROM plays GROUP BY device", {})
    assert answer["resultTable"]["rows"] == [["radio", ROWS * SEGMENTS]]


ADDED = [
    {"name": "device", "dataType": "STRING", "defaultNullValue": "radio"},
    {"name": "marks", "dataType": "INT", "singleValueField": False},
    {"name": "price", "dataType": "BIG_DECIMAL"},
    {"name": "raw", "dataType": "BYTES"},
]


@pytest.mark.parametrize("options", [{}, {"useMultistageEngine": "true"}], ids=["single-stage", "multi-stage"])
@pytest.mark.parametrize("keeps_nulls", [False, True])
def test_a_new_column_has_its_default_before_a_reload(
    tmp_path: Path, options: dict[str, str], keeps_nulls: bool
) -> None:
    """As after it; and a segment that has the column is taken in beside those that have it not."""
    cluster = Cluster.open(tmp_path / "engine")
    key = {"primaryKeyColumns": ["user"]}
    cluster.controller.add_schema(SCHEMA | key)
    indexing = {"nullHandlingEnabled": keeps_nulls}
    cluster.controller.add_table(TABLE | {"tableIndexConfig": indexing})
    old, new = tmp_path / "old.csv", tmp_path / "new.json"
    old.write_text("user,seconds\nann,1\n")
    new.write_text('{"user": "bob", "seconds": 2, "device": "tv", "marks": [4, 5], "price": 1.5, "raw": "00ff"}\n')
    cluster.controller.ingest_file("plays_OFFLINE", old, {"inputFormat": "csv"})
    more = [*SCHEMA["dimensionFieldSpecs"], *ADDED]
    cluster.controller.add_schema(SCHEMA | key | {"dimensionFieldSpecs": more})

    def rows() -> Any:
        sql = "SET enableNullHandling=true; SELECT user, seconds, device, marks, price, raw FROM plays ORDER BY user"
        answer = cluster.broker.query(sql, options)
        assert not answer["exceptions"], answer["exceptions"]
        return answer["resultTable"]["rows"]

    absent = [None] * 4 if keeps_nulls else ["radio", [-(2**31)], "0", ""]
    before = rows()
    assert before == [["ann", 1, *absent]]
    cluster.controller.reload("plays_OFFLINE")
    assert rows() == before
    cluster.controller.add_schema(SCHEMA | key | {"dimensionFieldSpecs": [*more, {"name": "x", "dataType": "LONG"}]})
    cluster.controller.ingest_file("plays_OFFLINE", new, {"inputFormat": "json"})
    assert rows() == [*before, ["bob", 2, "tv", [4, 5], "1.5", "00ff"]]
    cluster.close()
