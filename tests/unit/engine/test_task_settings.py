"""What a table config may say about its minion tasks, with Pinot's words for what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from meshloom.engine.config.documents import schema_document, table_document
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.validate_tasks import check_tasks
from meshloom.engine.errors import RestError

SCHEMA = Schema.of(schema_document({
    "schemaName": "t", "primaryKeyColumns": ["k"],
    "dimensionFieldSpecs": [{"name": "k", "dataType": "STRING"}],
    "metricFieldSpecs": [{"name": "m", "dataType": "INT"}],
    "dateTimeFieldSpecs": [{"name": "at", "dataType": "LONG", "format": "TIMESTAMP", "granularity": "1:MILLISECONDS"}],
})[0])  # fmt: skip
OFFLINE, COMPACTION, MERGE = "RealtimeToOfflineSegmentsTask", "UpsertCompactionTask", "UpsertCompactMergeTask"
HALF = {"invalidRecordsThresholdPercent": "50"}


def judged(task: str, settings: dict[str, Any] | None, kind: str = "REALTIME", upsert: Any = None) -> str | None:
    document = {
        "tableName": "t", "tableType": kind, "tenants": {}, "metadata": {}, "tableIndexConfig": {},
        "segmentsConfig": {"timeColumnName": "at", "replication": "1"},
        "task": {"taskTypeConfigsMap": {task: settings}},
    } | ({"upsertConfig": upsert} if upsert is not None else {})  # fmt: skip
    try:
        check_tasks(TableConfig.of(table_document(document)[0]), SCHEMA)
    except RestError as error:
        return error.what
    return None


def upserted(task: str, settings: dict[str, Any], **more: Any) -> str | None:
    return judged(task, settings, upsert={"mode": "FULL"} | more)


def test_a_kind_of_task_that_is_none_is_refused() -> None:
    said = judged("NoSuchTask", {})
    assert said is not None
    assert said.startswith("Task generator not found for task type: NoSuchTask, while validating table configs")


@pytest.mark.parametrize(("cron", "taken"), [
    ("0 */10 * * * ?", True), ("0 0 12 ? * MON-FRI", True), ("0 0 0 LW * ?", True), ("0 0 0 ? * 6#3 2030", True),
    ("*/10 * * * *", False), ("0 0 0 * * *", False), ("0 60 * * * ?", False), ("", False),
])  # fmt: skip
def test_a_schedule_is_a_cron_expression_of_quartz(cron: str, *, taken: bool) -> None:
    said = judged("MergeRollupTask", {"schedule": cron})
    assert said == (None if taken else f"Task MergeRollupTask contains an invalid cron schedule: {cron}")


@pytest.mark.parametrize(("settings", "said"), [
    ({}, None),
    ({"bucketTimePeriod": "1d", "bufferTimePeriod": "12h", "roundBucketTimePeriod": "1h30m"}, None),
    ({"bucketTimePeriod": "a day"}, "Invalid time spec 'a day' (Valid examples: '3h', '4h30m')"),
    ({"mergeType": "rollup"}, None),
    ({"mergeType": "SUM"}, "MergeType must be one of [CONCAT, ROLLUP, DEDUP]!"),
    ({"m.aggregationType": "sum", "collectorType": "rollup"}, None),
    ({"m.aggregationType": "MEDIAN"}, 'Column "m.aggregationType" has invalid aggregate type: MEDIAN'),
    ({"x.aggregationType": "sum"}, 'Column "x.aggregationType" not found in schema!'),
])  # fmt: skip
def test_segments_that_move_to_the_offline_table(settings: dict[str, Any], said: str | None) -> None:
    assert judged(OFFLINE, settings) == said


def test_an_upsert_table_moves_none() -> None:
    assert upserted(OFFLINE, {}) == "RealtimeToOfflineTask doesn't support upsert table!"


@pytest.mark.parametrize(("settings", "said"), [
    (HALF | {"bufferTimePeriod": "7d"}, None),
    ({"invalidRecordsThresholdCount": "10"}, None),
    ({}, "invalidRecordsThresholdPercent or invalidRecordsThresholdCount or both must be provided"),
    ({"invalidRecordsThresholdPercent": "101"}, "invalidRecordsThresholdPercent must be >= 0 and <= 100"),
    ({"invalidRecordsThresholdCount": "0"}, "invalidRecordsThresholdCount must be >= 1"),
    ({"invalidRecordsThresholdCount": "few"}, 'For input string: "few"'),
    (HALF | {"bufferTimePeriod": "7"}, "Invalid time spec '7' (Valid examples: '3h', '4h30m')"),
    (HALF | {"validDocIdsType": "in_memory"}, None),
    (HALF | {"validDocIdsType": "IN_MEMORY_WITH_DELETE"},
     "deleteRecordColumn must be provided for UpsertCompactionTask with validDocIdsType = IN_MEMORY_WITH_DELETE"),
])  # fmt: skip
def test_compaction(settings: dict[str, Any], said: str | None) -> None:
    assert upserted(COMPACTION, settings) == said


def test_compaction_needs_an_upsert_table_and_its_snapshot() -> None:
    assert judged(COMPACTION, HALF, kind="OFFLINE") == "UpsertCompactionTask only supports realtime tables!"
    assert judged(COMPACTION, HALF) == "Upsert must be enabled for UpsertCompactionTask"
    assert upserted(COMPACTION, HALF, snapshot="DISABLE") == (
        "'snapshot' from UpsertConfig must not be 'DISABLE' for UpsertCompactionTask with validDocIdsType = SNAPSHOT"
    )
    deleting = HALF | {"validDocIdsType": "IN_MEMORY_WITH_DELETE"}
    assert upserted(COMPACTION, deleting, deleteRecordColumn="gone") is None


def test_compacting_merges() -> None:
    assert upserted(MERGE, {"outputSegmentMaxSize": "200M"}) is None
    assert upserted(MERGE, {"outputSegmentMaxSize": "large"}) == "Illegal data size: large"
    assert judged(MERGE, {}) == "Upsert must be enabled for UpsertCompactMergeTask"
    assert upserted(MERGE, {}, snapshot="DISABLE") == (
        "'snapshot' from UpsertConfig must not be 'DISABLE' for UpsertCompactMergeTask"
    )
