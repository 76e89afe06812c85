"""What Pinot's controller refuses in a schema (SchemaUtils.java), with its texts in substance.

Each check raises RestError 400.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from meshloom.engine.config.documents import FIELD_TYPES
from meshloom.engine.config.types import DataType
from meshloom.engine.errors import RestError

METRICS = frozenset({"INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BYTES"})
UNITS = frozenset({"NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"})
Document = Mapping[str, Any]


def parse_json(text: str | bytes, refusal: str = "") -> dict[str, Any]:
    """A request's body as an object; `refusal` is the sentence in front of the reason. Raises RestError 400."""
    document, shown = _parsed(text, refusal)
    if not isinstance(document, dict):
        raise RestError(400, _said(refusal, shown, "Cannot deserialize value: a JSON object is expected"))
    return document


def parse_list(text: str | bytes) -> list[Any]:
    """A request's body as a list. Raises RestError 400."""
    document, _ = _parsed(text, "")
    if not isinstance(document, list):
        raise RestError(400, "Cannot deserialize value: a JSON list is expected")
    return document


def _parsed(text: str | bytes, refusal: str) -> tuple[Any, str]:
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    try:
        return json.loads(text) if text.strip() else None, text
    except ValueError as error:
        raise RestError(400, _said(refusal, text, f"Unexpected character: {error}")) from error
    except RecursionError as error:
        raise RestError(400, _said(refusal, "", "The document is nested too deeply")) from error


def _said(refusal: str, text: str, reason: str) -> str:
    return f"{refusal}: {text[:2000]}. Reason: {reason}" if refusal else reason


def check_schema(document: Document) -> None:
    name = document.get("schemaName")
    if not isinstance(name, str) or not name:
        raise RestError(400, "Invalid schema. Reason: 'schemaName' should not be null or empty")
    text = json.dumps(document)
    fields = list(_fields(document, text))
    for kind, field in fields:
        _check_field(name, kind, field)
    keys = document.get("primaryKeyColumns") or ()
    names = [field["name"] for _, field in fields]
    if not isinstance(keys, list | tuple) or any(key not in names for key in keys):
        raise RestError(400, f"Invalid schema: {name}. Reason: The primary key column must exist")
    if name.count(".") > 1:
        raise RestError(500, f"Table name: '{name}' containing more than one '.' is not allowed")
    if not name.isprintable() or "/" in name or "\\" in name:
        raise RestError(400, f"Invalid schema: {name!r}. Reason: the name holds characters that a table's cannot have")


def _fields(document: Document, text: str) -> list[tuple[str, dict[str, Any]]]:
    """Every field with its kind, structurally sound."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for role, kind in FIELD_TYPES.items():
        listed = document.get(role) or []
        if not isinstance(listed, list) or not all(isinstance(field, dict) for field in listed):
            raise RestError(400, _said("Invalid schema config json string", text, f"{role} is a list of objects"))
        for field in listed:
            reason = _shape(kind, field)
            if not reason and field["name"].lower() in {name.lower() for name in found}:
                reason = f"Field spec already exists for column: {field['name']}"
            if reason:
                raise RestError(400, _said("Invalid schema config json string", text, reason))
            found[field["name"]] = (kind, field)
    return list(found.values())


def _shape(kind: str, field: dict[str, Any]) -> str:
    if not isinstance(field.get("name"), str) or not field["name"]:
        return "Column name must not be null"
    type_ = field.get("dataType")
    if type_ is None:
        return "N/A"
    if str(type_).upper() not in DataType.__members__:
        accepted = ", ".join(DataType.__members__)
        return (
            "Cannot deserialize value of type `org.apache.pinot.spi.data.FieldSpec$DataType` from String "
            f'"{type_}": not one of the values accepted for Enum class: [{accepted}]'
        )
    if str(type_).upper() == "MAP" and (reason := _map_shape(kind, field)):
        return reason
    if kind == "METRIC" and field.get("singleValueField") is False:
        return "Unsupported multi-value for metric field."
    length = field.get("maxLength")
    if length is not None and not isinstance(length, int):
        return f"Cannot deserialize value of type `int` for maxLength of {field['name']}"
    return ""


def _map_shape(kind: str, field: dict[str, Any]) -> str:
    """ComplexFieldSpec.MapFieldSpec wants both; the values are of a type that a column can have."""
    if kind != "COMPLEX":
        return f"Unsupported data type: MAP in {kind} field: {field['name']}; it stands in complexFieldSpecs"
    children = field.get("childFieldSpecs")
    for part in ("key", "value"):
        child = children.get(part) if isinstance(children, dict) else None
        if not isinstance(child, dict):
            return f"Missing '{part}' in the 'childFieldSpec' of {field['name']}"
        if reason := _shape("DIMENSION", {"name": part} | child):
            return reason
        if str(child["dataType"]).upper() in ("MAP", "BYTES", "BIG_DECIMAL", "UUID"):
            return f"Unsupported data type: {child['dataType']} as {part} of the MAP field: {field['name']}"
    return ""


def _check_field(schema: str, kind: str, field: dict[str, Any]) -> None:
    from meshloom.engine.config.schema import typed

    name, type_ = field["name"], str(field["dataType"]).upper()
    if kind == "METRIC" and type_ not in METRICS:
        raise RestError(
            400, f"Invalid schema: {schema}. Reason: Unsupported data type: {type_} in METRIC field: {name}"
        )
    if kind == "DATE_TIME" and not valid_format(field.get("format")):
        raise RestError(400, f"Invalid schema: {schema}. Reason: Invalid format: {field.get('format') or 'null'}")
    if field.get("defaultNullValue") is not None:
        try:
            typed(DataType(type_), field["defaultNullValue"])
        except (ValueError, TypeError) as error:
            raise RestError(
                400, f"Invalid schema: {schema}. Reason: Cannot convert value: "
                f"'{field['defaultNullValue']}' to type: {type_} for column {name}"
            ) from error  # fmt: skip


def valid_format(text: object) -> bool:
    """Whether a dateTimeFieldSpec's format is one (DateTimeFormatSpec.java): old `1:DAYS:EPOCH`, new `EPOCH|DAYS|1`."""
    if not isinstance(text, str):
        return False
    if text in ("TIMESTAMP", "EPOCH") or text.startswith("SIMPLE_DATE_FORMAT"):
        return True
    if text.startswith("EPOCH|"):
        return text.split("|")[1] in UNITS
    match = re.fullmatch(r"(\d+):([A-Z]+):(EPOCH|TIMESTAMP|SIMPLE_DATE_FORMAT)(?::(.+))?", text, re.DOTALL)
    return bool(match) and match is not None and match[2] in UNITS


def check_compatible(old: Document, new: Document) -> None:
    """A schema may only grow. Raises RestError 400."""
    before, after = _by_name(old), _by_name(new)
    for name, (kind, field) in before.items():
        kind_now, now = after.get(name, ("", {}))
        same = kind == kind_now and str(field["dataType"]).upper() == str(now.get("dataType", "")).upper()
        if not same or bool(field.get("singleValueField", True)) != bool(now.get("singleValueField", True)):
            schema = new["schemaName"]
            raise RestError(400, f"Backward incompatible schema {schema}. Only allow adding new columns")


def _by_name(document: Document) -> dict[str, tuple[str, dict[str, Any]]]:
    return {field["name"]: (kind, field) for role, kind in FIELD_TYPES.items() for field in document.get(role) or ()}
