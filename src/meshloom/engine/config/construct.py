"""What constructors and setters of Pinot's configuration classes refuse, and what they make of what they get.

Each takes the properties as read, may change them, and raises ValueError with Pinot's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from meshloom.engine.config.java import data_size, double_text, shown_size

Given = dict[str, Any]
ENABLEMENT = "must be one of ENABLE, DISABLE or DEFAULT"
# What a setter says to null.
NOT_NULL = {
    ("UpsertConfig", "mode"): "Upsert mode cannot be null",
    ("UpsertConfig", "hashFunction"): "Hash function cannot be null",
    ("UpsertConfig", "defaultPartialUpsertStrategy"): "Default partial upsert strategy cannot be null",
    ("UpsertConfig", "snapshot"): f"Snapshot cannot be null, {ENABLEMENT}",
    ("UpsertConfig", "preload"): f"Preload cannot be null, {ENABLEMENT}",
    ("UpsertConfig", "consistencyMode"): "Consistency mode cannot be null",
    ("DedupConfig", "hashFunction"): "Hash function cannot be null",
    ("DedupConfig", "preload"): f"Preload cannot be null, {ENABLEMENT}",
    ("DedupConfig", "ignoreNonDefaultTiers"): f"Ignore non-default tiers cannot be null, {ENABLEMENT}",
}
# Properties that are written although they are null: Jackson's own null nodes.
NULLS = {"FieldConfig": ("indexes", "tierOverwrites")}


def _configured(*names: str) -> Callable[[Given], None]:
    def check(given: Given) -> None:
        for name in names:
            if given.get(name) is None:
                raise ValueError(f"'{name}' must be configured")

    return check


def _table(given: Given) -> None:
    name = given["tableName"]
    if name is None:
        raise ValueError("'tableName' must be configured")
    if "__" in name:
        raise ValueError("'tableName' cannot contain double underscore ('__')")
    _configured("tableType", "segmentsConfig", "tenants", "tableIndexConfig")(given)
    kind = given["tableType"].upper()
    if kind not in ("OFFLINE", "REALTIME"):
        raise ValueError(f"No enum constant org.apache.pinot.spi.config.table.TableType.{kind}")
    given["tableType"] = kind
    suffix = f"_{kind}"
    given["tableName"] = name if name.endswith(suffix) else name + suffix
    given["tableSamplers"] = _samplers(given.get("tableSamplers"))


def _samplers(entries: list[Given | None] | None) -> list[Given] | None:
    seen: set[str] = set()
    for entry in entries or ():
        if entry is None or entry.get("name") is None:
            continue
        name = entry["name"].strip()
        if not name:
            raise ValueError("Table sampler name cannot be blank")
        if name.lower() in seen:
            raise ValueError(f"Duplicate table sampler name: {name}")
        seen.add(name.lower())
    return [entry for entry in entries or () if entry is not None] or None


def _quota(given: Given) -> None:
    storage, rate = given.get("storage"), given.get("maxQueriesPerSecond")
    if storage is not None:
        size = data_size(storage)
        if size is None:
            raise ValueError(f"Invalid 'storage': {storage}")
        given["storage"] = shown_size(size)
    if rate is not None:
        try:
            wanted = float(rate)
            if not wanted > 0 or "_" in rate:
                raise ValueError
        except ValueError as error:
            raise ValueError(f"Invalid 'maxQueriesPerSecond': {'null' if storage is None else storage}") from error
        given["maxQueriesPerSecond"] = double_text(wanted)


def _field(given: Given) -> None:
    _configured("name")(given)
    types = given.get("indexTypes")
    if types is None:
        types = [] if given.get("indexType") is None else [given["indexType"]]
    given["indexTypes"] = types
    given["indexType"] = types[0] if types else None


def _partition(given: Given) -> None:
    _configured("functionName")(given)
    if given["numPartitions"] <= 0:
        raise ValueError("'numPartitions' must be positive")


def _star_tree(given: Given) -> None:
    if not given["dimensionsSplitOrder"]:
        raise ValueError("'dimensionsSplitOrder' must be configured")
    for name in ("skipStarNodeCreationForDimensions", "functionColumnPairs", "aggregationConfigs"):
        given[name] = given.get(name) or None
    if given["functionColumnPairs"] is None and given["aggregationConfigs"] is None:
        raise ValueError("Either 'functionColumnPairs' or 'aggregationConfigs' must be configured")


def _sized(given: Given) -> None:
    if given.get("targetMaxChunkSize") is not None and data_size(given["targetMaxChunkSize"]) is None:
        raise ValueError(f"Illegal data size: {given['targetMaxChunkSize']}")


def _tier(given: Given) -> None:
    for name in ("name", "segmentSelectorType", "storageType"):
        if given[name] is None:
            raise ValueError(f"Must provide non-null '{name}' in tierConfig")


def _bloom(given: Given) -> None:
    rate = given.get("fpp") or 0.0
    if rate and not 0 < rate < 1:
        raise ValueError(f"Invalid fpp (false positive probability): {double_text(rate)}")
    given["fpp"] = rate or None


def _query(given: Given) -> None:
    for name in ("timeoutMs", "maxQueryResponseSizeBytes", "maxServerResponseSizeBytes"):
        if given.get(name) is not None and given[name] <= 0:
            raise ValueError(f"Invalid '{name}': {given[name]}")


SELECTORS = (
    "FD_AWARE_INSTANCE_PARTITION_SELECTOR", "INSTANCE_REPLICA_GROUP_PARTITION_SELECTOR",
    "MIRROR_SERVER_SET_PARTITION_SELECTOR", "IMPLICIT_REALTIME_TABLE_PARTITION_SELECTOR",
)  # fmt: skip


def _assignment(given: Given) -> None:
    _configured("tagPoolConfig", "replicaGroupPartitionConfig")(given)
    selector = given.get("partitionSelector")
    if selector is not None and selector not in SELECTORS:
        kind = "org.apache.pinot.spi.config.table.assignment.InstanceAssignmentConfig.PartitionSelector"
        raise ValueError(f"No enum constant {kind}.{selector}")


def _upsert(given: Given) -> None:
    columns = given.get("comparisonColumns")
    if given.get("comparisonColumn"):
        columns = [given["comparisonColumn"]]
    given["comparisonColumns"] = columns or None
    _enabled(given, "enableSnapshot", "snapshot")
    _enabled(given, "enablePreload", "preload")


def _enabled(given: Given, old: str, new: str) -> None:
    if given.get(old):
        given[new] = "ENABLE"


def _dedup(given: Given) -> None:
    _enabled(given, "enablePreload", "preload")


def _tuner(given: Given) -> None:
    given["tunerProperties"] = given.get("tunerProperties") or given.get("properties")


def _segment_assignment(given: Given) -> None:
    given["assignmentStrategy"] = given.get("segmentAssignmentStrategy")


def _ingestion(given: Given) -> None:
    if given.get("schemaConformingTransformerV2Config") is not None:
        given["schemaConformingTransformerConfig"] = given["schemaConformingTransformerV2Config"]


def _conforming(given: Given) -> None:
    for old, new in (("fieldPathsToKeepSameAsInput", "fieldPathsToPreserveInput"),
                     ("fieldPathsToKeepSameAsInputWithIndex", "fieldPathsToPreserveInputWithIndex")):  # fmt: skip
        if new not in given and given.get(old) is not None:
            given[new] = given[old]


def _interned(given: Given) -> None:
    intern = given.get("intern")
    if intern is not None and not intern.get("disabled") and not given.get("onHeap"):
        raise ValueError("Intern configs only work with on-heap dictionary")


def _forward(given: Given) -> None:
    _sized(given)
    if given.get("chunkCompressionType") is not None and given.get("dictIdCompressionType") is not None:
        raise ValueError("chunkCompressionType and dictIdCompressionType should not be used together")


def _vector(given: Given) -> None:
    dimension = given.get("vectorDimension")
    given["vectorDimension"] = dimension or 0


def _together(given: Given) -> None:
    if not re.search(r"\S", given["tableName"] or ""):
        raise ValueError("'tableName' cannot be null or empty in TableConfigs")
    if given["schema"] is None:
        raise ValueError("'schema' cannot be null in TableConfigs")


CONSTRUCTORS: dict[str, Callable[[Given], None]] = {
    "TableConfig": _table,
    "QuotaConfig": _quota,
    "FieldConfig": _field,
    "ColumnPartitionConfig": _partition,
    "StarTreeIndexConfig": _star_tree,
    "StarTreeAggregationConfig": _sized,
    "TierConfig": _tier,
    "BloomFilterConfig": _bloom,
    "QueryConfig": _query,
    "InstanceAssignmentConfig": _assignment,
    "UpsertConfig": _upsert,
    "DedupConfig": _dedup,
    "TunerConfig": _tuner,
    "SegmentAssignmentConfig": _segment_assignment,
    "IngestionConfig": _ingestion,
    "SchemaConformingTransformerConfig": _conforming,
    "DictionaryIndexConfig": _interned,
    "ForwardIndexConfig": _forward,
    "VectorIndexConfig": _vector,
    "TableConfigs": _together,
    "SegmentPartitionConfig": _configured("columnPartitionMap"),
    "CompletionConfig": _configured("completionMode"),
    "TableTaskConfig": _configured("taskTypeConfigsMap"),
}
