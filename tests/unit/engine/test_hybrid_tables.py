"""A table with an offline and a realtime side: each row is read from one of them, told apart by the time boundary
(TimeBoundaryManager, BaseSingleStageBrokerRequestHandler.attachTimeBoundary)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

DAY = 86_400_000
START = 1_700_006_400_000  # a midnight
MULTI = {"useMultistageEngine": "true"}
BOTH = pytest.mark.parametrize("engine", [{}, MULTI], ids=["single", "multi"])


def schema(name: str, data_type: str = "LONG", format_: str = "1:MILLISECONDS:EPOCH") -> dict[str, Any]:
    return {
        "schemaName": name,
        "dimensionFieldSpecs": [{"name": "side", "dataType": "STRING"}, {"name": "id", "dataType": "INT"}],
        "dateTimeFieldSpecs": [{"name": "ts", "dataType": data_type, "format": format_, "granularity": "1:DAYS"}],
        "primaryKeyColumns": ["id"],
    }


def config(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """Of a realtime table the stream says nothing: rows come to it by files, as to an upsert table by uploads."""
    segments = {"replication": "1", "timeColumnName": "ts", **more.pop("segments", {})}
    found = {"tableName": name, "tableType": kind, "segmentsConfig": segments, "tenants": {}, "metadata": {}}
    return found | {"tableIndexConfig": more.pop("indexing", {})} | more


class Hybrid:
    """A table of two sides and the doors to it."""

    def __init__(self, tables: Any, run: Any) -> None:
        self.tables, self.run, self.cluster = tables, run, tables.cluster

    def make(self, schema_: dict[str, Any], offline: Any = (), realtime: Any = (), **more: Any) -> None:
        name = schema_["schemaName"]
        self.cluster.controller.add_schema(schema_)
        for kind, rows in (("OFFLINE", offline), ("REALTIME", realtime)):
            self.cluster.controller.put_table(config(name, kind, **more.get(kind, {})))
            if rows:
                self.fill(name, kind, rows)

    def fill(self, name: str, kind: str, rows: Any) -> None:
        file = self.tables.home / "rows.json"
        file.write_text("\n".join(json.dumps({"side": kind, "id": i, "ts": ts}) for i, ts in rows))
        self.cluster.controller.ingest_file(f"{name}_{kind}", file, {"inputFormat": "json"})

    def ask(self, role: str, method: str, path: str, **more: Any) -> httpx.Response:
        app = self.cluster.broker_app if role == "broker" else self.cluster.controller_app

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
                return await client.request(method, path, **more)

        found: httpx.Response = self.run(asked())
        return found

    def rows(self, sql: str, **options: str) -> Any:
        return self.tables.rows(sql, **options)

    def boundary(self, name: str) -> Any:
        return self.ask("broker", "GET", f"/debug/timeBoundary/{name}").json()


@pytest.fixture
def hybrid(new_tables: Any, run_coroutine: Any) -> Hybrid:
    return Hybrid(new_tables(), run_coroutine)


@BOTH
def test_each_side_gives_its_part(hybrid: Hybrid, engine: dict[str, str]) -> None:
    days = [(n, START + n * DAY) for n in range(4)]
    hybrid.make(schema("t"), days, [(n, START + n * DAY) for n in range(1, 6)])
    found = hybrid.rows("SELECT side, id FROM t ORDER BY id LIMIT 100", **engine)
    assert found == [["OFFLINE", 0], ["OFFLINE", 1], ["OFFLINE", 2], ["REALTIME", 3], ["REALTIME", 4], ["REALTIME", 5]]
    assert hybrid.rows("SELECT count(*) FROM t WHERE id > 1", **engine) == [[4]]
    assert hybrid.boundary("t") == {"timeColumn": "ts", "timeValue": str(START + 2 * DAY)}
    assert hybrid.boundary("t_OFFLINE") == hybrid.boundary("t_REALTIME") == hybrid.boundary("t")


@BOTH
def test_a_side_is_asked_directly(hybrid: Hybrid, engine: dict[str, str]) -> None:
    hybrid.make(schema("t"), [(0, START), (1, START + DAY)], [(1, START + DAY), (2, START + 2 * DAY)])
    for kind in ("OFFLINE", "REALTIME"):
        assert hybrid.rows(f"SELECT count(*) FROM t_{kind} WHERE side = '{kind}'", **engine) == [[2]]
    found = hybrid.cluster.broker.query("SELECT id FROM t_REALTIME", engine)
    assert (found["totalDocs"], found["tablesQueried"]) == (2, ["t"])
    assert hybrid.cluster.broker.query("SELECT id FROM t", engine)["totalDocs"] == 4


def test_a_name_of_the_other_side_is_no_table(hybrid: Hybrid) -> None:
    hybrid.cluster.controller.add_schema(schema("t"))
    hybrid.cluster.controller.put_table(config("t", "OFFLINE"))
    assert hybrid.tables.error("SELECT * FROM t_REALTIME")[0] == 190


@pytest.mark.parametrize(
    ("data_type", "format_", "values", "more", "expected"),
    [
        ("INT", "1:DAYS:EPOCH", [19675, 19680], {}, "19679"),
        ("INT", "1:DAYS:EPOCH", [19675, 19680], {"segments": {"segmentPushFrequency": "HOURLY"}}, "19679"),
        ("LONG", "EPOCH|HOURS|1", [480000, 480024], {}, "480000"),
        ("LONG", "EPOCH|HOURS", [480000, 480024], {"segments": {"segmentPushFrequency": "hourly"}}, "480023"),
        ("LONG", "1:MILLISECONDS:EPOCH", [START],
         {"ingestionConfig": {"batchIngestionConfig": {"segmentIngestionFrequency": "HOURLY"}}},
         str(START - 3_600_000)),
        ("STRING", "SIMPLE_DATE_FORMAT|yyyy-MM-dd", ["2023-11-14", "2023-12-01"], {}, "2023-11-30"),
        ("STRING", "1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd", ["20231114", "20240301"], {}, "20240229"),
        ("TIMESTAMP", "TIMESTAMP", ["2023-11-15 00:00:00"], {}, "2023-11-14 00:00:00.0"),
    ],
)  # fmt: skip
def test_the_boundary_stands_in_the_columns_format(
    hybrid: Hybrid, data_type: str, format_: str, values: Any, more: Any, expected: str
) -> None:
    hybrid.make(schema("t", data_type, format_), list(enumerate(values)), [(9, values[-1])], OFFLINE=more)
    assert hybrid.boundary("t")["timeValue"] == expected
    found = hybrid.rows("SELECT side, id FROM t ORDER BY id")
    assert found == [*(["OFFLINE", n] for n in range(len(values) - 1)), ["REALTIME", 9]]


def test_without_offline_rows_the_realtime_side_answers_alone(hybrid: Hybrid) -> None:
    hybrid.make(schema("t"), [], [(1, START)])
    assert hybrid.rows("SELECT side FROM t") == [["REALTIME"]]
    missing = hybrid.ask("broker", "GET", "/debug/timeBoundary/t")
    assert (missing.status_code, missing.json()["error"]) == (404, "Cannot find time boundary for table: t")


def test_the_boundary_moves_with_the_segments(hybrid: Hybrid) -> None:
    hybrid.make(schema("t"), [(0, START)], [(1, START + DAY)])
    before = hybrid.boundary("t")
    hybrid.fill("t", "OFFLINE", [(5, START + 5 * DAY)])
    assert hybrid.boundary("t")["timeValue"] == str(START + 4 * DAY) != before["timeValue"]
    newest = hybrid.cluster.controller.segments("t_OFFLINE")[-1]
    hybrid.cluster.controller.drop_segment("t_OFFLINE", newest.name)
    assert hybrid.boundary("t") == before


def test_the_boundary_is_fixed_and_freed(hybrid: Hybrid) -> None:
    hybrid.make(schema("t"), [(0, START), (1, START + DAY)], [(1, START + DAY), (2, START + 2 * DAY)])
    path = "/tables/t/timeBoundary"
    assert hybrid.ask("controller", "POST", path).json() == {
        "status": f"Time boundary successfully updated to: {START + DAY}"
    }
    assert hybrid.boundary("t")["timeValue"] == str(START + DAY)
    sides = "SELECT side, count(*) FROM t GROUP BY side ORDER BY side"
    assert hybrid.rows(sides) == [["OFFLINE", 2], ["REALTIME", 1]]
    hybrid.fill("t", "OFFLINE", [(3, START + 3 * DAY)])
    assert hybrid.boundary("t")["timeValue"] == str(START + DAY)  # until it is asked for again
    assert hybrid.ask("controller", "DELETE", path).json() == {"status": "Time boundary successfully removed"}
    assert hybrid.boundary("t")["timeValue"] == str(START + 2 * DAY)


def test_segments_tell_their_times_in_milliseconds(hybrid: Hybrid) -> None:
    hybrid.make(schema("t", "INT", "1:DAYS:EPOCH"), [(0, 19675), (1, 19680)])
    (segment,) = hybrid.ask("controller", "GET", "/segments/t/zkmetadata").json().values()
    times = {key: value for key, value in segment.items() if "time" in key and "ion" not in key and "push" not in key}
    first, last = str(19675 * DAY), str(19680 * DAY)
    assert times == {"segment.start.time": first, "segment.end.time": last, "segment.time.unit": "MILLISECONDS"}
    overlapping = f"/segments/t/select?startTimestamp={19680 * DAY}&endTimestamp={19681 * DAY}"
    assert len(hybrid.ask("controller", "GET", overlapping).json()[0]["OFFLINE"]) == 1
    after = f"/segments/t/select?startTimestamp={19681 * DAY}&endTimestamp={19682 * DAY}"
    assert hybrid.ask("controller", "GET", after).json()[0]["OFFLINE"] == []


def test_what_is_no_hybrid_table_has_no_boundary(hybrid: Hybrid) -> None:
    hybrid.cluster.controller.add_schema(schema("one"))
    hybrid.cluster.controller.put_table(config("one", "OFFLINE"))
    found = hybrid.ask("controller", "POST", "/tables/one/timeBoundary")
    assert (found.status_code, found.json()["error"]) == (404, "Table isn't a hybrid table")
    assert hybrid.ask("controller", "DELETE", "/tables/two/timeBoundary").status_code == 404
    hybrid.cluster.controller.put_table(config("one", "REALTIME"))
    found = hybrid.ask("controller", "POST", "/tables/one/timeBoundary")
    assert (found.status_code, found.json()["error"]) == (
        503, "No segments found for offline table : one_OFFLINE. Could not update time boundary."
    )  # fmt: skip


def test_upserts_and_nulls_of_a_side(hybrid: Hybrid) -> None:
    upsert = {"upsertConfig": {"mode": "FULL"}, "routing": {"instanceSelectorType": "strictReplicaGroup"}}
    hybrid.make(schema("t"), [(0, START)], [(1, START), (1, START + DAY), (2, START - 3 * DAY)], REALTIME=upsert)
    assert hybrid.rows("SELECT id, ts FROM t") == [[1, START + DAY]]  # the only offline row is newer than its boundary
    assert hybrid.rows("SELECT count(*) FROM t", skipUpsert="true") == [[2]]


def test_a_disabled_side_is_told(hybrid: Hybrid) -> None:
    hybrid.make(schema("t"), [(0, START)], [(1, START)])
    hybrid.cluster.controller.set_state("t_REALTIME", enabled=False)
    assert hybrid.tables.error("SELECT * FROM t")[0] == 191
    hybrid.cluster.controller.set_state("t_REALTIME", enabled=True)
    assert hybrid.rows("SELECT count(*) FROM t") == [[1]]
