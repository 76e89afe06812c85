"""The single-stage engine over a table: multi-value columns, plans, counters, deadlines, switches of a table."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from meshloom.engine.broker.running import Running
from meshloom.engine.cluster import Cluster
from meshloom.infra.compute import ComputeError, open_database
from meshloom.server.doors import Address, Doors, bind

SCHEMA = {
    "schemaName": "plays",
    "dimensionFieldSpecs": [
        {"name": "user", "dataType": "STRING"},
        {"name": "tags", "dataType": "STRING", "singleValueField": False},
        {"name": "scores", "dataType": "INT", "singleValueField": False},
        {"name": "about", "dataType": "STRING"},
    ],
    "metricFieldSpecs": [{"name": "seconds", "dataType": "LONG"}],
}
ROWS = [
    {"user": "ann", "tags": ["a", "b"], "scores": [1, 5], "about": '{"x": 1}', "seconds": 10},
    {"user": "bob", "tags": ["b"], "scores": [7], "about": '{"x": 2}', "seconds": 20},
    {"user": "ann", "tags": ["c", "a"], "scores": [2, 2], "about": "{}", "seconds": 30},
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("engine")
    found = Cluster.open(home)
    found.controller.add_schema(SCHEMA)
    found.controller.add_table(
        {
            "tableName": "plays", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
            "tableIndexConfig": {"invertedIndexColumns": ["user"], "rangeIndexColumns": ["seconds"]}, "metadata": {},
            "query": {"disableGroovy": False},
        }
    )  # fmt: skip
    ingest(found, home)
    yield found
    found.close()


def ingest(cluster: Cluster, home: Path) -> None:
    file = home / "plays.json"
    file.write_text("\n".join(json.dumps(row) for row in ROWS))
    config = {"inputFormat": "json", "segmentNameGenerator.type": "fixed",
              "segmentNameGenerator.configs.segment.name": "plays_0"}  # fmt: skip
    cluster.controller.ingest_file("plays_OFFLINE", file, config)


def rows(cluster: Cluster, sql: str) -> Any:
    answer = cluster.broker.query(sql)
    assert not answer["exceptions"], answer["exceptions"]
    return answer["resultTable"]["rows"]


QUERIES = {
    "SELECT tags, count(*), sum(seconds) FROM plays GROUP BY tags ORDER BY tags":
        [["a", 2, 40.0], ["b", 2, 30.0], ["c", 1, 30.0]],
    "SELECT DISTINCT tags FROM plays ORDER BY tags": [["a"], ["b"], ["c"]],
    "SELECT tags, scores, count(*) FROM plays WHERE user = 'ann' GROUP BY tags, scores ORDER BY tags, scores LIMIT 3":
        [["a", 1, 1], ["a", 2, 2], ["a", 5, 1]],
    "SELECT valueIn(tags, 'a', 'c') AS t, count(*) FROM plays GROUP BY t ORDER BY t": [["a", 2], ["c", 1]],
    "SELECT sumMV(scores), countMV(scores), minMV(scores), maxMV(scores), avgMV(scores) FROM plays":
        [[17.0, 5, 1.0, 7.0, 3.4]],
    "SELECT sum(scores), distinctCountMV(scores), percentileMV(scores, 50) FROM plays": [[17.0, 4, 2.0]],
    "SELECT percentile(seconds, 50) FILTER (WHERE user = 'ann'), percentile(seconds, 50) FROM plays": [[30.0, 20.0]],
    "SELECT count(*) FROM plays WHERE tags = 'a'": [[2]],
    "SELECT count(*) FROM plays WHERE tags != 'a'": [[1]],
    "SELECT count(*) FROM plays WHERE json_match(about, '\"$.x\" > 1')": [[1]],
    "SELECT $docId, $segmentName, user FROM plays ORDER BY $docId LIMIT 1": [[0, "plays_0", "ann"]],
    "SELECT groovy('{\"returnType\":\"LONG\",\"isSingleValue\":true}', 'arg0 * 2', seconds) FROM plays "
    "ORDER BY seconds":
        [[20], [40], [60]],
}  # fmt: skip


@pytest.mark.parametrize("sql", QUERIES)
def test_an_answer(cluster: Cluster, sql: str) -> None:
    assert rows(cluster, sql) == QUERIES[sql]


def test_an_aggregation_over_many_values_is_named_so(cluster: Cluster) -> None:
    answer = cluster.broker.query("SELECT sum(scores), count(*) FROM plays")
    assert answer["resultTable"]["dataSchema"]["columnNames"] == ["summv(scores)", "count(*)"]


@pytest.mark.parametrize(
    ("sql", "scanned"),
    [
        ("SELECT count(*) FROM plays", 3),
        ("SELECT sum(seconds) FROM plays WHERE user = 'ann'", 2),
        ("SELECT tags, count(*) FROM plays WHERE user = 'ann' GROUP BY tags LIMIT 1", 2),
        ("SELECT user, count(*) FROM plays WHERE seconds > 99 GROUP BY user", 0),
    ],
)
def test_documents_are_counted_behind_the_filter(cluster: Cluster, sql: str, scanned: int) -> None:
    assert cluster.broker.query(sql)["numDocsScanned"] == scanned


def test_a_plan_names_the_indexes(cluster: Cluster) -> None:
    """As Pinot's own classes plan it: `seconds` and `about` are in order, which serves for an index."""
    plan = rows(
        cluster,
        "EXPLAIN PLAN FOR SELECT user, sum(seconds) FROM plays WHERE user = 'ann' AND (seconds > 15 OR about = '{}') "
        "GROUP BY user ORDER BY sum(seconds) DESC LIMIT 5",
    )
    assert plan == [
        ["BROKER_REDUCE(sort:[sum(seconds) DESC],limit:5)", 1, 0],
        ["COMBINE_GROUP_BY", 2, 1],
        ["PLAN_START(numSegmentsForThisPlan:1)", -1, -1],
        ["GROUP_BY(groupKeys:user, aggregations:sum(seconds))", 3, 2],
        ["PROJECT(user, seconds)", 4, 3],
        ["DOC_ID_SET", 5, 4],
        ["FILTER_AND", 6, 5],
        ["FILTER_INVERTED_INDEX(indexLookUp:inverted_index,operator:EQ,predicate:user = 'ann')", 7, 6],
        ["FILTER_OR", 8, 6],
        ["FILTER_SORTED_INDEX(indexLookUp:sorted_index,operator:RANGE,predicate:seconds > '15')", 9, 8],
        ["FILTER_SORTED_INDEX(indexLookUp:sorted_index,operator:EQ,predicate:about = '{}')", 10, 8],
    ]


