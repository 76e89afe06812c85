"""Realtime tables over REST. This engine consumes no streams yet: what is about a stream says so."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.table import physical_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call


def of_streams(controller: Controller, call: Call) -> Any:
    physical = physical_name(call.path["name"], "REALTIME")
    if physical not in controller.tables():
        raise RestError(404, f"Table {physical} not found!")
    raise RestError(501, "This engine does not consume streams yet")


def consuming(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    failed = f"Failed to get consuming segments info for table {name}. "
    if name.endswith("_OFFLINE"):
        raise RestError(500, f"{failed}Cannot get consuming segments info for OFFLINE table: {name}")
    physical = physical_name(name, "REALTIME")
    if physical not in controller.tables():
        raise RestError(500, f"{failed}Ideal state does not exist for table: {physical}")
    return {"serversFailingToRespond": 0, "serversUnparsableRespond": 0, "_segmentToConsumingInfoMap": {}}


def no_commit(controller: Controller, call: Call) -> Any:
    raise RestError(404, f"Failed to find controller job id: {call.path['job']}")


OPERATIONS = (
    ("GET", "/tables/{name}/consumingSegmentsInfo", consuming, "What is being consumed", ()),
    ("GET", "/tables/{name}/pauseStatus", of_streams, "Whether consumption is paused", ()),
    ("POST", "/tables/{name}/pauseConsumption", of_streams, "Pause consumption", ("comment",)),
    ("POST", "/tables/{name}/resumeConsumption", of_streams, "Resume consumption", ("consumeFrom",)),
    ("POST", "/tables/{name}/pauseTopicConsumption", of_streams, "Pause some topics", ("topicIndices",)),
    ("POST", "/tables/{name}/resumeTopicConsumption", of_streams, "Resume some topics", ("topicIndices",)),
    ("POST", "/tables/{name}/forceCommit", of_streams, "Commit consuming segments", ()),
    ("GET", "/tables/forceCommitStatus/{job}", no_commit, "How far a commit is", ()),
    ("GET", "/tables/{name}/consumerWatermarks", of_streams, "How far a stream is read", ()),
    ("GET", "/tables/{name}/pauselessDebugInfo", of_streams, "What a pauseless table commits", ()),
    ("GET", "/tables/{name}/badLLCSegmentsPerPartition", of_streams, "Bad segments by partition", ()),
    ("DELETE", "/tables/{name}/{instance}/ingestionMetrics", of_streams, "Forget metrics", ("partitionId",)),
    (
        "DELETE",
        "/deleteSegmentsFromSequenceNum/{name}",
        of_streams,
        "Delete a partition's last segments",
        ("segments",),
    ),
)
