"""Tables made of tables over REST: logical tables, and the time boundary of a hybrid one."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.databases import belongs, qualified
from meshloom.engine.config.documents import logical_document, parse_json
from meshloom.engine.config.logical_table import check_boundary, check_logical
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TYPES, TableConfig, physical_name, raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tenants import tenants_of
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.server.tables import LOGICAL, TIME_BOUNDARY
from meshloom.engine.server.time_boundary import end_of


def names(controller: Controller, call: Call) -> Any:
    return [name for name in controller.catalog.names(LOGICAL) if belongs(name, call.database)]


def one(controller: Controller, call: Call) -> Any:
    found = controller.catalog.get(LOGICAL, call.path["name"])
    if found is None:
        raise RestError(404, "Logical table not found")
    return found


def _given(controller: Controller, call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request's config and its unrecognised properties. Raises RestError 400."""
    refusal = "Invalid logical table json config"
    document, unknown = logical_document(parse_json(call.body, refusal, "LogicalTableConfig"), refusal)
    document = _whole(document, call.database)
    if "name" in call.path and document.get("tableName") != call.path["name"]:
        raise RestError(500, "Logical table name in the request body should match the table name in the URL")
    check_logical(document, controller.tables(), tenants_of(controller)["BROKER"])
    name = document["tableName"]
    if name not in controller.schemas():
        reason = f"Schema with same name as logical table '{name}' does not exist"
        raise RestError(400, f"Invalid logical table. Reason: {reason}")
    check_boundary(document)
    return document, unknown


def _whole(document: dict[str, Any], database: str) -> dict[str, Any]:
    """The config with its names and those of its tables in the request's database."""
    named = {key: document[key] for key in ("tableName", "refOfflineTableName", "refRealtimeTableName")
             if document.get(key)}  # fmt: skip
    whole: dict[str, Any] = {key: qualified(name, database) for key, name in named.items()}
    tables = document.get("physicalTableConfigMap")
    if tables:
        whole["physicalTableConfigMap"] = {qualified(name, database): config for name, config in tables.items()}
    return document | whole


def add(controller: Controller, call: Call) -> Any:
    kept, unknown = _given(controller, call)
    name = kept["tableName"]
    if name in controller.catalog.names(LOGICAL):
        raise RestError(409, f"Logical table: {name} already exists")
    if name.lower() in {raw_name(table).lower() for table in controller.tables()}:
        raise RestError(409, f"Table name: {name} already exists")
    controller.keep(LOGICAL, name, kept)
    return {"unrecognizedProperties": unknown, "status": f"{name} logical table successfully added."}


def update(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    kept, unknown = _given(controller, call)
    if name not in controller.catalog.names(LOGICAL):
        raise RestError(404, f"Failed to find logical table {name}")
    controller.keep(LOGICAL, name, kept)
    return {"unrecognizedProperties": unknown, "status": f"{name} logical table successfully updated."}


def drop(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if not controller.forget(LOGICAL, name):
        raise RestError(404, f"Logical table: {name} does not exists.")
    return {"status": f"{name} logical table successfully deleted."}


# --- the time boundary


def set_boundary(controller: Controller, call: Call) -> Any:
    """From now on up to the last row that the offline table has now."""
    offline, realtime = (physical_name(call.path["name"], kind) for kind in TYPES)
    if not {offline, realtime} <= set(controller.tables()):
        raise RestError(404, "Table isn't a hybrid table")
    config = TableConfig.of(controller.table(offline))
    end = end_of(controller.segments(offline), Schema.of(controller.schema(config.raw_name)), config)
    if end is None:
        raise RestError(503, f"No segments found for offline table : {offline}. Could not update time boundary.")
    controller.keep(TIME_BOUNDARY, offline, {"ms": end})
    return {"status": f"Time boundary successfully updated to: {end}"}


def drop_boundary(controller: Controller, call: Call) -> Any:
    offline = physical_name(call.path["name"], TYPES[0])
    if offline not in controller.tables():
        raise RestError(404, f"Failed to find table: {offline}")
    controller.forget(TIME_BOUNDARY, offline)
    return {"status": "Time boundary successfully removed"}


OPERATIONS = (
    ("GET", "/logicalTables", names, "Names of all logical tables", ()),
    ("POST", "/logicalTables", add, "Add a logical table", ()),
    ("GET", "/logicalTables/{name}", one, "A logical table", ()),
    ("PUT", "/logicalTables/{name}", update, "Change a logical table", ()),
    ("DELETE", "/logicalTables/{name}", drop, "Delete a logical table", ()),
    ("POST", "/tables/{name}/timeBoundary", set_boundary, "Fix a hybrid table's boundary at its offline end", ()),
    ("DELETE", "/tables/{name}/timeBoundary", drop_boundary, "Let a hybrid table's boundary follow its rows", ()),
)
