"""Where a table's segments lie, and what is wrong with them over REST: one server holds them all."""

from __future__ import annotations

import time
import uuid
from typing import Any

from meshloom.engine.config.table import physical_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.definitions import MADE
from meshloom.engine.controller.doors.tables import existing, parts, physicals, type_of, typed
from meshloom.engine.controller.instances import TENANT
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply
from meshloom.engine.server.facts import size_of
from meshloom.engine.storage.catalog import Segment

NO_TASK = ("Cannot retrieve ingestion status for Table : {} since it does not use the built-in "
           "SegmentGenerationAndPushTask task")  # fmt: skip


def rebalance(controller: Controller, call: Call) -> Any:
    physical = typed(call)
    for name in ("minAvailableReplicas", "batchSizePerServer", "externalViewCheckIntervalInMs", "maxAttempts"):
        call.number(name, 0)
    if physical not in controller.tables():
        raise RestError(404, f"Failed to find table config for table: {physical}")
    return unmoved(controller, physical)


def unmoved(controller: Controller, physical: str) -> dict[str, Any]:
    """One server holds every segment: nothing is ever moved."""
    server, held = controller.instances.server, controller.segments(physical)
    count, type_ = len(held), physical.rpartition("_")[2]
    tags = [f"{TENANT}_{kind}" for kind in ("OFFLINE", "REALTIME")]
    return {
        "jobId": str(uuid.uuid4()),
        "status": "NO_OP",
        "description": "Table is already balanced",
        "rebalanceSummaryResult": {
            "serverInfo": _unmoved_servers(server, count, tags),
            "segmentInfo": _unmoved_segments([size_of(segment) for segment in held]),
            "tagsInfo": [
                {
                    "tagName": f"{TENANT}_{type_}",
                    "numSegmentsToDownload": 0,
                    "numSegmentsUnchanged": count,
                    "numServerParticipants": 1,
                }
            ],
        },
        "instanceAssignment": {
            type_: {
                "instancePartitionsName": physical,
                "partitionToInstancesMap": {"0_0": [server]},
                "instanceToPartitionIdMap": {server: 0},
            }
        },
        "segmentAssignment": {segment.name: {server: "ONLINE"} for segment in held},
    }


def _same(value: int) -> dict[str, int]:
    return {"valueBeforeRebalance": value, "expectedValueAfterRebalance": value}


def _unmoved_servers(server: str, count: int, tags: list[str]) -> dict[str, Any]:
    return {
        "numServersGettingNewSegments": 0,
        "numServers": _same(1),
        "serversAdded": [],
        "serversRemoved": [],
        "serversUnchanged": [server],
        "serversGettingNewSegments": [],
        "serverSegmentChangeInfo": {
            server: {
                "serverStatus": "UNCHANGED",
                "totalSegmentsAfterRebalance": count,
                "totalSegmentsBeforeRebalance": count,
                "segmentsAdded": 0,
                "segmentsDeleted": 0,
                "segmentsUnchanged": count,
                "tagList": tags,
            }
        },
    }


def _unmoved_segments(sizes: list[int]) -> dict[str, Any]:
    return {
        "totalSegmentsToBeMoved": 0,
        "totalSegmentsToBeDeleted": 0,
        "maxSegmentsAddedToASingleServer": 0,
        "estimatedAverageSegmentSizeInBytes": sum(sizes) // max(len(sizes), 1),
        "totalEstimatedDataToBeMovedInBytes": 0,
        "replicationFactor": _same(1),
        "numSegmentsInSingleReplica": _same(len(sizes)),
        "numSegmentsAcrossAllReplicas": _same(len(sizes)),
    }


def _debugged(controller: Controller, segment: Segment) -> dict[str, Any]:
    state = {
        "idealState": "ONLINE",
        "externalView": "ONLINE",
        "segmentSize": f"{size_of(segment)} bytes",
        "consumerInfo": None,
        "errorInfo": None,
    }
    return {"segmentName": segment.name, "serverState": {controller.instances.server: state}}


