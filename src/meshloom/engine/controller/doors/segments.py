"""Segments over REST: lists, metadata, states, reload, and files that become segments."""

from __future__ import annotations

import json
from typing import Any

from meshloom.engine.config.table import TYPES, physical_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import existing, physicals, type_of
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.server import facts
from meshloom.engine.server.facts import crc_of, created_of, custom_of, size_of, times_of
from meshloom.engine.storage.catalog import Segment
from meshloom.engine.storage.lineage import hidden


def of_time(
    controller: Controller, call: Call, physical: str, *, visible: bool = False, whole: bool = False
) -> list[Segment]:
    """Segments whose time overlaps [startTimestamp, endTimestamp), those without a time too; with `excludeOverlapping`
    (`whole` without) those that lie in it whole. `visible` leaves out what queries do not see (see `lineage`)."""
    low, high = _instant(call, "startTimestamp", 0), _instant(call, "endTimestamp", 2**62)
    if low >= high:
        message = "The value of startTimestamp should be smaller than the one of endTimestamp. "
        raise RestError(500, f"{message}Start timestamp: %d. End timestamp: %d [{low}, {high}]")
    out = hidden(controller.catalog, physical) if visible else frozenset()
    whole, chosen = call.flag("excludeOverlapping", whole), []
    for segment in controller.segments(physical):
        start, end = times_of(controller.server, segment)
        if start is None or end is None:
            inside = True
        else:
            inside = low <= start and end < high if whole else start < high and end >= low
        if inside and segment.name not in out:
            chosen.append(segment)
    return chosen


def _instant(call: Call, name: str, default: int) -> int:
    """A time in milliseconds of the query. Raises RestError 400."""
    try:
        return call.number(name, default)
    except RestError as error:
        what = "Failed to parse the start/end timestamp. Please make sure they are in 'millisSinceEpoch' format."
        raise RestError(400, what) from error


def names(controller: Controller, call: Call) -> Any:
    visible = call.flag("excludeReplacedSegments")
    return [
        {p.rpartition("_")[2]: [segment.name for segment in of_time(controller, call, p, visible=visible)]}
        for p in existing(controller, call)
    ]


def select(controller: Controller, call: Call) -> Any:
    return [
        {p.rpartition("_")[2]: [segment.name for segment in of_time(controller, call, p, visible=True)]}
        for p in existing(controller, call)
    ]


def found_segment(controller: Controller, call: Call) -> Segment:
    name = call.path["name"]
    for physical in physicals(controller, name):
        segment = controller.catalog.segment(physical, call.path["segment"])
        if segment is not None:
            return segment
    raise RestError(404, f"Failed to find segment: {call.path['segment']} in table: {name}")


def zk_metadata(controller: Controller, segment: Segment) -> dict[str, Any]:
    """A segment as Pinot's ZooKeeper holds it."""
    start, end = times_of(controller.server, segment)
    times = {"segment.start.time": str(start), "segment.end.time": str(end), "segment.time.unit": "MILLISECONDS"}
    base = controller.instances.controller_url
    return {
        "segment.index.version": "v3",
        "segment.data.crc": str(segment.metadata.get("dataCrc") or crc_of(segment)),
        "segment.size.in.bytes": str(size_of(segment)),
        "custom.map": json.dumps(custom_of(segment)),
        "segment.total.docs": str(segment.rows),
        "segment.crc": crc_of(segment),
        "segment.creation.time": str(created_of(segment)),
        "segment.push.time": str(segment.created_ms),
        "segment.download.url": f"{base}/segments/{segment.table.rpartition('_')[0]}/{segment.name}",
    } | (times if start is not None else {})


def one_metadata(controller: Controller, call: Call) -> Any:
    """What ZooKeeper holds and, when columns are asked for, what the server has of each."""
    segment = found_segment(controller, call)
    found = zk_metadata(controller, segment)
    if not call.query.get("columns"):
        return found
    relation = controller.server.relation(segment.table)
    held = {c.name: facts.held_indexes(c) for c in relation.columns.values()}
    return found | {"columns": facts.columns_of(relation, segment), "indexes": held}


def all_zk_metadata(controller: Controller, call: Call) -> Any:
    found = existing(controller, call)
    return {s.name: zk_metadata(controller, s) for p in found for s in controller.segments(p)}


