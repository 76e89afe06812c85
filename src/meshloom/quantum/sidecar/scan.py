"""A port's rows as files and streams, filtered and masked batch by batch with the same decision as a query's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from meshloom.infra.lake import Lake
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.ports.output import rows
from meshloom.quantum.sidecar.decision import ColumnMask, Decision, RowFilter
from meshloom.quantum.sidecar.mask import masks_of

COMPARE = {
    "=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows under one decision. `batches` can be drained once."""

    decision: Decision
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def scan(port: DeployedPort, lake: Lake, decision: Decision, secret: str, as_of: datetime | None = None) -> Scan:
    """The rows that the decision allows, sorted by the port's key."""
    return filtered(rows(port, lake, as_of), port, decision, secret)


def held_back(port: DeployedPort, file: Path, decision: Decision, secret: str) -> Scan:
    """The rows of a port's quarantine that the decision allows, with `_rules`. The text as it was read (`_raw`) is
    left out where a column is masked: it holds what the mask hides."""
    opened = pq.ParquetFile(file)
    hidden = {"_raw"} if masks_of(port, decision) else set()
    names = [name for name in opened.schema_arrow.names if name not in hidden]
    schema = pa.schema([opened.schema_arrow.field(name) for name in names])
    reader = pa.RecordBatchReader.from_batches(schema, opened.iter_batches(columns=names))
    return filtered(reader, port, decision, secret)


def filtered(reader: pa.RecordBatchReader, port: DeployedPort, decision: Decision, secret: str) -> Scan:
    """Rows of a port under a decision, batch by batch."""
    masks = masks_of(port, decision)
    schema = pa.schema([_field(field, masks) for field in reader.schema])
    return Scan(decision, schema, _batches(reader, schema, decision, masks, secret))


def _field(field: pa.Field, masks: dict[str, ColumnMask]) -> pa.Field:
    kind = masks[field.name].kind if field.name in masks else ""
    return pa.field(field.name, {"hash": pa.string(), "year": pa.int32()}.get(kind, field.type))


def _batches(
    reader: pa.RecordBatchReader, schema: pa.Schema, decision: Decision, masks: dict[str, ColumnMask], secret: str
) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        for one in decision.filters:
            batch = batch.filter(_kept(batch.column(one.column), one))
        columns = [
            _masked(batch.column(field.name), masks[field.name], field.type, secret)
            if field.name in masks
            else batch.column(field.name)
            for field in schema
        ]
        if batch.num_rows:
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _kept(column: pa.Array, one: RowFilter) -> pa.Array:
    """A mask of rows; a null is kept by `is-null` alone."""
    match one.operator:
        case "is-null":
            return pc.is_null(column)
        case "not-null":
            return pc.is_valid(column)
        case "in" | "not-in":
            found = pc.is_in(column, value_set=pa.array(list(one.values), column.type))
            return found if one.operator == "in" else pc.and_(pc.invert(found), pc.is_valid(column))
        case operator:
            return pc.fill_null(COMPARE[operator](column, pa.scalar(one.values[0], column.type)), False)


def _masked(column: pa.Array, one: ColumnMask, type_: pa.DataType, secret: str) -> pa.Array:
    if one.kind == "year":
        return pc.cast(pc.year(column), pa.int32())
    if one.kind == "hash":
        return pa.array([_hash(value, secret) for value in pc.cast(column, pa.string()).to_pylist()], pa.string())
    value: Any = one.value if one.kind == "constant" else None
    return pa.array([value] * len(column), type_) if value is not None else pa.nulls(len(column), type_)


def _hash(value: str | None, secret: str) -> str | None:
    """The same pseudonym as a query's `md5(toUtf8(concat(secret, value)))`."""
    return None if value is None else hashlib.md5((secret + value).encode()).hexdigest()
