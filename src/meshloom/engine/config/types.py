"""Pinot's data types and the value that stands for null in each (FieldSpec.java, `getDefaultNullValue`)."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any


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
    UUID = "UUID"

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
    DataType.UUID: "UUID",
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
    DataType.UUID: "00000000-0000-0000-0000-000000000000",
}
METRIC_NULLS: dict[DataType, Any] = DIMENSION_NULLS | {
    DataType.INT: 0,
    DataType.LONG: 0,
    DataType.FLOAT: 0.0,
    DataType.DOUBLE: 0.0,
}
