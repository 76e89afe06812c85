"""Table configs over REST, alone and together with their schema."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.databases import belongs, qualified
from meshloom.engine.config.documents import parse_json, schema_document, table_document, together, with_tenants
from meshloom.engine.config.java import period
from meshloom.engine.config.refusals import require
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TYPES, TableConfig, physical_name, raw_name
from meshloom.engine.config.validate import judge_schema
from meshloom.engine.config.validate_table import check_hybrid, check_name, check_tenants
from meshloom.engine.config.validate_tasks import check_minions
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.definitions import MADE
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.ingest.functions import schema_function


def physicals(controller: Controller, name: str, table_type: str = "") -> list[str]:
    """The physical tables of a name with or without type; none when there is no such table. Type "" means any.

    Raises RestError 403 for a type that is not the name's own (ResourceUtils).
    """
    there = controller.tables()
    if name != raw_name(name):
        if table_type and not name.endswith(f"_{table_type}"):
            raise RestError(403, f"Table name: {name} does not match table type: {table_type}")
        return [name] if name in there else []
    wanted = [physical_name(name, kind) for kind in TYPES if not table_type or kind == table_type]
    return [physical for physical in wanted if physical in there]


def type_of(call: Call, parameter: str = "type") -> str:
    """The table type that a request names, "" for none. Raises RestError 400 for what is none."""
    given = call.query.get(parameter, "").strip()
    if given and given.upper() not in TYPES:
        raise RestError(400, f"Illegal table type '{given}'")
    return given.upper()


def existing(controller: Controller, call: Call, wanted: str | None = None) -> list[str]:
    """As `physicals`, for the request's table and the type `wanted`, its own parameter's without. Raises RestError 404
    when there is none."""
    type_ = type_of(call) if wanted is None else wanted
    found = physicals(controller, call.path["name"], type_)
    if not found:
        shown = f"{call.path['name']}_{type_}" if type_ else call.path["name"]
        raise RestError(404, f"Table '{shown}' not found.")
    return found


def typed(call: Call) -> str:
    """The request's table with the type that it has to name. Raises RestError 400."""
    given = call.query.get("type")
    if given is None or given.upper() not in TYPES:
        raise RestError(400, f"Illegal table type: {'null' if given is None else given}")
    return physical_name(call.path["name"], given.upper())


def parts(controller: Controller, call: Call) -> list[str]:
    """The physical tables of the request's name whose type is asked for; a type that is none matches none."""
    kind = call.query.get("type")
    wanted = [physical_name(call.path["name"], one) for one in TYPES if kind is None or kind.upper() == one]
    there = controller.tables()
    return [physical for physical in wanted if physical in there]


SORTS = ("NAME", "CREATIONTIME", "LASTMODIFIEDTIME")


def names(controller: Controller, call: Call) -> Any:
    """Names of a database's tables: without type, unless a type or a task is asked for."""
    kind, task = call.query.get("type"), (call.query.get("taskType") or "").strip()
    sort = (call.query.get("sortType") or "NAME").upper()
    dimension = (kind or "").lower() == "dimension"
    type_ = "OFFLINE" if dimension else (kind or "").upper()
    if kind is not None and type_ not in TYPES:
        raise RestError(500, f"No enum constant org.apache.pinot.spi.config.table.TableType.{type_}")
    if sort not in SORTS:
        enum = "org.apache.pinot.controller.api.resources.PinotTableRestletResource.SortType"
        raise RestError(500, f"No enum constant {enum}.{sort}")
    found = [name for name in controller.tables() if belongs(name, call.database)]
    found = [name for name in found if not type_ or name.endswith(f"_{type_}")]
    if dimension or task:
        configs = {name: TableConfig.of(controller.table(name)) for name in found}
        found = [name for name, config in configs.items() if not dimension or config.is_dimension_table]
        found = [name for name in found if not task or task in (configs[name].tasks)]
    if sort != "NAME":
        kept = MADE if sort == "CREATIONTIME" else "table"
        found.sort(key=lambda name: controller.catalog.changed_ms(kept, name))
    if not type_ and not task:
        found = list(dict.fromkeys(raw_name(name) for name in found))
    if sort == "NAME":
        found.sort()
    return {"tables": found if call.flag("sortAsc", True) else found[::-1]}


def one(controller: Controller, call: Call) -> Any:
    found = parts(controller, call)
    if not found:
        kind = call.query.get("type")
        shown = call.path["name"] if kind is None else f"{call.path['name']}_{kind.upper()}"
        raise RestError(404, f"Table {shown} does not exist")
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


