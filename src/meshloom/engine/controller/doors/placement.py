"""Where a table's segments lie, and what is wrong with them over REST: one server holds them all."""

from __future__ import annotations

import time
import uuid
from typing import Any

from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import existing
from meshloom.engine.controller.instances import TENANT
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.server.facts import size_of
from meshloom.engine.storage.catalog import Segment


def rebalance(controller: Controller, call: Call) -> Any:
    return unmoved(controller, existing(controller, call)[0])


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
    for physical in existing(controller, call):
        held = controller.segments(physical)
        states = [_debugged(controller, segment) for segment in held]
        total = sum(size_of(segment) for segment in held)
        found.append(
            {
                "tableName": physical,
                "numSegments": len(held),
                "numServers": 1,
                "numBrokers": 1,
                "segmentDebugInfos": states,
                "serverDebugInfos": [],
                "brokerDebugInfos": [],
                "tableSize": {"reportedSize": f"{total} bytes", "estimatedSize": f"{total} bytes"},
                "ingestionStatus": {"ingestionState": "HEALTHY", "errorMessage": ""},
            }
        )
    return found


def table_instances(controller: Controller, call: Call) -> Any:
    found = existing(controller, call)
    kinds = [physical.rpartition("_")[2].lower() for physical in found]
    return {
        "tableName": call.path["name"],
        "brokers": [{"tableType": kind, "instances": [controller.instances.broker]} for kind in kinds],
        "server": [{"tableType": kind, "instances": [controller.instances.server]} for kind in kinds],
    }


def stats(controller: Controller, call: Call) -> Any:
    made = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    result = {}
    for physical in existing(controller, call):
        created = min((segment.created_ms for segment in controller.segments(physical)), default=None)
        shown = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(created / 1000)) if created else made
        result[physical.rpartition("_")[2]] = {"creationTime": shown}
    return result


def status(controller: Controller, call: Call) -> Any:
    physical = existing(controller, call)[0]
    raise RestError(
        500,
        f"Failed to get status (ingestion status) for table {call.path['name']}. Reason: Cannot retrieve ingestion "
        f"status for Table : {physical} since it does not use the built-in SegmentGenerationAndPushTask task",
    )


def debug_segment(controller: Controller, call: Call) -> Any:
    """A segment's states by server."""
    for physical in existing(controller, call):
        for segment in controller.segments(physical):
            if segment.name == call.path["segment"]:
                return _debugged(controller, segment)
    raise RestError(404, f"Failed to find segment: {call.path['segment']} in table: {call.path['name']}")


def no_rebalance(controller: Controller, call: Call) -> Any:
    """Nothing moves here, so that no job is ever under way."""
    existing(controller, call)
    return []


def no_job(controller: Controller, call: Call) -> Any:
    raise RestError(404, f"Failed to find controller job id: {call.path['job']}")


# --- which instance has which part


def _partitions(controller: Controller, physical: str) -> dict[str, Any]:
    server = controller.instances.server
    return {"instancePartitionsName": physical, "partitionToInstancesMap": {"0_0": [server]}}


def assign(controller: Controller, call: Call) -> Any:
    """What an assignment gives with one server; there is nothing else to keep, with or without `dryRun`."""
    found = existing(controller, call)
    return {physical.rpartition("_")[2]: _partitions(controller, physical) for physical in found}


def no_partitions(controller: Controller, call: Call) -> Any:
    """None is kept: the one server has every partition."""
    existing(controller, call)
    raise RestError(404, "Failed to find the instance partitions")


def drop_partitions(controller: Controller, call: Call) -> Any:
    existing(controller, call)
    return {"status": "Instance partitions removed"}


def replace_instance(controller: Controller, call: Call) -> Any:
    existing(controller, call)
    raise RestError(404, "Failed to find the old instance")  # no instance partitions name one


def broker_resource(controller: Controller, call: Call) -> Any:
    physical = existing(controller, call)[0]
    return {"status": f"Broker resource is not rebuilt because ideal state is the same for table: {physical}"}


def tiers(controller: Controller, call: Call) -> Any:
    """On which tier segments lie: the one that has no name."""
    if not call.query.get("type"):
        raise RestError(400, "Table type is required to get table tiers")
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
