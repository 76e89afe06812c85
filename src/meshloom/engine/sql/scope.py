"""What names mean inside a query: the columns of its tables, whatever their case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, UNKNOWN_COLUMN, PinotError
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.relation import ColumnInfo, Relation, Relations
from meshloom.engine.sql.typed import Coded, Typed, duckdb_type, literal_sql, wide_literal

VIRTUAL = ("$docId", "$segmentName", "$hostName")  # Pinot gives every table these (VirtualColumnProviderFactory.java)


@dataclass(frozen=True)
class Scope:
    """One table's columns under an alias. `nulls` says that a stored null reads as null. `others` are the tables that
    functions may name besides. `codes` says that columns of codes may be read: of the table as it is."""

    relation: Relation
    alias: str
    nulls: bool
    others: Relations | None = None
    codes: bool = False

    def column(self, name: str, table: str = "") -> Typed:
        """Raises PinotError 710, as Pinot does, when the table has no such column."""
        virtual = virtual_column(self.relation, self.alias, name)
        if virtual is not None:
            return virtual
        info = self.find(name)
        if info is None:
            raise PinotError(UNKNOWN_COLUMN, f"Unknown columnName '{name}' found in the query")
        value = read(info, self.alias, self.nulls)
        if not self.codes or info.codes is None:
            return value
        name = '"$code$' + info.physical.replace('"', '""') + '"'
        known, sql = info.codes, f"{self.alias}.{name}" if self.alias else name
        return replace(value, coded=Coded(sql, known.find, known.values, known.other))

    def subquery(self, query: exp.Query) -> tuple[str, tuple[OutputColumn, ...]]:
        raise PinotError(QUERY_VALIDATION, "A subquery needs useMultistageEngine=true")

    def table(self, name: str) -> Relation | None:
        return self.others.find(name) if self.others is not None else None

    def find(self, name: str) -> ColumnInfo | None:
        return _find(self.relation.columns, name)


def virtual_column(relation: Relation, alias: str, name: str) -> Typed | None:
    """One of `VIRTUAL`, whatever its case; None for another name."""
    if not name.startswith("$"):
        return None
    lower, prefix = name.lower(), f"{alias}." if alias else ""
    if lower == "$docid":
        return Typed(f'{prefix}"$doc"', "INT")
    if lower == "$segmentname":
        names = relation.segment_names.items()
        cases = " ".join(f"WHEN {number} THEN {literal_sql(text)}" for number, text in names)
        return Typed(f'(CASE {prefix}"$segment" {cases} END)' if cases else "CAST(NULL AS VARCHAR)", "STRING")
    return Typed("'localhost'", "STRING") if lower == "$hostname" else None


def _find(columns: Mapping[str, ColumnInfo], name: str) -> ColumnInfo | None:
    if name in columns:
        return columns[name]
    lower = name.lower()
    return next((info for column, info in columns.items() if column.lower() == lower), None)


def read(info: ColumnInfo, alias: str, nulls: bool) -> Typed:
    """A stored column as an expression; without null handling a null reads as the column's default."""
    type_ = info.stored_type + ("" if info.single_value else "_ARRAY")
    name = '"' + (info.physical or info.name).replace('"', '""') + '"'
    sql = f"{alias}.{name}" if alias else name
    if info.nullable and not nulls:
        default = default_literal(info)
        sql = f"coalesce({sql}, {default if info.single_value else f'[{default}]'})"
    values = None if info.values is None else (info.values.stored_type, default_literal(info.values))
    return Typed(sql, type_, values=values)


def default_literal(info: ColumnInfo) -> str:
    value = info.default
    if info.data_type == "BYTES":
        return f"from_hex('{value.hex()}')"
    if info.data_type == "TIMESTAMP":
        return f"make_timestamp({int(value) * 1000})"
    if isinstance(value, float) and math.isinf(value):
        value = "Infinity" if value > 0 else "-Infinity"
    if info.wide:
        return wide_literal(str(value))
    return f"CAST({literal_sql(str(value))} AS {duckdb_type(info.data_type.value)})"
