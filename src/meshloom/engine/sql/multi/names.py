"""What Calcite calls Pinot's types in its messages."""

from __future__ import annotations

NAMES = {
    "INT": "INTEGER", "LONG": "BIGINT", "FLOAT": "REAL", "DOUBLE": "DOUBLE", "BIG_DECIMAL": "DECIMAL",
    "WIDE_DECIMAL": "DECIMAL",
    "STRING": "CHARACTER", "JSON": "CHARACTER", "BYTES": "VARBINARY", "UNKNOWN": "NULL",
}  # fmt: skip


def calcite_name(type_: str) -> str:
    """`LONG_ARRAY` is "BIGINT ARRAY"."""
    element = type_.removesuffix("_ARRAY")
    name = "VARCHAR" if element == "STRING" and element != type_ else NAMES.get(element, element)
    return name + (" ARRAY" if element != type_ else "")
