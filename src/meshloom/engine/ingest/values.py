"""Values of a source as values of a schema's columns, in DuckDB's text: Pinot's DataTypeTransformer, vectorised."""

from __future__ import annotations

import re

from meshloom.engine.config.schema import FieldSpec
from meshloom.engine.config.types import DataType
from meshloom.engine.ingest.readers import Source, quoted
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.typed import Typed, cast_sql

# Text that DECIMAL(38,10) holds exactly, and text that is a number at all.
NARROW = r"[+-]?\d{0,28}(\.\d{0,10}0*)?"
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
UNBOUNDED = 2**31 - 1
PINOT_TYPES = {
    "BOOLEAN": "BOOLEAN", "TINYINT": "INT", "SMALLINT": "INT", "INTEGER": "INT", "BIGINT": "LONG", "UTINYINT": "INT",
    "USMALLINT": "INT", "UINTEGER": "LONG", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE", "VARCHAR": "STRING", "BLOB": "BYTES",
}  # fmt: skip


def raw(source: Source, name: str, several: bool = False) -> Typed:
    """A source's column as an argument of functions; one that the source lacks is null.

    `several` asks for a list, as the schema has it; text is split, one value becomes a list of one.
    """
    type_ = source.types.get(name)
    if type_ is None:
        return Typed("CAST(NULL AS VARCHAR[])", "STRING_ARRAY") if several else Typed("CAST(NULL AS VARCHAR)", "STRING")
    column = quoted(name)
    if source.kind == "json":
        one = f"({column} ->> '$')"
        if not several:
            whole = f"px_nested_1(CAST({column} AS VARCHAR))"
            return Typed(f"(CASE WHEN left({column}, 1) IN ('{{', '[') THEN {whole} ELSE {one} END)", "STRING")
        values = f"CAST(from_json({column}, '[\"VARCHAR\"]') AS VARCHAR[])"
        kind = f"coalesce(json_type({column}), 'NULL')"
        many = f"CASE {kind} WHEN 'ARRAY' THEN {values} WHEN 'NULL' THEN NULL ELSE [{one}] END"
        return Typed(f"({many})", "STRING_ARRAY")
    if source.kind == "text":
        if not several:
            return Typed(column, "STRING")
        separator = source.separator.replace("'", "''")
        values = (
            f"list_filter(string_split({column}, '{separator}'), lambda v: v <> '')" if separator else f"[{column}]"
        )
        return Typed(f"(CASE WHEN {column} IS NOT NULL THEN {values} END)", "STRING_ARRAY")
    return _of_type(column, type_)


def _of_type(column: str, type_: str) -> Typed:
    """A typed source's column; a type that Pinot lacks becomes text (nested ones: JSON)."""
    if type_.endswith("[]"):
        inner = _of_type("v", type_.removesuffix("[]"))
        if inner.sql == "v":
            return Typed(column, f"{inner.type}_ARRAY")
        return Typed(f"list_transform({column}, lambda v: {inner.sql})", f"{inner.type}_ARRAY")
    if type_.startswith(("STRUCT", "MAP", "JSON", "UNION")):
        return Typed(f"px_nested_1(CAST(to_json({column}) AS VARCHAR))", "STRING")
    if type_.startswith("TIMESTAMP"):
        return Typed(f"CAST({column} AS TIMESTAMP)", "TIMESTAMP")
    if type_ == "DATE":
        return Typed(f"CAST({column} AS TIMESTAMP)", "TIMESTAMP")
    if type_.startswith("DECIMAL") or type_ in ("HUGEINT", "UBIGINT", "UHUGEINT"):
        if narrow(type_):
            return Typed(f"CAST({column} AS DECIMAL(38,10))", "BIG_DECIMAL")
        return Typed(f"px_wide_1(CAST({column} AS VARCHAR))", WIDE)
    known = PINOT_TYPES.get(type_)
    return Typed(column, known) if known else Typed(f"CAST({column} AS VARCHAR)", "STRING")


def narrow(type_: str) -> bool:
    """Whether every value of a DuckDB type fits DECIMAL(38,10)."""
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type_)
    if found:
        return int(found[2]) <= 10 and int(found[1]) - int(found[2]) <= 28
    return type_ == "UBIGINT" or PINOT_TYPES.get(type_) in ("INT", "LONG", "BOOLEAN")


def stored(value: Typed, field: FieldSpec, wide: bool = False) -> str:
    """`value` as the stored form of `field`; null stays null, an empty list becomes null. `wide` stores a BIG_DECIMAL
    as text, whatever its size."""
    value = _shaped(value, field)
    if field.single_value:
        return _one(value, field, wide)
    item = _one(Typed("v", value.element), field, wide)
    kept = f"list_filter({value.sql}, lambda v: v IS NOT NULL)"
    return f"nullif(list_transform({kept}, lambda v: {item}), [])" if item != "v" else f"nullif({kept}, [])"


