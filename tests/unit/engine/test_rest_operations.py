"""What the roles answer beside queries: instances, tenants, replacements of segments, tasks, quotas, the tree."""

from __future__ import annotations

import io
import json
import logging
import tarfile
import time
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

DAY = 86_400_000
START = 1_700_006_400_000  # a midnight
SCHEMA = {
    "schemaName": "days",
    "dimensionFieldSpecs": [{"name": "name", "dataType": "STRING"}],
    "dateTimeFieldSpecs": [
        {"name": "ts", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:DAYS"}
    ],
}
TABLE = {"tableName": "days", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1", "timeColumnName": "ts"},
         "tenants": {}, "tableIndexConfig": {}, "metadata": {}}  # fmt: skip
OFFLINE = {"type": "OFFLINE"}


class Role:
    """One role's interface, asked without a socket."""

    def __init__(self, app: Starlette, run: Any) -> None:
        self._app, self._run = app, run

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://x") as client:
                return await client.request(method, path, **more)

        found: httpx.Response = self._run(asked())
        return found

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PUT", path, **more)


class Doors:
    """One cluster, through its REST interfaces only."""

    def __init__(self, tables: Any, run: Any) -> None:
        self.cluster, self.home = tables.cluster, tables.home
        self.controller = Role(self.cluster.controller_app, run)
        self.broker = Role(self.cluster.broker_app, run)
        self.server = Role(self.cluster.server_app, run)
        self.minion = Role(self.cluster.minion_app, run)

    def made(self, **config: Any) -> Doors:
        assert self.controller.post("/schemas", json=SCHEMA).status_code == 200
        assert self.controller.post("/tables", json=TABLE | config).status_code == 200
        return self

    def segment(self, name: str, *values: tuple[str, int]) -> None:
        """Rows as a segment of that name."""
        batch = {"inputFormat": "json", "segmentNameGenerator.type": "fixed",
                 "segmentNameGenerator.configs.segment.name": name}  # fmt: skip
        rows = "\n".join(json.dumps({"name": text, "ts": ts}) for text, ts in values)
        answer = self.controller.post(
            "/ingestFromFile",
            params={"tableNameWithType": "days_OFFLINE", "batchConfigMapStr": json.dumps(batch)},
            files={"file": ("rows.json", rows.encode())},
        )
        assert answer.status_code == 200, answer.text

    def names(self) -> list[str]:
        found = self.broker.post("/query/sql", json={"sql": "SELECT name FROM days ORDER BY name LIMIT 100"}).json()
        assert not found["exceptions"], found["exceptions"]
        return [name for (name,) in found["resultTable"]["rows"]]

    def code(self, **options: str) -> int:
        (found,) = self.broker.post("/query/sql", json={"sql": "SELECT name FROM days"}).json()["exceptions"]
        return int(found["errorCode"])

    def ok(self, method: str, path: str, **more: Any) -> Any:
        answer = self.controller.request(method, path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        answer = self.controller.request(method, path, **more)
        return answer.status_code, answer.json()["error"]


@pytest.fixture
def doors(new_tables: Any, run_coroutine: Any) -> Doors:
    return Doors(new_tables(), run_coroutine)


# --- segments that replace others


def test_queries_see_the_old_segments_or_the_new_ones(doors: Doors) -> None:
    doors.made().segment("old", ("a", START), ("b", START))
    names = {"segmentsFrom": ["old"], "segmentsTo": ["new"]}
    begun = doors.ok("POST", "/segments/days/startReplaceSegments", params=OFFLINE, json=names)
    entry = {**OFFLINE, "segmentLineageEntryId": begun["segmentLineageEntryId"]}
    early = doors.refused("POST", "/segments/days/endReplaceSegments", params=entry)
    assert early[0] == 500 and "Not all segments from 'segmentsTo'" in early[1]
    doors.segment("new", ("c", START))
    assert doors.names() == ["a", "b"]
    doors.ok("POST", "/segments/days/endReplaceSegments", params=entry)
    assert doors.names() == ["c"]
    told = doors.ok("GET", "/segments/days/lineage", params=OFFLINE)[entry["segmentLineageEntryId"]]
    assert (told["segmentsFrom"], told["segmentsTo"], told["state"]) == (["old"], ["new"], "COMPLETED")
    assert doors.ok("GET", "/segments/days") == [{"OFFLINE": ["old", "new"]}]
    assert doors.ok("GET", "/segments/days", params={"excludeReplacedSegments": "true"}) == [{"OFFLINE": ["new"]}]
    doors.ok("POST", "/segments/days/revertReplaceSegments", params=entry)
    assert doors.names() == ["a", "b"]


def test_a_replacement_survives_a_reload_and_ends_in_retention(doors: Doors) -> None:
    doors.made().segment("old", ("a", START))
    names = {"segmentsFrom": ["old"], "segmentsTo": ["new"]}
    id_ = doors.ok("POST", "/segments/days/startReplaceSegments", params=OFFLINE, json=names)["segmentLineageEntryId"]
    doors.segment("new", ("b", START))
    doors.ok("POST", "/segments/days/reload", params=OFFLINE)
    assert doors.names() == ["a"]
    doors.ok("POST", "/segments/days/endReplaceSegments", params={**OFFLINE, "segmentLineageEntryId": id_})
    doors.cluster.server.restore()
    assert doors.names() == ["b"]
    doors.ok("GET", "/periodictask/run", params={"taskname": "RetentionManager"})
    assert doors.ok("GET", "/segments/days") == [{"OFFLINE": ["new"]}]
    assert doors.names() == ["b"]


def test_a_replacement_that_contradicts_itself_is_refused(doors: Doors) -> None:
    doors.made().segment("old", ("a", START))
    path, asked = "/segments/days/startReplaceSegments", {"segmentsFrom": ["old"], "segmentsTo": ["new"]}
    assert doors.refused("POST", path, json=asked) == (400, "Table type should either be offline or realtime")
    wrong = doors.refused("POST", path, params=OFFLINE, json={"segmentsFrom": ["none"], "segmentsTo": ["x"]})
    assert wrong == (500, "Segment: none from 'segmentsFrom' does not exist in table: days_OFFLINE")
    wrong = doors.refused("POST", path, params=OFFLINE, json={"segmentsFrom": [], "segmentsTo": ["old"]})
    assert wrong == (500, "Segment: old from 'segmentsTo' exists in table: days_OFFLINE")
    first = doors.ok("POST", path, params=OFFLINE, json=asked)["segmentLineageEntryId"]
    assert "already replaced" in doors.refused("POST", path, params=OFFLINE, json=asked)[1]
    second = doors.ok("POST", path, params={**OFFLINE, "forceCleanup": "true"}, json=asked)["segmentLineageEntryId"]
    told = doors.ok("GET", "/segments/days/lineage", params=OFFLINE)
    assert (told[first]["state"], told[second]["state"]) == ("REVERTED", "IN_PROGRESS")
    revert = {**OFFLINE, "segmentLineageEntryId": second}
    assert doors.refused("POST", "/segments/days/revertReplaceSegments", params=revert)[0] == 500
    doors.ok("POST", "/segments/days/revertReplaceSegments", params={**revert, "forceRevert": "true"})


def test_names_of_a_replacement_that_was_taken_back_may_be_used_again(doors: Doors) -> None:
    doors.made().segment("old", ("a", START))
    path, names = "/segments/days/startReplaceSegments", {"segmentsFrom": ["old"], "segmentsTo": ["new"]}
    doors.ok("POST", path, params=OFFLINE, json=names)
    again = doors.ok("POST", path, params={**OFFLINE, "forceCleanup": "true"}, json=names)["segmentLineageEntryId"]
    doors.segment("new", ("b", START))
    doors.ok("GET", "/periodictask/run", params={"taskname": "RetentionManager"})
    assert doors.names() == ["a"] and doors.ok("GET", "/segments/days") == [{"OFFLINE": ["old", "new"]}]
    doors.ok("POST", "/segments/days/endReplaceSegments", params={**OFFLINE, "segmentLineageEntryId": again})
    assert doors.names() == ["b"]
    doors.ok("GET", "/periodictask/run", params={"taskname": "RetentionManager"})
    assert doors.names() == ["b"] and doors.ok("GET", "/segments/days") == [{"OFFLINE": ["new"]}]


# --- segments


def test_a_downloaded_segment_can_be_uploaded_again(doors: Doors) -> None:
    doors.made().segment("one", ("a", START), ("b", START))
    for role in (doors.controller, doors.server):
        packed = role.get("/segments/days/one")
        assert packed.headers["content-disposition"] == "attachment; filename=one"
        with tarfile.open(fileobj=io.BytesIO(packed.content)) as tar:
            names = {name for name in tar.getnames() if not name.endswith("v3") and "/" in name}
            assert names == {f"one/v3/{file}" for file in ("columns.psf", "index_map", "metadata.properties",
                                                           "creation.meta")}  # fmt: skip
    doors.ok("DELETE", "/segments/days/one")
    assert doors.names() == []
    file = doors.home / "one.tar.gz"
    file.write_bytes(packed.content)
    where = {"UPLOAD_TYPE": "URI", "DOWNLOAD_URI": file.as_uri()}
    doors.ok("POST", "/v2/segments", params={"tableName": "days", "tableType": "OFFLINE"}, headers=where)
    assert doors.names() == ["a", "b"]
    told = doors.refused("POST", "/v2/segments", params={"tableName": "days"}, headers={"UPLOAD_TYPE": "URI"})
    assert told == (400, "Source download URI is required in header field 'DOWNLOAD_URI' for URI upload mode")
    assert doors.refused("GET", "/segments/days/none")[0] == 404


def test_segments_are_chosen_by_name_and_time(doors: Doors) -> None:
    doors.made()
    for day in range(1, 6):
        doors.segment(f"s{day}", (f"a{day}", START + day * DAY), (f"b{day}", START + day * DAY + 1000))
    between = {"startTimestamp": str(START + 2 * DAY + 500), "endTimestamp": str(START + 4 * DAY)}
    assert doors.ok("GET", "/segments/days/select", params={**OFFLINE, **between}) == [{"OFFLINE": ["s2", "s3"]}]
    whole = {**OFFLINE, **between, "excludeOverlapping": "true"}
    assert doors.ok("GET", "/segments/days/select", params=whole) == [{"OFFLINE": ["s3"]}]
    wrong = doors.refused("GET", "/segments/days/select", params={"startTimestamp": "9", "endTimestamp": "8"})
    assert wrong[0] == 500 and "should be smaller" in wrong[1]
    doors.ok("DELETE", "/segments/days/choose", params=whole)
    assert doors.ok("GET", "/segments/days") == [{"OFFLINE": ["s1", "s2", "s4", "s5"]}]
    done = doors.ok("DELETE", "/segments/days", params={**OFFLINE, "segments": ["s1", "s2"]})
    assert done == {"status": "Deleted segments: [s1, s2] from table: days_OFFLINE"}
    doors.ok("POST", "/segments/days/delete", json=["s4"])
    assert doors.ok("GET", "/segments/days") == [{"OFFLINE": ["s5"]}]
    assert doors.refused("POST", "/segments/days/delete", json=[]) == (400, "Segments must be provided")


def test_a_reload_is_needed_after_a_new_column(doors: Doors) -> None:
    doors.made().segment("one", ("a", START))
    assert doors.ok("GET", "/segments/days_OFFLINE/needReload")["needReload"] is False
    more = {**SCHEMA, "metricFieldSpecs": [{"name": "n", "dataType": "INT", "defaultNullValue": 7}]}
    doors.ok("PUT", "/schemas/days", json=more)
    told = doors.ok("GET", "/segments/days_OFFLINE/needReload", params={"verbose": "true"})
    assert told["needReload"] and list(told["serverToSegmentsCheckReloadList"]) == [doors.cluster.instances.server]
    (stale,) = doors.ok("GET", "/segments/days_OFFLINE/isStale").values()
    assert [one["segmentName"] for one in stale["staleSegmentList"]] == ["one"]
    doors.ok("POST", "/segments/days_OFFLINE/one/reset")
    assert doors.ok("GET", "/segments/days_OFFLINE/needReload")["needReload"] is False
    why = "Failed to reset segments in table: days. Must provide table name with type: days"
    assert doors.refused("POST", "/segments/days/reset") == (404, why)


def test_retention_deletes_what_is_too_old(doors: Doors) -> None:
    now = int(time.time() * 1000)
    kept = {"replication": "1", "timeColumnName": "ts", "retentionTimeUnit": "DAYS", "retentionTimeValue": "3"}
    doors.made(segmentsConfig=kept)
    doors.segment("old", ("a", now - 5 * DAY))
    doors.segment("new", ("b", now - DAY))
    doors.ok("GET", "/periodictask/run", params={"taskname": "SegmentStatusChecker"})
    assert doors.names() == ["a", "b"]
    told = doors.ok("GET", "/periodictask/run", params={"taskname": "RetentionManager", "tableName": "days"})
    assert told["isSuccessful"] is True
    assert doors.names() == ["b"]
    assert doors.refused("GET", "/periodictask/run", params={"taskname": "x"}) == (404, "Periodic task 'x' not found.")


def test_times_are_measured_anew(doors: Doors) -> None:
    doors.made().segment("one", ("a", START), ("b", START + 2 * DAY))
    segment = doors.cluster.catalog.segment("days_OFFLINE", "one")
    doors.cluster.catalog.describe(segment, {})
    doors.ok("POST", "/segments/days_OFFLINE/updateZKTimeInterval")
    told = doors.ok("GET", "/segments/days/one/metadata")
    assert (told["segment.start.time"], told["segment.end.time"]) == (str(START), str(START + 2 * DAY))


def test_what_columns_hold_is_measured(doors: Doors) -> None:
    doors.made().segment("one", ("a", START), ("bäc", START), ("a", START + 1))
    doors.segment("two", ("d", START))
    told = doors.ok("GET", "/tables/days/metadata", params={"type": "OFFLINE", "columns": "*"})
    assert told["columnCardinalityMap"] == {
        "name": 3.0, "ts": 2.0, "$docId": 4.0, "$hostName": 1.0, "$segmentName": 2.0, "$partitionId": 1.0}  # fmt: skip
    assert told["columnLengthMap"]["name"] == 4.0 and told["columnLengthMap"]["ts"] == 8.0
    assert told["maxNumMultiValuesMap"] == {"$partitionId": 1.0}


# --- instances and tenants


def test_a_disabled_server_answers_for_no_table(doors: Doors) -> None:
    doors.made().segment("one", ("a", START))
    server, broker = doors.cluster.instances.server, doors.cluster.instances.broker
    doors.ok("PUT", f"/instances/{server}/state", params={"state": "disable"})
    assert doors.code() == 305
    assert doors.ok("GET", f"/instances/{server}")["enabled"] is False
    doors.ok("PUT", f"/instances/{server}/state", params={"state": "enable"})
    assert doors.names() == ["a"]
    doors.ok("POST", f"/instances/{broker}/state", content="disable")
    assert doors.code() == 410
    doors.ok("POST", "/tenants/DefaultTenant", params={"type": "broker", "state": "enable"})
    assert doors.names() == ["a"]
    assert doors.refused("PUT", f"/instances/{server}/state", params={"state": "x"}) == (400, "Unknown state 'x'")
    assert doors.refused("PUT", "/instances/none/state", params={"state": "enable"})[0] == 404
    assert doors.refused("DELETE", f"/instances/{server}")[0] == 409


def test_what_other_tags_would_break(doors: Doors) -> None:
    doors.made()
    server, broker = doors.cluster.instances.server, doors.cluster.instances.broker
    (told,) = doors.ok("GET", "/instances/dropInstance/validate", params={"instanceNames": server})
    assert not told["isSafe"] and {one["code"] for one in told["issues"]} == {"IS_ALIVE", "CONTAINS_RESOURCE"}
    asked = [
        {"instanceName": server, "newTags": ["odd"]},
        {"instanceName": broker, "newTags": ["DefaultTenant_BROKER"]},
    ]
    first, second = doors.ok("POST", "/instances/updateTags/validate", json=asked)
    assert [one["code"] for one in first["issues"]] == ["UNRECOGNISED_TAG_TYPE", "MINIMUM_INSTANCE_UNSATISFIED"]
    assert second == {"instanceName": broker, "isSafe": True, "issues": []}
    wrong = [{"instanceName": "none", "newTags": []}]
    assert doors.refused("POST", "/instances/updateTags/validate", json=wrong)[0] == 412


def test_a_tenant_and_its_tables(doors: Doors) -> None:
    doors.made().segment("one", ("a", START))
    roles = doors.cluster.instances
    told = doors.ok("GET", "/tenants/DefaultTenant/metadata")
    assert (told["ServerInstances"], told["BrokerInstances"]) == ([roles.server], [roles.broker])
    named = doors.ok("GET", "/tenants", params={"type": "server"})
    assert named == {"SERVER_TENANTS": ["DefaultTenant"], "BROKER_TENANTS": None}
    servers = doors.ok("GET", "/tenants/DefaultTenant", params={"type": "server", "tableType": "offline"})
    assert servers["OfflineServerInstances"] == servers["ServerInstances"] == [roles.server]
    one = doors.ok("GET", "/tenants/DefaultTenant", params={"type": "broker"})
    assert one == {"BrokerInstances": [roles.broker], "tenantName": "DefaultTenant"}
    assert doors.ok("GET", "/tenants/DefaultTenant/tables", params={"type": "broker"}) == {"tables": ["days_OFFLINE"]}
    moved = doors.ok("POST", "/tenants/DefaultTenant/rebalance")
    assert moved["rebalanceTableResults"]["days_OFFLINE"]["status"] == "NO_OP"
    assert doors.refused("GET", "/tenants/none")[0] == 404
    assert doors.refused("POST", "/tenants/DefaultTenant", params={"state": "drop"})[0] == 400


# --- quotas


def test_databases_and_applications_are_limited(doors: Doors) -> None:
    doors.made()
    doors.ok("POST", "/applicationQuotas/board", params={"maxQueriesPerSecond": "1"})
    assert doors.ok("GET", "/applicationQuotas") == {"board": 1.0}
    asked = {"sql": "SET applicationName='board'; SELECT name FROM days"}
    codes = [doors.broker.post("/query/sql", json=asked).headers["X-Pinot-Error-Code"] for _ in range(3)]
    assert codes[0] == "-1" and "429" in codes[1:]
    assert doors.broker.get("/debug/applicationQuotas/board").text == "1.0"
    doors.ok("POST", "/applicationQuotas/board")
    assert doors.ok("GET", "/applicationQuotas") == {}
    doors.ok("POST", "/databases/default/quotas", params={"maxQueriesPerSecond": "2"})
    assert doors.ok("GET", "/databases/default/quotas") == {"maxQueriesPerSecond": "2.0"}
    wrong = doors.refused("POST", "/databases/default/quotas", params={"maxQueriesPerSecond": "x"})
    assert wrong == (500, "Database query quota value is not a number")
    other = doors.refused("POST", "/databases/sales/quotas", params={"maxQueriesPerSecond": "2"})
    assert other == (400, "Database config name and request context does not match")
    doors.ok("POST", f"/brokers/instances/{doors.cluster.instances.broker}/qps", params={"state": "disable"})
    assert [doors.names() for _ in range(4)] == [[]] * 4


def test_a_database_is_dropped_only_when_meant(doors: Doors) -> None:
    doors.made()
    told = doors.ok("DELETE", "/databases/default", params={"dryRun": "true"})
    assert told == {"deletedTables": ["days_OFFLINE"], "failedTables": [], "dryRun": True}
    assert doors.ok("GET", "/tables") == {"tables": ["days"]}
    doors.ok("DELETE", "/databases/default")
    assert doors.ok("GET", "/tables") == {"tables": []} and doors.ok("GET", "/schemas") == []


# --- tasks


def test_files_are_pushed_by_schedule_and_by_hand(doors: Doors) -> None:
    folder = doors.home / "inbox"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"name": "a", "ts": START}))
    batch = {"segmentIngestionType": "APPEND",
             "batchConfigMaps": [{"inputDirURI": folder.as_uri(), "inputFormat": "json"}]}  # fmt: skip
    task = {"taskTypeConfigsMap": {"SegmentGenerationAndPushTask": {}}}
    doors.made(ingestionConfig={"batchIngestionConfig": batch}, task=task)
    kind = {"taskType": "SegmentGenerationAndPushTask", "tableName": "days_OFFLINE"}
    first = doors.ok("POST", "/tasks/schedule", params=kind)["SegmentGenerationAndPushTask"]
    assert doors.names() == ["a"]
    assert doors.ok("POST", "/tasks/schedule", params=kind)["SegmentGenerationAndPushTask"] == ""
    (folder / "b.json").write_text(json.dumps({"name": "b", "ts": START}))
    doors.ok("PUT", "/tasks/SegmentGenerationAndPushTask/stop")
    assert doors.ok("GET", "/tasks/SegmentGenerationAndPushTask/state") == "STOPPED"
    doors.ok("POST", "/tasks/schedule", params=kind)
    assert doors.names() == ["a"]
    doors.ok("PUT", "/tasks/SegmentGenerationAndPushTask/resume")
    doors.ok("POST", "/tasks/schedule", params=kind)
    assert doors.names() == ["a", "b"]
    assert doors.ok("GET", f"/tasks/subtask/{first}/state") == {f"{first}_0": "COMPLETED"}
    assert doors.ok("GET", "/tasks/SegmentGenerationAndPushTask/days_OFFLINE/metadata")["pushedFiles"] == 2
    asked = {**kind, "taskName": "mine", "taskConfigs": {"inputDirURI": folder.as_uri(), "inputFormat": "json"}}
    named = "Task_SegmentGenerationAndPushTask_mine"
    assert doors.ok("POST", "/tasks/execute", json=asked) == {"days_OFFLINE": named}
    assert doors.names() == ["a", "a", "b", "b"]
    assert doors.refused("POST", "/tasks/execute", json=asked) == (409, f"Task already exists: {named}")
    assert doors.refused("POST", "/tasks/execute", json={**asked, "taskType": "x"}) == (404, "Unknown task type: x")
    doors.ok("DELETE", f"/tasks/task/{named}")
    assert doors.ok("GET", f"/tasks/task/{named}/debug") is None


