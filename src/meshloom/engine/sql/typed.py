"""A translated expression: DuckDB's text for it and Pinot's type of it."""

from __future__ import annotations

from dataclasses import dataclass

NUMERIC = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL")
DUCKDB = {
    "INT": "INTEGER",
    "LONG": "BIGINT",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "BIG_DECIMAL": "DECIMAL(38,10)",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMP",
    "STRING": "VARCHAR",
    "JSON": "VARCHAR",
    "BYTES": "BLOB",
    "UNKNOWN": "INTEGER",  # of a bare NULL
}


@dataclass(frozen=True, slots=True)
class Typed:
    """`sql` is a whole expression, safe to stand as an operand. `literal` holds a literal's text."""

    sql: str
    type: str
    literal: str | None = None
    aggregate: bool = False

    @property
    def array(self) -> bool:
        return self.type.endswith("_ARRAY")

    @property
    def element(self) -> str:
        return self.type.removesuffix("_ARRAY")

    @property
    def numeric(self) -> bool:
        return self.type in NUMERIC

    def cast(self, type_: str) -> Typed:
        """The value as another type, by DuckDB's cast; TIMESTAMP and numbers meet as milliseconds since 1970."""
        if self.type == type_:
            return self
        return Typed(cast_sql(self.sql, self.type, type_), type_, aggregate=self.aggregate)


def duckdb_type(type_: str) -> str:
    element = type_.removesuffix("_ARRAY")
    return DUCKDB[element] + ("[]" if type_.endswith("_ARRAY") else "")


def cast_sql(sql: str, source: str, target: str) -> str:
    """DuckDB text that casts as Pinot does (CastTransformFunction, DataSchema.ColumnDataType.convert)."""
    if source == "TIMESTAMP" and target in NUMERIC:
        return f"CAST(epoch_ms({sql}) AS {DUCKDB[target]})"
    if source in NUMERIC and target == "TIMESTAMP":
        return f"make_timestamp(CAST({sql} AS BIGINT) * 1000)"
    if source == "STRING" and target == "TIMESTAMP":
        return f"coalesce(make_timestamp(TRY_CAST({sql} AS BIGINT) * 1000), CAST({sql} AS TIMESTAMP))"
    if source in ("DOUBLE", "FLOAT") and target in ("INT", "LONG"):
        return f"CAST(trunc({sql}) AS {DUCKDB[target]})"
    if source == "BOOLEAN" and target in NUMERIC:
        return f"CAST(CAST({sql} AS INTEGER) AS {DUCKDB[target]})"
    if source == "BYTES" and target == "STRING":
        return f"lower(hex({sql}))"
    if source == "STRING" and target == "BYTES":
        return f"from_hex({sql})"
    if target == "JSON":
        target = "STRING"
    return f"CAST({sql} AS {duckdb_type(target)})"


def literal_sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
