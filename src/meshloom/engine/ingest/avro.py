"""Avro files: values by their schema, so that a map stays a map and each column has one type.

Source of behaviour: AvroRecordExtractor with logical types. Dates, times of day and UUIDs are text, decimals numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from meshloom.engine.ingest.objects import BATCH, Form, columns

PRIMITIVES = {
    "int": Form.INT, "long": Form.LONG, "float": Form.FLOAT, "double": Form.DOUBLE, "boolean": Form.BOOLEAN,
    "bytes": Form.BYTES, "fixed": Form.BYTES, "string": Form.TEXT, "enum": Form.TEXT,
}  # fmt: skip
LOGICAL = {
    "timestamp-millis": Form.TIMESTAMP, "timestamp-micros": Form.TIMESTAMP,
    "local-timestamp-millis": Form.TIMESTAMP, "local-timestamp-micros": Form.TIMESTAMP,
    "date": Form.TEXT, "time-millis": Form.TEXT, "time-micros": Form.TEXT, "uuid": Form.TEXT, "decimal": Form.TEXT,
}  # fmt: skip


def read_avro(file: BinaryIO, wanted: Collection[str] | None) -> Iterator[pa.RecordBatch]:
    """A file's rows, at least one batch; the columns are the wanted ones that there are. Raises ValueError."""
    import fastavro

    records: Any = fastavro.reader(file)
    written = records.writer_schema
    if not isinstance(written, dict) or written.get("type") != "record":
        raise ValueError("its schema is no record")
    named: dict[str, Any] = {}
    forms = {field["name"]: _form(field["type"], named) for field in written["fields"]}
    forms = {name: form for name, form in forms.items() if wanted is None or name in wanted}
    batch = list(islice(records, BATCH))
    yield columns(batch, forms)
    while batch := list(islice(records, BATCH)):
        yield columns(batch, forms)


def _form(type_: Any, named: dict[str, Any]) -> Form:
    """How the values of an Avro type stand in a column. `named` keeps the types that had a name, for later fields."""
    if isinstance(type_, list):
        found = {_form(one, named) for one in type_ if one != "null"}
        return found.pop() if len(found) == 1 else Form.ANY
    if isinstance(type_, str):
        return PRIMITIVES.get(type_) or _form(named.get(type_, {"type": "record"}), named)
    kind = type_["type"]
    if isinstance(kind, dict | list):
        return _form(kind, named)
    if name := type_.get("name"):
        named[name] = type_
    for field in type_.get("fields", ()):
        _form(field["type"], named)
    if kind == "array":
        return _form(type_["items"], named).several
    return LOGICAL.get(type_.get("logicalType", "")) or PRIMITIVES.get(kind) or Form.OBJECT
