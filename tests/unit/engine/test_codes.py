"""Text columns with codes: every answer is the one that the same rows give without codes, whatever comes and goes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshloom.engine.broker.broker import Broker
from meshloom.engine.cluster import Cluster
from meshloom.engine.server import codes
from meshloom.engine.sql.single import compile_single, sources
from meshloom.engine.sql.statement import parse

SCHEMA = {
    "schemaName": "sales",
    "dimensionFieldSpecs": [
        {"name": "store", "dataType": "STRING"},
        {"name": "place", "dataType": "STRING"},
        {"name": "week", "dataType": "INT"},
    ],
}
QUERIES = [
    "SELECT count(*) FROM {t} WHERE store = 'a'",
    "SELECT count(*) FROM {t} WHERE store <> 'a'",
    "SELECT count(*) FROM {t} WHERE NOT store = 'a' OR week > 1",
    "SELECT count(*) FROM {t} WHERE store IN ('a', 'b') AND place NOT IN ('x')",
    "SELECT count(*) FROM {t} WHERE store IN ('a', 'nobody')",
    "SELECT sum(week) FILTER (WHERE store = 'a'), count(*) FROM {t}",
    "SELECT week, count(*) FROM {t} WHERE store = 'null' GROUP BY week ORDER BY week",
    "SELECT count(DISTINCT store), distinctCountHLL(store), maxString(store) FROM {t}",
    "SELECT distinctCount(upper(store)) FROM {t}",
    "SELECT store, count(*) FROM {t} GROUP BY store ORDER BY store LIMIT 1000",
    "SELECT store, place, count(*), sum(week) FROM {t} GROUP BY store, place ORDER BY store, place LIMIT 1000",
    "SELECT sum(week), week, store FROM {t} GROUP BY store, week ORDER BY store DESC, week LIMIT 1000",
    "SELECT place, maxString(store), week FROM {t} GROUP BY place, week ORDER BY place, week LIMIT 1000",
    "SELECT upper(store), place, count(*) FROM {t} GROUP BY store, place ORDER BY store, place LIMIT 1000",
    "SELECT store, place FROM {t} WHERE store = 'b' ORDER BY place, store LIMIT 1000",
]


def _table(name: str, **more: Any) -> dict[str, Any]:
    return {
        "tableName": name, "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
        "tableIndexConfig": {}, "metadata": {},
    } | more  # fmt: skip


class Pair:
    """The same rows in a table with codes and in one without."""

    def __init__(self, home: Path, **config: Any) -> None:
        self.home = home
        self.cluster = Cluster.open(home)
        controller = self.cluster.controller
        raw = {"noDictionaryColumns": ["store", "place"]}
        for name, index in (("sales", {}), ("plain", raw)):
            controller.add_schema(SCHEMA | {"schemaName": name})
            controller.add_table(_table(name, tableIndexConfig=index | config))

    def add(self, rows: list[tuple[str | None, str | None, int]], name: str = "") -> None:
        file = self.home / "rows.json"
        named = [dict(zip(("store", "place", "week"), row, strict=True)) for row in rows]
        file.write_text("\n".join(json.dumps(row) for row in named))
        self.number = getattr(self, "number", 0) + 1
        batch = {
            "inputFormat": "json",
            "segmentNameGenerator.type": "fixed",
            "segmentNameGenerator.configs.segment.name": name or f"s{self.number}",
        }
        for table in ("sales_OFFLINE", "plain_OFFLINE"):
            self.cluster.controller.ingest_file(table, file, batch)

    def drop(self, name: str) -> None:
        for table in ("sales_OFFLINE", "plain_OFFLINE"):
            self.cluster.controller.drop_segment(table, name)

    def reopen(self) -> None:
        self.cluster.close()
        self.cluster = Cluster.open(self.home)

    def rows(self, sql: str, **options: str) -> Any:
        found = self.cluster.broker.query(sql, options)
        assert not found["exceptions"], found["exceptions"]
        return found["resultTable"]["rows"]

    def check(self) -> None:
        for sql in QUERIES:
            for nulls in ("false", "true"):
                with_codes, without = (self.rows(sql.format(t=t), enableNullHandling=nulls) for t in ("sales", "plain"))
                assert with_codes == without, sql

    def translated(self, sql: str) -> str:
        return str(compile_single(parse(sql), self.cluster.broker.relations).sql)


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGE", 0)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.cluster.close()


def test_the_levers_are_taken(pair: Pair) -> None:
    pair.add([("a", "x", 1), ("b", "y", 2)])
    assert '"$code$store" = 0' in pair.translated("SELECT count(*) FROM sales WHERE store = 'a'")
    assert '"$codes"' in pair.translated("SELECT count(DISTINCT store) FROM sales")
    assert "trim(" in pair.translated("SELECT store, count(*) FROM sales GROUP BY store")
    assert '"$g"' in pair.translated("SELECT store, week, count(*) FROM sales GROUP BY store, week")
    assert "$code$" not in pair.translated("SELECT count(*) FROM sales WHERE store = 'nobody'")
    assert "$code$" not in pair.translated("SELECT count(*) FROM plain WHERE store = 'a'")


def test_small_tables_are_grouped_by_their_texts(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.add([("a", "x", 1), ("b", "y", 2)])
    monkeypatch.setattr(sources, "LARGE", 3)
    for keys in ("store", "store, week"):
        text = pair.translated(f"SELECT {keys}, count(*) FROM sales GROUP BY {keys}")
        assert "trim(" not in text
        assert "$code$" not in text


def test_values_that_come_with_each_segment(pair: Pair) -> None:
    for number in range(6):
        pair.add([(letter, "xyz"[number % 3], number) for letter in "abcdefgh"[number : number + 3]] + [(None, "x", 1)])
        pair.check()
    assert pair.rows("SELECT count(DISTINCT store) FROM sales") == [[9]]  # eight letters and the default "null"


def test_the_last_segment_with_a_value_goes(pair: Pair) -> None:
    pair.add([("a", "x", 1), ("b", "x", 1)], "one")
    pair.add([("c", "y", 2), ("a", "y", 3)], "two")
    pair.drop("one")
    pair.check()
    assert pair.rows("SELECT count(DISTINCT store), minString(store) FROM sales") == [[2, "a"]]
    pair.add([("d", "z", 5)], "two")  # a segment of its name is replaced
    pair.check()
    assert pair.rows("SELECT count(DISTINCT store), minString(store) FROM sales") == [[1, "d"]]
    pair.drop("two")
    pair.check()


def test_a_restart_and_a_cache_that_is_lost(pair: Pair) -> None:
    pair.add([("a", "x", 1), ("b", None, 2)])
    pair.reopen()
    pair.add([("c", "x", 1), ("b", "y", 2)])
    pair.check()
    assert '"$code$store" = 2' in pair.translated("SELECT count(*) FROM sales WHERE store = 'c'")
    pair.cluster.close()
    for cache in pair.home.rglob("cache.duckdb*"):
        cache.unlink()
    pair.cluster = Cluster.open(pair.home)
    pair.check()
    pair.cluster.controller.reload("sales_OFFLINE")
    pair.check()


def test_more_values_than_codes(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "MOST", 3)
    monkeypatch.setattr(codes, "LONGEST", 4)
    pair.add([("a", "x", 1), ("b", "yyyyyyyy", 2), ("a", "x", 3)])
    pair.add([("c", "x", 1), ("d", "yyyyyyyy", 2), ("e", "z", 2), ("a", "yyyyyyyy", 9)])
    pair.add([("e", "z", 1), ("d", "x", 2), ("b", "z", 2)])
    pair.check()
    found = pair.rows("SELECT store, place, count(*) FROM sales WHERE place = 'yyyyyyyy' GROUP BY store, place LIMIT 9")
    assert sorted(found) == [["a", "yyyyyyyy", 1], ["b", "yyyyyyyy", 1], ["d", "yyyyyyyy", 1]]
    assert pair.rows("SELECT count(DISTINCT store) FROM sales") == [[5]]


def test_a_column_that_begins_with_very_many_values(pair: Pair) -> None:
    pair.add([(f"s{number}", "x", number % 3) for number in range(5000)])
    pair.add([("s7", "x", 1), ("new", "y", 1)])
    assert "$code$store" not in pair.translated("SELECT count(*) FROM sales WHERE store = 's7'")
    pair.reopen()
    pair.add([("s7", "x", 1), ("newer", "y", 1)])
    assert "$code$store" not in pair.translated("SELECT store, week, count(*) FROM sales GROUP BY store, week")
    assert pair.rows("SELECT count(*) FROM sales WHERE store = 's7'") == [[3]]
    assert pair.rows("SELECT count(DISTINCT store) FROM sales") == [[5002]]
    pair.check()


def test_a_load_that_fails_gives_no_codes(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.add([("a", "x", 1)])
    kept = codes.Codes.keep

    def fails(*arguments: Any) -> None:
        kept(*arguments)
        raise OSError("no space")

    monkeypatch.setattr(codes.Codes, "keep", fails)
    with pytest.raises(OSError, match="no space"):
        pair.add([("b", "x", 1)])
    monkeypatch.undo()
    pair.add([("c", "x", 1)])
    pair.check()
    assert pair.rows("SELECT count(*) FROM sales WHERE store = 'b'") == [[0]]
    assert pair.rows("SELECT count(*) FROM sales WHERE store = 'c'") == [[1]]


def test_nulls_that_are_kept_and_columns_of_another_type(tmp_path: Path) -> None:
    pair = Pair(tmp_path, nullHandlingEnabled=True)
    pair.add([("a", "x", 1), ("b", "y", 2)])
    pair.check()
    pair.add([(None, "x", 1), ("a", None, 4)])
    pair.check()
    file = tmp_path / "numbers.parquet"
    pq.write_table(
        pa.table({"store": pa.array([7, 7, 8]), "place": ["x", None, "y"], "week": pa.array([1, 2, 3])}), file
    )
    for table in ("sales_OFFLINE", "plain_OFFLINE"):
        pair.cluster.controller.push_reference(table, "numbers", [file])
    pair.check()
    assert pair.rows("SELECT count(*) FROM sales WHERE store = '7'") == [[2]]
    pair.cluster.close()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(["a", "b", " b ", "ß", "", None]), st.sampled_from(["x", "y", None]),
                           st.integers(0, 3)), min_size=1, max_size=6),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_any_rows(pair: Pair, segments: list[list[tuple[str | None, str | None, int]]]) -> None:
    for number, rows in enumerate(segments):
        pair.add(rows, f"any{number}")
    pair.check()


def test_queries_while_segments_load(pair: Pair) -> None:
    """Each segment holds as many rows of a known value as of a new one: a query sees both or neither."""
    pair.add([("a", "x", 1)], "first")
    broker: Broker = pair.cluster.broker
    wrong: list[Any] = []
    done = threading.Event()

    def ask() -> None:
        sql = "SELECT store, place, count(*) FROM sales GROUP BY store, place LIMIT 1000"
        while not done.is_set():
            found = broker.query(sql)
            rows = found["resultTable"]["rows"] if not found["exceptions"] else found["exceptions"]
            known = sum(row[2] for row in rows if row[0] == "a") - 1
            if known != sum(row[2] for row in rows if row[0] != "a"):
                wrong.append(rows)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(8):
        pair.add([("a", "x", 1), (f"new{number}", "x", 1)])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


KILLED = """
import sys
from pathlib import Path
from meshloom.engine.cluster import Cluster
home = Path(sys.argv[1])
cluster = Cluster.open(home)
number = int(sys.argv[2])
while True:
    file = home / "killed.json"
    file.write_text("\\n".join('{"store": "v%d", "place": "x", "week": %d}' % (number * 50 + i, i) for i in range(50)))
    print("begun", flush=True)
    for table in ("sales_OFFLINE", "plain_OFFLINE"):
        cluster.controller.ingest_file(table, file, {"inputFormat": "json", "segmentNameGenerator.type": "fixed",
            "segmentNameGenerator.configs.segment.name": f"k{number}"})
    number += 1
"""


def test_killed_in_the_middle_of_a_load(pair: Pair) -> None:
    pair.add([("a", "x", 1)])
    for turn in range(3):
        pair.cluster.close()
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(pair.home), str(turn * 100)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(2):
                process.stdout.readline()
            time.sleep(0.03 * (turn + 1))
            process.kill()
        pair.cluster = Cluster.open(pair.home)
        held = {s.name for s in pair.cluster.controller.segments("sales_OFFLINE")}
        for name in held - {s.name for s in pair.cluster.controller.segments("plain_OFFLINE")}:
            pair.cluster.controller.drop_segment("sales_OFFLINE", name)
        pair.check()
        assert pair.rows("SELECT count(*) FROM sales")[0][0] == 1 + 50 * (
            len(pair.cluster.controller.segments("sales_OFFLINE")) - 1
        )