def test_a_file_that_is_wrong_stops_a_push_and_none_is_pushed_twice(doors: Doors) -> None:
    folder = doors.home / "inbox"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"name": "a", "ts": START}))
    (folder / "b.json").write_text("nonsense")
    batch = {"segmentIngestionType": "APPEND",
             "batchConfigMaps": [{"inputDirURI": folder.as_uri(), "inputFormat": "json"}]}  # fmt: skip
    task = {"taskTypeConfigsMap": {"SegmentGenerationAndPushTask": {}}}
    doors.made(ingestionConfig={"batchIngestionConfig": batch}, task=task)
    for _ in range(2):
        told = doors.ok("POST", "/tasks/schedule", params={"taskType": "SegmentGenerationAndPushTask"})
        assert "days_OFFLINE: " in told["generationErrors"]
        assert doors.names() == ["a"]
    (folder / "b.json").write_text(json.dumps({"name": "b", "ts": START}))
    doors.ok("POST", "/tasks/schedule")
    assert doors.names() == ["a", "b"]


def test_a_table_that_is_refreshed_is_taken_anew_or_stays(doors: Doors) -> None:
    folder = doors.home / "inbox"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"name": "a", "ts": START}))
    batch = {"segmentIngestionType": "REFRESH",
             "batchConfigMaps": [{"inputDirURI": folder.as_uri(), "inputFormat": "json"}]}  # fmt: skip
    task = {"taskTypeConfigsMap": {"SegmentGenerationAndPushTask": {}}}
    doors.made(ingestionConfig={"batchIngestionConfig": batch}, task=task)
    doors.ok("POST", "/tasks/schedule")
    (folder / "a.json").write_text(json.dumps({"name": "a2", "ts": START}))
    (folder / "b.json").write_text("nonsense")
    assert doors.ok("POST", "/tasks/schedule")["generationErrors"]
    assert doors.names() == ["a"]
    (folder / "b.json").write_text(json.dumps({"name": "b", "ts": START}))
    doors.ok("POST", "/tasks/schedule")
    assert doors.names() == ["a2", "b"]


