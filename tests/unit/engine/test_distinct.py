"""Values made once for each distinct text are those that DuckDB makes row by row, which a file too large for the memory
still takes."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.engine.ingesting import schema_of, table_of

from meshloom.engine.cluster import Cluster
from meshloom.engine.errors import RestError
from meshloom.engine.ingest import distinct, times
from meshloom.engine.ingest.segments import Built, build
from meshloom.infra.compute import ComputeError

SCHEMA = schema_of(
    "name:STRING tags:STRING[] n:INT big:LONG real:DOUBLE exact:BIG_DECIMAL yes:BOOLEAN doc:JSON t/at:TIMESTAMP"
)
TEXTS = {
    "name": ["a", "b", " a ", "", "null", "ä", "x" * 600, "a\tb", "NaN"],
    "tags": ["a;b", "a", ";", "b;;a", ""],
    "n": ["1", "-2", "3.7", "007", "1e3", "true"],
    "big": ["1", "9223372036854775807", "-5.0"],
    "real": ["1.5", "-0.0", "NaN", "1e300", "7"],
    "exact": ["1.5", "12345678901234567890.123", "1e-20", "99999999999999999999999999999999"],
    "yes": ["true", "false", "1", "0", "TRUE"],
    "doc": ['{"b":1}', "[1]", "7"],
    "at": ["1600000000000", "2020-02-02 10:00:00"],
}  # fmt: skip
BAD = {"n": "many", "real": "much", "at": "soon", "exact": "all"}
RECORDS = st.lists(st.fixed_dictionaries({k: st.sampled_from(v) for k, v in TEXTS.items()}), min_size=1, max_size=12)
SLOW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _both(tmp_path: Path, file: Path, kind: str, patch: pytest.MonkeyPatch, **more: Any) -> list[Any]:
    """What a file becomes in memory, and row by row: its rows, or what was refused."""
    found: list[Any] = []
    patch.setattr(times, "_now", lambda field: "2026-01-01 00:00:00")  # what stands for a time that is none
    for held in (1 << 30, -1):
        patch.setattr(distinct, "HELD", held)
        try:
            built = build(file, tmp_path / "made", SCHEMA, table_of(**more), {"inputFormat": kind})
        except RestError:
            found.append("refused")
            continue
        assert (built.held is None) == (held < 0)
        found.append(_sorted(pq.read_table(built.path)))
        assert built.held is None or _sorted(built.held) == found[-1]
    return found


def _sorted(table: pa.Table) -> list[str]:
    return sorted(json.dumps(row, default=str) for row in table.to_pylist())


def _write(file: Path, kind: str, records: list[dict[str, str]]) -> None:
    if kind == "json":
        file.write_text("\n".join(map(json.dumps, records)))
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(records), file)
    else:
        with file.open("w", newline="") as out:
            rows = csv.DictWriter(out, list(TEXTS), lineterminator="\n")
            rows.writeheader()
            rows.writerows(records)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
@SLOW
@given(records=RECORDS, again=st.sampled_from([1, 7]), bad=st.sampled_from([None, None, *BAD]), goes_on=st.booleans())
def test_in_memory_and_row_by_row_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, records: list[dict[str, str]], again: int,
    bad: str | None, goes_on: bool,
) -> None:  # fmt: skip
    file = tmp_path / f"records.{kind}"
    rows = records * again
    _write(file, kind, [*rows, rows[0] | {bad: BAD[bad]}] if bad else rows)
    ingestion = {"continueOnError": goes_on}
    in_memory, by_row = _both(tmp_path, file, kind, monkeypatch, ingestion=ingestion, time="at")
    assert in_memory == by_row


def test_filters_and_functions_read_the_trimmed_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "records.csv"
    file.write_text("name,n\n" + "".join(f" a{n % 3} ,{n % 5}\n" for n in range(60)))
    ingestion = {
        "transformConfigs": [{"columnName": "tags", "transformFunction": "concat(name, '!', '')"}],
        "filterConfig": {"filterFunction": "startsWith(name, 'a1')"},
    }
    in_memory, by_row = _both(tmp_path, file, "csv", monkeypatch, ingestion=ingestion)
    assert in_memory == by_row
    assert {json.loads(row)["tags"][0] for row in in_memory} == {"a0!", "a2!"}


@pytest.mark.parametrize("column", ["name", "n", "at"])
def test_rows_are_sorted_as_the_table_says_and_nulls_come_last(tmp_path: Path, column: str) -> None:
    file = tmp_path / "records.json"
    values = {"name": ["b", "a", None, "ä", "B"], "n": [3, -1, None, 2, 0], "at": [5, 3, None, 9, 1]}[column]
    file.write_text("\n".join(json.dumps({column: values[place % 5]}) for place in range(50)))
    table = table_of(tableIndexConfig={"sortedColumn": [column]}, ingestion={"segmentTimeValueCheck": False})
    built: Built = build(file, tmp_path / "made", SCHEMA, table, {"inputFormat": "json"})
    found = pq.read_table(built.path).column(column).to_pylist()
    there = [value for value in found if value is not None]
    assert there == sorted(there)
    assert len(there) == 40
    assert found[40:] == [None] * 10


def test_a_file_of_many_row_groups_keeps_its_dictionaries_and_numbers(tmp_path: Path) -> None:
    rows = 2 * distinct.ROW_GROUP + 17
    file = tmp_path / "many.csv"
    file.write_text("k,id,n\n" + "".join(f"k{n % 7},id{n},{n}\n" for n in range(rows)))
    with_schema = {"schemaName": "many", "dimensionFieldSpecs": [
        {"name": "k", "dataType": "STRING"}, {"name": "id", "dataType": "STRING"}, {"name": "n", "dataType": "INT"},
    ]}  # fmt: skip
    cluster = Cluster.open(tmp_path / "engine")
    try:
        cluster.controller.add_schema(with_schema)
        cluster.controller.add_table(
            {"tableName": "many", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
             "tableIndexConfig": {"sortedColumn": ["k"]}, "metadata": {}}
        )  # fmt: skip
        cluster.controller.ingest_file("many_OFFLINE", file, {"inputFormat": "csv"})
        sql = "SELECT k, count(*), sum(n), min($docId), distinctCount(id) FROM many GROUP BY k ORDER BY k"
        found = cluster.broker.query(sql)["resultTable"]["rows"]
        start = 0
        for place, row in enumerate(found):
            count = len(range(place, rows, 7))
            assert row == [f"k{place}", count, float(sum(range(place, rows, 7))), float(start), count]
            start += count
    finally:
        cluster.close()


def _pages(home: Path) -> Cluster:
    cluster = Cluster.open(home)
    cluster.controller.add_schema({"schemaName": "p", "dimensionFieldSpecs": [{"name": "k", "dataType": "STRING"}]})
    cluster.controller.add_table(
        {"tableName": "p", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}
    )  # fmt: skip
    return cluster


def _file(folder: Path, *values: str) -> Path:
    file = folder / f"{'-'.join(values)}.json"
    file.write_text("\n".join(json.dumps({"k": value}) for value in values))
    return file


def test_a_file_too_large_for_the_memory_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "HELD", -1)
    with closing(_pages(tmp_path / "engine")) as cluster:
        cluster.controller.ingest_file("p_OFFLINE", _file(tmp_path, "b", "a"), {"inputFormat": "json"})
        assert cluster.broker.query("SELECT k FROM p ORDER BY k")["resultTable"]["rows"] == [["a"], ["b"]]


FIXED = {"inputFormat": "json", "segmentNameGenerator.type": "fixed",
         "segmentNameGenerator.configs.segment.name": "one"}  # fmt: skip


@pytest.mark.parametrize("batch", [{"inputFormat": "json"}, FIXED])
def test_a_file_that_cannot_be_written_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: dict[str, str]
) -> None:
    with closing(_pages(tmp_path / "engine")) as cluster:
        cluster.controller.ingest_file("p_OFFLINE", _file(tmp_path, "a", "b"), FIXED)
        before = [path.name for path in (tmp_path / "engine").rglob("*.p*")]

        def full(table: pa.Table, target: Path) -> None:
            target.write_bytes(b"half")
            raise OSError(28, f"No space left on device: {target}")

        monkeypatch.setattr(distinct, "write", full)
        with pytest.raises(RestError, match="could not be written") as refused:
            cluster.controller.ingest_file("p_OFFLINE", _file(tmp_path, "c"), batch)
        assert refused.value.status == 500
        assert str(tmp_path) not in refused.value.what
        assert [path.name for path in (tmp_path / "engine").rglob("*.p*")] == before
        assert [segment.name for segment in cluster.controller.segments("p_OFFLINE")] == ["one"]
        assert cluster.broker.query("SELECT k FROM p ORDER BY k")["resultTable"]["rows"] == [["a"], ["b"]]
    with closing(Cluster.open(tmp_path / "engine")) as again:
        assert again.broker.query("SELECT k FROM p ORDER BY k")["resultTable"]["rows"] == [["a"], ["b"]]


def test_a_segment_whose_successor_cannot_be_loaded_stays(tmp_path: Path) -> None:
    with closing(_pages(tmp_path / "engine")) as cluster:
        cluster.controller.ingest_file("p_OFFLINE", _file(tmp_path, "a", "b"), FIXED)
        bad = tmp_path / "bad.parquet"
        pq.write_table(pa.table({"k": pa.array([{"x": 1}])}), bad)
        bad.write_bytes(bad.read_bytes()[:4] + b"\0" * 20 + bad.read_bytes()[24:])
        with pytest.raises(ComputeError):
            cluster.controller.push_reference("p_OFFLINE", "one", [bad])
        assert cluster.broker.query("SELECT k FROM p ORDER BY k")["resultTable"]["rows"] == [["a"], ["b"]]
        assert [segment.name for segment in cluster.controller.segments("p_OFFLINE")] == ["one"]