def debug_table(controller: Controller, call: Call) -> Any:
    """What stands in the way of a table's segments: nothing, they are loaded or refused as a whole."""
    found = []
    call.number("verbosity", 0)
    wanted = physicals(controller, call.path["name"], type_of(call))
    if not wanted:
        raise RestError(404, f"Table '{call.path['name']}' not found")
    for physical in wanted:
        held = controller.segments(physical)
        states = [_debugged(controller, segment) for segment in held]
        total = sum(size_of(segment) for segment in held) if held else -1
        found.append(
            {
                "tableName": physical,
                "numSegments": len(held),
                "numServers": int(bool(held)),
                "numBrokers": 1,
                "segmentDebugInfos": states,
                "serverDebugInfos": [],
                "brokerDebugInfos": [],
                "tableSize": {"reportedSize": f"{total} bytes", "estimatedSize": f"{total} bytes"},
                "ingestionStatus": _ingestion(physical),
            }
        )
    return found


def _ingestion(physical: str) -> dict[str, str]:
    """How ingestion stands: of an offline table only a task would know."""
    if physical.endswith("_REALTIME"):
        return {"ingestionState": "HEALTHY", "errorMessage": ""}
    return {"ingestionState": "UNKNOWN", "errorMessage": NO_TASK.format(physical)}


def table_instances(controller: Controller, call: Call) -> Any:
    """Who serves a table; here `type` is a role, and a table that is not there has nobody."""
    role = (call.query.get("type") or "").lower()
    found = physicals(controller, call.path["name"])
    brokers = [_serving(physical, [controller.instances.broker]) for physical in found if role in ("", "broker")]
    servers = [
        _serving(physical, [controller.instances.server] if controller.segments(physical) else [])
        for physical in found
        if role in ("", "server")
    ]
    return {"tableName": call.path["name"], "brokers": brokers, "server": servers}


def _serving(physical: str, names: list[str]) -> dict[str, Any]:
    return {"tableType": physical.rpartition("_")[2].lower(), "instances": names}


def stats(controller: Controller, call: Call) -> Any:
    """When a table was made; one of an older home was when it was changed."""
    result = {}
    for physical in parts(controller, call):
        made = controller.catalog.changed_ms(MADE, physical) or controller.catalog.changed_ms("table", physical)
        shown = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(made / 1000))
        result[physical.rpartition("_")[2]] = {"creationTime": shown}
    return result


def status(controller: Controller, call: Call) -> Any:
    failed = f"Failed to get status (ingestion status) for table {call.path['name']}. Reason: "
    try:
        kind = type_of(call)
    except RestError as error:
        raise RestError(500, failed + error.what) from error
    if not kind:
        raise RestError(500, f"{failed}Table type should either be realtime|offline")
    physical = physical_name(call.path["name"], kind)
    if physical not in controller.tables():
        shown = f"Specified table name: {call.path['name']} of type: {call.query['type']} does not exist."
        raise RestError(500, failed + shown)
    if kind == "REALTIME":
        return {"ingestionStatus": {"ingestionState": "HEALTHY", "errorMessage": ""}}
    raise RestError(500, failed + NO_TASK.format(physical))


def debug_segment(controller: Controller, call: Call) -> Any:
    """A segment's states by server."""
    for physical in existing(controller, call):
        for segment in controller.segments(physical):
            if segment.name == call.path["segment"]:
                return _debugged(controller, segment)
    return Reply("", 204)


def no_rebalance(controller: Controller, call: Call) -> Any:
    """Nothing moves here, so that no job is ever under way."""
    typed(call)
    return []


def no_job(controller: Controller, call: Call) -> Any:
    raise RestError(404, f"Rebalance job with ID: {call.path['job']} not found")


# --- which instance has which part


def _partitions(controller: Controller, physical: str) -> dict[str, Any]:
    server = controller.instances.server
    return {"instancePartitionsName": physical, "partitionToInstancesMap": {"0_0": [server]}}


def assign(controller: Controller, call: Call) -> Any:
    """What an assignment gives with one server; there is nothing else to keep, with or without `dryRun`."""
    kind, there = (call.query.get("type") or "").upper(), physicals(controller, call.path["name"])
    assigned = [p for p in there if controller.table(p).get("instanceAssignmentConfigMap")]
    found = [physical for physical in assigned if kind in ("", physical.rpartition("_")[2])]
    if not found:
        raise RestError(404, "Failed to find the instance assignment config")
    return {physical.rpartition("_")[2]: _partitions(controller, physical) for physical in found}


