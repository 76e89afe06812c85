"""Estimates that depend on the values alone: the numbers are those of Apache Pinot 1.5.1's own classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshloom.engine.cluster import Cluster
from meshloom.engine.sql.functions.hyperloglog_plus import of_bytes

ROWS = 120_000
HLL_PLUS = {
    "distinctCountHLLPlus(s)": 119975, "distinctCountHLLPlus(i)": 29949, "distinctCountHLLPlus(d)": 52442,
    "distinctCountHLLPlus(s, 10)": 113888, "distinctCountHLLPlus(i, 12)": 30053, "distinctCountHLLPlus(d, 6)": 47426,
    "distinctCountHLLPlus(i, 4)": 32168, "distinctCountHLLPlus(i, 18)": 30015, "distinctCountHLLPlus(d, 19)": 52049,
    "distinctCountHLLPlus(s, 14, 20)": 119975, "distinctCountHLLPlus(i, 12, 25)": 30053,
    "distinctCountHLLPlus(d, 16, 25)": 51913,
}  # fmt: skip
SEGMENTS = [[(5, 1.9), (1, 2.9), (1, 3.9), (9, 4.9), (9, 5.9)], [(1, 6.9), (9, 7.9)]]


def schema(name: str, **kinds: str) -> dict[str, object]:
    return {"schemaName": name, "dimensionFieldSpecs": [{"name": n, "dataType": kind} for n, kind in kinds.items()]}


def table(cluster: Cluster, name: str, files: list[Path], **kinds: str) -> None:
    cluster.controller.add_schema(schema(name, **kinds))
    config = {"tableName": name, "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {}}
    cluster.controller.add_table({**config, "tableIndexConfig": {}})
    for file in files:
        cluster.controller.ingest_file(f"{name}_OFFLINE", file, {"inputFormat": "json"})


def test_hyperloglog_plus(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    rows = ({"s": f"user{k}", "i": k * 7 % 30011, "d": (k % 52000) / 7} for k in range(ROWS))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    cluster = Cluster.open(tmp_path / "engine")
    try:
        table(cluster, "big", [file], s="STRING", i="INT", d="DOUBLE")
        found = cluster.broker.query(f"SELECT {', '.join(HLL_PLUS)} FROM big")["resultTable"]["rows"][0]
        assert found == list(HLL_PLUS.values())
        some = "SELECT distinctCountHLLPlus(d) FROM big WHERE d < {}"
        assert cluster.broker.query(some.format(2000))["resultTable"]["rows"] == [[14101]]
        assert cluster.broker.query(some.format(-1))["resultTable"]["rows"] == [[0]]
        refused = cluster.broker.query("SELECT distinctCountHLLPlus(s, 3) FROM big")
        assert "p must be between 4 and sp" in refused["exceptions"][0]["message"]
    finally:
        cluster.close()


def test_rows_of_one_time(tmp_path: Path) -> None:
    files = []
    for place, rows in enumerate(SEGMENTS):
        files.append(tmp_path / f"{place}.json")
        files[-1].write_text("".join(json.dumps({"t": t, "v": v}) + "\n" for t, v in rows))
    cluster = Cluster.open(tmp_path / "engine")
    try:
        table(cluster, "ties", files, t="LONG", v="DOUBLE")
        asked = "firstWithTime(v, t, 'DOUBLE'), lastWithTime(v, t, 'DOUBLE'), percentileEst(v, 50)"
        assert cluster.broker.query(f"SELECT {asked} FROM ties")["resultTable"]["rows"] == [[3.9, 5.9, 4]]
    finally:
        cluster.close()


@pytest.mark.parametrize(
    ("text", "hashed"),
    [("", -7207201254813729732), ("a", 584566915021039271), ("hello", -4155090522938856779),
     ("12345678", 1123327355903392148), ("h\u00e9llo world, long text", 2133761190619691625)],
)  # fmt: skip
def test_hash(text: str, hashed: int) -> None:
    """MurmurHash.hash64 of stream-lib 2.9."""
    assert of_bytes(text.encode()) == hashed % 2**64
