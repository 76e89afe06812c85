"""Table configs over REST, alone and together with their schema."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.documents import parse_json, schema_document, table_document, together
from meshloom.engine.config.refusals import require
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TYPES, TableConfig, physical_name, raw_name
from meshloom.engine.config.validate import judge_schema
from meshloom.engine.config.validate_table import check_hybrid, check_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.ingest.functions import schema_function


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


SKIPPED = ("ALL", "TASK", "UPSERT", "TENANT", "MINION_INSTANCES", "ACTIVE_TASKS")


def _skipped(call: Call) -> frozenset[str]:
    """The kinds of validation that a request leaves out. Raises RestError 400 for an unknown one."""
    named = [kind.upper() for kind in (call.query.get("validationTypesToSkip") or "").split(",") if kind]
    for kind in named:
        if kind not in SKIPPED:
            enum = "org.apache.pinot.segment.local.utils.TableConfigUtils.ValidationType"
            raise RestError(400, f"No enum constant {enum}.{kind}")
    return frozenset(named)


def add(controller: Controller, call: Call) -> Any:
    document, skipped = parse_json(call.body, kind="TableConfig"), _skipped(call)
    name = table_document(document)[0]["tableName"]
    if name in controller.tables():
        raise controller.there(name)
    config, unknown = controller.add_table(document, skipped=skipped)
    return {"unrecognizedProperties": unknown, "status": f"Table {config.name} successfully added"}


def update(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    invalid = f"Invalid table config: {name} with error: "
    try:
        document = parse_json(call.body, kind="TableConfig")
        kept = table_document(document)[0]
        wanted = name if name.endswith(f"_{kept['tableType']}") else f"{name}_{kept['tableType']}"
        if kept["tableName"] != wanted:
            what = f"Request table {wanted} does not match table name in the body {kept['tableName']}"
            raise RestError(400, what)
        config, _ = controller.checked(document, skipped=_skipped(call))
    except RestError as error:
        raise RestError(400, invalid + error.what) from error
    if config.name not in controller.tables():
        raise RestError(404, f"Table {config.name} does not exist")
    _, unknown = controller.add_table(document, replace=True, force=call.flag("force"), skipped=_skipped(call))
    return {"unrecognizedProperties": unknown, "status": f"Table config updated for {name}"}


def validate(controller: Controller, call: Call) -> Any:
    refusal = "Invalid table config json string"
    document = parse_json(call.body, refusal, "TableConfig")
    name = table_document(document, refusal)[0]["tableName"]
    try:
        config, unknown = controller.checked(document, placed=False, skipped=_skipped(call))
    except RestError as error:
        raise RestError(400, f"Invalid table config: {name}. {error.what}") from error
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


def _read_together(call: Call, refusal: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request's TableConfigs as kept, and their unrecognised properties. Raises RestError 400."""
    try:
        return together(parse_json(call.body, kind="TableConfigs"))
    except RestError as error:
        raise RestError(400, f"{refusal}{error.what}") from error


