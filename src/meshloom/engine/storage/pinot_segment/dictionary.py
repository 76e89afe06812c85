"""A column's different values, sorted: of one size each, or of any (VarLengthValueWriter)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from meshloom.engine.config.types import DataType
from meshloom.engine.storage.pinot_segment.bounds import Bytes, damaged, numbers, part
from meshloom.engine.storage.pinot_segment.metadata import Column
from meshloom.engine.storage.pinot_segment.spans import Spans

STORED = {
    DataType.INT: ">i4", DataType.BOOLEAN: ">i4", DataType.LONG: ">i8", DataType.TIMESTAMP: ">i8",
    DataType.FLOAT: ">f4", DataType.DOUBLE: ">f8",
}  # fmt: skip
MAGIC, VERSION, HEADER = b".vl;", 1, 16


def read(data: Bytes, column: Column, padding: int, what: str) -> Any:
    """Numbers as numpy's, other values as binary. Raises RestError 400."""
    type_ = STORED.get(column.data_type)
    if type_ is not None:
        return part(data, 0, column.cardinality * np.dtype(type_).itemsize, what).view(type_)
    if len(data) >= HEADER + 4 and data[:4].tobytes() == MAGIC and numbers(data, 4, 1, ">i4", what)[0] == VERSION:
        count, start = numbers(data, 8, 2, ">i4", what).tolist()
        if count != column.cardinality:
            raise damaged(f"{what} has {count:,} values, where {column.cardinality:,} are expected")
        return Spans.of(data, numbers(data, start, count + 1, ">i4", what), what).values()
    if column.entry_bytes < 0 or (column.entry_bytes == 0 and column.cardinality > 1):
        raise damaged(f"{what} has values of {column.entry_bytes} bytes")
    held = part(data, 0, column.cardinality * column.entry_bytes, what).reshape(column.cardinality, column.entry_bytes)
    if column.data_type in (DataType.STRING, DataType.JSON):
        return _unpadded(held, padding)
    bounds = np.arange(column.cardinality + 1, dtype=np.int64) * column.entry_bytes
    return Spans.of(held.reshape(-1), bounds, what).values()


def _unpadded(held: npt.NDArray[np.uint8], padding: int) -> pa.Array:
    """Texts up to their first byte of padding; with Pinot's old padding, which text may hold, up to the last run."""
    count, width = held.shape
    if padding == 0:
        kept = np.cumsum(held == 0, axis=1, dtype=np.int32) == 0
    else:
        kept = np.cumsum((held != padding)[:, ::-1], axis=1, dtype=np.int32)[:, ::-1] > 0
    bounds = np.concatenate(([0], np.cumsum(kept.sum(axis=1) if width else np.zeros(count, np.int64))))
    return Spans.of(held[kept], bounds.astype(np.int64), "a dictionary").values()
