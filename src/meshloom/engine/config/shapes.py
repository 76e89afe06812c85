"""Which values of a table config are lists, which are objects, and which are neither, as Pinot's classes read them.

Kinds of single values are not told apart: Jackson takes "5" for a number, and a number for a text.
"""

from __future__ import annotations

from typing import Any

from meshloom.engine.errors import RestError

VALUE = "value"
VALUES = [VALUE]
MAP = {"*": VALUE}  # any keys
KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str, int, float, bool), "a single value"), "list": ((list,), "a list"), "dict": ((dict,), "a JSON object"),
}  # fmt: skip
TABLE: dict[str, Any] = {
    **dict.fromkeys(("tableName", "tableType", "isDimTable"), VALUE),
    "segmentsConfig": dict.fromkeys(
        ("timeColumnName", "timeType", "replication", "replicasPerPartition", "retentionTimeUnit", "retentionTimeValue",
         "segmentPushType", "segmentPushFrequency", "segmentAssignmentStrategy", "peerSegmentDownloadScheme",
         "deletedSegmentsRetentionPeriod", "crypterClassName"), VALUE),
    "tenants": {"broker": VALUE, "server": VALUE, "tagOverrideConfig": MAP},
    "tableIndexConfig": {
        **dict.fromkeys(("invertedIndexColumns", "rangeIndexColumns", "bloomFilterColumns", "noDictionaryColumns",
                         "jsonIndexColumns", "onHeapDictionaryColumns", "varLengthDictionaryColumns"), VALUES),
        **dict.fromkeys(("noDictionaryConfig", "streamConfigs"), MAP),
        **{key: {"*": {}} for key in ("bloomFilterConfigs", "jsonIndexConfigs", "rangeIndexConfigs")},
        **dict.fromkeys(("loadMode", "nullHandlingEnabled", "aggregateMetrics", "enableDefaultStarTree",
                         "columnMinMaxValueGeneratorMode"), VALUE),
        "segmentPartitionConfig": {"columnPartitionMap": {"*": {"functionName": VALUE, "numPartitions": VALUE}}},
        "starTreeIndexConfigs": [{
            **dict.fromkeys(("dimensionsSplitOrder", "skipStarNodeCreationForDimensions", "functionColumnPairs"),
                            VALUES),
            "maxLeafRecords": VALUE, "aggregationConfigs": [{"columnName": VALUE, "aggregationFunction": VALUE}],
        }],
    },
    "fieldConfigList": [{
        **dict.fromkeys(("name", "encodingType", "indexType", "compressionCodec"), VALUE),
        "indexTypes": VALUES, "indexes": {}, "properties": MAP, "timestampConfig": {"granularities": VALUES},
        "tierOverwrites": {},
    }],
    "ingestionConfig": {
        "transformConfigs": [{"columnName": VALUE, "transformFunction": VALUE}],
        "aggregationConfigs": [{"columnName": VALUE, "aggregationFunction": VALUE}],
        "filterConfig": {"filterFunction": VALUE},
        "complexTypeConfig": {"fieldsToUnnest": VALUES, "delimiter": VALUE, "collectionNotUnnestedToJson": VALUE,
                              "prefixesToRename": MAP},
        "batchIngestionConfig": {"batchConfigMaps": [MAP]},
        "streamIngestionConfig": {"streamConfigMaps": [MAP]},
    },
    "query": {"timeoutMs": VALUE, "disableGroovy": VALUE, "expressionOverrideMap": MAP},
    "routing": {"segmentPrunerTypes": VALUES, "instanceSelectorType": VALUE},
    "quota": MAP,
    "task": {"taskTypeConfigsMap": {"*": MAP}},
    "tierConfigs": [dict.fromkeys(("name", "segmentSelectorType", "segmentAge", "storageType", "serverTag"), VALUE)],
    "metadata": {"customConfigs": MAP},
    "upsertConfig": {
        **dict.fromkeys(("mode", "deleteRecordColumn", "hashFunction", "defaultPartialUpsertStrategy"), VALUE),
        "comparisonColumns": VALUES, "partialUpsertStrategies": MAP,
    },
}  # fmt: skip


def check_shape_of(value: Any, shape: Any, where: str = "") -> None:
    """Raises RestError 400 for a list or an object where there should be none, and the other way round.

    Null is no value; keys that `shape` does not name are not looked at.
    """
    if value is None:
        return
    kind, wanted = KINDS[type(shape).__name__]
    if not isinstance(value, kind):
        found = "Object" if isinstance(value, dict) else "Array" if isinstance(value, list) else "single"
        raise RestError(400, f"Cannot deserialize value of {where or 'the document'} from {found} value: {wanted} is "
                             "expected")  # fmt: skip
    if isinstance(value, list):
        for position, item in enumerate(value):
            check_shape_of(item, shape[0], f"{where}[{position}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = shape.get(key, shape.get("*"))
            if inner is not None:
                check_shape_of(item, inner, f"{where}.{key}" if where else str(key))