def test_what_a_dictionary_decides_is_not_looked_for(cluster: Cluster) -> None:
    """All seconds are above 5 and nothing is about x: of the AND its first condition is left."""
    plan = rows(
        cluster,
        "EXPLAIN PLAN FOR SELECT user, sum(seconds) FROM plays WHERE user = 'ann' AND (seconds > 5 OR about = 'x') "
        "GROUP BY user ORDER BY sum(seconds) DESC LIMIT 5",
    )
    told = "FILTER_INVERTED_INDEX(indexLookUp:inverted_index,operator:EQ,predicate:user = 'ann')"
    assert plan[5:] == [["DOC_ID_SET", 5, 4], [told, 6, 5]]


@pytest.mark.parametrize(
    ("sql", "code", "why"),
    [
        ("SET timeoutMs=soon; SELECT count(*) FROM plays", 150, "timeoutMs is 'soon'"),
        ("SET skipIndexes='user=magic'; SELECT count(*) FROM plays", 200, "No enum constant"),
        ("SELECT a.user FROM plays a JOIN plays b ON a.user = b.user", 150, "multi-stage query engine"),
        ("SELECT user, count(*) FROM plays GROUP BY seconds", 150, "functionally dependent"),
        ("SELECT groovy('x', 'arg0', seconds) FROM plays", 700, "the first argument is JSON"),
        ("SELECT groovy('{\"returnType\":\"INT\"}', 'System.exit(1)', seconds) FROM plays", 200, "there is no System"),
    ],
)
def test_what_is_wrong_is_said(cluster: Cluster, sql: str, code: int, why: str) -> None:
    (exception,) = cluster.broker.query(sql)["exceptions"]
    assert exception["errorCode"] == code and why in exception["message"]


def test_an_engine_that_ends_says_nothing(tmp_path: Path) -> None:
    """A connection that outlives the interpreter makes DuckDB's binding report a leak on standard error."""
    script = f"""
from pathlib import Path
from meshloom.engine.cluster import Cluster
cluster = Cluster.open(Path({str(tmp_path)!r}))
assert cluster.broker.query("SELECT lpad('a', 3, 'x')")["resultTable"]["rows"] == [["xxa"]]
cluster.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- deadlines


def test_a_query_is_listed_and_cancelled_over_http(cluster: Cluster) -> None:
    listener = bind(Address("broker"))
    doors = Doors([(cluster.broker_app, listener)])
    doors.start()
    door = httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    slow = "SET useMultistageEngine=true; SET clientQueryId='mine'; SELECT count(*) FROM plays a" + "".join(
        f" CROSS JOIN plays b{number}" for number in range(30)
    )
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(cluster.broker.query, slow, {"timeoutMs": "60000"})
        wait_until = time.monotonic() + 20
        while "mine" not in (listed := door.get("/queries").json()) and time.monotonic() < wait_until:
            time.sleep(0.05)
        assert listed["mine"] == slow
        assert door.delete("/clientQuery/mine").status_code == 200
        (exception,) = asked.result(timeout=20)["exceptions"]
    assert exception["errorCode"] == 503
    assert door.delete("/query/mine").status_code == 404
    door.close()
    doors.stop()


SLOW = "SELECT count(*) FROM range(100000000) a, range(100000000) b"


@pytest.mark.parametrize("stop", ["timeout", "cancelled"])
def test_a_query_is_stopped_and_the_session_goes_on(stop: str) -> None:
    running, database = Running(), open_database(None)
    session = database.cursor()
    if stop == "cancelled":
        threading.Timer(0.2, lambda: running.cancel("one")).start()
    with (
        running.watched(session, "one", SLOW, 100 if stop == "timeout" else 60_000) as query,
        pytest.raises(ComputeError) as caught,
    ):
        session.arrow(SLOW)
    assert (caught.value.kind, query.stopped) == ("InterruptException", stop)
    assert running.list() == {} and not running.cancel("one")
    with running.watched(session, "two", "SELECT 1", 60_000):
        time.sleep(0.2)  # nothing interrupts the next one
        assert session.arrow("SELECT 1").num_rows == 1
    session.close()
    database.close()
