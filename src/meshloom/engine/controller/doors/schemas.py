"""Schemas over REST."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.databases import belongs
from meshloom.engine.config.documents import parse_json, schema_document
from meshloom.engine.config.source import Document
from meshloom.engine.config.table import raw_name
from meshloom.engine.config.types import DIMENSION_NULLS, METRIC_NULLS, DataType
from meshloom.engine.config.validate import METRICS, check_schema_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.server.tables import LOGICAL

REFUSAL = "Invalid schema config json string"
PART = "Caught exception while de-serializing the schema from request body: "


def posted(call: Call) -> tuple[Document, str]:
    """The schema of a request, the body or the one part of a form, and the sentence in front of what is wrong with it.

    Raises RestError 400.
    """
    parts = [file.read() for file in call.files.values()] or [text.encode() for text in call.form.values()]
    refusal = PART if parts else REFUSAL
    if len(parts) > 1:
        raise RestError(400, "Found not exactly one file from the multi-part fields")
    return parse_json(parts[0] if parts else call.body, refusal, "Schema"), refusal


def names(controller: Controller, call: Call) -> Any:
    return [name for name in controller.schemas() if belongs(name, call.database)]


def one(controller: Controller, call: Call) -> Any:
    document = controller.catalog.get("schema", call.path["name"])
    if document is None:
        raise RestError(404, "Schema not found")
    return schema_document(document)[0]


def add(controller: Controller, call: Call) -> Any:
    document, refusal = posted(call)
    kept, unknown = controller.judged(document, refusal, call.database)
    controller.add_schema(kept, override=call.flag("override", True), force=call.flag("force"))
    return {"unrecognizedProperties": unknown, "status": f"{kept['schemaName']} successfully added"}


def update(controller: Controller, call: Call) -> Any:
    document, refusal = posted(call)
    name, kept = call.path["name"], schema_document(document, refusal)[0]
    check_schema_name(kept)
    kept, unknown = controller.judged(document, refusal, call.database)
    if kept["schemaName"] != name:
        what = f"Schema name mismatch for uploaded schema, tried to add schema with name {kept['schemaName']} as {name}"
        raise RestError(400, what)
    if name not in controller.schemas():
        raise RestError(404, f"Failed to find schema {name}")
    controller.add_schema(kept, force=call.flag("force"), details=False)
    if call.flag("reload") and name not in controller.catalog.names(LOGICAL):
        users = [physical for physical in controller.tables() if raw_name(physical) == name]
        if not users:
            raise RestError(404, f"Failed to find table {name} to reload")  # the schema is changed, as in Pinot
        for physical in users:
            controller.reload(physical)
    return {"unrecognizedProperties": unknown, "status": f"{name} successfully added"}


def drop(controller: Controller, call: Call) -> Any:
    controller.drop_schema(call.path["name"])
    return {"status": f"Schema {call.path['name']} deleted"}


def validate(controller: Controller, call: Call) -> Any:
    kept, unknown = controller.judged(*posted(call), call.database)
    return kept | {"unrecognizedProperties": unknown}


def info(controller: Controller, call: Call) -> Any:
    return {"schemasInfo": [_counts(controller.schema(name)) for name in names(controller, call)]}


def _counts(schema: dict[str, Any]) -> dict[str, Any]:
    # Pinot's SchemaInfo takes off three virtual columns, of which its cache has four since 1.5.
    dimensions = len(schema.get("dimensionFieldSpecs") or ()) + 1
    return {
        "schemaName": schema["schemaName"],
        "numDimensionFields": dimensions,
        "numDateTimeFields": len(schema.get("dateTimeFieldSpecs") or ()),
        "numMetricFields": len(schema.get("metricFieldSpecs") or ()),
        "numComplexFields": len(schema.get("complexFieldSpecs") or ()),
    }


def field_spec(controller: Controller, call: Call) -> Any:
    """Which types a field may have, and what stands for null."""
    plain = [type_ for type_ in DataType if type_ is not DataType.MAP]
    dimension = {type_.value: {"nullDefault": _printed(DIMENSION_NULLS[type_])} for type_ in plain}
    metric = {type_.value: {"nullDefault": _printed(METRIC_NULLS[type_])} for type_ in plain if type_ in METRICS}
    kinds = {"DATE_TIME": dimension, "METRIC": metric, "TIME": dimension, "DIMENSION": dimension}
    types = {type_.value: _described(_stored(type_), type_ is not DataType.JSON, type_.numeric) for type_ in plain}
    types |= {name: _described(name, False, False) for name in ("LIST", "STRUCT", "MAP")}
    types["UNKNOWN"] = _described("UNKNOWN", True, False)
    found = {kind: {"allowedDataTypes": types_} for kind, types_ in kinds.items()}
    nested: dict[str, Any] = {"LIST": [], "STRUCT": None, "MAP": {}}
    found["COMPLEX"] = {"allowedDataTypes": {name: {"nullDefault": value} for name, value in nested.items()}}
    return {"fieldTypes": found, "dataTypes": types}


def _described(stored: str, sortable: bool, numeric: bool) -> dict[str, Any]:
    size = {"INT": 4, "FLOAT": 4, "LONG": 8, "DOUBLE": 8}.get(stored, -1)
    return {"storedType": stored, "size": size, "sortable": sortable, "numeric": numeric}


def _printed(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return int(value)
    return "-Infinity" if value == float("-inf") else value


def _stored(type_: DataType) -> str:
    stored = {DataType.BOOLEAN: "INT", DataType.TIMESTAMP: "LONG", DataType.JSON: "STRING"}
    return stored.get(type_, type_.value)


OPERATIONS = (
    ("GET", "/schemas", names, "Names of all schemas", ()),
    ("POST", "/schemas", add, "Add a schema", ("override", "force")),
    ("POST", "/schemas/validate", validate, "Judge a schema", ()),
    ("GET", "/schemas/info", info, "How many fields of each kind", ()),
    ("GET", "/schemas/fieldSpec", field_spec, "Types that a field may have", ()),
    ("GET", "/schemas/{name}", one, "One schema", ()),
    ("PUT", "/schemas/{name}", update, "Change a schema", ("reload", "force")),
    ("DELETE", "/schemas/{name}", drop, "Delete a schema", ()),
)
