"""Pinot's minion over HTTP. Tasks run at once in the controller's process, so that it has none under way."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette

from meshloom.engine.http import system
from meshloom.engine.http.operations import Call, Operation, refused, text
from meshloom.engine.http.operations import application as assembled


def ok(call: Call) -> Any:
    return text("OK")


def none(call: Call) -> Any:
    return {}


def operations() -> list[Operation]:
    """What a minion answers."""
    return [
        Operation("GET", "/health", ok, "Whether it answers", "Health"),
        Operation("GET", "/tasks/subtask/progress", none, "How far sub-tasks are", "Task", ("subtaskNames",)),
        Operation("GET", "/tasks/subtask/state/progress", none, "Sub-tasks by state", "Task", ("subTaskState",)),
        refused("GET", "/metrics/gauge/{gauge}", "A gauge's value", "Health", "This engine's minion has no gauges"),
        *system.operations(),
    ]


def application() -> Starlette:
    return assembled("Pinot minion", operations())
