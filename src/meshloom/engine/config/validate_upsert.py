"""What Pinot refuses in upsert and dedup tables (TableConfigUtils.validateUpsertAndDedupConfig and what follows it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshloom.engine.config.java import period
from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.schema import Role, Schema
from meshloom.engine.config.table import TableConfig

ROUTING = ("strictreplicagroup", "multistagereplicagroup")
COMPACTION = ("UpsertCompactionTask", "UpsertCompactMergeTask")
NUMERIC = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL")


def check_upsert(config: TableConfig, schema: Schema) -> None:
    """Raises RestError 400 with the first thing that is wrong."""
    upsert: Mapping[str, Any] | None = config.document.get("upsertConfig")
    dedup: Mapping[str, Any] | None = config.document.get("dedupConfig")
    upserts = upsert is not None and upsert["mode"] != "NONE"
    dedups = dedup is not None and bool(dedup["dedupEnabled"])
    if not upserts and not dedups:
        return
    require(not (upserts and dedups), "A table can have either Upsert or Dedup enabled, but not both")
    if config.table_type == "OFFLINE":
        require(upserts, "Dedup is not supported for OFFLINE table. Only upsert is supported for OFFLINE table")
        partitioned = (config.indexing.get("segmentPartitionConfig") or {}).get("columnPartitionMap")
        require(bool(partitioned), "Offline upsert table must have segment partition config to ensure correct "
                "partition-based segment assignment. Configure segmentPartitionConfig in the "
                "indexingConfig.")  # fmt: skip
    require(bool(schema.primary_key), "Upsert/Dedup table must have primary key columns in the schema")
    for name in schema.primary_key:
        single = name not in schema.fields or schema.fields[name].single_value
        require(single, f"Upsert/Dedup primary key column: {name} cannot be of multi-value type")
    selector = config.section("routing").get("instanceSelectorType") or ""
    strict = selector.lower() in ROUTING
    require(strict, "Upsert/Dedup table must use strict replica-group (i.e. strictReplicaGroup) based routing")
    realtime = config.table_type == "REALTIME"
    tags = config.section("tenants").get("tagOverrideConfig") or {}
    overridden = realtime and any(tags.get(key) is not None for key in ("realtimeConsuming", "realtimeCompleted"))
    require(not overridden, "Invalid tenant tag override used for Upsert/Dedup table")
    if upsert is not None:
        _settings(config, schema, upsert)
    completed = realtime and "COMPLETED" in (config.document.get("instanceAssignmentConfigMap") or {})
    require(not completed, "COMPLETED instance partitions can't be configured for upsert / dedup tables")
    _aggregated(config)
    _lifetimes(config, schema, upsert or {})
    _dedup_lifetime(config, schema, dedup or {})


def _settings(config: TableConfig, schema: Schema, upsert: Mapping[str, Any]) -> None:
    require(config.document.get("tierConfigs") is None, "The upsert table cannot have multi-tiers")
    trees = config.indexing.get("starTreeIndexConfigs") or config.indexing.get("enableDefaultStarTree")
    require(not trees, "The upsert table cannot have star-tree index.")
    for name in upsert.get("comparisonColumns") or ():
        require(name in schema.fields, "The comparison column does not exist on schema")
    _deletes(schema, upsert.get("deleteRecordColumn"))
    late = upsert.get("outOfOrderRecordColumn")
    if late is not None:
        both = upsert["dropOutOfOrderRecord"]
        require(not both, "outOfOrderRecordColumn and dropOutOfOrderRecord shouldn't exist together for upsert table")
        field = schema.fields.get(late)
        fits = field is not None and field.single_value and field.data_type == "BOOLEAN"
        require(fits, "The outOfOrderRecordColumn must be a single-valued BOOLEAN column")
    if upsert["enableDeletedKeysCompactionConsistency"]:
        _compaction(config, upsert)
    mode = upsert["consistencyMode"]
    if mode != "NONE":
        tracked = upsert["newSegmentTrackingTimeMs"] > 0
        require(tracked, f"Positive newSegmentTrackingTimeMs is required to enable consistency mode: {mode}")
        if upsert["dropOutOfOrderRecord"]:
            raise refuse(f"dropOutOfOrderRecord cannot be enabled when consistencyMode is {mode}. Out-of-order records "
                         "can only be dropped in NONE consistency mode.")  # fmt: skip
        if late is not None:
            raise refuse(f"outOfOrderRecordColumn cannot be configured when consistencyMode is {mode}. Out-of-order "
                         "record marking is only supported in NONE consistency mode.")  # fmt: skip


def _deletes(schema: Schema, name: str | None) -> None:
    if name is None:
        return
    field = schema.fields.get(name)
    if field is None:
        raise refuse(f"Column {name} specified in deleteRecordColumn does not exist")
    require(field.single_value, f"The deleteRecordColumn - {name} must be a single-valued column")
    fits = field.data_type in ("BOOLEAN", "STRING", *NUMERIC)
    require(fits, f"The deleteRecordColumn - {name} must be of type: String / Boolean / Numeric")


def _compaction(config: TableConfig, upsert: Mapping[str, Any]) -> None:
    what, table = "enableDeletedKeysCompactionConsistency", "for upsert table"
    require(upsert["metadataTTL"] == 0, f"{what} and metadataTTL shouldn't exist together {table}")
    require(upsert["preload"] != "ENABLE", f"{what} and preload shouldn't exist together {table}")
    require(upsert["deletedKeysTTL"] > 0, f"{what} should exist with deletedKeysTTL {table}")
    require(upsert["snapshot"] != "DISABLE", f"{what} should exist with snapshot {table}")
    tasks = config.section("task").get("taskTypeConfigsMap") or {}
    wanted = any(task in tasks for task in COMPACTION)
    require(wanted, f"{what} should exist with UpsertCompactionTask / UpsertCompactMergeTask {table}")


def _aggregated(config: TableConfig) -> None:
    indexed, ingested = config.indexing["aggregateMetrics"], bool(config.ingestion.get("aggregationConfigs"))
    both = indexed and ingested
    require(not both, "Metrics aggregation cannot be enabled in the Indexing Config and Ingestion Config at the same "
            "time")  # fmt: skip
    require(not (indexed or ingested), "Metrics aggregation and upsert cannot be enabled together")


def _measured(schema: Schema, name: str, what: str) -> None:
    kind = schema.fields[name].data_type
    fits = kind in NUMERIC or schema.fields[name].stored_type in NUMERIC
    require(fits, f"{what}: {name} in numeric type, found: {kind}")


def _lifetimes(config: TableConfig, schema: Schema, upsert: Mapping[str, Any]) -> None:
    kept, deleted = upsert.get("metadataTTL") or 0, upsert.get("deletedKeysTTL") or 0
    if not kept and not deleted:
        return
    what, columns = "MetadataTTL / DeletedKeysTTL", upsert.get("comparisonColumns") or ()
    if columns:
        require(len(columns) == 1, f"{what} does not work with multiple comparison columns")
        _measured(schema, columns[0], f"{what} must have comparison column")
    else:
        require(
            bool(config.time_column), f"{what} requires either a comparison column or a time column to be configured"
        )
        _measured(schema, config.time_column, f"{what} must have time column")
    require(kept <= 0 or upsert["snapshot"] != "DISABLE", "Upsert TTL must have snapshot enabled")
    marked = deleted <= 0 or upsert.get("deleteRecordColumn") is not None
    require(marked, "Deleted Keys TTL can only be enabled with deleteRecordColumn set.")


def _dedup_lifetime(config: TableConfig, schema: Schema, dedup: Mapping[str, Any]) -> None:
    if (dedup.get("metadataTTL") or 0) <= 0:
        return
    column = dedup.get("dedupTimeColumn")
    if column and column not in schema.fields:
        raise refuse(f"Failed to find dedupTimeColumn: {column} in schema")
    what = "dedupTimeColumn" if column else "time column"
    _measured(schema, column or config.time_column, f"MetadataTTL must have {what}")
    tiers = config.document.get("tierConfigs")
    if tiers is None:
        return
    if column:
        same = column.lower() == config.time_column.lower()
        require(same, f"DedupTimeColumn: {column} is different from table's timeColumn: {config.time_column}")
    for tier in tiers:
        kind = tier["segmentSelectorType"]
        by_time = kind.lower() == "time"
        require(by_time, f"Time based segment selector is required but tier: {tier['name']} uses selector: {kind}")
    least = min(period(tier.get("segmentAge") or "") or 0 for tier in tiers) if tiers else 2**63 - 1
    lifetime = _millis(int(dedup["metadataTTL"]), schema.fields[config.time_column].format)
    shown = f"{lifetime}(ms) must be smaller than the minimum segmentAge: {least}(ms)"
    require(lifetime < least, f"MetadataTTL: {shown}")


UNITS = {"NANOSECONDS": 1e-6, "MICROSECONDS": 1e-3, "MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000,
         "HOURS": 3_600_000, "DAYS": 86_400_000}  # fmt: skip


def _millis(value: int, form: str) -> int:
    """A time of an epoch format in milliseconds; of another format as it is."""
    parts = form.split("|") if form.startswith("EPOCH") else form.split(":")
    size, unit = ("1", "MILLISECONDS") if "EPOCH" not in parts else (
        (parts[2] if len(parts) > 2 else "1", parts[1] if len(parts) > 1 else "MILLISECONDS")
        if parts[0] == "EPOCH" else (parts[0], parts[1])
    )  # fmt: skip
    return int(value * int(size) * UNITS.get(unit, 1))


def check_partial_upsert(config: TableConfig, schema: Schema) -> None:
    """Raises RestError 400 with the first thing that is wrong."""
    upsert = config.upsert
    if upsert.get("mode") != "PARTIAL":
        return
    nulls = schema.column_based_nulls or config.keeps_nulls
    require(nulls, "Null handling must be enabled for partial upsert tables")
    strategies = upsert.get("partialUpsertStrategies") or {}
    if (upsert.get("partialUpsertMergerClass") or "").strip():
        only = "If partialUpsertMergerClass is provided then partialUpsertStrategies should be empty"
        require(not strategies, only)
        return
    compared = upsert.get("comparisonColumns")
    for column, strategy in strategies.items():
        require(column not in schema.primary_key, "Merger cannot be applied to primary key columns")
        if compared is not None:
            require(column not in compared, "Merger cannot be applied to comparison column")
        else:
            require(column != config.time_column, "Merger cannot be applied to time column")
        field = schema.fields.get(column)
        if field is None:
            raise refuse(f"Merger cannot be applied to non-existing column: {column}")
        if strategy == "INCREMENT":
            what = "INCREMENT merger cannot be applied to"
            require(field.stored_type in NUMERIC, f"{what} non-numeric column: {column}")
            require(field.role is not Role.DATE_TIME, f"{what} date time column: {column}")
            require(field.role is not Role.COMPLEX, f"{what} complex column: {column}")
        elif strategy in ("APPEND", "UNION"):
            many = not field.single_value
            require(many, f"{strategy} merger cannot be applied to single-value column: {column}")


def violations(old: TableConfig, new: TableConfig) -> list[str]:
    """What may not change of an upsert or dedup table (TableConfigUtils.validateBackwardCompatibility)."""
    found: list[str] = []
    before, after = old.upsert, new.upsert
    if before and after:
        names = ["mode", "hashFunction", "comparisonColumns"]
        found += _changed("upsertConfig", names, before, after)
        if not before.get("comparisonColumns"):
            found += _time_changed(old, new, "used as default comparison column")
        names = ["dropOutOfOrderRecord", "outOfOrderRecordColumn"]
        if before["mode"] == "PARTIAL":
            names += ["partialUpsertStrategies", "defaultPartialUpsertStrategy"]
        found += _changed("upsertConfig", names, before, after)
    before, after = old.section("dedupConfig"), new.section("dedupConfig")
    if before.get("dedupEnabled") and after.get("dedupEnabled"):
        found += _changed("dedupConfig", ["hashFunction", "dedupTimeColumn"], before, after)
        if not before.get("dedupTimeColumn"):
            found += _time_changed(old, new, "used as default dedup time column")
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _changed(section: str, names: list[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"{section}.{name} ({_shown(old.get(name))} -> {_shown(new.get(name))})"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _time_changed(old: TableConfig, new: TableConfig, why: str) -> list[str]:
    one, other = (config.segments.get("timeColumnName") for config in (old, new))
    return [f"timeColumnName ({_shown(one)} -> {_shown(other)}) - {why}"] if one != other else []