def metadata(controller: Controller, call: Call) -> Any:
    found = existing(controller, call)
    return {s.name: facts.metadata_of(controller.server, s) for p in found for s in controller.segments(p)}


def servers(controller: Controller, call: Call) -> Any:
    """Which server holds which segments; with `verbose` false only how many."""
    result = []
    for physical in existing(controller, call):
        held = [segment.name for segment in controller.segments(physical)]
        names = {controller.instances.server: held} if held else {}
        counted = {"serverToSegmentsCountMap": {server: len(there) for server, there in names.items()}}
        named = {"serverToSegmentsMap": names} if call.flag("verbose", True) else {}
        result.append({"tableName": physical, **named, **counted})
    return result


def crc(controller: Controller, call: Call) -> Any:
    """Of the offline table, whatever type the request names."""
    physical = existing(controller, call, "OFFLINE")[0]
    return {segment.name: crc_of(segment) for segment in controller.segments(physical)}


def view(controller: Controller, call: Call) -> Any:
    """Ideal state and external view: in one process they are the same."""
    server = {controller.instances.server: "ONLINE"}
    result: dict[str, Any] = {"OFFLINE": None, "REALTIME": None}
    named = set(call.several("segmentNames"))
    for physical in _viewed(controller, call):
        held = [segment.name for segment in controller.segments(physical)]
        result[physical.rpartition("_")[2]] = {name: server for name in held if not named or name in named}
    return result


def _viewed(controller: Controller, call: Call) -> list[str]:
    """The physical tables that a view is of; here the parameter is `tableType`. Raises RestError 400, 404."""
    type_, there = type_of(call, "tableType"), controller.tables()
    wanted = [physical_name(call.path["name"], kind) for kind in TYPES if type_ in ("", kind)]
    found = [physical for physical in wanted if physical in there]
    if not found:
        raise RestError(404, "Table not found")
    return found


def statuses(controller: Controller, call: Call) -> Any:
    """Of the one type that has segments, the offline one first, as Pinot tells them."""
    shown = call.flag("includeReplacedSegments", True)
    for physical in _viewed(controller, call):
        out = frozenset() if shown else hidden(controller.catalog, physical)
        if held := controller.segments(physical):
            return [{"segmentName": s.name, "segmentStatus": "GOOD"} for s in held if s.name not in out]
    return []


def size(controller: Controller, call: Call) -> Any:
    found = physicals(controller, call.path["name"])
    if not found:
        raise RestError(404, f"Table {call.path['name']} not found")
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
    if type_of(call) == "REALTIME":
        raise RestError(501, "Table type : REALTIME not yet supported.")
    found = existing(controller, call)[0]
    return facts.table_metadata(controller.server, found, columns=bool(call.query.get("columns")))


def indexes(controller: Controller, call: Call) -> Any:
    return facts.indexes(controller.server, existing(controller, call)[0])


TIME = ("type", "startTimestamp", "endTimestamp", "excludeOverlapping")
OPERATIONS = (
    ("GET", "/segments/{name}", names, "Names of a table's segments", ("excludeReplacedSegments", *TIME)),
    ("GET", "/segments/{name}/select", select, "Segments of a time", TIME),
    ("GET", "/segments/{name}/metadata", metadata, "Metadata of all segments", ("type", "columns")),
    ("GET", "/segments/{name}/zkmetadata", all_zk_metadata, "Metadata as ZooKeeper holds it", ("type",)),
    ("GET", "/segments/{name}/servers", servers, "Which server holds which segment", ("type",)),
    ("GET", "/segments/{name}/crc", crc, "Checksums", ()),
    ("GET", "/segments/{name}/{segment}/metadata", one_metadata, "A segment's metadata", ("columns",)),
    ("GET", "/tables/{name}/idealstate", view, "Where segments should be", ("tableType", "segmentNames")),
    ("GET", "/tables/{name}/externalview", view, "Where segments are", ("tableType", "segmentNames")),
    ("GET", "/tables/{name}/segmentsStatus", statuses, "How segments are", ("tableType", "includeReplacedSegments")),
    ("GET", "/tables/{name}/size", size, "Bytes on disk", ("verbose",)),
    ("GET", "/tables/{name}/metadata", table_metadata, "Rows, bytes, columns", ("type", "columns")),
    ("GET", "/tables/{name}/indexes", indexes, "Which columns have which index", ("type",)),
)
