"""A file's rows as a schema wants them: read by its format, each value in the stored type."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.types import DataType
from meshloom.engine.errors import RestError
from meshloom.infra.compute import ComputeError, Session, open_reader

FORMATS = ("csv", "json", "parquet")


def read_file(path: Path, schema: Schema, options: Mapping[str, str]) -> pa.Table:
    """A file's rows as the schema's columns, in their stored types; a column that it lacks is null.

    Args:
        options: Pinot's batch config: `inputFormat` (csv, json: also JSON lines, parquet) and `recordReader.prop.*`.

    Raises RestError 400: an unknown format, or a file that cannot be read.
    """
    kind = str(options.get("inputFormat", "")).lower()
    if kind not in FORMATS:
        raise RestError(400, f"Unsupported input format: {kind or 'none'}; supported here are {', '.join(FORMATS)}")
    try:
        with open_reader() as session:
            return _read(session, path, kind, schema, options)
    except ComputeError as error:
        raise RestError(400, f"Caught exception when reading the file as {kind}: {error.what}") from error


def _read(session: Session, path: Path, kind: str, schema: Schema, options: Mapping[str, str]) -> pa.Table:
    source = _source(path, kind, schema, options)
    found = {str(row[0]): str(row[1]) for row in session.execute(f"DESCRIBE SELECT * FROM {source}").rows()}
    columns = []
    for field in schema.fields.values():
        name = '"' + field.name.replace('"', '""') + '"'
        value = _value(field, name, kind, options) if field.name in found else f"NULL::{field.duckdb}"
        columns.append(f"{value} AS {name}")
    return session.arrow(f"SELECT {', '.join(columns)} FROM {source}")


def _source(path: Path, kind: str, schema: Schema, options: Mapping[str, str]) -> str:
    file = "'" + str(path).replace("'", "''") + "'"
    if kind == "parquet":
        return f"read_parquet({file})"
    if kind == "json":
        columns = ", ".join(f"'{field.name}': 'JSON'" for field in schema.fields.values())
        return f"read_json({file}, columns={{{columns}}}, format='auto', maximum_object_size=67108864)"
    delimiter = str(options.get("recordReader.prop.delimiter", ",")).replace("'", "''")
    return f"read_csv({file}, all_varchar=true, header=true, delim='{delimiter}', nullstr='')"


def _value(field: FieldSpec, name: str, kind: str, options: Mapping[str, str]) -> str:
    """A column of the file as the stored type."""
    if kind == "parquet":
        return f"{name}::{field.duckdb}"
    if kind == "json":
        if not field.single_value:
            items = f"CASE WHEN json_type({name}) = 'ARRAY' THEN {name} ELSE json_array({name}) END"
            return f"list_transform(CAST({items} AS JSON[]), lambda v: {_single(field, _text('v'))})"
        return _single(field, _text(name))
    if not field.single_value:
        separator = str(options.get("recordReader.prop.multiValueDelimiter", ";")).replace("'", "''")
        return f"list_transform(string_split({name}, '{separator}'), lambda v: {_single(field, 'v')})"
    return _single(field, name)


def _text(json: str) -> str:
    """A JSON value as text: a string without its quotes, null as null."""
    return f"({json} ->> '$')"


def _single(field: FieldSpec, text: str) -> str:
    match field.data_type:
        case DataType.TIMESTAMP:
            return f"coalesce(make_timestamp(TRY_CAST({text} AS BIGINT) * 1000), TRY_CAST({text} AS TIMESTAMP))"
        case DataType.BYTES:
            return f"from_hex({text})"
        case DataType.INT | DataType.LONG:
            return f"CAST(trunc(CAST({text} AS DECIMAL(38, 6))) AS {field.data_type.duckdb})"
        case _:
            return f"CAST({text} AS {field.data_type.duckdb})"