# --- the metadata tree


def test_nodes_of_ones_own_beside_those_of_the_engine(doors: Doors) -> None:
    doors.made()
    path, record = "/PinotCluster/PROPERTYSTORE/MINE/one", {"id": "one", "simpleFields": {"a": "1"}}
    doors.ok("POST", "/zk/create", params={"path": path}, json=record)
    assert doors.ok("GET", "/zk/get", params={"path": path}) == record
    assert "MINE" in doors.ok("GET", "/zk/ls", params={"path": "/PinotCluster/PROPERTYSTORE"})
    more = [{"id": "two"}, {"id": "one", "simpleFields": {"a": "2"}}]
    doors.ok("PUT", "/zk/putChildren", params={"path": "/PinotCluster/PROPERTYSTORE/MINE"}, json=more)
    listed = doors.ok("GET", "/zk/getChildren", params={"path": "/PinotCluster/PROPERTYSTORE/MINE"})
    assert sorted(one["id"] for one in listed) == ["one", "two"]
    assert doors.refused("POST", "/zk/create", params={"path": path}, json=record)[0] == 400
    assert doors.refused("DELETE", "/zk/delete", params={"path": "/PinotCluster/PROPERTYSTORE/SCHEMAS/days"})[0] == 501
    assert doors.refused("PUT", "/zk/put", params={"path": "x"}, json={}) == (400, "ZKPath x must start with /")
    doors.ok("DELETE", "/zk/delete", params={"path": "/PinotCluster/PROPERTYSTORE/MINE"})
    assert doors.refused("GET", "/zk/get", params={"path": path})[0] == 404


