"""Pinot's minion over HTTP."""

from __future__ import annotations

from starlette.applications import Starlette

from meshloom.engine.http.operations import Operation, text
from meshloom.engine.http.operations import application as assembled


def application() -> Starlette:
    return assembled(
        "Pinot minion", [Operation("GET", "/health", lambda call: text("OK"), "Whether it answers", "Health")]
    )
