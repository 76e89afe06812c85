"""Tasks over REST. A task runs at once when it is asked for, in one sub-task; what it did stands in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meshloom.engine.config.documents import parse_json
from meshloom.engine.controller import pushing
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import physicals
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply

OTHER_STATES = ("running", "waiting", "error", "unknown", "dropped", "timedOut", "aborted")
TYPES = ("RealtimeToOfflineSegmentsTask", pushing.TYPE)
COUNTS = dict.fromkeys(OTHER_STATES, 0) | {"total": 1, "completed": 1}
STOPPED = "stopped-tasks"  # a kind of document in the catalogue, by type of task


def types(controller: Controller, call: Call) -> Any:
    return list(TYPES)


def _named(controller: Controller, kind: str) -> list[str]:
    if kind not in TYPES:
        raise RestError(404, f"No tasks found for task type: {kind}")
    return [name for name in controller.catalog.names(pushing.TASK) if name.startswith(f"Task_{kind}_")]


def _task(controller: Controller, call: Call) -> dict[str, Any]:
    found = controller.catalog.get(pushing.TASK, call.path["task"])
    if found is None:
        raise RestError(404, f"Task {call.path['task']} not found")
    return found


def _of_table(controller: Controller, call: Call) -> list[str]:
    """A kind's tasks of one physical table."""
    found = _named(controller, call.path["kind"])
    return [n for n in found if (controller.catalog.get(pushing.TASK, n) or {}).get("table") == call.path["name"]]


def names(controller: Controller, call: Call) -> Any:
    return _named(controller, call.path["kind"])


def count(controller: Controller, call: Call) -> Any:
    return len(_named(controller, call.path["kind"]))


def counts(controller: Controller, call: Call) -> Any:
    if call.path["kind"] not in TYPES:
        return {}
    return dict.fromkeys(_named(controller, call.path["kind"]), COUNTS)


def states(controller: Controller, call: Call) -> Any:
    kind = call.path["kind"]
    if kind not in TYPES:
        raise RestError(500, f"Task queue: TaskQueue_{kind} for task type: {kind} does not exist")
    return dict.fromkeys(_named(controller, call.path["kind"]), "COMPLETED")


def states_of_table(controller: Controller, call: Call) -> Any:
    return dict.fromkeys(_of_table(controller, call), "COMPLETED")


def queue_state(controller: Controller, call: Call) -> Any:
    if call.path["kind"] not in TYPES:
        return Reply(b"")
    return "STOPPED" if controller.catalog.get(STOPPED, call.path["kind"]) else "IN_PROGRESS"


def _debugged(controller: Controller, found: Iterable[str]) -> dict[str, Any]:
    return {name: _told(controller.catalog.get(pushing.TASK, name) or {}) for name in found}


def _told(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "taskState": "COMPLETED",
        "subtaskCount": COUNTS,
        "startTime": task.get("started", ""),
        "executionStartTime": task.get("started", ""),
        "finishTime": task.get("finished", ""),
        "triggeredBy": "ADHOC_TRIGGER",
    }


def debug(controller: Controller, call: Call) -> Any:
    return _debugged(controller, _named(controller, call.path["kind"]))


def debug_of_table(controller: Controller, call: Call) -> Any:
    return _debugged(controller, _of_table(controller, call))


def debug_one(controller: Controller, call: Call) -> Any:
    call.number("verbosity", 0)
    if controller.catalog.get(pushing.TASK, call.path["task"]) is None:
        return Reply(b"")
    task = _task(controller, call)
    part = {"taskId": f"{call.path['task']}_0", "subtaskState": "COMPLETED", "participant": controller.instances.minion}
    return _told(task) | {"subtaskInfos": [part | {"startTime": task["started"], "finishTime": task["finished"]}]}


def summary(controller: Controller, call: Call) -> Any:
    """Of what runs or waits: nothing does."""
    return {"totalRunningTasks": 0, "totalWaitingTasks": 0, "taskBreakdown": []}


# --- sub-tasks: each task is one


def _part(controller: Controller, call: Call, value: Any) -> Any:
    _task(controller, call)
    return {f"{call.path['task']}_0": value}


def parts_state(controller: Controller, call: Call) -> Any:
    return _part(controller, call, "COMPLETED")


def parts_config(controller: Controller, call: Call) -> Any:
    if controller.catalog.get(pushing.TASK, call.path["task"]) is None:
        return {}
    task = _task(controller, call)
    told = {"taskId": f"{call.path['task']}_0", "taskType": call.path["task"].split("_")[1]}
    return _part(controller, call, told | {"configs": {"tableName": task["table"], **task.get("configs", {})}})


def parts_progress(controller: Controller, call: Call) -> Any:
    task = _task(controller, call)
    return _part(
        controller, call, [{"ts": task["finished"], "status": f"{task.get('files', 1)} files, each a segment"}]
    )


def workers_progress(controller: Controller, call: Call) -> Any:
    return {}


# --- running


