"""Where a table's segments lie, and what is wrong with them: one server holds them all."""

from __future__ import annotations

import uuid
from typing import Any

from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.segments import size_of
from meshloom.engine.controller.doors.tables import existing
from meshloom.engine.controller.instances import TENANT
from meshloom.engine.http.operations import Call


def rebalance(controller: Controller, call: Call) -> Any:
    """One server holds every segment: nothing is ever moved."""
    physical = existing(controller, call)[0]
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


def debug_table(controller: Controller, call: Call) -> Any:
    """What stands in the way of a table's segments: nothing, they are loaded or refused as a whole."""
    found = []
    for physical in existing(controller, call):
        held, server = controller.segments(physical), controller.instances.server
        states = [
            {
                "segmentName": segment.name,
                "serverState": {
                    server: {
                        "idealState": "ONLINE",
                        "externalView": "ONLINE",
                        "segmentSize": f"{size_of(segment)} bytes",
                        "consumerInfo": None,
                        "errorInfo": None,
                    }
                },
            }
            for segment in held
        ]
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


OPERATIONS = (
    ("POST", "/tables/{name}/rebalance", rebalance, "Nothing to move with one server", ("type", "dryRun")),
    (
        "GET",
        "/debug/tables/{name}",
        debug_table,
        "A table's state, for finding out what is wrong",
        ("type", "verbosity"),
    ),
)