# --- every role


def test_what_a_process_tells_of_itself(doors: Doors) -> None:
    for role in (doors.controller, doors.broker, doors.server, doors.minion):
        if role is not doors.server:
            assert int(role.get("/uptime").text) >= 0
            assert role.get("/start-time").text.endswith("Z")
        assert role.get("/appconfigs").json()["systemConfig"]["availableProcessors"] >= 1
        assert role.get("/loggers").json()[0] == "root"
        assert role.get("/loggers/files").json() == []
        assert role.get("/loggers/none").status_code == 404
    before = logging.getLogger("httpx").level
    try:
        told = doors.broker.put("/loggers/httpx", params={"level": "error"})
        assert told.json() == {"name": "httpx", "level": "ERROR"} == doors.server.get("/loggers/httpx").json()
        assert logging.getLogger("httpx").level == logging.ERROR
    finally:
        logging.getLogger("httpx").setLevel(before)
    assert doors.broker.put("/loggers/httpx", params={"level": "x"}).status_code == 400


def test_both_engines_are_compared(doors: Doors) -> None:
    doors.made().segment("one", ("a", START))
    told = doors.broker.post("/query/compare", json={"sql": "SELECT count(*) FROM days"}).json()
    assert told["comparisonAnalysis"] == []
    told = doors.broker.post("/query/compare", json={"sqlV1": "SELECT 1 FROM days", "sqlV2": "SELECT 1, 2 FROM days"})
    assert told.json()["comparisonAnalysis"] == ["Mismatch in number of columns returned. v1: 1, v2: 2"]
    told = doors.broker.post("/query/compare", json={"sql": "SELECT none FROM days"}).json()
    assert told["comparisonAnalysis"] == ["Exception encountered while running the query on one or both query engines"]