def _read(call: Call, refusal: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """A request's table config as kept, under its name with the database, and its unrecognised properties."""
    kept, unknown = table_document(parse_json(call.body, refusal, "TableConfig"), refusal)
    return kept | {"tableName": qualified(kept["tableName"], call.database)}, unknown


def add(controller: Controller, call: Call) -> Any:
    try:
        kept, unknown = _read(call)
        name = kept["tableName"]
        if name in controller.tables():
            raise controller.there(name)
        controller.schema_of(name)
        skipped = _skipped(call)
    except RestError as error:
        raise RestError(409 if error.status == 409 else 400, error.what) from error
    config, _ = controller.add_table(kept, skipped=skipped)
    return {"unrecognizedProperties": unknown, "status": f"Table {config.name} successfully added"}


def update(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    invalid = f"Invalid table config: {name} with error: "
    try:
        kept, unknown = _read(call)
        wanted = qualified(physical_name(name, kept["tableType"]), call.database)
        if kept["tableName"] != wanted:
            what = f"Request table {wanted} does not match table name in the body {kept['tableName']}"
            raise RestError(400, what)
        controller.schema_of(wanted)
        config, _ = controller.checked(kept, skipped=_skipped(call))
    except RestError as error:
        raise RestError(400, invalid + error.what) from error
    if config.name not in controller.tables():
        raise RestError(404, f"Table {config.name} does not exist")
    controller.add_table(kept, replace=True, force=call.flag("force"), skipped=_skipped(call))
    return {"unrecognizedProperties": unknown, "status": f"Table config updated for {name}"}


def validate(controller: Controller, call: Call) -> Any:
    kept, unknown = _read(call, "Invalid table config json string")
    try:
        controller.schema_of(kept["tableName"])
        config, _ = controller.checked(kept, placed=False, skipped=_skipped(call))
    except RestError as error:
        raise RestError(400, f"Invalid table config: {kept['tableName']}. {error.what}") from error
    return {config.table_type: dict(config.document), "unrecognizedProperties": unknown}


def check_retention(call: Call) -> None:
    """Raises RestError 500 for a `retention` that is no period; here everything goes at once."""
    given = call.query.get("retention", "")
    if given and period(given) is None:
        raise RestError(500, f"Invalid time spec '{given}' (Valid examples: '3h', '4h30m')")


def drop(controller: Controller, call: Call) -> Any:
    name, type_ = call.path["name"], type_of(call)
    if physicals(controller, name, "" if name != raw_name(name) else type_):
        check_retention(call)
    try:
        dropped = controller.drop_table(name, type_)
    except RestError as error:  # Pinot answers 500 where a logical table holds it
        raise RestError(500 if error.status == 409 else error.status, error.what) from error
    return {"status": f"Tables: [{', '.join(dropped)}] deleted"}


def schema(controller: Controller, call: Call) -> Any:
    name = raw_name(call.path["name"])
    document = controller.catalog.get("schema", name)
    if document is None:
        raise RestError(404, f"Schema not found for table: {call.path['name']}")
    return schema_document(document)[0]


def state(controller: Controller, call: Call) -> Any:
    physical = typed(call)
    if physical not in controller.tables():
        raise RestError(404, f"Failed to find table: {physical}")
    return {"state": controller.state(physical)}


def set_state(controller: Controller, call: Call) -> Any:
    physical, wanted = typed(call), call.query.get("state", "null")
    if wanted.lower() not in ("enable", "disable"):
        raise RestError(400, f"Unknown state '{wanted}'")
    if physical not in controller.tables():
        raise RestError(404, f"Table '{call.path['name']}' does not exist")
    controller.set_state(physical, wanted.lower() == "enable")
    return {"status": f"Request to {wanted} table '{physical}' is successful"}


# --- schema and table configs together


def configs(controller: Controller, call: Call) -> Any:
    return sorted({raw_name(name) for name in controller.tables() if belongs(name, call.database)})


def config(controller: Controller, call: Call) -> Any:
    name = raw_name(call.path["name"])
    found = controller.catalog.get("schema", name)
    if found is None:
        raise RestError(500, f"Schema does not exist for table {name} Use POST to create it first.")
    shown: dict[str, Any] = {"tableName": call.path["name"], "schema": schema_document(found)[0]}
    return shown | {p.rpartition("_")[2].lower(): _shown(controller, p) for p in physicals(controller, name)}


def _read_together(call: Call, refusal: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request's TableConfigs as kept, under names with the database, and their unrecognised properties. Raises
    RestError 400."""
    try:
        kept, unknown = together(parse_json(call.body, kind="TableConfigs"))
    except RestError as error:
        raise RestError(400, f"{refusal}{error.what}") from error
    database = call.database
    kept = kept | {"tableName": qualified(kept["tableName"], database)}
    if kept.get("schema") and kept["schema"].get("schemaName"):
        kept["schema"] = kept["schema"] | {"schemaName": qualified(kept["schema"]["schemaName"], database)}
    for kind in map(str.lower, TYPES):
        if kept.get(kind):
            kept[kind] = kept[kind] | {"tableName": qualified(kept[kind]["tableName"], database)}
    return kept, unknown


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
            skipped = _skipped(call)
            controller.checked(table, placed=False, schema=schema, skipped=skipped)
            if not skipped & {"ALL", "TENANT"}:
                check_tenants(TableConfig.of(table), controller.tagged)
            if not skipped & {"ALL", "MINION_INSTANCES"}:
                check_minions(TableConfig.of(table), controller.tagged)
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
    try:
        document, unknown = _read_together(call, refusal)
    except RestError as error:
        raise RestError(400, error.what if error.status == 400 else f"{refusal}{error.what}") from error
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
    for kind in map(str.lower, TYPES):
        if document.get(kind):
            document[kind] = with_tenants(document[kind])
    return document | {"unrecognizedProperties": unknown}


TOGETHER = ("validationTypesToSkip", "reload", "forceTableSchemaUpdate")
OPERATIONS = (
    ("GET", "/tables", names, "Names of all tables", ("type", "taskType", "sortType", "sortAsc")),
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
