"""Sketches: estimates and bytes are those of Apache DataSketches itself, in both engines."""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasketches
import pytest
from pyroaring import BitMap
from sqlglot import exp

from meshloom.engine.cluster import Cluster
from meshloom.engine.sql.functions.sketches import idsets, tuples
from meshloom.engine.sql.functions.sketches.theta import as_java
from meshloom.engine.sql.statement import parse

MANY = 20_000
ENGINES = ["false", "true"]


def theta(values: Any, lg_k: int = 12) -> Any:
    sketch = datasketches.update_theta_sketch(lg_k)
    for value in values:
        sketch.update(value)
    return sketch.compact()


def cpc(values: Any, lg_k: int = 12) -> Any:
    sketch = datasketches.cpc_sketch(lg_k)
    for value in values:
        sketch.update(value)
    return sketch


def summed(pairs: Any) -> bytes:
    sketch = datasketches.update_tuple_sketch(datasketches.AccumulatorPolicy(), 14)
    for key, value in pairs:
        sketch.update(key, value)
    return bytes(sketch.compact().serialize(tuples.form("Sum")))


ROWS = [
    {
        "user": user, "name": f"user {user}", "amount": user / 4, "course": "math" if user % 2 else "art",
        "tags": [user % 3, 7], "sketch": as_java(theta([user, user + 1])).hex(),
        "sums": summed([(user % 5, 2), ("x", 1)]).hex(),
    }
    for user in range(10)
] + [{"user": user, "name": "", "amount": 0.0, "course": "many", "tags": [1], "sketch": "", "sums": ""}
     for user in range(1000, 1000 + MANY)]  # fmt: skip
