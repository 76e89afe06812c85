"""Rows on the wire: JSON, CSV, Arrow and Parquet, each with the decisions that made them what they are."""

from __future__ import annotations

import io
import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from meshloom.client.connection import ARROW_STREAM
from meshloom.client.result import DECISIONS
from meshloom.errors import CallError
from meshloom.quantum.sidecar.decision import Decision, RowFilter

MEDIA: Mapping[str, str] = {
    "json": "application/json",
    "arrow": ARROW_STREAM,
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
HEADER = "X-Meshloom-Decisions"
"""Answers carry the decisions' ids in this header, comma separated; JSON, Arrow and Parquet carry them whole."""

OPERATORS: Mapping[str, str] = {
    "in": "in",
    "not-in": "not in",
    "is-null": "is null",
    "not-null": "is not null",
}


def chosen(asked: str, accept: str) -> str:
    """The format that a request wants, by name first, then by its Accept header, else JSON. Raises CallError."""
    if asked and asked not in MEDIA:
        raise CallError(f"There is no format {asked!r}", remedy=f"Ask for {', '.join(MEDIA)}", code="format")
    return asked or next((name for name, media in MEDIA.items() if media in accept), "json")


def decision_document(decision: Decision) -> dict[str, Any]:
    """A decision for people and programs: what `meshloom.client.result.Decision` reads, and the masks' kinds."""
    return {
        "id": decision.id,
        "port": str(decision.port),
        "principal": decision.principal.name,
        "purpose": decision.purpose,
        "allow": decision.allow,
        "policy": decision.policy,
        "filters": [sentence(one) for one in decision.filters],
        "masked": sorted(decision.masks),
        "masks": {name: mask.kind for name, mask in sorted(decision.masks.items())},
        "reasons": list(decision.reasons),
        "warnings": list(decision.warnings),
    }


def sentence(one: RowFilter) -> str:
    """A row filter in words: `store_id in (31401, 367)`."""
    operator = OPERATORS.get(one.operator, one.operator)
    if not one.values:
        return f"{one.column} {operator}"
    shown = ", ".join(str(value) for value in one.values)
    return f"{one.column} {operator} ({shown})" if one.operator.endswith("in") else f"{one.column} {operator} {shown}"


def stream(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], decisions: Sequence[Decision], kind: str
) -> Iterator[bytes]:
    """The rows in pieces, as they come. `kind` is one of `MEDIA`."""
    documents = [decision_document(decision) for decision in decisions]
    if kind == "json":
        return _json(schema, batches, documents)
    if kind == "csv":
        return _csv(schema, batches)
    marked = schema.with_metadata({**(schema.metadata or {}), DECISIONS: json.dumps(documents).encode()})
    return _arrow(marked, batches) if kind == "arrow" else _parquet(marked, batches)


def _json(schema: pa.Schema, batches: Iterable[pa.RecordBatch], decisions: list[dict[str, Any]]) -> Iterator[bytes]:
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    yield f'{{"columns": {json.dumps(columns)}, "decisions": {json.dumps(decisions)}, "rows": ['.encode()
    count = 0
    for batch in batches:
        lists = [[value(one) for one in column.to_pylist()] for column in batch.columns]
        rows = [json.dumps(row, ensure_ascii=False) for row in zip(*lists, strict=True)]
        if rows:
            yield ((",\n" if count else "") + ",\n".join(rows)).encode()
        count += len(rows)
    yield f'], "rowCount": {count}}}'.encode()


def value(one: Any) -> Any:
    """A cell as JSON: times as ISO 8601, bytes as hexadecimal, decimals as text, no NaN or infinity (null)."""
    if isinstance(one, float):
        return one if math.isfinite(one) else None
    if isinstance(one, datetime | date):
        return one.isoformat()
    if isinstance(one, Decimal):
        return str(one)
    if isinstance(one, bytes):
        return one.hex()
    if isinstance(one, list | tuple):
        return [value(part) for part in one]
    if isinstance(one, dict):
        return {str(name): value(part) for name, part in one.items()}
    return one if one is None or isinstance(one, str | int | bool) else str(one)


def _arrow(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield _taken(sink)
    yield _taken(sink)


def _csv(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    sink = io.BytesIO()
    with pyarrow.csv.CSVWriter(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield _taken(sink)
    yield _taken(sink)


def _parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
        file.seek(0)
        yield from _chunks(file)


def _chunks(file: IO[bytes], size: int = 1 << 20) -> Iterator[bytes]:
    while chunk := file.read(size):
        yield chunk


def _taken(sink: io.BytesIO) -> bytes:
    content = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return content
