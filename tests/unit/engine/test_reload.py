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
