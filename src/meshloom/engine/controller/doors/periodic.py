"""Pinot's periodic tasks over REST, run when somebody asks."""

from __future__ import annotations

import uuid
from typing import Any

from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import physicals, type_of
from meshloom.engine.controller.retention import purge
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call

RETENTION = "RetentionManager"
# The others watch over what cannot be otherwise here: segments lie on the one server, and are there or refused.
NAMES = ("SegmentRelocator", "PinotTaskManager", "SegmentStatusChecker", RETENTION)


def names(controller: Controller, call: Call) -> Any:
    return list(NAMES)


def run(controller: Controller, call: Call) -> Any:
    """Run one now, for one table or all. Raises RestError 404 for an unknown task or table."""
    task, table = call.query.get("taskname", "null"), call.query.get("tableName", "").strip()
    if task not in NAMES:
        raise RestError(404, f"Periodic task '{task}' not found.")
    type_ = type_of(call)
    found = physicals(controller, table, type_) if table else controller.tables()
    if not found and table:
        raise RestError(404, f"Table '{table}_{type_}' not found." if type_ else f"Table '{table}' not found.")
    if task == RETENTION:
        for physical in found:
            purge(controller, physical)
    return {"taskId": f"api-{uuid.uuid4().hex[:8]}", "isSuccessful": True}


OPERATIONS = (
    ("GET", "/periodictask/names", names, "Names of periodic tasks", ()),
    ("GET", "/periodictask/run", run, "Run a periodic task", ("taskname", "tableName", "type")),
    ("POST", "/periodictask/run", run, "Run a periodic task", ("taskname", "tableName", "type")),
)