def _schedulable(controller: Controller, call: Call) -> list[str]:
    wanted = call.query.get("tableName", "")
    found = physicals(controller, wanted) if wanted else controller.tables()
    if wanted and not found:
        raise RestError(500, f"Failed to schedule tasks due to error: Failed to find table: {wanted}")
    configs = ((name, controller.table(name).get("task") or {}) for name in found)
    return [name for name, task in configs if pushing.TYPE in (task.get("taskTypeConfigsMap") or {})]


def schedule(controller: Controller, call: Call) -> Any:
    """Push what the batch configs of the tables name. Tasks over segments that streams commit come with streams."""
    kind, errors = call.query.get("taskType", ""), []
    found: dict[str, Any] = {kind: ""} if kind in TYPES else {}
    if kind in ("", pushing.TYPE) and not controller.catalog.get(STOPPED, pushing.TYPE):
        ran = []
        for physical in _schedulable(controller, call):
            try:
                ran.append(pushing.due(controller, physical))
            except RestError as error:
                errors.append(f"{physical}: {error.what}")
        if names := [name for name in ran if name]:
            found[pushing.TYPE] = ",".join(names)
    return found | {"generationErrors": "; ".join(errors), "schedulingErrors": ""}


def execute(controller: Controller, call: Call) -> Any:
    """One task now, with configs of its own: {"taskType", "tableName", "taskName", "taskConfigs"}."""
    document = parse_json(call.body)
    for position, key in enumerate(("taskType", "tableName")):
        if not document.get(key):
            raise RestError(400, f"Missing required creator property '{key}' (index {position})")
    kind, table = document.get("taskType"), str(document.get("tableName") or "")
    configs = document.get("taskConfigs") or {}
    if not isinstance(configs, dict):
        raise RestError(400, "taskConfigs is an object")
    found = physicals(controller, table, "" if table.endswith(("_OFFLINE", "_REALTIME")) else "OFFLINE")
    if not found:
        raise RestError(404, f"Failed to find table: {table}")
    if kind not in TYPES:
        raise RestError(404, f"Unknown task type: {kind}")
    if kind != pushing.TYPE:
        raise RestError(501, f"This engine does not run {kind} yet: it works on what streams commit")
    options = {str(key): str(value) for key, value in configs.items()}
    if document.get("taskName"):
        options["taskName"] = str(document["taskName"])
        if controller.catalog.get(pushing.TASK, pushing.task_name(options)):
            raise RestError(409, f"Task already exists: {pushing.task_name(options)}")
    files = pushing.files_in(options.get("inputDirURI", ""), options)
    if not files:
        raise RestError(400, f"No task is generated for table: {table}, with task type: {kind}")
    return {found[0]: pushing.push(controller, found[0], files, options)}


def stop(controller: Controller, call: Call) -> Any:
    if call.path["kind"] in TYPES:
        controller.catalog.put(STOPPED, call.path["kind"], {"stopped": True})
    return {"status": f"Successfully stopped tasks for task type: {call.path['kind']}"}


def resume(controller: Controller, call: Call) -> Any:
    controller.catalog.remove(STOPPED, call.path["kind"])
    return {"status": f"Successfully resumed tasks for task type: {call.path['kind']}"}


def _forgotten(controller: Controller, call: Call, done: str) -> Any:
    if call.path["kind"] in TYPES:
        for name in _named(controller, call.path["kind"]):
            controller.catalog.remove(pushing.TASK, name)
    return {"status": f"Successfully {done} for task type: {call.path['kind']}"}


def clean_up(controller: Controller, call: Call) -> Any:
    if call.path["kind"] not in TYPES:
        raise RestError(500, f"Queue TaskQueue_{call.path['kind']} does not yet exist!")
    return _forgotten(controller, call, "cleaned up tasks")


def drop_all(controller: Controller, call: Call) -> Any:
    return _forgotten(controller, call, "deleted tasks")


def drop(controller: Controller, call: Call) -> Any:
    if (kind := _queue(call)) not in TYPES:
        raise RestError(500, f"JobQueue TaskQueue_{kind}'s config is not found!")
    _task(controller, call)
    controller.catalog.remove(pushing.TASK, call.path["task"])
    return {"status": f"Successfully deleted task: {call.path['task']}"}


# --- what is known of one task


def state(controller: Controller, call: Call) -> Any:
    _queue(call)
    return "COMPLETED" if controller.catalog.get(pushing.TASK, call.path["task"]) else Reply(b"")


def _queue(call: Call) -> str:
    """The kind of the task that a request names. Raises RestError 500 for a name without one."""
    name = call.path["task"]
    if "_" not in name:
        raise RestError(500, f"Invalid task name : {name}. Missing separator _")
    return name.split("_")[1]


def config(controller: Controller, call: Call) -> Any:
    found = controller.catalog.get(pushing.TASK, call.path["task"])
    return [] if found is None else [found]


def runtime_config(controller: Controller, call: Call) -> Any:
    if controller.catalog.get(pushing.TASK, call.path["task"]) is None:
        raise RestError(500, f"Task: {call.path['task']} does not exist")
    return {key: str(value) for key, value in _task(controller, call).get("configs", {}).items()}