def _judged(controller: Controller, call: Call, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The table configs of TableConfigs that Pinot would accept. Raises RestError 400."""
    name, given = document["tableName"], document["schema"]
    try:
        tables = {kind: document[kind.lower()] for kind in TYPES if kind.lower() in document}
        only = f"Must provide at least one of 'realtime' or 'offline' table configs for adding TableConfigs: {name}"
        require(bool(tables), only)
        same = given["schemaName"] == name
        shown = "null" if given["schemaName"] is None else given["schemaName"]
        require(same, f"'tableName': {name} must be equal to 'schemaName' from 'schema': {shown}")
        judge_schema(given, schema_function)
        schema = Schema.of(given)
        for kind, table in tables.items():
            raw = raw_name(table["tableName"])
            what = f"Name in '{kind.lower()}' table config: {raw} must be equal to 'tableName': {name}"
            require(raw == name, what)
            check_name(TableConfig.of(table))
            controller.checked(table, placed=False, schema=schema, skipped=_skipped(call))
        if len(tables) == 2:
            check_hybrid(TableConfig.of(tables["OFFLINE"]), TableConfig.of(tables["REALTIME"]))
    except RestError as error:
        raise RestError(400, f"Invalid TableConfigs: {name}. {error.what}") from error
    return list(tables.values())


def add_configs(controller: Controller, call: Call) -> Any:
    document, unknown = _read_together(call, "Invalid TableConfigs. ")
    name = document["tableName"]
    if physicals(controller, name) or name in controller.schemas():
        raise RestError(400, f"TableConfigs: {name} already exists. Use PUT to update existing config")
    tables = _judged(controller, call, document)
    controller.add_schema(document["schema"])
    try:
        for table in tables:
            controller.add_table(table, skipped=_skipped(call))
    except RestError as error:
        for physical in physicals(controller, name):
            controller.drop_table(physical)
        controller.drop_schema(name)
        raise RestError(error.status, f"Invalid TableConfigs: {name}. Reason: {error.what}") from error
    return {"unrecognizedProperties": unknown, "status": f"TableConfigs {name} successfully added"}


def update_configs(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    refusal = f"Invalid TableConfigs: {name}. Reason: "
    document, unknown = _read_together(call, refusal)
    try:
        tables = _judged(controller, call, document)
        what = f"'tableName' in TableConfigs: {document['tableName']} must match provided tableName: {name}"
        require(document["tableName"] == name, what)
    except RestError as error:
        raise RestError(400, f"{refusal}{error.what}") from error
    if not physicals(controller, name):
        raise RestError(400, f"TableConfigs: {name} does not exist. Use POST to create it first.")
    force = call.flag("forceTableSchemaUpdate")
    try:
        controller.add_schema(document["schema"], force=force)
        for table in tables:
            controller.add_table(table, replace=True, force=force, skipped=_skipped(call))
    except RestError as error:
        raise RestError(error.status, f"Failed to update TableConfigs for: {name}, {error.what}") from error
    if call.flag("reload"):
        for physical in physicals(controller, name):
            controller.reload(physical)
    return {"unrecognizedProperties": unknown, "status": f"TableConfigs updated for {name}"}


def drop_configs(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if name != raw_name(name):
        raise RestError(500, f"Invalid table name: {name}. Use raw table name.")
    there = bool(physicals(controller, name))
    if there:
        controller.drop_table(name)
    if name in controller.schemas():
        there = True
        controller.drop_schema(name)
    gone = f"TableConfigs: {name} don't exist. Invoked delete anyway to clean stale metadata/segments"
    return {"status": f"Deleted TableConfigs: {name}" if there else gone}


def validate_configs(controller: Controller, call: Call) -> Any:
    refusal = f"Invalid TableConfigs json string: {call.body.decode('utf-8', 'replace')}. Reason: "
    document, unknown = _read_together(call, refusal)
    _judged(controller, call, document)
    return document | {"unrecognizedProperties": unknown}


TOGETHER = ("validationTypesToSkip", "reload", "forceTableSchemaUpdate")
OPERATIONS = (
    ("GET", "/tables", names, "Names of all tables", ("type",)),
    ("POST", "/tables", add, "Add a table", ("validationTypesToSkip",)),
    ("POST", "/tables/validate", validate, "Judge a table config", ("validationTypesToSkip",)),
    ("GET", "/tables/{name}", one, "A table's configs", ("type",)),
    ("PUT", "/tables/{name}", update, "Change a table config", ("validationTypesToSkip", "force")),
    ("DELETE", "/tables/{name}", drop, "Delete a table", ("type", "retention")),
    ("GET", "/tables/{name}/schema", schema, "A table's schema", ()),
    ("GET", "/tables/{name}/state", state, "Whether a table answers queries", ("type",)),
    ("PUT", "/tables/{name}/state", set_state, "Enable or disable a table", ("type", "state")),
    ("GET", "/tableConfigs", configs, "Names of all tables", ()),
    ("POST", "/tableConfigs", add_configs, "Add schema and tables together", ("validationTypesToSkip",)),
    (
        "POST",
        "/tableConfigs/validate",
        validate_configs,
        "Judge schema and tables together",
        ("validationTypesToSkip",),
    ),
    ("GET", "/tableConfigs/{name}", config, "Schema and table configs", ()),
    ("PUT", "/tableConfigs/{name}", update_configs, "Change schema and tables together", TOGETHER),
    ("DELETE", "/tableConfigs/{name}", drop_configs, "Delete schema and tables", ()),
)
