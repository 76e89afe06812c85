"""Tasks over REST: what ran (INSERT … FROM FILE), what there is to schedule."""

from __future__ import annotations

from typing import Any

from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply

OTHER_STATES = ("running", "waiting", "error", "unknown", "dropped", "timedOut", "aborted")
TYPES = ("RealtimeToOfflineSegmentsTask", "SegmentGenerationAndPushTask")


def types(controller: Controller, call: Call) -> Any:
    return list(TYPES)


def _named(controller: Controller, kind: str) -> list[str]:
    if kind not in TYPES:
        raise RestError(404, f"No tasks found for task type: {kind}")
    return [name for name in controller.catalog.names("task") if name.startswith(f"Task_{kind}_")]


def names(controller: Controller, call: Call) -> Any:
    return _named(controller, call.path["kind"])


def count(controller: Controller, call: Call) -> Any:
    return len(_named(controller, call.path["kind"]))


def states(controller: Controller, call: Call) -> Any:
    return dict.fromkeys(_named(controller, call.path["kind"]), "COMPLETED")


def queue_state(controller: Controller, call: Call) -> Any:
    return "IN_PROGRESS"


def debug(controller: Controller, call: Call) -> Any:
    result = {}
    for name in _named(controller, call.path["kind"]):
        task = controller.catalog.get("task", name) or {}
        result[name] = {
            "taskState": "COMPLETED",
            "subtaskCount": dict.fromkeys(
                ("running", "waiting", "error", "unknown", "dropped", "timedOut", "aborted"), 0
            )
            | {"total": 1, "completed": 1},
            "startTime": task.get("started", ""),
            "executionStartTime": task.get("started", ""),
            "finishTime": task.get("finished", ""),
            "triggeredBy": "ADHOC_TRIGGER",
        }
    return result


def schedule(controller: Controller, call: Call) -> Any:
    """Nothing is generated: the tasks here work on segments that streams commit, which come with a later issue."""
    kind = call.query.get("taskType", "")
    found: dict[str, Any] = {kind: ""} if kind in TYPES else {}
    return found | {"generationErrors": "", "schedulingErrors": ""}


def state(controller: Controller, call: Call) -> Any:
    return "COMPLETED" if controller.catalog.get("task", call.path["task"]) else Reply(b"")


def config(controller: Controller, call: Call) -> Any:
    task = controller.catalog.get("task", call.path["task"])
    if task is None:
        raise RestError(404, f"Task {call.path['task']} not found")
    return [task]


def scheduler(controller: Controller, call: Call) -> Any:
    return {
        "Version": "2.5.2",
        "SchedulerName": "DefaultQuartzScheduler",
        "SchedulerInstanceId": "NON_CLUSTERED",
        "getThreadPoolClass": "meshloom",
        "getThreadPoolSize": 1,
        "SchedulerClass": "meshloom",
        "Clustered": False,
        "JobStoreClass": "meshloom",
        "NumberOfJobsExecuted": 0,
        "RunningSince": 0,
        "InStandbyMode": False,
        "JobDetails": [],
    }


def job_keys(controller: Controller, call: Call) -> Any:
    return []


OPERATIONS = (
    ("GET", "/tasks/tasktypes", types, "Kinds of tasks", ()),
    ("GET", "/tasks/{kind}/tasks", names, "Tasks of a kind", ()),
    ("GET", "/tasks/{kind}/tasks/count", count, "How many tasks of a kind", ()),
    ("GET", "/tasks/{kind}/taskstates", states, "States of the tasks of a kind", ()),
    ("GET", "/tasks/{kind}/state", queue_state, "State of a kind's queue", ()),
    ("GET", "/tasks/{kind}/debug", debug, "Details of the tasks of a kind", ("verbosity",)),
    ("POST", "/tasks/schedule", schedule, "Schedule tasks", ("taskType", "tableName")),
    ("GET", "/tasks/task/{task}/state", state, "A task's state", ()),
    ("GET", "/tasks/task/{task}/config", config, "A task's configuration", ()),
    ("GET", "/tasks/scheduler/information", scheduler, "The scheduler", ()),
    ("GET", "/tasks/scheduler/jobKeys", job_keys, "Scheduled jobs", ()),
)