def metadata(controller: Controller, call: Call) -> Any:
    """How far the kind's tasks are with a table, as Pinot keeps it between two runs."""
    kept = controller.catalog.get(pushing.PUSHED, call.path["name"]) if call.path["kind"] == pushing.TYPE else None
    return {} if kept is None else {"tableNameWithType": call.path["name"], "pushedFiles": len(kept["files"])}


def drop_metadata(controller: Controller, call: Call) -> Any:
    if call.path["kind"] == pushing.TYPE:
        controller.catalog.remove(pushing.PUSHED, call.path["name"])
    message = f"Successfully deleted metadata for task type: {call.path['kind']} from table: {call.path['name']}"
    return {"status": message}


def no_generation(controller: Controller, call: Call) -> Any:
    raise RestError(404, "Task generation information not found")


def no_lock(controller: Controller, call: Call) -> Any:
    """Tasks are made one after another; no lock stays behind."""
    name = call.required("tableNameWithType")
    return {"status": f"Successfully released task generation lock on table: {name}"}


# --- the scheduler: nothing runs by itself yet


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


def no_job(controller: Controller, call: Call) -> Any:
    table, kind = call.required("tableName"), call.required("taskType")
    raise RestError(404, f"Unable to find job detail for table name - {table}, task type - {kind}")


OPERATIONS = (
    ("GET", "/tasks/tasktypes", types, "Kinds of tasks", ()),
    ("GET", "/tasks/summary", summary, "What runs and waits, by tenant", ("tenant",)),
    ("GET", "/tasks/{kind}/tasks", names, "Tasks of a kind", ()),
    ("GET", "/tasks/{kind}/tasks/count", count, "How many tasks of a kind", ()),
    ("GET", "/tasks/{kind}/taskcounts", counts, "Sub-tasks of a kind's tasks, by state", ("state", "table")),
    ("GET", "/tasks/{kind}/taskstates", states, "States of the tasks of a kind", ()),
    ("GET", "/tasks/{kind}/state", queue_state, "State of a kind's queue", ()),
    ("GET", "/tasks/{kind}/debug", debug, "Details of the tasks of a kind", ("verbosity",)),
    ("PUT", "/tasks/{kind}/stop", stop, "Schedule no more tasks of a kind", ()),
    ("PUT", "/tasks/{kind}/resume", resume, "Schedule tasks of a kind again", ()),
    ("PUT", "/tasks/{kind}/cleanup", clean_up, "Forget the finished tasks of a kind", ()),
    ("DELETE", "/tasks/{kind}", drop_all, "Forget the tasks of a kind", ("forceDelete",)),
    ("GET", "/tasks/{kind}/{name}/state", states_of_table, "States of a table's tasks", ()),
    ("GET", "/tasks/{kind}/{name}/debug", debug_of_table, "Details of a table's tasks", ("verbosity",)),
    ("GET", "/tasks/{kind}/{name}/metadata", metadata, "How far a kind's tasks are with a table", ()),
    ("DELETE", "/tasks/{kind}/{name}/metadata", drop_metadata, "Begin anew with a table", ()),
    ("POST", "/tasks/schedule", schedule, "Schedule tasks", ("taskType", "tableName", "minionInstanceTag")),
    ("POST", "/tasks/execute", execute, "Run one task", ()),
    ("GET", "/tasks/task/{task}/state", state, "A task's state", ()),
    ("GET", "/tasks/task/{task}/config", config, "A task's configuration", ()),
    ("GET", "/tasks/task/{task}/runtime/config", runtime_config, "A task's configuration when it ran", ()),
    ("GET", "/tasks/task/{task}/debug", debug_one, "A task's details", ("verbosity", "tableName")),
    ("DELETE", "/tasks/task/{task}", drop, "Forget a task", ("forceDelete",)),
    ("GET", "/tasks/subtask/{task}/state", parts_state, "States of a task's parts", ()),
    ("GET", "/tasks/subtask/{task}/config", parts_config, "Configurations of a task's parts", ("subtaskNames",)),
    ("GET", "/tasks/subtask/{task}/progress", parts_progress, "How far a task's parts are", ("subtaskNames",)),
    ("GET", "/tasks/subtask/workers/progress", workers_progress, "What the minions do now", ("subTaskState",)),
    ("GET", "/tasks/generator/{name}/{kind}/debug", no_generation, "What scheduling said last", ("localOnly",)),
    ("DELETE", "/tasks/lock/forceRelease", no_lock, "Release a lock: none stays behind", ("tableNameWithType",)),
    ("GET", "/tasks/scheduler/information", scheduler, "The scheduler", ()),
    ("GET", "/tasks/scheduler/jobKeys", job_keys, "Scheduled jobs", ()),
    ("GET", "/tasks/scheduler/jobDetails", no_job, "A scheduled job: none is", ("tableName", "taskType")),
)