def test_queries_of_one_kind_have_one_fingerprint(doors: Doors) -> None:
    def of(sql: str) -> Any:
        return doors.broker.post("/query/sql/queryFingerprint", json={"sql": sql}).json()

    first = of("SELECT name FROM days WHERE ts IN (1, 2, 3) AND name = 'it''s' LIMIT 5")
    assert first["fingerprint"] == "SELECT name FROM days WHERE ts IN (?) AND name = ? LIMIT ?"
    assert of("SELECT name FROM days  WHERE ts IN (4, 5) AND name = 'x' LIMIT 10") == first
    assert of('SELECT "2020" FROM days1')["fingerprint"] == 'SELECT "2020" FROM days1'
    assert "error" in of("SELECT FROM WHERE")


def test_the_server_tells_of_its_segments(doors: Doors) -> None:
    doors.made().segment("one", ("a", START), ("b", START + 2 * DAY))
    assert doors.server.get("/tables/days_OFFLINE/metadata").json()["numRows"] == 2
    told = doors.server.get("/tables/days_OFFLINE/segments/one/metadata", params={"columns": "*"}).json()
    assert told["totalDocs"] == 2 and {one["columnName"] for one in told["columns"]} == {"name", "ts"}
    assert doors.server.get("/tables/days_OFFLINE/segments/crc").json().keys() == {"one"}
    assert doors.server.get("/instance/tags").json() == ["DefaultTenant_OFFLINE", "DefaultTenant_REALTIME"]
    assert doors.server.get("/tables/none/size").status_code == 404
    assert doors.server.get("/tables/days_OFFLINE/allSegmentsLoaded").json() == {
        "valid": True, "invalidReason": None, "maxEndTimeMs": START + 2 * DAY}  # fmt: skip
    assert doors.server.get("/instance/diskUtilization").json()["totalSpaceBytes"] > 0
    assert doors.server.get("/uptime").text.startswith("Uptime: ")
    assert doors.server.request("DELETE", "/query/none").status_code == 404


def test_what_is_not_there_says_so(doors: Doors) -> None:
    for path in ("/segmentConsumed", "/cluster/configs/groovy/staticAnalyzerConfig"):
        status, told = doors.refused("GET", path)
        assert status == 501 and len(told) > 20
    assert doors.refused("GET", "/nothing/of/the/kind")[0] == 404
    described = doors.controller.get("/swagger.json").json()["paths"]
    assert "/segmentConsumed" not in described and "/segments/{name}/startReplaceSegments" in described
