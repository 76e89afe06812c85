"""Table configs over REST, alone and together with their schema."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.documents import schema_document, table_document
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TYPES, TableConfig, physical_name, raw_name
from meshloom.engine.config.validate import check_schema, parse_json
from meshloom.engine.config.validate_table import check_shape, check_table
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call


def physicals(controller: Controller, name: str, table_type: str = "") -> list[str]:
    """The physical tables of a name with or without type; none when there is no such table. Type "" means any.

    Raises RestError 400 for an unknown type.
    """
    if table_type and table_type.upper() not in TYPES:
        raise RestError(400, f"Illegal table type '{table_type}'")
    wanted = [physical_name(name, kind) for kind in TYPES if not table_type or kind == table_type.upper()]
    if name != raw_name(name):
        wanted = [physical for physical in wanted if physical == name]
    there = controller.tables()
    return [physical for physical in wanted if physical in there]


def existing(controller: Controller, call: Call, message: str = "Table '{}' not found.") -> list[str]:
    """As `physicals`, for the request's table. Raises RestError 404 when there is none."""
    found = physicals(controller, call.path["name"], call.query.get("type", ""))
    if not found:
        raise RestError(404, message.format(call.path["name"]))
    return found


def names(controller: Controller, call: Call) -> Any:
    kind = (call.query.get("type") or "").upper()
    if kind:
        if kind not in TYPES:
            raise RestError(400, f"Illegal table type '{kind}'")
        return {"tables": [name for name in controller.tables() if name.endswith(f"_{kind}")]}
    return {"tables": sorted({raw_name(name) for name in controller.tables()})}


def one(controller: Controller, call: Call) -> Any:
    found = existing(controller, call, "Table {} does not exist")
    return {name.rpartition("_")[2]: _shown(controller, name) for name in found}


def _shown(controller: Controller, physical: str) -> dict[str, Any]:
    return table_document(controller.table(physical))[0]


def add(controller: Controller, call: Call) -> Any:
    config, unknown = controller.add_table(parse_json(call.body))
    return {"unrecognizedProperties": unknown, "status": f"Table {config.name} successfully added"}


def update(controller: Controller, call: Call) -> Any:
    document, name = parse_json(call.body), call.path["name"]
    invalid = f"Invalid table config: {name} with error: "
    try:
        config, _ = controller.checked(document)
    except RestError as error:
        raise RestError(400, invalid + error.what) from error
    wanted = name if name != raw_name(name) else physical_name(name, config.table_type)
    if config.name != wanted:
        raise RestError(400, f"{invalid}Request table {wanted} does not match table name in the body {config.name}")
    if config.name not in controller.tables():
        raise RestError(404, f"Table {config.name} does not exist")
    _, unknown = controller.add_table(document, replace=True)
    return {"unrecognizedProperties": unknown, "status": f"Table config updated for {name}"}


def validate(controller: Controller, call: Call) -> Any:
    text = call.body.decode("utf-8", "replace")
    document = parse_json(text, "Invalid table config json string")
    name = str(document.get("tableName", ""))
    try:
        config, unknown = controller.checked(document, placed=False)
    except RestError as error:
        kind = str(document.get("tableType", "")).upper()
        known = name and kind in TYPES and all(document.get(key) for key in ("segmentsConfig",))
        shown = physical_name(raw_name(name), kind) if known else ""
        prefix = f"Invalid table config: {shown}. " if shown else f"Invalid table config json string: {text}. Reason: "
        raise RestError(400, prefix + error.what) from error
    return {config.table_type: dict(config.document), "unrecognizedProperties": unknown}


def drop(controller: Controller, call: Call) -> Any:
    dropped = controller.drop_table(call.path["name"], call.query.get("type", ""))
    return {"status": f"Tables: [{', '.join(dropped)}] deleted"}


def schema(controller: Controller, call: Call) -> Any:
    name = raw_name(call.path["name"])
    document = controller.catalog.get("schema", name)
    if document is None:
        raise RestError(404, f"Schema not found for table: {call.path['name']}")
    return schema_document(document)[0]


def state(controller: Controller, call: Call) -> Any:
    return {"state": controller.state(existing(controller, call)[0])}


def set_state(controller: Controller, call: Call) -> Any:
    wanted = call.required("state").lower()
    if wanted not in ("enable", "disable", "drop"):
        raise RestError(400, f"Invalid state: {wanted}. Valid states are enable|disable|drop")
    for physical in existing(controller, call):
        if wanted == "drop":
            controller.drop_table(physical)
        else:
            controller.set_state(physical, wanted == "enable")
    return {"status": f"Request to {wanted} table '{existing(controller, call)[0]}' is successful"}


