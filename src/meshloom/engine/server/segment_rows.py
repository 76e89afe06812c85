"""A segment's rows out of its Parquet files, as Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.types import DataType
from meshloom.engine.storage.catalog import Segment
from meshloom.engine.storage.deepstore import PLAIN, ROW_GROUP, coded
from meshloom.infra.compute import open_reader

ROW = '"$row"'


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows as Arrow: the schema's columns, and `$row`, the row's number in the segment from 0. A column that the
    files lack is null. `types` are the DuckDB types of the columns that there are; those of `whole` have no null."""

    reader: pa.RecordBatchReader
    types: Mapping[str, str]
    whole: frozenset[str] = frozenset()


def rows_of(segment: Segment, schema: Schema, held: pa.Table | None = None) -> Rows:
    """The rows from the segment's files, or from `held`, which has them where they are in memory. Raises ComputeError
    when a file cannot be read."""
    if held is not None:
        return _held(held, schema)
    ours = segment.owned and segment.metadata.get("input") != "upload"  # of others' files DuckDB checks every text
    found = _plain(segment.paths[0], schema) if ours and len(segment.paths) == 1 else None
    return found or _read(segment.paths, schema)


def _held(held: pa.Table, schema: Schema) -> Rows:
    types = {name: _type(column.type) for name, column in zip(held.column_names, held.columns, strict=True)}
    whole = frozenset(name for name in types if not held.column(name).null_count)
    for name in schema.fields.keys() - types.keys():  # the schema has them since the rows were made
        held = held.append_column(name, pa.nulls(held.num_rows))
    # DuckDB reads a dictionary anew for each batch, and a thread a batch: neither few nor many.
    numbered = held.append_column("$row", pa.array(np.arange(held.num_rows, dtype=np.int32)))
    return Rows(numbered.to_reader(2 * ROW_GROUP), types, whole)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _type(kind.value_type)
    return f"{_type(kind.value_type)}[]" if pa.types.is_list(kind) else PLAIN[kind]


def _plain(path: str, schema: Schema) -> Rows | None:
    """The rows of a file that has all columns, each of a plain type; None for another. Text that lies there with a
    dictionary stays so: that is a third faster than to write it out and find its dictionary again."""
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException):  # told by who reads it next
        return None
    arrow = file.schema_arrow
    if set(arrow.names) != set(schema.fields) or not all(column.type in PLAIN for column in arrow):
        return None
    texts = [arrow.field(place).name for place in range(len(arrow)) if coded(file.metadata, place)]
    file = pq.ParquetFile(path, read_dictionary=texts)
    fields = [pa.field(c.name, pa.dictionary(pa.int32(), c.type) if c.name in texts else c.type) for c in arrow]
    made = pa.schema([*fields, pa.field("$row", pa.int32())])

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in file.iter_batches(ROW_GROUP):
            numbers = pa.array(np.arange(start, start + batch.num_rows, dtype=np.int32))
            yield pa.RecordBatch.from_arrays([*batch.columns, numbers], schema=made)
            start += batch.num_rows

    types = {column.name: PLAIN[column.type] for column in arrow}
    whole = frozenset(arrow.field(place).name for place in range(len(arrow)) if _whole(file.metadata, place))
    return Rows(pa.RecordBatchReader.from_batches(made, batches()), types, whole)


def _whole(metadata: pq.FileMetaData, place: int) -> bool:
    """Whether the file says of a column that it has no null."""
    if not metadata.schema.column(place).max_definition_level:
        return True
    told = [metadata.row_group(number).column(place).statistics for number in range(metadata.num_row_groups)]
    return all(one is not None and one.has_null_count and one.null_count == 0 for one in told)


def _column(field: FieldSpec) -> str:
    """A column as it is; one of text as text, whatever an uploaded file has, so that it can be given codes."""
    name = quoted(field.name)
    return f"{name}::VARCHAR AS {name}" if field.data_type is DataType.STRING and field.single_value else name


def _read(paths: Sequence[str], schema: Schema) -> Rows:
    reader = open_reader()
    files = ", ".join(literal(path) for path in paths)
    found = {row[0]: row[1] for row in reader.execute(f"DESCRIBE SELECT * FROM read_parquet([{files}])").rows()}
    columns = [
        _column(field) if field.name in found else f"NULL::{field.duckdb} AS {quoted(field.name)}"
        for field in schema.fields.values()
    ]
    # Numbering by a window keeps DuckDB to one thread; one file knows its own numbers.
    number = "file_row_number" if len(paths) == 1 else "row_number() OVER () - 1"
    source = f"read_parquet([{files}], file_row_number = true)"
    return Rows(reader.batches(f"SELECT {', '.join(columns)}, ({number})::INTEGER AS {ROW} FROM {source}"), found)
