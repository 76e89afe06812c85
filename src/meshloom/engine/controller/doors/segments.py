"""Segments over REST: lists, metadata, states, reload, and files that become segments."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import existing, physicals
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, text
from meshloom.engine.server.time_boundary import millis_of
from meshloom.engine.sql.relation import ColumnInfo
from meshloom.engine.storage.catalog import Segment

INDEXES = ("vector_index", "h3_index", "nullvalue_vector", "dictionary", "ifst_index", "json_index", "forward_index",
           "range_index", "bloom_filter", "inverted_index", "text_index", "fst_index")  # fmt: skip
NAMES = {"inverted": "inverted_index", "bloom": "bloom_filter", "range": "range_index", "json": "json_index",
         "text": "text_index", "fst": "fst_index", "ifst": "ifst_index", "h3": "h3_index",
         "vector": "vector_index"}  # fmt: skip


HELD = ("bloom-filter", "dictionary", "forward-index", "inverted-index", "null-value-vector-reader", "range-index",
        "json-index", "text-index", "fst-index", "h3-index", "vector-index")  # fmt: skip


def size_of(segment: Segment) -> int:
    return sum(Path(path).stat().st_size for path in segment.paths if Path(path).exists())


def crc_of(segment: Segment) -> str:
    return str(zlib.crc32(f"{segment.table}/{segment.name}/{segment.id}".encode()))


def times_of(controller: Controller, segment: Segment) -> tuple[int | None, int | None]:
    """The first and last time of a segment's rows in milliseconds since 1970; None where no format tells them."""
    config = TableConfig.of(controller.table(segment.table))
    field = Schema.of(controller.schema(config.raw_name)).fields.get(config.time_column)
    if field is None or not field.format:
        return None, None
    start, end = (millis_of(segment.metadata.get(which), field) for which in ("start", "end"))
    return start, end


def names(controller: Controller, call: Call) -> Any:
    found = existing(controller, call)
    return [{p.rpartition("_")[2]: [segment.name for segment in controller.segments(p)]} for p in found]


def select(controller: Controller, call: Call) -> Any:
    """Segments whose time overlaps [startTimestamp, endTimestamp)."""
    low, high = call.number("startTimestamp", 0), call.number("endTimestamp", 2**62)
    result = []
    for physical in existing(controller, call):
        chosen = []
        for segment in controller.segments(physical):
            start, end = times_of(controller, segment)
            if start is None or end is None or (start < high and end >= low):
                chosen.append(segment.name)
        result.append({physical.rpartition("_")[2]: chosen})
    return result


def _found(controller: Controller, call: Call) -> Segment:
    name = call.path["name"]
    for physical in physicals(controller, name):
        segment = controller.catalog.segment(physical, call.path["segment"])
        if segment is not None:
            return segment
    raise RestError(404, f"Failed to find segment: {call.path['segment']} in table: {name}")


def zk_metadata(controller: Controller, segment: Segment) -> dict[str, Any]:
    """A segment as Pinot's ZooKeeper holds it."""
    start, end = times_of(controller, segment)
    times = {"segment.start.time": str(start), "segment.end.time": str(end), "segment.time.unit": "MILLISECONDS"}
    base = controller.instances.controller_url
    return {
        "segment.index.version": "v3",
        "segment.data.crc": crc_of(segment),
        "segment.size.in.bytes": str(size_of(segment)),
        "custom.map": json.dumps({"input.data.file.uri": segment.metadata.get("input", "")}),
        "segment.total.docs": str(segment.rows),
        "segment.crc": crc_of(segment),
        "segment.creation.time": str(segment.created_ms),
        "segment.push.time": str(segment.created_ms),
        "segment.download.url": f"{base}/segments/{segment.table.rpartition('_')[0]}/{segment.name}",
    } | (times if start is not None else {})


