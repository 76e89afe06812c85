"""What Pinot's controller refuses in a table config, in its order and with its texts (TableConfigUtils.validate,
TaskConfigUtils, TableConfigValidationUtils). The config is one that `documents.table_document` has read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from meshloom.engine.config.java import data_size, period, shown_size
from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.schema import Role, Schema
from meshloom.engine.config.table import TYPES, TableConfig
from meshloom.engine.config.validate_indexes import check_indexes
from meshloom.engine.config.validate_stream import check_ingestion_kinds, check_streams, replication
from meshloom.engine.config.validate_tasks import check_one_compaction
from meshloom.engine.config.validate_upsert import check_partial_upsert, check_upsert

UNITS = ("NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS")
DIMENSION_TABLE_SIZE = 200 * 1024**2  # controller.dimTable.maxSize
SANITIZED = (
    "invertedIndexColumns", "noDictionaryColumns", "sortedColumn", "bloomFilterColumns", "onHeapDictionaryColumns",
    "rangeIndexColumns", "varLengthDictionaryColumns",
)  # fmt: skip
PARTITIONS = ("OFFLINE", "CONSUMING", "COMPLETED")


def check_table(
    config: TableConfig, schema: Schema, ingestion: Callable[[], None], skipped: frozenset[str] = frozenset()
) -> None:
    """What contradicts the schema or itself. `ingestion` judges the ingestion config's expressions, in its turn;
    `skipped` are kinds of validation that are left out. Raises RestError 400."""
    for key in SANITIZED:
        if None in (config.indexing.get(key) or ()):
            raise refuse('Cannot invoke "String.isEmpty()" because "v" is null')
    for section in ("tableIndexConfig", "fieldConfigList", "tierConfigs", "ingestionConfig"):
        _no_nulls(config.document.get(section), section)
    for kind, settings in (config.document.get("instanceAssignmentConfigMap") or {}).items():
        require(settings is not None, f"instanceAssignmentConfigMap.{kind} is null")
    if "ALL" in skipped:
        return
    _segments(config, schema)
    check_ingestion_kinds(config)
    ingestion()
    if config.table_type == "REALTIME":
        check_streams(config)
    _tiers(config)
    check_indexes(config, schema)
    _assignments(config)
    if "UPSERT" not in skipped:
        check_upsert(config, schema)
        check_partial_upsert(config, schema)
    check_one_compaction(config)


def _no_nulls(value: Any, where: str) -> None:
    """Lists without a null in them: Pinot's own words are a NullPointerException's."""
    if isinstance(value, list):
        for position, item in enumerate(value):
            require(item is not None, f"{where}[{position}] is null")
            _no_nulls(item, f"{where}[{position}]")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _no_nulls(item, f"{where}.{key}")


def sanitized(document: dict[str, Any]) -> dict[str, Any]:
    """The config without the empty names of columns that Pinot leaves out when it validates."""
    indexing = dict(document["tableIndexConfig"])
    for key in SANITIZED:
        if indexing.get(key) is not None:
            indexing[key] = [name for name in indexing[key] if name != ""]
    return document | {"tableIndexConfig": indexing}


def check_name(config: TableConfig) -> None:
    """TableConfigUtils.validateTableName."""
    shown = f"Table name: '{config.name}' containing"
    require(config.name.count(".") <= 1, f"{shown} more than one '.' is not allowed")
    require(not re.search(r"\s", config.name), f"{shown} space is not allowed")
    if not config.name.isprintable() or "/" in config.name or "\\" in config.name:
        raise refuse(f"{shown} a slash, a backslash or a control character is not allowed")


def _segments(config: TableConfig, schema: Schema) -> None:
    segments, column = config.segments, config.segments.get("timeColumnName")
    known = config.table_type != "REALTIME" or column is not None
    require(known, "'timeColumnName' cannot be null in REALTIME table config")
    if column is not None:
        timed = column in schema.fields and schema.fields[column].role is Role.DATE_TIME
        require(timed, f"Cannot find valid fieldSpec for timeColumn: {column} from the table config: {config.name}, in "
                f"the schema: {schema.name}")  # fmt: skip
    if config.is_dimension_table:
        require(config.table_type == "OFFLINE", "Dimension table must be of OFFLINE table type.")
        require(bool(schema.primary_key), "Dimension table must have primary key[s]")
    scheme = segments.get("peerSegmentDownloadScheme")
    if scheme is not None:
        known = scheme.lower() in ("http", "https")
        require(known, f"Invalid value '{scheme}' for peerSegmentDownloadScheme. Must be one of http or https")
        require(replication(config) >= 2, "peerSegmentDownloadScheme can't be used when replication is < 2")
    _retention(config)


def _retention(config: TableConfig) -> None:
    segments, table = config.segments, f"Table: {config.name},"
    pushed = (config.ingestion.get("batchIngestionConfig") or {}).get("segmentIngestionType")
    pushed = segments.get("segmentPushType") if pushed is None else pushed
    if config.table_type == "OFFLINE" and pushed:
        require(pushed.upper() in ("REFRESH", "APPEND"), f"{table} invalid push type: {pushed}")
    unit = segments.get("retentionTimeUnit")
    require(not unit or unit.upper() in UNITS, f"{table} invalid retention time unit: {unit}")
    unit, value = (segments.get(f"untrackedSegmentsRetentionTime{part}") for part in ("Unit", "Value"))
    what = f"{table} untracked retention time"
    require(not unit or bool(value), f"{what} value must be specified when untracked retention time unit is provided")
    require(not value or bool(unit), f"{what} unit must be specified when untracked retention time value is provided")
    if unit:
        require(unit.upper() in UNITS, f"{table} invalid untracked retention time unit: {unit}")
        positive = re.fullmatch(r"\+?0*[1-9]\d{0,18}", value or "") is not None
        require(positive, f"{table} invalid untracked retention time value: {value}")


def _tiers(config: TableConfig) -> None:
    seen: set[str] = set()
    for tier in config.document.get("tierConfigs") or ():
        name, kind, storage = tier["name"], tier["segmentSelectorType"], tier["storageType"]
        require(bool(name), "Tier name cannot be blank")
        require(name not in seen, f"Tier name: {name} already exists in tier configs")
        seen.add(name)
        age, tag = tier.get("segmentAge"), tier.get("serverTag")
        if kind.lower() == "time":
            require(age is not None, f"Must provide 'segmentAge' for segmentSelectorType: {kind} in tier: {name}")
            valid = period(age) is not None
            require(valid, f"segmentAge: {age} must be a valid period string (eg. 30d, 24h) in tier: {name}")
        elif kind.lower() != "fixed":
            raise refuse(f"Unsupported segmentSelectorType: {kind} in tier: {name}")
        if storage.lower() != "pinot_server":
            raise refuse(f"Unsupported storageType: {storage} in tier: {name}")
        require(tag is not None, f"Must provide 'serverTag' for storageType: {storage} in tier: {name}")
        fits = tag.endswith(("_OFFLINE", "_REALTIME"))
        require(fits, f"serverTag: {tag} must have a valid server tag format (<tenantName>_OFFLINE or "
                f"<tenantName>_REALTIME) in tier: {name}")  # fmt: skip


def _assignments(config: TableConfig) -> None:
    assigned = config.document.get("instanceAssignmentConfigMap") or {}
    mapped = config.document.get("instancePartitionsMap") or {}
    for kind in PARTITIONS if mapped else ():
        if kind not in assigned:
            continue
        selector = "MIRROR_SERVER_SET_PARTITION_SELECTOR"
        if assigned[kind]["partitionSelector"] == selector:
            require(kind in mapped, f"Both InstanceAssignmentConfigMap and InstancePartitionsMap needed for {kind}, as "
                    f"{selector} is used")  # fmt: skip
            continue
        both = kind in mapped
        require(not both, f"Both InstanceAssignmentConfigMap and InstancePartitionsMap set for {kind}")
    if assigned and config.segments.get("replicaGroupStrategyConfig") is not None:
        raise refuse("Both replicaGroupStrategyConfig and replicaGroupPartitionConfig is provided")
    for kind, settings in assigned.items():
        _implicit(config, kind, settings)


def _implicit(config: TableConfig, kind: str, settings: Mapping[str, Any]) -> None:
    selector = "IMPLICIT_REALTIME_TABLE_PARTITION_SELECTOR"
    if settings["partitionSelector"] != selector:
        return
    only, groups = f"{selector} can only be used", settings["replicaGroupPartitionConfig"]
    require(config.table_type == "REALTIME", f"{only} for REALTIME tables")
    require(kind.upper() == "CONSUMING", f"{only} for CONSUMING instance partitions type")
    require(groups["replicaGroupBased"], f"{only} with replica group based instance assignment")
    require(groups["numPartitions"] == 0, f"numPartitions should not be explicitly set when using {selector}")
    require(groups["numInstancesPerPartition"] in (0, 1), f"numInstancesPerPartition must be 1 when using {selector}")


# --- against the cluster


def check_size(config: TableConfig) -> None:
    """TableConfigUtils.ensureStorageQuotaConstraints."""
    storage = config.section("quota").get("storage")
    wanted = data_size(storage) if storage else None
    if config.is_dimension_table and wanted is not None and wanted > DIMENSION_TABLE_SIZE:
        raise refuse(f"Exceeded storage size for dimension table. Requested size: {wanted}, Max allowed size: "
                     f"{DIMENSION_TABLE_SIZE}")  # fmt: skip


def sized(config: TableConfig) -> TableConfig:
    """With one replica at least, and as a dimension table with a quota (ensureMinReplicas and the like).

    Raises RestError 400."""
    check_size(config)
    document = dict(config.document)
    if replication(config) < 1:
        document["segmentsConfig"] = {**config.segments, "replication": "1"}
    if config.is_dimension_table and config.section("quota").get("storage") is None:
        document["quota"] = {**config.section("quota"), "storage": shown_size(DIMENSION_TABLE_SIZE)}
    return TableConfig.of(document)


def check_hybrid(offline: TableConfig, realtime: TableConfig) -> None:
    """TableConfigUtils.verifyHybridTableConfigs."""
    columns = [config.segments.get("timeColumnName") for config in (offline, realtime)]
    shown = [f"{kind} time column name: {column if column is not None else 'null'}"
             for kind, column in zip(("Offline", "Realtime"), columns, strict=True)]  # fmt: skip
    told = f"for table: {offline.raw_name}! {'. '.join(shown)}"
    require(None not in columns, f"'timeColumnName' cannot be null {told}")
    require(columns[0] == columns[1], f"Time column names are different {told}")
    brokers = [config.section("tenants").get("broker") or "DefaultTenant" for config in (offline, realtime)]
    require(brokers[0] == brokers[1], f"Broker Tenants are different for table: {offline.raw_name}! Offline broker "
            f"tenant name: {brokers[0]}, Realtime broker tenant name: {brokers[1]}")  # fmt: skip


Tagged = Callable[[str], int]  # how many instances have a tag


def check_placement(config: TableConfig, tagged: Tagged) -> None:
    """What POST refuses and the validation lets pass: more replicas than there are servers of the tenant."""
    wanted, tag = replication(config), _server_tag(config)
    reason = f"Failed to calculate instance partitions for table: {config.name}, reason: "
    servers = tagged(tag)
    if not servers:
        raise refuse(f"{reason}No instance found with tag: {tag} for table: {config.name}")
    if wanted > servers:
        raise refuse(f"{reason}Number of instances: {servers} with tag: {tag} < table replication: {wanted} for table: "
                     f"{config.name}")  # fmt: skip


def _tenant(config: TableConfig, role: str) -> str:
    return str(config.section("tenants").get(role) or "DefaultTenant")


def _server_tag(config: TableConfig) -> str:
    return f"{_tenant(config, 'server')}_{config.table_type}"


def check_tenants(config: TableConfig, tagged: Tagged) -> None:
    """PinotHelixResourceManager.validateTableTenantConfig: every tag that the config names is on some instance."""
    override = config.section("tenants").get("tagOverrideConfig") or {}
    tags = {f"{_tenant(config, 'broker')}_BROKER"}
    if config.is_dimension_table:
        if not any(tagged(f"{_tenant(config, 'server')}_{kind}") for kind in TYPES):
            raise refuse(f"Failed to find instances for dimension table: {config.name}")
    elif config.table_type == "OFFLINE":
        tags.add(_server_tag(config))
    else:
        for key, kind in (("realtimeConsuming", "CONSUMING"), ("realtimeCompleted", "COMPLETED")):
            tag = override.get(key) or _server_tag(config)
            if not tag.endswith(("_OFFLINE", "_REALTIME")):
                raise refuse(f"Invalid {kind} server tag: {tag} for table: {config.name}")
            tags.add(tag)
    for tag in sorted(tags):
        if not tagged(tag):
            raise refuse(f"Failed to find instances with tag: {tag} for table: {config.name}")
    for tier in config.document.get("tierConfigs") or ():
        if not tagged(str(tier.get("serverTag"))):
            raise refuse(f"Failed to find instances with tag: {tier.get('serverTag')} as used by tier: "
                         f"{tier.get('name')} for table: {config.name}")  # fmt: skip
