"""Segments over REST: lists, metadata, states, reload, and files that become segments."""

from __future__ import annotations

import json
from typing import Any

from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import existing, physicals
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.server import facts
from meshloom.engine.server.facts import crc_of, created_of, custom_of, size_of, times_of
from meshloom.engine.storage.catalog import Segment
from meshloom.engine.storage.lineage import hidden


def of_time(controller: Controller, call: Call, physical: str, *, visible: bool = False) -> list[Segment]:
    """Segments whose time overlaps [startTimestamp, endTimestamp), those without a time too; with `excludeOverlapping`
    those that lie in it whole. `visible` leaves out what queries do not see (see `lineage`)."""
    low, high = call.number("startTimestamp", 0), call.number("endTimestamp", 2**62)
    if low >= high:
        message = "The value of startTimestamp should be smaller than the one of endTimestamp. "
        raise RestError(400, f"{message}Start timestamp: {low}. End timestamp: {high}")
    out = hidden(controller.catalog, physical) if visible else frozenset()
    whole, chosen = call.flag("excludeOverlapping"), []
    for segment in controller.segments(physical):
        start, end = times_of(controller.server, segment)
        if start is None or end is None:
            inside = True
        else:
            inside = low <= start and end < high if whole else start < high and end >= low
        if inside and segment.name not in out:
            chosen.append(segment)
    return chosen


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
    return facts.table_metadata(
        controller.server, existing(controller, call)[0], columns=bool(call.query.get("columns"))
    )


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
    ("GET", "/tables/{name}/idealstate", view, "Where segments should be", ("tableType",)),
    ("GET", "/tables/{name}/externalview", view, "Where segments are", ("tableType",)),
    ("GET", "/tables/{name}/segmentsStatus", statuses, "How segments are", ()),
    ("GET", "/tables/{name}/size", size, "Bytes on disk", ("verbose",)),
    ("GET", "/tables/{name}/metadata", table_metadata, "Rows, bytes, columns", ("type", "columns")),
    ("GET", "/tables/{name}/indexes", indexes, "Which columns have which index", ("type",)),
)
