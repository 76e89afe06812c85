"""Logical tables: several physical tables under one name (PinotLogicalTableResource, LogicalTableConfigUtils,
LogicalTableRouteProvider)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

DAY = 86_400_000
START = 1_700_006_400_000
MULTI = {"useMultistageEngine": "true"}
BOTH = pytest.mark.parametrize("engine", [{}, MULTI], ids=["single", "multi"])
FIELDS = {
    "dimensionFieldSpecs": [
        {"name": "side", "dataType": "STRING"}, {"name": "id", "dataType": "INT"},
        {"name": "tags", "dataType": "STRING", "singleValueField": False},
    ],
    "dateTimeFieldSpecs": [
        {"name": "ts", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:DAYS"}
    ],
}  # fmt: skip
LOGICAL = {
    "tableName": "all",
    "brokerTenant": "DefaultTenant",
    "physicalTableConfigMap": {"east_OFFLINE": {}, "west_OFFLINE": {}},
    "refOfflineTableName": "east_OFFLINE",
}
HYBRID = LOGICAL | {
    "physicalTableConfigMap": {"east_OFFLINE": {}, "west_OFFLINE": {}, "now_REALTIME": {}},
    "refRealtimeTableName": "now_REALTIME",
    "timeBoundaryConfig": {
        "boundaryStrategy": "min", "parameters": {"includedTables": ["east_OFFLINE", "west_OFFLINE"]}
    },
}  # fmt: skip


class Doors:
    """A cluster with three tables of rows, one a row a day."""

    def __init__(self, tables: Any, run: Any) -> None:
        self.tables, self.run, self.controller = tables, run, tables.cluster.controller
        more = {"name": "only_east", "dataType": "DOUBLE"}
        for name, kind, days in (("east", "OFFLINE", 3), ("west", "OFFLINE", 5), ("now", "REALTIME", 7)):
            schema = FIELDS | {"metricFieldSpecs": [more] if name == "east" else [], "schemaName": name}
            self.controller.add_schema(schema)
            self.controller.put_table({
                "tableName": name, "tableType": kind, "segmentsConfig": {"replication": "1", "timeColumnName": "ts"},
                "tenants": {}, "tableIndexConfig": {}, "metadata": {},
            })  # fmt: skip
            rows = [{"side": name, "id": n, "ts": START + n * DAY, "tags": [name, str(n)], "only_east": n / 2}
                    for n in range(days)]  # fmt: skip
            file = tables.home / "rows.json"
            file.write_text("\n".join(json.dumps(row) for row in rows))
            self.controller.ingest_file(f"{name}_{kind}", file, {"inputFormat": "json"})
        self.controller.add_schema(FIELDS | {"metricFieldSpecs": [more], "schemaName": "all"})

    def __call__(self, method: str, path: str, document: Any = None, role: str = "controller") -> httpx.Response:
        app = self.tables.cluster.controller_app if role == "controller" else self.tables.cluster.broker_app
        body = json.dumps(document) if document is not None else None

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
                return await client.request(method, path, content=body)

        found: httpx.Response = self.run(asked())
        return found

    def rows(self, sql: str, **options: str) -> Any:
        return self.tables.rows(sql, **options)


@pytest.fixture
def doors(new_tables: Any, run_coroutine: Any) -> Doors:
    return Doors(new_tables(), run_coroutine)


@BOTH
def test_the_rows_of_all_tables_answer_under_one_name(doors: Doors, engine: dict[str, str]) -> None:
    assert doors("GET", "/logicalTables").json() == []
    added = doors("POST", "/logicalTables", LOGICAL | {"owner": "me"})
    assert added.json() == {
        "unrecognizedProperties": {"/owner": "me"}, "status": "all logical table successfully added."
    }  # fmt: skip
    assert doors("GET", "/logicalTables").json() == ["all"]
    kept = {table: {"multiCluster": False} for table in LOGICAL["physicalTableConfigMap"]}
    assert doors("GET", "/logicalTables/all").json()["physicalTableConfigMap"] == kept
    assert "all" not in doors("GET", "/tables").json()["tables"]
    found = doors.rows('SELECT side, count(*) FROM "all" GROUP BY side ORDER BY side', **engine)
    assert found == [["east", 3], ["west", 5]]
    answer = doors.tables.cluster.broker.query('SELECT id FROM "all" LIMIT 3', engine)
    assert (answer["totalDocs"], answer["numSegmentsQueried"], answer["tablesQueried"]) == (8, 2, ["all"])


def test_a_column_that_a_table_lacks_reads_as_its_default(doors: Doors) -> None:
    doors("POST", "/logicalTables", LOGICAL)
    sql = 'SELECT side, sum(only_east) FROM "all" GROUP BY side ORDER BY side'
    assert doors.rows(sql) == [["east", 1.5], ["west", 0.0]]
    assert doors.rows(sql, enableNullHandling="true") == [["east", 1.5], ["west", None]]
    assert doors.rows("SELECT count(*) FROM \"all\" WHERE tags = 'west'") == [[5]]


@BOTH
def test_offline_and_realtime_tables_meet_at_the_least_boundary(doors: Doors, engine: dict[str, str]) -> None:
    assert doors("POST", "/logicalTables", HYBRID).status_code == 200
    found = doors.rows('SELECT side, id FROM "all" ORDER BY id, side LIMIT 100', **engine)
    assert found == [["east", 0], ["west", 0], ["east", 1], ["west", 1], *(["now", n] for n in range(2, 7))]


def test_without_a_boundary_the_realtime_tables_answer_alone(doors: Doors) -> None:
    for name in ("east", "west"):
        for segment in doors.controller.segments(f"{name}_OFFLINE"):
            doors.controller.drop_segment(f"{name}_OFFLINE", segment.name)
    doors("POST", "/logicalTables", HYBRID)
    assert doors.rows('SELECT count(*) FROM "all"') == [[7]]


def test_put_delete_and_what_they_do_not_find(doors: Doors) -> None:
    assert doors("PUT", "/logicalTables/all", LOGICAL).json()["error"] == "Failed to find logical table all"
    doors("POST", "/logicalTables", LOGICAL)
    again = doors("POST", "/logicalTables", LOGICAL)
    assert (again.status_code, again.json()["error"]) == (409, "Logical table: all already exists")
    one = LOGICAL | {"physicalTableConfigMap": {"west_OFFLINE": {}}, "refOfflineTableName": "west_OFFLINE"}
    assert doors("PUT", "/logicalTables/all", one).json()["status"] == "all logical table successfully updated."
    assert doors.rows('SELECT count(*) FROM "all"') == [[5]]
    assert doors("PUT", "/logicalTables/other", one).status_code == 500
    assert doors("DELETE", "/logicalTables/all").json() == {"status": "all logical table successfully deleted."}
    assert doors("DELETE", "/logicalTables/all").status_code == 404
    assert doors("GET", "/logicalTables/all").status_code == 404
    assert doors.tables.error('SELECT * FROM "all"')[0] == 190


def test_what_it_needs_cannot_be_taken_away(doors: Doors) -> None:
    doors("POST", "/logicalTables", LOGICAL)
    kept = doors("DELETE", "/tables/west")
    says = "Cannot delete table config: west because it is referenced in logical table: all"
    assert (kept.status_code, kept.json()["error"]) == (500, says)  # Pinot wraps its own 409
    assert doors("DELETE", "/tableConfigs/west").status_code == 409
    assert doors("DELETE", "/schemas/all").status_code == 409
    table = dict(doors.controller.table("west_OFFLINE")) | {"tableName": "all"}
    assert doors("POST", "/tables", table).status_code == 409


def test_quota_and_groovy_are_the_logical_tables_own(doors: Doors) -> None:
    doors("POST", "/logicalTables", LOGICAL | {"quota": {"maxQueriesPerSecond": "1"}})
    doors.rows('SELECT id FROM "all"')
    assert doors.tables.error('SELECT id FROM "all"')[0] == 429
    doors.rows("SELECT id FROM east")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tableName": ""}, "name. Reason: 'tableName' should not be null or empty"),
        ({"tableName": "all_OFFLINE"}, "should not end with _OFFLINE or _REALTIME"),
        ({"physicalTableConfigMap": {}}, "'physicalTableConfigMap' should not be null or empty"),
        ({"physicalTableConfigMap": {"east_OFFLINE": None}},
         "'physicalTableConfig' should not be null for physical table: east_OFFLINE"),
        ({"physicalTableConfigMap": {"north_OFFLINE": {}}, "refOfflineTableName": "north_OFFLINE"},
         "'north_OFFLINE' should be one of the existing tables"),
        ({"physicalTableConfigMap": {"east": {}}, "refOfflineTableName": None},
         "'east' should be one of the existing tables"),
        ({"physicalTableConfigMap": {"east": {}}}, "should be null or empty when offline tables do not exist"),
        ({"physicalTableConfigMap": {"east_OFFLINE": {"multiCluster": True}}}, "of another cluster"),
        ({"refOfflineTableName": None}, "'refOfflineTableName' should not be null or empty when offline table exists"),
        ({"refOfflineTableName": "now_REALTIME"}, "'refOfflineTableName' should be an offline table type"),
        ({"refOfflineTableName": "north_OFFLINE"}, "should be one of the provided offline tables"),
        ({"refRealtimeTableName": "now_REALTIME"},
         "'refRealtimeTableName' should be null or empty when realtime tables do not exist"),
        ({"quota": {"storage": "1G"}}, "'quota.storage' should not be set for logical table"),
        ({"brokerTenant": "mine"}, "'mine' should be one of the existing broker tenants"),
        ({"tableName": "every"}, "Schema with same name as logical table 'every' does not exist"),
        (HYBRID | {"timeBoundaryConfig": None}, "'timeBoundaryConfig' should not be null for hybrid logical tables"),
        ({"timeBoundaryConfig": {"parameters": {"a": 1}}}, "'timeBoundaryConfig.boundaryStrategy' should not be null"),
        ({"timeBoundaryConfig": {"boundaryStrategy": "min"}}, "'timeBoundaryConfig.parameters' should not be null"),
        ({"timeBoundaryConfig": {"boundaryStrategy": "max", "parameters": {"a": 1}}}, "should be min, not max"),
        ({"quota": "much"}, "no String-argument constructor"),
        ({"physicalTableConfigMap": ["east_OFFLINE"]}, "from Array value"),
    ],
)  # fmt: skip
def test_what_is_no_logical_table_is_told(doors: Doors, change: dict[str, Any], says: str) -> None:
    answer = doors("POST", "/logicalTables", LOGICAL | change)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_names_are_taken_once(doors: Doors) -> None:
    found = doors("POST", "/logicalTables", LOGICAL | {"tableName": "east"})
    assert (found.status_code, found.json()["error"]) == (409, "Table name: east already exists")
    assert doors("POST", "/logicalTables", [LOGICAL]).status_code == 400