def misfit(value: Typed, field: FieldSpec) -> str:
    """A condition: `value` is a number that a BIG_DECIMAL column of the narrow form cannot hold; "" when none can."""
    value = _shaped(value, field)
    if field.data_type is not DataType.BIG_DECIMAL or value.element in ("INT", "LONG", "BIG_DECIMAL", "BOOLEAN"):
        return ""
    if value.element == "TIMESTAMP":
        return ""
    text = _decimal_text(Typed("v", value.element) if value.array else value)
    test = f"(NOT regexp_full_match({text}, '{NARROW}') AND regexp_full_match({text}, '{NUMBER}'))"
    return f"(length(list_filter({value.sql}, lambda v: {test})) > 0)" if value.array else test


def _shaped(value: Typed, field: FieldSpec) -> Typed:
    """One value or a list, as the field has it."""
    if field.single_value:
        return Typed(f"({value.sql})[1]", value.element) if value.array else value
    if value.array:
        return value
    return Typed(f"CASE WHEN {value.sql} IS NOT NULL THEN [{value.sql}] END", f"{value.type}_ARRAY")


def _decimal_text(value: Typed) -> str:
    if value.type in ("FLOAT", "DOUBLE"):
        return f"CAST(CAST({value.sql} AS DOUBLE) AS VARCHAR)"
    return f"trim({value.sql})" if value.type == "STRING" else value.cast("STRING").sql


def _wide(value: Typed) -> str:
    """Checked text of a number of any size."""
    if value.type in ("BOOLEAN", "TIMESTAMP"):
        value = value.cast("LONG")
    text = _decimal_text(value)
    message = f"concat('Could not convert string \"', {text}, '\" to BIG_DECIMAL')"
    return (
        f"(CASE WHEN {text} IS NULL OR regexp_full_match({text}, '{NUMBER}') THEN {text} "
        f"ELSE CAST(error({message}) AS VARCHAR) END)"
    )


def _one(value: Typed, field: FieldSpec, wide: bool = False) -> str:
    target = field.data_type
    if wide and target is DataType.BIG_DECIMAL:
        return _wide(value)
    text = value.sql if value.type == target.value else _converted(value, target)
    if target is DataType.STRING and field.max_length < UNBOUNDED:
        return _bounded(text, field)
    if target in (DataType.FLOAT, DataType.DOUBLE):
        return f"(CASE WHEN {text} = 0 THEN 0 ELSE {text} END)"  # SpecialValueTransformer: -0.0 becomes 0.0
    return text


def _bounded(text: str, field: FieldSpec) -> str:
    """SanitizationTransformer."""
    strategy = field.max_length_exceed.upper()
    if strategy == "NO_ACTION":
        return text
    if strategy == "SUBSTITUTE_DEFAULT_VALUE":
        return f"(CASE WHEN length({text}) <= {field.max_length} THEN {text} END)"
    if strategy == "ERROR":
        message = f"'Throwing exception as value for column {field.name.replace(chr(39), '')} exceeds its maxLength'"
        return f"(CASE WHEN length({text}) > {field.max_length} THEN error({message}) ELSE {text} END)"
    return f"left({text}, {field.max_length})"


def _converted(value: Typed, target: DataType) -> str:
    text = value.sql
    if value.type == "STRING":
        if target in (DataType.INT, DataType.LONG):
            number = f"CAST({text} AS {target.duckdb})"
            cut = f"CAST(trunc(CAST({text} AS DOUBLE)) AS {target.duckdb})"
            return (
                f"(CASE {text} WHEN 'true' THEN 1 WHEN 'false' THEN 0 "
                f"ELSE CASE WHEN regexp_matches({text}, '[.eE]') THEN {cut} ELSE {number} END END)"
            )
        if target is DataType.BOOLEAN:
            return f"(lower({text}) IN ('true', '1', '1.0'))"
        if target is DataType.BYTES:
            return f"unhex({text})"
        if target in (DataType.MAP, DataType.JSON):
            return text
        if target is DataType.TIMESTAMP:
            return f"coalesce(make_timestamp(TRY_CAST({text} AS BIGINT) * 1000), CAST({text} AS TIMESTAMP))"
        return f"CAST({text} AS {target.duckdb})"
    if target in (DataType.MAP, DataType.UUID):
        return f"CAST({text} AS {target.duckdb})"
    if target is DataType.TIMESTAMP and value.type == "BOOLEAN":
        return f"CAST(NULL AS TIMESTAMP) /* {value.type} */"
    if target is DataType.BYTES:
        return f"CAST({text} AS BLOB)"
    if target is DataType.BOOLEAN:
        return f"({text} <> 0)"
    return cast_sql(text, value.type, target.value)
