"""What Pinot refuses in the settings of single kinds of minion tasks (validateTaskConfigs of their generators)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from meshloom.engine.config.java import data_size, period, real, whole
from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig

Settings = Mapping[str, Any]
AGGREGATION = ".aggregationType"
# MinionConstants.RealtimeToOfflineSegmentsTask.AVAILABLE_CORE_VALUE_AGGREGATORS
AGGREGATORS = frozenset((
    "MIN", "MAX", "SUM", "DISTINCTCOUNTHLL", "DISTINCTCOUNTRAWHLL", "DISTINCTCOUNTTHETASKETCH",
    "DISTINCTCOUNTRAWTHETASKETCH", "DISTINCTCOUNTTUPLESKETCH", "DISTINCTCOUNTRAWINTEGERSUMTUPLESKETCH",
    "SUMVALUESINTEGERSUMTUPLESKETCH", "AVGVALUEINTEGERSUMTUPLESKETCH", "DISTINCTCOUNTHLLPLUS",
    "DISTINCTCOUNTRAWHLLPLUS", "DISTINCTCOUNTCPCSKETCH", "DISTINCTCOUNTRAWCPCSKETCH", "DISTINCTCOUNTULL",
    "DISTINCTCOUNTRAWULL", "PERCENTILEKLL", "PERCENTILERAWKLL",
))  # fmt: skip
MERGES = ("CONCAT", "ROLLUP", "DEDUP")


def check_settings(task: str, settings: Settings, config: TableConfig, schema: Schema) -> None:
    """Raises RestError 400 with the first thing that is wrong with one task's settings."""
    check = CHECKS.get(task)
    if check is not None:
        check(settings, config, schema)


def _period(settings: Settings, key: str) -> None:
    text = settings.get(key)
    if key in settings and (text is None or period(str(text)) is None):
        raise refuse(f"Invalid time spec '{text}' (Valid examples: '3h', '4h30m')")


def _to_offline(settings: Settings, config: TableConfig, schema: Schema) -> None:
    require(not config.upsert, "RealtimeToOfflineTask doesn't support upsert table!")
    for key in ("bufferTimePeriod", "bucketTimePeriod", "roundBucketTimePeriod"):
        _period(settings, key)
    merge = str(settings.get("mergeType", "CONCAT")).upper()
    require(merge in MERGES, f"MergeType must be one of [{', '.join(MERGES)}]!")
    for key, value in settings.items():
        if not key.endswith(AGGREGATION):
            continue
        require(key.removesuffix(AGGREGATION) in schema.fields, f'Column "{key}" not found in schema!')
        known = str(value).upper().replace("_", "") in AGGREGATORS
        require(known, f'Column "{key}" has invalid aggregate type: {value}')


def _upserted(task: str, settings: Settings, config: TableConfig) -> None:
    require(config.table_type == "REALTIME", f"{task} only supports realtime tables!")
    require(bool(config.upsert), f"Upsert must be enabled for {task}")
    _period(settings, "bufferTimePeriod")


def _number(settings: Settings, key: str, read: Callable[[str], float], fits: Callable[[float], bool]) -> bool:
    """Whether a setting that is given is a number that fits. Raises RestError 400 for what is no number."""
    if key not in settings:
        return True
    try:
        return fits(read(str(settings[key])))
    except ValueError as error:
        raise refuse(f'For input string: "{settings[key]}"') from error


def _compaction(settings: Settings, config: TableConfig, schema: Schema) -> None:
    task, percent, count = "UpsertCompactionTask", "invalidRecordsThresholdPercent", "invalidRecordsThresholdCount"
    _upserted(task, settings, config)
    fits = _number(settings, percent, real, lambda value: 0 <= value <= 100)
    require(fits, f"{percent} must be >= 0 and <= 100")
    require(_number(settings, count, lambda text: whole(text, 64), lambda n: n >= 1), f"{count} must be >= 1")
    require(percent in settings or count in settings, f"{percent} or {count} or both must be provided")
    kind = str(settings.get("validDocIdsType", "SNAPSHOT")).upper()
    if kind == "SNAPSHOT":
        _snapshot(config, f"{task} with validDocIdsType = {kind}")
    elif kind == "IN_MEMORY_WITH_DELETE" and config.upsert.get("deleteRecordColumn") is None:
        raise refuse(f"deleteRecordColumn must be provided for {task} with validDocIdsType = {kind}")


def _snapshot(config: TableConfig, what: str) -> None:
    enabled = config.upsert.get("snapshot") != "DISABLE"
    require(enabled, f"'snapshot' from UpsertConfig must not be 'DISABLE' for {what}")


def _compact_merge(settings: Settings, config: TableConfig, schema: Schema) -> None:
    task, key = "UpsertCompactMergeTask", "outputSegmentMaxSize"
    _upserted(task, settings, config)
    _snapshot(config, task)
    if key in settings and data_size(str(settings[key])) is None:
        raise refuse(f"Illegal data size: {settings[key]}")


CHECKS: Mapping[str, Callable[[Settings, TableConfig, Schema], None]] = {
    "RealtimeToOfflineSegmentsTask": _to_offline,
    "UpsertCompactionTask": _compaction,
    "UpsertCompactMergeTask": _compact_merge,
}
