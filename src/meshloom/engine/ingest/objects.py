"""Records as Python objects (Avro, Protocol Buffers) into Arrow columns: plain values in their own types, objects and
lists of objects as JSON text, in which a map keeps its own keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import pyarrow as pa

from meshloom.engine.sql.functions.java_maps import number

BATCH = 50_000  # records of one Arrow batch
JSON_FIELD = b"json"  # a field's metadata: its text is JSON


class Form(Enum):
    """What the values of a column are. `ANY` is a union of several: everything as the text that Java gives it."""

    INT = "int32"
    LONG = "int64"
    FLOAT = "float32"
    DOUBLE = "float64"
    BOOLEAN = "bool"
    BYTES = "binary"
    TEXT = "string"
    TIMESTAMP = "timestamp[us]"
    OBJECT = "object"
    ANY = "any"
    INTS = "int32 list"
    LONGS = "int64 list"
    FLOATS = "float32 list"
    DOUBLES = "float64 list"
    BOOLEANS = "bool list"
    BYTESES = "binary list"
    TEXTS = "string list"
    TIMESTAMPS = "timestamp[us] list"
    OBJECTS = "object list"

    @property
    def several(self) -> Form:
        """Lists of such values; a list of lists is a list of objects."""
        return Form.OBJECTS if self is Form.ANY or self.value.endswith(" list") else Form(f"{self.value} list")

    @property
    def element(self) -> Form:
        return Form(self.value.removesuffix(" list"))

    @property
    def json(self) -> bool:
        return self.element is Form.OBJECT


def columns(records: Sequence[Mapping[str, Any]], forms: Mapping[str, Form]) -> pa.RecordBatch:
    """The records' fields as columns. Raises pyarrow.ArrowException for a value that is not of its form."""
    fields, arrays = [], []
    for name, form in forms.items():
        values = [record.get(name) for record in records]
        arrays.append(_array(values, form))
        fields.append(pa.field(name, arrays[-1].type, metadata={JSON_FIELD: b"1"} if form.json else None))
    if not fields:  # a batch without columns would forget how many rows there are
        fields, arrays = [pa.field("$none", pa.null())], [pa.nulls(len(records))]
    return pa.record_batch(arrays, schema=pa.schema(fields))


def _array(values: list[Any], form: Form) -> pa.Array:
    element = form.element
    if element in (Form.OBJECT, Form.ANY, Form.TEXT):
        convert = _json if element is Form.OBJECT else _text
        type_ = pa.string()
        if form is not element:
            return pa.array([None if v is None else [convert(one) for one in v] for v in values], pa.list_(type_))
        return pa.array([convert(value) for value in values], type_)
    type_ = pa.type_for_alias(element.value)
    if element is Form.TIMESTAMP:
        values = [_naive(value) for value in values]
    return pa.array(values, pa.list_(type_) if form is not element else type_)


def _naive(value: Any) -> Any:
    """A point in time without its zone, which is always UTC."""
    if isinstance(value, list):
        return [_naive(one) for one in value]
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, bytes):
        return value.hex()
    return _json(value) if isinstance(value, dict | list) else str(value)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    """Bytes as Jackson writes them within JSON."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
