"""A file through the record pipeline, as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.ingest.segments import build

KINDS = {"d": "dimensionFieldSpecs", "m": "metricFieldSpecs", "t": "dateTimeFieldSpecs"}


def schema_of(columns: str, **more: Any) -> Schema:
    """`a:INT b:STRING[] m/c:DOUBLE t/at:LONG`; `more` gives a column further properties."""
    fields: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS.values()}
    for text in columns.split():
        kind, _, rest = text.rpartition("/")
        name, _, type_ = rest.partition(":")
        field = {"name": name, "dataType": type_.removesuffix("[]"), **more.get(name.replace(".", "_"), {})}
        if kind == "t":
            field = {"format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"} | field
        fields[KINDS[kind or "d"]].append(field | ({"singleValueField": False} if type_.endswith("[]") else {}))
    return Schema.of({"schemaName": "t", **fields})


def table_of(ingestion: Mapping[str, Any] | None = None, time: str = "", **more: Any) -> TableConfig:
    return TableConfig.of(
        {
            "tableName": "t",
            "tableType": "OFFLINE",
            "segmentsConfig": {"timeColumnName": time} if time else {},
            "ingestionConfig": dict(ingestion or {}),
            **more,
        }
    )


def rows_of(
    folder: Path, rows: Sequence[Mapping[str, Any]] | Path, schema: Schema, config: TableConfig, **batch: str
) -> list[dict[str, Any]]:
    """The rows of a segment made of JSON lines, or of a file with its `inputFormat`."""
    if isinstance(rows, Path):
        path = rows
    else:
        path = folder / "rows.json"
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        batch = {"inputFormat": "json", **batch}
    given = {key.replace("__", "."): value for key, value in batch.items()}
    build(path, folder / "segment.parquet", schema, config, given)
    return pq.read_table(folder / "segment.parquet").to_pylist()
