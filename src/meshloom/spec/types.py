"""How a contract's column is stored: ODCS's logical type, format and physical type to DuckDB's type name.

The names are DuckDB's because transformations are written in its SQL; Arrow, Iceberg and Pinot types follow from them.
"""

from __future__ import annotations

import re

from meshloom.spec.contract import Column

LOGICAL = {
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "time": "TIME",
    "number": "DOUBLE",
    "integer": "BIGINT",  # ODCS's default is i32; the wider type loses nothing
    "boolean": "BOOLEAN",
}
FORMATS = {
    ("integer", "i8"): "INTEGER", ("integer", "i16"): "INTEGER", ("integer", "i32"): "INTEGER",
    ("integer", "u8"): "INTEGER", ("integer", "u16"): "INTEGER", ("integer", "u32"): "BIGINT",
    ("integer", "i64"): "BIGINT", ("number", "f32"): "FLOAT", ("number", "f64"): "DOUBLE",
}  # fmt: skip
_DECIMAL = re.compile(r"^(?:DECIMAL|NUMERIC)\((\d{1,2}),(\d{1,2})\)$")


def sql_type(column: Column) -> str:
    """DuckDB's type of a column; a `DECIMAL(p,s)` in `physicalType` is kept, else logical type and format decide.

    Raises ValueError when the type cannot be stored (`object`, `array`, `map`, `vector`, 128-bit integers).
    """
    decimal = _DECIMAL.match(column.physical.upper().replace(" ", ""))
    if column.type == "number" and decimal and int(decimal[2]) <= int(decimal[1]) <= 38:
        return f"DECIMAL({int(decimal[1])},{int(decimal[2])})"
    stored = FORMATS.get((column.type, column.format), "") if column.format else LOGICAL.get(column.type, "")
    if column.format and column.type not in ("integer", "number"):
        stored = LOGICAL.get(column.type, "")  # a date's format says how it is printed
    if not stored:
        of = f" with format {column.format!r}" if column.format else ""
        raise ValueError(f"a column of type {column.type!r}{of} cannot be stored yet")
    return stored
