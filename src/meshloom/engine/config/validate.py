"""What Pinot's controller refuses in a schema (SchemaUtils.java): its texts, its order.

The schema is one that `documents.schema_document` has read. Each check raises RestError 400.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from meshloom.engine.config import time_specs
from meshloom.engine.config.fields import LISTS, name_of
from meshloom.engine.config.types import DIMENSION_NULLS, METRIC_NULLS, DataType
from meshloom.engine.errors import RestError

METRICS = frozenset({"INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BYTES"})
PLAIN = frozenset(kind.value for kind in METRIC_NULLS) - {"MAP"}
NESTED = frozenset({"STRUCT", "MAP", "LIST"})
Document = Mapping[str, Any]
Judge = Callable[[str, str], None]


def fields_of(document: Document) -> dict[str, tuple[str, Document]]:
    """Every column by its name, in order of the names: its kind and its document."""
    found = {str(field["name"]): (kind, field) for key, kind in LISTS.items() for field in document.get(key) or ()}
    time = document.get("timeFieldSpec")
    if time:
        outgoing = time.get("outgoingGranularitySpec") or time["incomingGranularitySpec"]
        found[str(name_of(time))] = ("TIME", {**time, "dataType": outgoing["dataType"]})
    return dict(sorted(found.items()))


def check_schema_name(document: Document) -> None:
    name = document.get("schemaName")
    if not name:
        raise RestError(400, "Invalid schema. Reason: 'schemaName' should not be null or empty")
    if "__" in name:
        raise RestError(400, "'schemaName' cannot contain double underscore ('__')")
    if name.count(".") > 1:
        raise RestError(500, f"Table name: '{name}' containing more than one '.' is not allowed")


def check_schema(document: Document, transformed: Judge = lambda column, function: None) -> None:
    """`transformed` judges the transform function of a column; it raises RestError."""
    check_schema_name(document)
    name = document["schemaName"]
    try:
        judge_schema(document, transformed)
    except RestError as error:
        raise RestError(400, f"Invalid schema: {name}. Reason: {error.what}") from error
    if not name.isprintable() or "/" in name or "\\" in name:
        raise RestError(400, f"Invalid schema: {name!r}. Reason: the name holds characters that a table's cannot have")


def judge_schema(document: Document, transformed: Judge = lambda column, function: None) -> None:
    """SchemaUtils.validate. As `check_schema`, the reason alone."""
    fields = fields_of(document)
    for column, (kind, field) in fields.items():
        _check_type(column, kind, str(field["dataType"]))
    for column, (kind, field) in fields.items():
        if re.search(r"\s", column):
            raise RestError(400, f'The column name "{column}" should not contain blank space.')
        if field.get("transformFunction") is not None:
            transformed(column, field["transformFunction"])
        if kind == "DATE_TIME":
            _check_time(field)
        if kind == "TIME":
            _check_old_time(field)
        if field.get("defaultNullValue") == "NaN" and field["dataType"] in ("FLOAT", "DOUBLE"):
            raise RestError(400, f"NaN as null default value is not managed yet for {column}")
        if field.get("singleValueField") is False and field["dataType"] in ("JSON", "BIG_DECIMAL"):
            raise RestError(400, f"{field['dataType']} columns cannot be of multi-value type")
    keys = [column for column, (_, field) in fields.items() if not field.get("virtualColumnProvider")]
    if any(key not in keys for key in document.get("primaryKeyColumns") or ()):
        raise RestError(400, "The primary key column must exist")
    _check_maps(fields)


def _check_type(column: str, kind: str, data_type: str) -> None:
    allowed = METRICS if kind == "METRIC" else NESTED if kind == "COMPLEX" else PLAIN
    if data_type not in allowed:
        shown = kind if kind in ("METRIC", "COMPLEX") else "DIMENSION/TIME"
        raise RestError(400, f"Unsupported data type: {data_type} in {shown} field: {column}")


def _check_maps(fields: Mapping[str, tuple[str, Document]]) -> None:
    """What a column of nested values needs here: Pinot looks at it no sooner than when it makes a segment."""
    for column, (kind, field) in fields.items():
        if kind != "COMPLEX":
            continue
        if field["dataType"] != "MAP":
            raise RestError(400, f"A {field['dataType']} column is not kept by this engine: {column}")
        for part in ("key", "value"):
            child = (field.get("childFieldSpecs") or {}).get(part)
            if child is None:
                raise RestError(400, f"Missing '{part}' in the 'childFieldSpec' of {column}")
            if child["dataType"] not in PLAIN - {"BYTES", "BIG_DECIMAL"}:
                raise RestError(400, f"Unsupported data type: {child['dataType']} as {part} of the MAP field: {column}")


def _check_time(field: Document) -> None:
    try:
        pattern = time_specs.pattern_of(field.get("format") or "")
    except ValueError as error:
        shown = "null" if field.get("format") is None else field["format"]
        raise RestError(400, f"Invalid format: {shown}") from error
    if pattern is not None and not time_specs.in_order(pattern):
        what = "has to be sorted by both lexicographical and datetime order"
        raise RestError(400, f"SIMPLE_DATE_FORMAT pattern {pattern} {what}")
    try:
        time_specs.check_granularity(field.get("granularity"))
    except ValueError as error:
        shown = "null" if field.get("granularity") is None else field["granularity"]
        raise RestError(400, f"Invalid granularity: {shown}") from error


def _granularity_text(spec: Document) -> str:
    shown = {key: "null" if spec.get(key) is None else spec[key] for key in ("name", "dataType", "timeType")}
    return (
        f"< field name: {shown['name']}, data type: {shown['dataType']}, time type: {shown['timeType']}, time unit "
        f"size: {spec.get('timeUnitSize', 1)}, time format: {spec.get('timeFormat', 'EPOCH')} >"
    )


def _check_old_time(field: Document) -> None:
    incoming, outgoing = field["incomingGranularitySpec"], field.get("outgoingGranularitySpec")
    if outgoing is None:
        return
    one, other = _granularity_text(incoming), _granularity_text(outgoing)
    if incoming["name"] == outgoing["name"]:
        what = f"Cannot convert from incoming field spec {one} to outgoing field spec {other} if name is the same"
        raise RestError(400, what)
    if any(spec.get("timeFormat", "EPOCH") != "EPOCH" for spec in (incoming, outgoing)):
        shown = f"< field type: TIME, incoming granularity spec: {one}, outgoing granularity spec: {other}"
        default = field.get("defaultNullValue", DIMENSION_NULLS[DataType(outgoing["dataType"])])
        raise RestError(400, "Cannot perform time conversion for time format other than EPOCH. TimeFieldSpec: "
                        f"{shown}, default null value: {default} >")  # fmt: skip


def compatible(old: Document, new: Document) -> bool:
    """Schema.isBackwardCompatibleWith: a schema may only grow."""
    keys = old.get("primaryKeyColumns") or []
    if keys and keys != (new.get("primaryKeyColumns") or []):
        return False
    before, after = fields_of(old), fields_of(new)
    return all(
        name in after
        and field["dataType"] == after[name][1]["dataType"]
        and field.get("singleValueField", True) == after[name][1].get("singleValueField", True)
        for name, (_, field) in before.items()
    )


SUGGESTIONS = """

