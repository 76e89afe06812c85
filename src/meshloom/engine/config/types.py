"""Pinot's data types and the value that stands for null in each (FieldSpec.java, `getDefaultNullValue`)."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from typing import Any

from meshloom.engine.config import java


class DataType(StrEnum):
    """The types that a schema may name."""

    INT = "INT"
    LONG = "LONG"
    FLOAT = "FLOAT"
    DOUBLE = "DOUBLE"
    BIG_DECIMAL = "BIG_DECIMAL"
    BOOLEAN = "BOOLEAN"
    TIMESTAMP = "TIMESTAMP"
    STRING = "STRING"
    JSON = "JSON"
    BYTES = "BYTES"
    MAP = "MAP"

    @property
    def numeric(self) -> bool:
        return self in NUMERIC

    @property
    def duckdb(self) -> str:
        """The type of a stored single value in DuckDB."""
        return DUCKDB[self]


NUMERIC = frozenset({DataType.INT, DataType.LONG, DataType.FLOAT, DataType.DOUBLE, DataType.BIG_DECIMAL})

# BIG_DECIMAL is unbounded in Pinot; DuckDB's widest exact type has 38 digits, half of them given to the fraction here.
DUCKDB = {
    DataType.INT: "INTEGER",
    DataType.LONG: "BIGINT",
    DataType.FLOAT: "FLOAT",
    DataType.DOUBLE: "DOUBLE",
    DataType.BIG_DECIMAL: "DECIMAL(38,10)",
    DataType.BOOLEAN: "BOOLEAN",
    DataType.TIMESTAMP: "TIMESTAMP",
    DataType.STRING: "VARCHAR",
    DataType.JSON: "VARCHAR",
    DataType.BYTES: "BLOB",
    DataType.MAP: "VARCHAR",
}

INT_MIN, LONG_MIN = -(2**31), -(2**63)

DIMENSION_NULLS: dict[DataType, Any] = {
    DataType.INT: INT_MIN,
    DataType.LONG: LONG_MIN,
    DataType.FLOAT: -math.inf,
    DataType.DOUBLE: -math.inf,
    DataType.BIG_DECIMAL: 0,
    DataType.BOOLEAN: False,
    DataType.TIMESTAMP: 0,
    DataType.STRING: "null",
    DataType.JSON: "null",
    DataType.BYTES: b"",
    DataType.MAP: "{}",
}
METRIC_NULLS: dict[DataType, Any] = DIMENSION_NULLS | {
    DataType.INT: 0,
    DataType.LONG: 0,
    DataType.FLOAT: 0.0,
    DataType.DOUBLE: 0.0,
}


def typed(data_type: DataType, text: str) -> Any:
    """A default null value's text as the value (FieldSpec.DataType.convert). Raises ValueError when it is none."""
    match data_type:
        case DataType.INT:
            return java.whole(text, 32)
        case DataType.LONG:
            return java.whole(text, 64)
        case DataType.FLOAT:
            return java.single(java.real(text))
        case DataType.DOUBLE:
            return java.real(text)
        case DataType.BIG_DECIMAL:
            return java.decimal(text)
        case DataType.BOOLEAN:
            return java.boolean(text)
        case DataType.TIMESTAMP:
            return java.stamp(text)
        case DataType.BYTES:
            return bytes.fromhex(text)
        case DataType.MAP:
            if not isinstance(json.loads(text), dict):
                raise ValueError(text)
    return text


def text_of(value: Any) -> str:
    """A JSON value of a default null value as the text that is converted."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def default_of(data_type: DataType, value: Any) -> Any:
    """A default null value as written in JSON, as the typed value; of a BIG_DECIMAL its text. Raises ValueError."""
    found = typed(data_type, text_of(value))
    return format(found, "f") if data_type is DataType.BIG_DECIMAL else found


def shown(data_type: DataType, value: Any) -> Any:
    """The JSON value that stands for a default null value in a schema (FieldSpec.appendDefaultNullValue)."""
    match data_type:
        case DataType.TIMESTAMP:
            return java.shown_stamp(value)
        case DataType.BYTES:
            return value.hex()
        case DataType.BIG_DECIMAL:
            return int(value) if value == value.to_integral_value() else float(value)
        case DataType.FLOAT | DataType.DOUBLE if not math.isfinite(value):
            return java.double_text(value)
        case DataType.MAP:
            return json.loads(value)
    return value