def one_metadata(controller: Controller, call: Call) -> Any:
    """What ZooKeeper holds and, when columns are asked for, what the server has of each."""
    segment = _found(controller, call)
    found = zk_metadata(controller, segment)
    if not call.query.get("columns"):
        return found
    relation = controller.server.relation(segment.table)
    sorted_ = relation.config.sorted_column
    columns = [
        {
            "columnName": column.name,
            "dataType": column.data_type.value,
            "singleValue": column.single_value,
            "sorted": column.name == sorted_,
            "hasDictionary": column.dictionary,
            "totalDocs": segment.rows,
        }
        for column in relation.columns.values()
    ]
    return found | {"columns": columns, "indexes": {c.name: _held_indexes(c) for c in relation.columns.values()}}


def _held_indexes(column: ColumnInfo) -> dict[str, str]:
    have = {f"{name}-{'filter' if name == 'bloom' else 'index'}" for name in column.indexes} | {"forward-index"}
    have |= {"dictionary"} if column.dictionary else set()
    have |= {"null-value-vector-reader"} if column.nullable else set()
    return {name: "YES" if name in have else "NO" for name in HELD}


def all_zk_metadata(controller: Controller, call: Call) -> Any:
    found = existing(controller, call)
    return {s.name: zk_metadata(controller, s) for p in found for s in controller.segments(p)}


def metadata(controller: Controller, call: Call) -> Any:
    return {s.name: _server_metadata(controller, s) for p in existing(controller, call) for s in controller.segments(p)}


def _readable(milliseconds: Any) -> str | None:
    if not isinstance(milliseconds, int):
        return None
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        + f":{milliseconds % 1000:03d} UTC"
    )


def _server_metadata(controller: Controller, segment: Segment) -> dict[str, Any]:
    start, end = times_of(controller, segment)
    return {
        "segmentName": segment.name,
        "schemaName": None,
        "crc": int(crc_of(segment)),
        "dataCrc": int(crc_of(segment)),
        "creationTimeMillis": segment.created_ms,
        "creationTimeReadable": _readable(segment.created_ms),
        "timeColumn": segment.metadata.get("timeColumn") or None,
        "timeUnit": None,
        "timeGranularitySec": None,
        "startTimeMillis": start,
        "startTimeReadable": None,
        "endTimeMillis": end,
        "endTimeReadable": None,
        "segmentVersion": "v3",
        "creatorName": None,
        "totalDocs": segment.rows,
        "custom": {"input.data.file.uri": segment.metadata.get("input", "")},
        "startOffset": None,
        "endOffset": None,
        "columns": [],
        "indexes": {},
        "star-tree-index": None,
    }


def servers(controller: Controller, call: Call) -> Any:
    result = []
    for physical in existing(controller, call):
        held = [segment.name for segment in controller.segments(physical)]
        server = controller.instances.server
        result.append(
            {
                "tableName": physical,
                "serverToSegmentsMap": {server: held},
                "serverToSegmentsCountMap": {server: len(held)},
            }
        )
    return result


def crc(controller: Controller, call: Call) -> Any:
    return {s.name: crc_of(s) for p in existing(controller, call) for s in controller.segments(p)}


def lineage(controller: Controller, call: Call) -> Any:
    existing(controller, call)
    return text("")


def view(controller: Controller, call: Call) -> Any:
    """Ideal state and external view: in one process they are the same."""
    found = physicals(controller, call.path["name"])
    if not found:
        raise RestError(404, f"Table not found: {call.path['name']}")
    server = {controller.instances.server: "ONLINE"}
    result: dict[str, Any] = {"OFFLINE": None, "REALTIME": None}
    for physical in found:
        result[physical.rpartition("_")[2]] = {segment.name: server for segment in controller.segments(physical)}
    return result


def statuses(controller: Controller, call: Call) -> Any:
    found = existing(controller, call, "Table not found")
    return [
        {"segmentName": segment.name, "segmentStatus": "GOOD"}
        for physical in found
        for segment in controller.segments(physical)
    ]


def size(controller: Controller, call: Call) -> Any:
    found = existing(controller, call, "Table {} not found")
    verbose = call.flag("verbose", True)
    parts = {p.rpartition("_")[2].lower(): _size(controller, p, verbose) for p in found}
    total = sum(part["reportedSizeInBytes"] for part in parts.values())
    shown = total if any(controller.segments(physical) for physical in found) else -1
    return {
        "tableName": call.path["name"],
        "reportedSizeInBytes": shown,
        "estimatedSizeInBytes": shown,
        "reportedSizePerReplicaInBytes": shown,
        "offlineSegments": parts.get("offline"),
        "realtimeSegments": parts.get("realtime"),
    }