Suggestions to fix:
1. Ensure all columns from the existing schema are retained in the new schema
2. Do not change the data type or field type of existing columns
3. Do not change primary key columns
4. New columns should be added as optional fields with default values
5. If you must make breaking changes, consider creating a new schema version or use force=true (use with caution)"""


def check_compatible(old: Document, new: Document, *, details: bool = True) -> None:
    """Raises RestError 400, with what has changed if there are to be `details` (PinotHelixResourceManager)."""
    if compatible(old, new):
        return
    if not details:
        raise RestError(400, f"Backward incompatible schema {new['schemaName']}. Only allow adding new columns")
    what = f"New schema: {new['schemaName']} is not backward-compatible with the existing schema."
    raise RestError(400, f"{what}\n\nIncompatibility Details:{''.join(_changes(old, new))}{SUGGESTIONS}")


def _changes(old: Document, new: Document) -> Iterator[str]:
    keys, others = old.get("primaryKeyColumns") or [], new.get("primaryKeyColumns")
    if keys and keys != others:
        shown = "null" if others is None else f"[{', '.join(others)}]"
        yield f"\n- Primary key columns changed ([{', '.join(keys)}] -> {shown})"
    before, after = fields_of(old), fields_of(new)
    missing = sorted(name for name in before if name not in after)
    if missing:
        yield f"\n- Missing columns (present in old schema but not in new): [{', '.join(missing)}]"
    changed = []
    for name in sorted(set(before) & set(after)):
        (kind, one), (other_kind, other) = before[name], after[name]
        single = one.get("singleValueField", True) == other.get("singleValueField", True)
        if one["dataType"] != other["dataType"] or not single:
            changed.append(f"{name} (old: {kind} {one['dataType']}, new: {other_kind} {other['dataType']})")
    if changed:
        yield f"\n- Incompatible field specifications: [{', '.join(changed)}]"