# --- schema and table configs together


def configs(controller: Controller, call: Call) -> Any:
    return sorted({raw_name(name) for name in controller.tables()})


def config(controller: Controller, call: Call) -> Any:
    name = raw_name(call.path["name"])
    found = controller.catalog.get("schema", name)
    if found is None:
        raise RestError(500, f"Schema does not exist for table {name} Use POST to create it first.")
    shown: dict[str, Any] = {"tableName": name, "schema": schema_document(found)[0]}
    return shown | {p.rpartition("_")[2].lower(): _shown(controller, p) for p in physicals(controller, name)}


def _together(call: Call) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Name, schema and table configs of a request. Raises RestError 400."""
    document = parse_json(call.body, "Invalid TableConfigs json string")
    name, given = document.get("tableName"), document.get("schema")
    if not isinstance(name, str) or not name:
        raise RestError(400, "'tableName' cannot be null or empty in TableConfigs")
    if not isinstance(given, dict):
        raise RestError(400, "'schema' cannot be null in TableConfigs")
    tables = [document[kind.lower()] for kind in TYPES if isinstance(document.get(kind.lower()), dict)]
    if given.get("schemaName") != name:
        raise RestError(
            400, f"'tableName': {name} must be equal to 'schemaName' from 'schema': {given.get('schemaName')}"
        )
    return name, given, tables


def add_configs(controller: Controller, call: Call) -> Any:
    name, given, tables = _together(call)
    if physicals(controller, name):
        raise RestError(400, f"TableConfigs: {name} already exists. Use PUT to update existing config")
    before = controller.catalog.get("schema", name)
    unknown = dict(controller.add_schema(given))
    try:
        for document in tables:
            unknown |= controller.add_table(document)[1]
    except RestError as error:
        for physical in physicals(controller, name):
            controller.drop_table(physical)
        if before is None:
            controller.drop_schema(name)
        else:
            controller.put_schema(before)
        raise RestError(error.status, f"Invalid TableConfigs: {name}. {error.what}") from error
    return {"unrecognizedProperties": unknown, "status": f"TableConfigs {name} successfully added"}


def update_configs(controller: Controller, call: Call) -> Any:
    name, given, tables = _together(call)
    if not physicals(controller, name):
        raise RestError(400, f"TableConfigs: {name} does not exist. Use POST to create it first.")
    unknown = dict(controller.add_schema(given))
    for document in tables:
        unknown |= controller.add_table(document, replace=True)[1]
    if call.flag("reload"):
        for physical in physicals(controller, name):
            controller.reload(physical)
    return {"unrecognizedProperties": unknown, "status": f"TableConfigs updated for {name}"}


def drop_configs(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if physicals(controller, name):
        controller.drop_table(name)
    if name in controller.schemas():
        controller.drop_schema(name)
    return {"status": f"Deleted TableConfigs: {name}"}


def validate_configs(controller: Controller, call: Call) -> Any:
    name, given, tables = _together(call)
    check_schema(given)
    schema = Schema.of(given)
    for document in tables:
        check_shape(document)
        check_table(TableConfig.of(table_document(document)[0]), schema)
    return {"tableName": name, "schema": schema_document(given)[0], "unrecognizedProperties": {}}


OPERATIONS = (
    ("GET", "/tables", names, "Names of all tables", ("type",)),
    ("POST", "/tables", add, "Add a table", ()),
    ("POST", "/tables/validate", validate, "Judge a table config", ()),
    ("GET", "/tables/{name}", one, "A table's configs", ("type",)),
    ("PUT", "/tables/{name}", update, "Change a table config", ()),
    ("DELETE", "/tables/{name}", drop, "Delete a table", ("type", "retention")),
    ("GET", "/tables/{name}/schema", schema, "A table's schema", ()),
    ("GET", "/tables/{name}/state", state, "Whether a table answers queries", ("type",)),
    ("PUT", "/tables/{name}/state", set_state, "Enable or disable a table", ("type", "state")),
    ("GET", "/tableConfigs", configs, "Names of all tables", ()),
    ("POST", "/tableConfigs", add_configs, "Add schema and tables together", ()),
    ("POST", "/tableConfigs/validate", validate_configs, "Judge schema and tables together", ()),
    ("GET", "/tableConfigs/{name}", config, "Schema and table configs", ()),
    ("PUT", "/tableConfigs/{name}", update_configs, "Change schema and tables together", ("reload",)),
    ("DELETE", "/tableConfigs/{name}", drop_configs, "Delete schema and tables", ()),
)
