"""Pinot's server over HTTP (its admin port): health, tables, segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Operation, text
from meshloom.engine.http.operations import application as assembled
from meshloom.engine.server.tables import Server
from meshloom.engine.storage.catalog import Catalog


def application(server: Server, catalog: Catalog) -> Starlette:
    def held(call: Call) -> list[str]:
        found = server.held(call.path["name"])
        if not found:
            raise RestError(404, f"Table: {call.path['name']} is not found")
        return [name for names in found.values() for name in names]

    def tables(call: Call) -> Any:
        return {"tables": catalog.names("table")}

    def segments(call: Call) -> Any:
        return {"segments": held(call)}

    def size(call: Call) -> Any:
        held(call)
        name = call.path["name"]
        sizes = {
            segment.name: sum(Path(path).stat().st_size for path in segment.paths if Path(path).exists())
            for segment in catalog.segments(name)
        }
        listed = [{"segmentName": segment, "diskSizeInBytes": count} for segment, count in sizes.items()]
        return {"tableName": name, "diskSizeInBytes": sum(sizes.values()), "segments": listed}

    def ok(call: Call) -> Any:
        return text("OK")

    return assembled(
        "Pinot server",
        [
            Operation("GET", "/health", ok, "Whether it answers", "Health"),
            Operation("GET", "/health/readiness", ok, "Whether it is ready", "Health"),
            Operation("GET", "/health/liveness", ok, "Whether it lives", "Health"),
            Operation("GET", "/tables", tables, "Names of its tables", "Table"),
            Operation("GET", "/tables/{name}/segments", segments, "A table's segments", "Table"),
            Operation("GET", "/tables/{name}/size", size, "A table's bytes", "Table"),
        ],
    )