def _size(controller: Controller, physical: str, verbose: bool) -> dict[str, Any]:
    server = controller.instances.server
    segments = {segment.name: size_of(segment) for segment in controller.segments(physical)}
    total = sum(segments.values())
    return {
        "reportedSizeInBytes": total,
        "estimatedSizeInBytes": total,
        "missingSegments": 0,
        "reportedSizePerReplicaInBytes": total,
        "segments": {
            name: {
                "reportedSizeInBytes": count,
                "estimatedSizeInBytes": count,
                "maxReportedSizePerReplicaInBytes": count,
                "serverInfo": {server: {"segmentName": name, "diskSizeInBytes": count}},
            }
            for name, count in segments.items()
            if verbose
        },
    }


def table_metadata(controller: Controller, call: Call) -> Any:
    physical = existing(controller, call)[0]
    segments = controller.segments(physical)
    found = {
        "tableName": physical,
        "diskSizeInBytes": sum(size_of(segment) for segment in segments),
        "numSegments": len(segments),
        "numRows": sum(segment.rows for segment in segments),
    }
    maps = ("columnLengthMap", "columnCardinalityMap", "maxNumMultiValuesMap", "columnIndexSizeMap")
    columns: dict[str, Any] = {name: {} for name in maps}
    if call.query.get("columns"):
        counted = controller.server.cardinalities(physical)
        columns["columnCardinalityMap"] = {name: float(count) for name, count in counted.items()}
        columns["columnLengthMap"] = dict.fromkeys(counted, 0.0)
    return found | columns | {"upsertPartitionToServerPrimaryKeyCountMap": {}}


def indexes(controller: Controller, call: Call) -> Any:
    """How many segments have which index on which column."""
    physical = existing(controller, call)[0]
    relation, count = controller.server.relation(physical), len(controller.segments(physical))
    result = {}
    for column in relation.columns.values():
        have = {NAMES[name] for name in column.indexes if name in NAMES} | {"forward_index"}
        have |= {"dictionary"} if column.dictionary else set()
        have |= {"nullvalue_vector"} if column.nullable else set()
        result[column.name] = {index: count if index in have else 0 for index in INDEXES}
    for name in ("$docId", "$hostName", "$segmentName", "$partitionId"):
        result[name] = {index: count * (index in ("dictionary", "forward_index")) for index in INDEXES}
    return {"totalOnlineSegments": count, "columnToIndexesCount": result}


OPERATIONS = (
    ("GET", "/segments/{name}", names, "Names of a table's segments", ("type",)),
    ("GET", "/segments/{name}/select", select, "Segments of a time", ("type", "startTimestamp", "endTimestamp")),
    ("GET", "/segments/{name}/metadata", metadata, "Metadata of all segments", ("type", "columns")),
    ("GET", "/segments/{name}/zkmetadata", all_zk_metadata, "Metadata as ZooKeeper holds it", ("type",)),
    ("GET", "/segments/{name}/servers", servers, "Which server holds which segment", ("type",)),
    ("GET", "/segments/{name}/crc", crc, "Checksums", ()),
    ("GET", "/segments/{name}/lineage", lineage, "Which segments replaced which", ("type",)),
    ("GET", "/segments/{name}/{segment}/metadata", one_metadata, "A segment's metadata", ("columns",)),
    ("GET", "/tables/{name}/idealstate", view, "Where segments should be", ("tableType",)),
    ("GET", "/tables/{name}/externalview", view, "Where segments are", ("tableType",)),
    ("GET", "/tables/{name}/segmentsStatus", statuses, "How segments are", ()),
    ("GET", "/tables/{name}/size", size, "Bytes on disk", ("verbose",)),
    ("GET", "/tables/{name}/metadata", table_metadata, "Rows, bytes, columns", ("type", "columns")),
    ("GET", "/tables/{name}/indexes", indexes, "Which columns have which index", ("type",)),
)