SCHEMA = {
    "schemaName": "visits",
    "dimensionFieldSpecs": [
        {"name": "user", "dataType": "INT"}, {"name": "name", "dataType": "STRING"},
        {"name": "course", "dataType": "STRING"}, {"name": "sketch", "dataType": "BYTES"},
        {"name": "sums", "dataType": "BYTES"}, {"name": "tags", "dataType": "INT", "singleValueField": False},
        {"name": "amount", "dataType": "DOUBLE"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home: Path = tmp_path_factory.mktemp("engine")
    found = Cluster.open(home)
    found.controller.add_schema(SCHEMA)
    found.controller.add_table(
        {"tableName": "visits", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}
    )  # fmt: skip
    file = home / "visits.json"
    file.write_text("\n".join(json.dumps(row) for row in ROWS))
    found.controller.ingest_file("visits_OFFLINE", file, {"inputFormat": "json"})
    yield found
    found.close()


def one(cluster: Cluster, select: str, engine: str = "false", where: str = "user < 10") -> Any:
    answer = cluster.broker.query(f"SET useMultistageEngine={engine}; SELECT {select} FROM visits WHERE {where}")
    assert not answer["exceptions"], answer["exceptions"]
    ((found,),) = answer["resultTable"]["rows"]
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_theta_estimates_are_the_librarys(cluster: Cluster, engine: str) -> None:
    def count(select: str, where: str = "user < 10") -> Any:
        return one(cluster, select, engine, where)

    assert count("distinctCountThetaSketch(user)") == 10
    everyone = round(theta(range(1000, 1000 + MANY)).get_estimate())
    assert everyone != MANY
    assert count("distinctCountThetaSketch(user)", "user >= 10") == everyone
    large = count("distinctCountThetaSketch(user, 'nominalEntries=32768')", "user >= 10")
    assert large == MANY
    assert count("distinctCountThetaSketch(sketch)") == 11
    assert count("distinctCountThetaSketch(tags)") == 4
    assert count("distinctCountThetaSketch(user) FILTER (WHERE course = 'art')") == 5
    assert count("getThetaSketchEstimate(distinctCountRawThetaSketch(name))") == 10
    assert count("distinctCountThetaSketch(user)", "user < 0") == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SET_INTERSECT($1, $2)", 4), ("SET_UNION($1,$2)", 9), ("SET_DIFF($0, $1)", 5), ("$2", 8),
        ("SET_UNION(SET_DIFF($0, $2), $1, $1)", 6),
    ],
)  # fmt: skip
def test_theta_filters_and_post_aggregation(cluster: Cluster, engine: str, expression: str, expected: int) -> None:
    """Odd users are in math; nine have a number above 1."""
    filters = "'course = ''math''', 'user > 1 AND amount < 100'"
    found = one(cluster, f"distinctCountThetaSketch(user, '', {filters}, '{expression}')", engine)
    assert found == expected


def test_a_filter_in_a_literal_is_a_column_to_a_policy() -> None:
    sql = "SELECT distinctCountThetaSketch(user, '', 'secret = ''x''', '$1') FROM visits"
    tree = parse(sql).tree
    assert "secret" in {column.name for column in tree.find_all(exp.Column)}
    assert tree.sql(dialect="pinot") == sql


def test_theta_bytes_are_those_of_java(cluster: Cluster) -> None:
    assert (
        one(cluster, "distinctCountRawThetaSketch(user)", where="user < 0")
        == base64.b64encode(bytes([1, 3, 3, 0, 0, 0x1E, 0, 0])).decode()
    )
    data = bytes.fromhex(one(cluster, "toThetaSketch(user)", where="user = 1"))
    assert data[:8] == bytes([1, 3, 3, 0, 0, 0x3A]) + data[6:8] and len(data) == 16
    several = base64.b64decode(one(cluster, "distinctCountRawThetaSketch(user)"))
    assert several[:6] == bytes([2, 3, 3, 0, 0, 0x1A]) and several[8:16] == bytes([10, 0, 0, 0, 0, 0, 0x80, 0x3F])
    assert datasketches.compact_theta_sketch.deserialize(several).get_estimate() == 10


@pytest.mark.parametrize("engine", ENGINES)
def test_theta_functions_of_one_row(cluster: Cluster, engine: str) -> None:
    assert (
        one(cluster, "sum(getThetaSketchEstimate(thetaSketchUnion(sketch, toThetaSketch(user + 100))))", engine) == 30
    )
    assert one(cluster, "sum(getThetaSketchEstimate(thetaSketchIntersect(sketch, toThetaSketch(user))))", engine) == 10
    assert one(cluster, "sum(getThetaSketchEstimate(thetaSketchDiff(sketch, toThetaSketch(user))))", engine) == 10


@pytest.mark.parametrize("engine", ENGINES)
def test_cpc(cluster: Cluster, engine: str) -> None:
    assert one(cluster, "distinctCountCPCSketch(user)", engine) == 10
    expected = round(cpc(range(1000, 1000 + MANY)).get_estimate())
    assert one(cluster, "distinctCountCPCSketch(user)", engine, "user >= 10") == expected != MANY
    raw = base64.b64decode(one(cluster, "distinctCountRawCPCSketch(user, 11)", engine))
    assert raw == cpc(range(10), 11).serialize()
    union = "cpcSketchUnion(distinctCountRawCPCSketch(user), distinctCountRawCPCSketch(name))"
    assert one(cluster, f"getCpcSketchEstimate({union})", engine) == 20
    assert one(cluster, "sum(getCpcSketchEstimate(toCpcSketch(name)))", engine) == 10


@pytest.mark.parametrize("engine", ENGINES)
def test_kll(cluster: Cluster, engine: str) -> None:
    assert one(cluster, "percentileKLL(amount, 50)", engine) == 1.0
    assert one(cluster, "percentileKLL(tags, 50)", engine) == 2.0
    raw = datasketches.kll_doubles_sketch.deserialize(
        base64.b64decode(one(cluster, "percentileRawKLL(user, 90)", engine))
    )
    assert (raw.n, raw.k, raw.get_quantile(0.9, True)) == (10, 200, 8.0)
    middle = one(cluster, "percentileKLL(user, 50, 800)", engine, "user >= 10")
    assert abs(middle - (1000 + MANY / 2)) < MANY * 0.02


@pytest.mark.parametrize("engine", ENGINES)
def test_tuples(cluster: Cluster, engine: str) -> None:
    assert one(cluster, "distinctCountTupleSketch(sums)", engine) == 6
    assert one(cluster, "sumValuesIntegerSumTupleSketch(sums)", engine) == 30
    assert one(cluster, "avgValueIntegerSumTupleSketch(sums)", engine) == 5
    raw = base64.b64decode(one(cluster, "distinctCountRawIntegerSumTupleSketch(sums)", engine))
    assert sorted(value for _, value in tuples.read(raw)) == [4, 4, 4, 4, 4, 10]
    union = "intMaxTupleSketchUnion(toIntegerSumTupleSketch(name, user), toIntegerSumTupleSketch('x', 3))"
    assert one(cluster, f"sum(getIntTupleSketchEstimate({union}))", engine) == 20
    inner = "intSumTupleSketchIntersect(toIntegerSumTupleSketch('x', 4), toIntegerSumTupleSketch('x', 3))"
    assert bytes.fromhex(one(cluster, inner, engine, "user = 1"))[-5:] == bytes([7, 0, 0, 0, 0])


@pytest.mark.parametrize("engine", ENGINES)
def test_frequent_items(cluster: Cluster, engine: str) -> None:
    raw = base64.b64decode(one(cluster, "frequentStringsSketch(course)", engine, "user < 1010"))
    sketch = datasketches.frequent_strings_sketch.deserialize(raw)
    assert {item: sketch.get_estimate(item) for item in ("math", "art", "many")} == {"math": 5, "art": 5, "many": 10}
    raw = base64.b64decode(one(cluster, "frequentLongsSketch(tags, 64)", engine))
    longs = datasketches.frequent_items_sketch.deserialize(raw, datasketches.PyLongsSerDe())
    assert (longs.get_estimate(7), longs.get_estimate(0)) == (10, 4)


@pytest.mark.parametrize("engine", ENGINES)
def test_sets_of_ids(cluster: Cluster, engine: str) -> None:
    raw = base64.b64decode(one(cluster, "idSet(user)", engine))
    assert raw[0] == 1 and list(BitMap.deserialize(raw[1:])) == list(range(10))
    assert one(cluster, "idSet(user)", engine, "user < 0") == "AA=="
    large = "toEpochSeconds(fromEpochDays(user * 1000000))"
    for ids in ("user", large):
        text = one(cluster, f"idSet({ids})", engine)
        assert one(cluster, "count(*)", engine, f"inIdSet({ids}, '{text}')") == 10
    assert base64.b64decode(one(cluster, f"idSet({large})", engine))[:2] == bytes([2, 0])
    names = one(cluster, "idSet(name, 'expectedInsertions=100;fpp=0.001')", engine, "user < 5")
    assert one(cluster, "count(*)", engine, f"user < 10 AND inIdSet(name, '{names}')") == 5
    answer = cluster.broker.query(
        f"SELECT count(*) FROM visits WHERE inIdSet(name, '{base64.b64encode(raw).decode()}')"
    )
    assert "Cannot look up STRING values" in answer["exceptions"][0]["message"]


def test_a_bloom_filter_is_guavas() -> None:
    """Guava's default for 5,000,000 insertions at 3 %: about 4.35 MB and five hashes (IdSets.java)."""
    bloom = idsets.Bloom.sized(idsets.INSERTIONS, idsets.CHANCE)
    written = bloom.written()
    assert written[:2] == bytes([1, 5]) and len(written) == 6 + 8 * math.ceil(36_492_203 / 64)


@pytest.mark.parametrize("engine", ENGINES)
def test_hll_of_sketches_merges_them(cluster: Cluster, engine: str) -> None:
    assert one(cluster, "distinctCountHLL(toHLL(user))", engine) == one(cluster, "distinctCountHLL(user)", engine)
    assert one(cluster, "distinctCountRawHLL(toHLL(user, 5))", engine) == one(
        cluster, "distinctCountRawHLL(user, 5)", engine
    )


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("distinctCountThetaSketch(user, 'nominal=1')", "Invalid parameter: nominal=1"),
        ("distinctCountThetaSketch(user, '', 'user >', '$1')", "not a filter expression"),
        ("distinctCountThetaSketch(user, '', 'user > 1 LIMIT 1', '$1')", "not a filter expression"),
        ("distinctCountThetaSketch(user, '', 'user > 1', '$2')", "not a post-aggregation expression"),
        ("distinctCountThetaSketch(user, '', 'user > 1', 'SET_XOR($1, $0)')", "not a post-aggregation expression"),
        ("distinctCountTupleSketch(user)", "Illegal data type"),
        ("frequentLongsSketch(name)", "frequentLongsSketch takes INT, LONG or sketches"),
        ("percentileKLL(user, 101)", "must be a number between 0 and 100"),
        ("toULL(user)", "Unsupported function: toULL (UltraLogLog has no library"),
        ("percentileRawEst(user, 50)", "use percentileRawKLL"),
    ],
)
def test_what_is_wrong_is_said(cluster: Cluster, select: str, why: str) -> None:
    (error,) = cluster.broker.query(f"SELECT {select} FROM visits")["exceptions"]
    assert (error["errorCode"], why in error["message"]) == (700, True), error


def test_without_the_packages_the_count_is_exact_or_a_hint(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketches", None)
    assert one(cluster, "distinctCountThetaSketch(user) AS c", where="user >= 10") == MANY
    assert one(cluster, "distinctCountCPCSketch(user) FILTER (WHERE user < 5)") == 5
    assert one(cluster, "percentileKLL(user, 50) FILTER (WHERE user < 5)") == 2.0
    for select in ("idSet(user)", "distinctCountThetaSketch(user, '', 'user > 1', '$1')", "toThetaSketch(user)"):
        (error,) = cluster.broker.query(f"SELECT {select} FROM visits")["exceptions"]
        assert error["errorCode"] == 700 and "pip install 'meshloom[sketches]'" in error["message"]