def no_partitions(controller: Controller, call: Call) -> Any:
    """None is kept: the one server has every partition."""
    raise RestError(404, "Failed to find the instance partitions")


def drop_partitions(controller: Controller, call: Call) -> Any:
    return {"status": "Instance partitions removed"}


def replace_instance(controller: Controller, call: Call) -> Any:
    raise RestError(404, "Failed to find the instance partitions")


def broker_resource(controller: Controller, call: Call) -> Any:
    physical = call.path["name"]
    if physical not in controller.tables():
        raise RestError(400, f"Invalid table configuration for table {physical}. Table does not exist")
    return {"status": f"Broker resource is not rebuilt because ideal state is the same for table: {physical}"}


def tiers(controller: Controller, call: Call) -> Any:
    """On which tier segments lie: the one that has no name."""
    if not type_of(call):
        raise RestError(500, "Table type is required to get table tiers")
    physical, wanted = existing(controller, call)[0], call.path.get("segment")
    server, names = controller.instances.server, [segment.name for segment in controller.segments(physical)]
    if wanted and wanted not in names:
        kind = physical.rpartition("_")[2]
        raise RestError(404, f"Segment: {wanted} is not found in table: {call.path['name']} of type: {kind}")
    shown = [wanted] if wanted else names
    return {"segmentTiers": {name: {server: "default"} for name in shown}, "tableName": physical}


# --- whether a reload would change something


def need_reload(controller: Controller, call: Call) -> Any:
    physical, server = existing(controller, call)[0], controller.instances.server
    needed = controller.server.outdated(physical)
    found = {"needReload": needed, "serverToSegmentsCheckReloadList": {}}
    if call.flag("verbose"):
        found["serverToSegmentsCheckReloadList"] = {server: {"needReload": needed, "instanceId": server}}
    return found


def stale(controller: Controller, call: Call) -> Any:
    physical = existing(controller, call)[0]
    held = controller.segments(physical) if controller.server.outdated(physical) else []
    reason = "the table has other columns now"
    segments = [{"segmentName": segment.name, "isStale": True, "reason": reason} for segment in held]
    answer = {"staleSegmentList": segments, "isValidResponse": True, "errorMessage": None}
    return {controller.instances.server: answer}


OPERATIONS = (
    ("POST", "/tables/{name}/rebalance", rebalance, "Nothing to move with one server", ("type", "dryRun")),
    (
        "GET",
        "/debug/tables/{name}",
        debug_table,
        "A table's state, for finding out what is wrong",
        ("type", "verbosity"),
    ),
    ("GET", "/debug/segments/{name}/{segment}", debug_segment, "A segment's state by server", ()),
    ("DELETE", "/tables/{name}/rebalance", no_rebalance, "Stop a rebalance: none is ever under way", ("type",)),
    ("GET", "/rebalanceStatus/{job}", no_job, "How far a rebalance is", ()),
    ("POST", "/tables/{name}/assignInstances", assign, "Which instance has which part", ("type", "dryRun")),
    ("GET", "/tables/{name}/instancePartitions", no_partitions, "None is kept", ("type",)),
    ("DELETE", "/tables/{name}/instancePartitions", drop_partitions, "None is kept", ("type",)),
    ("POST", "/tables/{name}/replaceInstance", replace_instance, "No instance to replace", ("type", "oldInstanceId")),
    (
        "POST",
        "/tables/{name}/rebuildBrokerResourceFromHelixTags",
        broker_resource,
        "Nothing to rebuild with one broker",
        (),
    ),
    ("GET", "/segments/{name}/tiers", tiers, "On which tier segments lie", ("type",)),
    ("GET", "/segments/{name}/{segment}/tiers", tiers, "On which tier a segment lies", ("type",)),
    ("GET", "/segments/{name}/needReload", need_reload, "Whether a reload would change rows", ("type", "verbose")),
    ("GET", "/segments/{name}/isStale", stale, "Segments that a reload would change", ("type",)),
    ("GET", "/tables/{name}/instances", table_instances, "Who serves a table", ("type",)),
    ("GET", "/tables/{name}/stats", stats, "When a table was made", ("type",)),
    ("GET", "/tables/{name}/status", status, "How batch ingestion stands", ("type",)),
)
