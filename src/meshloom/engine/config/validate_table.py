"""What Pinot's controller refuses in a table config (TableConfigUtils.java), with its texts in substance.

Each check raises RestError 400.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.shapes import TABLE, check_shape_of
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import RestError

SPI = "org.apache.pinot.spi.config.table"
REQUIRED = ("tableName", "tableType", "segmentsConfig", "tenants", "tableIndexConfig")
OBJECTS = (*REQUIRED[2:], "metadata", "ingestionConfig", "upsertConfig", "dedupConfig", "quota", "routing", "query",
           "task")  # fmt: skip
INDEX_TYPES = ("VECTOR", "INVERTED", "TIMESTAMP", "FST", "JSON", "H3", "TEXT", "IFST", "SORTED", "RANGE")
CODECS = ("DELTADELTA", "CLPV2", "CLPV2_ZSTD", "LZ4", "PASS_THROUGH", "DELTA", "MV_ENTRY_DICT", "CLPV2_LZ4", "SNAPPY",
          "ZSTANDARD", "GZIP", "CLP")  # fmt: skip
DICTIONARY_CODECS = ("PASS_THROUGH", "MV_ENTRY_DICT")
RETENTION_UNITS = ("DAYS", "HOURS", "MINUTES", "SECONDS", "MILLISECONDS", "MICROSECONDS", "NANOSECONDS")
TASKS = ("RealtimeToOfflineSegmentsTask", "SegmentGenerationAndPushTask", "MergeRollupTask", "PurgeTask",
         "RefreshSegmentTask", "UpsertCompactionTask", "UpsertCompactMergeTask")  # fmt: skip
STAR_TREE_FUNCTIONS = re.compile(
    r"(count|min|max|sum|avg|minmaxrange|sumprecision|mode|distinct\w+|percentile\w*|boolAnd|boolOr)(mv)?",
    re.IGNORECASE,
)
PERIOD = re.compile(r"(\d+[dhms])+", re.IGNORECASE)
STORAGE = re.compile(r"\d+(\.\d+)?[BKMGTP]?B?", re.IGNORECASE)
Document = Mapping[str, Any]


def refuse(message: str) -> RestError:
    return RestError(400, message)


def check_shape(document: Document) -> None:
    """What cannot be read as a table config at all: a missing property, an unknown word of an enumeration."""
    for position, key in enumerate(REQUIRED):
        if document.get(key) is None:
            raise refuse(f"Missing required creator property '{key}' (index {position})")
    check_shape_of(document, TABLE)
    name = str(document["tableName"])
    if str(document["tableType"]).upper() not in ("OFFLINE", "REALTIME"):
        raise refuse(f"Cannot construct instance of `{SPI}.TableConfig`, problem: No enum constant {SPI}.TableType."
                     f"{document['tableType']}")  # fmt: skip
    for key in OBJECTS:
        if not isinstance(document.get(key) or {}, dict):
            raise refuse(f"Cannot deserialize value of {key}: a JSON object is expected")
    if not name.isprintable() or "/" in name or "\\" in name or " " in name or name.count(".") > 1:
        raise refuse(f"Table name: '{name}' contains a space, a slash or more than one '.', which is not allowed")
    for entry in _objects(document, "fieldConfigList"):
        _words(entry)
    for entry in _objects(document, "tierConfigs"):
        for position, key in enumerate(("name", "segmentSelectorType", "segmentAge", "segmentList", "storageType")):
            if key not in ("segmentAge", "segmentList") and not entry.get(key):
                raise refuse(f"Missing required creator property '{key}' (index {position})")
    for star in _stars(document):
        if not star.get("dimensionsSplitOrder"):
            raise refuse(f"Cannot construct instance of `{SPI}.StarTreeIndexConfig`, problem: 'dimensionsSplitOrder' "
                         "must be configured")  # fmt: skip
    _quota(document.get("quota") or {})


def _objects(document: Document, key: str) -> list[dict[str, Any]]:
    entries = document.get(key) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise refuse(f"Cannot deserialize value of {key}: a list of JSON objects is expected")
    return entries


def _stars(document: Document) -> list[dict[str, Any]]:
    return _objects(document["tableIndexConfig"], "starTreeIndexConfigs")


def _words(entry: dict[str, Any]) -> None:
    types = entry.get("indexTypes") or ([entry["indexType"]] if entry.get("indexType") else [])
    for word, kind, words in [(t, "IndexType", INDEX_TYPES) for t in types] + (
        [(entry["compressionCodec"], "CompressionCodec", CODECS)] if entry.get("compressionCodec") else []
    ):
        if str(word) not in words:
            raise refuse(f'Cannot deserialize value of type `{SPI}.FieldConfig${kind}` from String "{word}": not one '
                         f"of the values accepted for Enum class: [{', '.join(words)}]")  # fmt: skip


def _quota(quota: Document) -> None:
    storage, rate = quota.get("storage"), quota.get("maxQueriesPerSecond")
    problem = ""
    if storage is not None and not STORAGE.fullmatch(str(storage)):
        problem = f"Invalid 'storage': {storage}"
    if rate is not None:
        try:
            problem = problem or ("" if float(rate) > 0 else "Invalid 'maxQueriesPerSecond': null")
        except ValueError:
            problem = f"Invalid 'maxQueriesPerSecond': {rate}"
    if problem:
        raise refuse(f"Cannot construct instance of `{SPI}.QuotaConfig`, problem: {problem}")


# --- against the schema


def check_table(config: TableConfig, schema: Schema) -> None:
    """What contradicts the schema or itself; expressions are judged elsewhere (`ingest.functions`)."""
    for check in CHECKS:
        check(config, schema)


def _time(config: TableConfig, schema: Schema) -> None:
    column = config.time_column
    if config.table_type == "REALTIME" and not column:
        raise refuse("'timeColumnName' cannot be null in REALTIME table config")
    field = schema.fields.get(column)
    if column and (field is None or field.role != "dateTimeFieldSpecs"):
        raise refuse(f"Cannot find valid fieldSpec for timeColumn: {column} from the table config: {config.name}, "
                     f"in the schema: {schema.name}")  # fmt: skip
    unit, value = config.segments.get("retentionTimeUnit"), config.segments.get("retentionTimeValue")
    if unit and value and str(unit).upper() not in RETENTION_UNITS:
        raise refuse(f"Table: {config.name}, invalid retention time unit: {unit}")


def _stream(config: TableConfig, schema: Schema) -> None:
    streams = config.indexing.get("streamConfigs") or (config.ingestion.get("streamIngestionConfig") or {}).get(
        "streamConfigMaps"
    )
    if config.table_type == "REALTIME" and not streams:
        raise refuse(f"Cannot find streamConfigs for table: {config.name}")


def _names(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    return [str(name) for name in value] if isinstance(value, list | dict) else []


def _field(schema: Schema, name: str, what: str = "column") -> FieldSpec:
    if name not in schema.fields:
        raise refuse(f"Failed to find {what}: {name} in schema")
    return schema.fields[name]


def _indexes(config: TableConfig, schema: Schema) -> None:
    indexing = config.indexing
    raw = set(_names(indexing.get("noDictionaryColumns"))) | set(_names(indexing.get("noDictionaryConfig")))
    for name in _names(indexing.get("sortedColumn")):
        if not _field(schema, name, "sorted column").single_value:
            raise refuse(f"Cannot sort on multi-value column: {name}")
    for key in ("invertedIndexColumns", "bloomFilterColumns", "rangeIndexColumns", "jsonIndexColumns",
                "noDictionaryColumns", "noDictionaryConfig", "bloomFilterConfigs", "jsonIndexConfigs"):  # fmt: skip
        for name in _names(indexing.get(key)):
            field = _field(schema, name)
            if key.startswith("json"):
                _json_index(field)
            if key == "rangeIndexColumns" and name in raw and not field.data_type.numeric:
                raise refuse(f"Cannot create range index on non-numeric column: {name} without dictionary")
    for name in (indexing.get("segmentPartitionConfig") or {}).get("columnPartitionMap") or {}:
        _field(schema, name, "partition column")


def _json_index(field: FieldSpec) -> None:
    if not field.single_value:
        raise refuse(f"Cannot create JSON index on multi-value column: {field.name}")
    if field.data_type not in ("STRING", "JSON", "MAP"):
        raise refuse(f"Cannot create JSON index on column: {field.name} of stored type other than STRING or MAP")


def _field_configs(config: TableConfig, schema: Schema) -> None:
    for entry in config.document.get("fieldConfigList") or ():
        field = _field(schema, str(entry.get("name")))
        types = entry.get("indexTypes") or ([entry["indexType"]] if entry.get("indexType") else [])
        raw = str(entry.get("encodingType") or "DICTIONARY").upper() == "RAW"
        codec = entry.get("compressionCodec")
        if codec and not raw and codec not in DICTIONARY_CODECS:
            raise refuse(f"Compression codec: {codec} is not applicable to dictionary encoded column: {field.name}")
        if "TEXT" in types and field.data_type != "STRING":
            raise refuse(f"Cannot create TEXT index on column: {field.name} of stored type other than STRING")
        if {"FST", "IFST"} & set(types) and raw:
            raise refuse(f"Cannot create FST index on column: {field.name} without dictionary")
        if {"H3", "VECTOR"} & set(types) and not entry.get("properties"):
            raise refuse("Failed to create FieldIndexConfigs")
        if "TIMESTAMP" in types and field.data_type not in ("TIMESTAMP", "LONG"):
            raise refuse(f"Cannot create TIMESTAMP index on column: {field.name} of stored type other than LONG")


def _star_trees(config: TableConfig, schema: Schema) -> None:
    for star in config.indexing.get("starTreeIndexConfigs") or ():
        order, pairs = star["dimensionsSplitOrder"], list(star.get("functionColumnPairs") or ())
        for name in order:
            if name not in schema.fields:
                raise refuse(f"Failed to find dimension column: {name} specified in star-tree index config in schema")
            if not schema.fields[name].single_value:
                raise refuse(f"Star-tree dimension columns must be single-value, but found multi-value column: {name}")
        skipped = star.get("skipStarNodeCreationForDimensions") or ()
        if set(skipped) - set(order):
            shown = f"[{', '.join(order)}], skipStarNodeCreationForDimensions: [{', '.join(skipped)}]"
            raise refuse(
                "Can not skip star-node creation for dimensions not in the split order, dimensionsSplitOrder: " + shown
            )
        for pair in pairs:
            function, _, column = str(pair).partition("__")
            if not column or not STAR_TREE_FUNCTIONS.fullmatch(function):
                raise refuse(f"Invalid StarTreeIndex config: {pair}. Must be"
                             "in the form <Aggregation function>__<Column name>")  # fmt: skip
            if column != "*":
                _field(schema, column)
            if pairs.count(pair) > 1:
                raise refuse(f"Duplicate function column pair: {pair}")


def _upsert(config: TableConfig, schema: Schema) -> None:
    if config.is_dimension_table and not schema.primary_key:
        raise refuse("Dimension table must have primary key[s]")
    if (config.section("dedupConfig")).get("dedupEnabled") and config.table_type == "OFFLINE":
        raise refuse("Dedup is not supported for OFFLINE table. Only upsert is supported for OFFLINE table")
    if not config.upsert:
        return
    if config.table_type == "OFFLINE" and not config.indexing.get("segmentPartitionConfig"):
        raise refuse("Offline upsert table must have segment partition config to ensure correct partition-based "
                     "segment assignment. Configure segmentPartitionConfig in the indexingConfig.")  # fmt: skip
    if not schema.primary_key:
        raise refuse("Upsert/Dedup table must have primary key columns in the schema")
    selector = config.section("routing").get("instanceSelectorType", "")
    if config.table_type == "REALTIME" and selector not in ("strictReplicaGroup", "multiStageReplicaGroup"):
        raise refuse("Upsert/Dedup table must use strict replica-group (i.e. strictReplicaGroup) based routing")
    if config.indexing.get("starTreeIndexConfigs") or config.indexing.get("enableDefaultStarTree"):
        raise refuse("The upsert table cannot have star-tree index.")


def _aggregations(config: TableConfig, schema: Schema) -> None:
    made = [entry.get("columnName") for entry in config.ingestion.get("aggregationConfigs") or ()]
    metrics = {field.name for field in schema.fields.values() if field.role == "metricFieldSpecs"}
    if made and (metrics - set(made) or config.table_type == "OFFLINE"):
        raise refuse("all metric columns must be aggregated")


def _tiers(config: TableConfig, schema: Schema) -> None:
    for tier in config.document.get("tierConfigs") or ():
        age = tier.get("segmentAge")
        if tier["segmentSelectorType"] == "time" and not PERIOD.fullmatch(str(age)):
            raise refuse(f"segmentAge: {age} must be a valid period string (eg. 30d, 24h) in tier: {tier['name']}")


def _tasks(config: TableConfig, schema: Schema) -> None:
    for task, settings in (config.section("task").get("taskTypeConfigsMap") or {}).items():
        if task not in TASKS:
            raise refuse(f"Task generator not found for task type: {task}, while validating table configs for table: "
                         f"{config.name}")  # fmt: skip
        cron = (settings or {}).get("schedule")
        if cron and len(str(cron).split()) not in (6, 7):
            raise refuse(f"Task {task} contains an invalid cron schedule: {cron}")


CHECKS: tuple[Callable[[TableConfig, Schema], None], ...] = (
    _time, _stream, _indexes, _field_configs, _star_trees, _upsert, _aggregations, _tiers, _tasks,
)  # fmt: skip


def check_placement(config: TableConfig, servers: int, tenants: set[str]) -> None:
    """What POST refuses and the validation lets pass: replication and tenants that the cluster does not have."""
    replication = config.segments.get("replication")
    if replication is None and config.table_type == "OFFLINE":
        raise refuse("Cannot parse null string")
    try:
        wanted = int(replication or 1)
    except (TypeError, ValueError) as error:
        raise refuse(f'For input string: "{replication}"') from error
    tenant = str(config.section("tenants").get("server") or "DefaultTenant")
    reason = f"Failed to calculate instance partitions for table: {config.name}, reason: "
    if tenant not in tenants:
        raise refuse(f"{reason}No instance found with tag: {tenant}_{config.table_type} for table: {config.name}")
    if wanted > servers:
        raise refuse(f"{reason}Number of instances: {servers} with tag: {tenant}_{config.table_type} < table "
                     f"replication: {wanted} for table: {config.name}")  # fmt: skip
