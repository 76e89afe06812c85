"""What Pinot read of a segment, and what this engine reads of it, in one form."""

from __future__ import annotations

import gzip
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from meshloom.engine.config.schema import Schema
from meshloom.engine.storage.pinot_segment.metadata import Metadata
from meshloom.engine.storage.pinot_segment.segment import to_parquet
from meshloom.engine.storage.tar import taken

HERE = Path(__file__).parent


def told(name: str) -> dict[str, Any]:
    """What Pinot said of a committed segment."""
    found: dict[str, Any] = json.loads(gzip.decompress((HERE / f"{name}.json.gz").read_bytes()))
    return found


def columns(tar: Path, schema: dict[str, Any], *, nulls: bool = True) -> tuple[Metadata, dict[str, list[Any]]]:
    """Of a segment the metadata, and of each column of the schema that it has the values."""
    made = Schema.of(schema)
    with tempfile.TemporaryDirectory() as folder, tar.open("rb") as file:
        files = taken(file, Path(folder, "ours"), Path(folder))
        assert not isinstance(files, str)
        target = Path(folder, "rows.parquet")
        metadata = to_parquet(files, target, made, nullable=dict.fromkeys(made.fields, nulls))
        found = pq.read_table(target)
        return metadata, {name: _listed(found.column(name)) for name in found.column_names}


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """Times as milliseconds: some are beyond Python's."""
    time = pa.timestamp("us")
    if column.type not in (time, pa.list_(pa.field("element", time))):
        return list(column.to_pylist())
    plain = pa.int64() if column.type == time else pa.list_(pa.field("element", pa.int64()))
    found = column.cast(plain).to_pylist()
    return [one if one is None else [v // 1000 for v in one] if isinstance(one, list) else one // 1000 for one in found]


def plain(value: Any, kind: str) -> Any:
    """A value of ours or of Pinot's so that both compare."""
    if isinstance(value, list):
        return [plain(one, kind) for one in value]
    if value is None:
        return None
    match kind:
        case "BYTES":
            return value.hex() if isinstance(value, bytes) else value
        case "DOUBLE":
            return float(value)
        case "FLOAT":
            return float(np.float32(value))
        case "BIG_DECIMAL":
            return Decimal(value)
        case "BOOLEAN":
            return int(value)
        case "MAP":
            return json.loads(value) if isinstance(value, str) else value
        case _:
            return value


def expected(column: dict[str, Any]) -> list[Any]:
    """A column's values as Pinot told them, None for those of its null vector."""
    nulls = set(column["nulls"])
    return [None if place in nulls else plain(one, column["type"]) for place, one in enumerate(column["values"])]
