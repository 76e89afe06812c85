"""DuckDB's text for a value as what a function of Pinot's takes, and as what a column takes (`java_objects` where
DuckDB has no cast). A value of the type OBJECT is a text in the written form of `java_objects`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from meshloom.engine.config.schema import FieldSpec
from meshloom.engine.config.types import DataType
from meshloom.engine.ingest import java_objects
from meshloom.engine.ingest.json_values import PLAIN
from meshloom.engine.ingest.signatures import OBJECT
from meshloom.engine.sql.casts import ONCE, once
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.typed import Typed, cast_sql, duckdb_type, literal_sql

WHOLE, REAL = ("INT", "LONG"), ("FLOAT", "DOUBLE")
NUMBERS = (*WHOLE, *REAL)
# From and to which types DuckDB's text (`typed.cast_sql`) is PinotDataType's conversion.
CASTS = {
    "INT": (*NUMBERS, "STRING", "BOOLEAN"), "LONG": (*NUMBERS, "STRING", "BOOLEAN", "TIMESTAMP"),
    "FLOAT": (*WHOLE, "DOUBLE", "STRING", "BOOLEAN"), "DOUBLE": (*NUMBERS, "STRING", "BOOLEAN"),
    "BOOLEAN": (*NUMBERS, "STRING"), "TIMESTAMP": ("LONG", "STRING"), "BYTES": ("STRING",),
}  # fmt: skip
QUOTED = "starts_with({0}, '\"') AND NOT contains({0}, '\\')"
WHOLE_TEXT = r"-?\d{1,18}"


def is_null(value: Typed) -> bool:
    return value.sql == "NULL"


def null(kind: str) -> Typed:
    type_ = kind.removesuffix("_ARRAY")
    type_ = "STRING" if type_ in (OBJECT, "MAP", "JSON") else type_
    return Typed(f"CAST(NULL AS {duckdb_type(type_ + kind[len(kind.removesuffix('_ARRAY')) :])})", kind)


def objected(value: Typed) -> Typed:
    """A value as an OBJECT."""
    if value.type == OBJECT:
        return value
    if is_null(value):
        return null(OBJECT)
    plain = value.sql.startswith('"') and value.sql.count('"') == 2
    one = value if plain else replace(value, sql=ONCE)  # what is long to make is made once
    sql = f"(CASE WHEN {one.sql} IS NOT NULL THEN {_written(one)} END)"
    return Typed(sql if plain else f"list_transform([{value.sql}], lambda {ONCE}: {sql})[1]", OBJECT)


def as_json(value: Typed) -> str:
    """An OBJECT as JSON text."""
    return once(value.sql, lambda one: f"(CASE WHEN {one}[1] = '@' THEN px_jsonformatted_1({one}) ELSE {one} END)")


def _written(value: Typed) -> str:
    kind, sql = value.type, value.sql
    if kind in ("STRING", "JSON", "STRING_ARRAY"):
        return f"CAST(to_json({sql}) AS VARCHAR)"
    if value.array:
        if value.element == "TIMESTAMP":
            return f"'@T' || CAST(to_json(list_transform({sql}, lambda t$: epoch_ms(t$))) AS VARCHAR)"
        return f"'@a' || CAST(to_json({sql}) AS VARCHAR)"
    if kind == "TIMESTAMP":
        return f"'@t' || epoch_ms({sql})"
    if kind == "BYTES":
        return f"'@b' || hex({sql})"
    if kind == "LONG":
        return f"(CASE WHEN {sql} BETWEEN -2147483648 AND 2147483647 THEN '@l' ELSE '' END || {sql})"
    if kind in ("BIG_DECIMAL", WIDE):
        return f"'@d' || {value.cast('STRING').sql}"
    text = value.cast("STRING").sql
    return f"'@f' || {text}" if kind == "FLOAT" else text


def python_of(value: Typed) -> Any:
    """A literal's value."""
    text = value.literal or ""
    if value.type == "STRING":
        return text
    if value.type == "BOOLEAN":
        return text == "true"
    return float(text) if value.type == "DOUBLE" else int(text)


def literal(found: Any, kind: str) -> Typed:
    """A converted literal."""
    if isinstance(found, list):
        items = ", ".join(literal(one, kind.removesuffix("_ARRAY")).sql for one in found)
        return Typed(f"CAST([{items}] AS {duckdb_type(kind)})", kind)
    if isinstance(found, str):
        return Typed(literal_sql(found), "STRING", found)
    if isinstance(found, bytes):
        return Typed(f"from_hex('{found.hex()}')", "BYTES")
    text = java_objects.shown(found)
    if kind == "BIG_DECIMAL":
        return Typed(cast_sql(literal_sql(text), "STRING", WIDE), WIDE)
    if kind == "TIMESTAMP":
        return Typed(f"make_timestamp({text} * 1000)", kind)
    quoted = literal_sql(text) if kind in REAL else text
    return Typed(f"CAST({quoted} AS {duckdb_type(kind)})", kind, text)


def as_argument(value: Typed, kind: str) -> Typed:
    """What a parameter of a type gets. A literal that cannot be one ends the query when it is reached."""
    if is_null(value):
        return null(kind)
    if kind == OBJECT:
        return objected(value)
    if value.type == kind:
        return value
    if value.literal is not None and value.type != OBJECT:
        try:
            return literal(java_objects.argument(python_of(value), kind), kind)
        except ValueError as error:  # DuckDB would not wait until it is reached with a function of Python's
            type_ = _result(kind)
            return Typed(f"CAST(error({literal_sql(f'{error} is no {kind}')}) AS {duckdb_type(type_)})", type_)
    if kind.endswith("_ARRAY") and not value.array and value.type != OBJECT:
        one = as_argument(value, kind.removesuffix("_ARRAY"))
        return Typed(f"(CASE WHEN {one.sql} IS NOT NULL THEN [{one.sql}] END)", kind)
    if kind in CASTS.get(value.type, ()):
        return value.cast(kind)
    if value.type == "STRING" and kind in PLAIN:
        return Typed(once(value.sql, lambda text: _of_text(text, kind)), _result(kind))
    if value.type == OBJECT:
        return Typed(once(value.sql, lambda text: _of_object(text, kind)), _result(kind))
    return _called("argument", kind, objected(value).sql)


def _result(kind: str) -> str:
    return WIDE if kind == "BIG_DECIMAL" else kind


def _called(prefix: str, kind: str, text: str) -> Typed:
    call = f"{java_objects.name_of(prefix, kind)}_1({text})"
    if kind == "BIG_DECIMAL":
        return Typed(cast_sql(call, "STRING", WIDE), WIDE)
    return Typed(call, kind)


def _of_text(text: str, kind: str) -> str:
    plain = PLAIN[kind] if kind in NUMBERS else "$^"
    other = _called("argument", kind, f"CAST(to_json({text}) AS VARCHAR)").sql
    if kind not in NUMBERS:
        return other
    return f"(CASE WHEN regexp_full_match({text}, '{plain}') THEN CAST({text} AS {duckdb_type(kind)}) ELSE {other} END)"


def _of_object(text: str, kind: str) -> str:
    other = _called("argument", kind, text).sql
    if kind == "STRING":
        plain = (
            f"WHEN {QUOTED.format(text)} THEN {text}[2:-2] WHEN regexp_full_match({text}, '{WHOLE_TEXT}') THEN {text}"
        )
        return f"(CASE {plain} ELSE {other} END)"
    if kind not in NUMBERS:
        return other
    plain = f"regexp_full_match({text}, '{PLAIN[kind]}')"
    return f"(CASE WHEN {plain} THEN CAST({text} AS {duckdb_type(kind)}) ELSE {other} END)"


def cast_to(value: Typed, kind: str) -> Typed:
    """CAST of any value."""
    if is_null(value):
        return null(kind)
    return _called("cast", kind, objected(replace(value, literal=None)).sql)


def fitted(value: Typed, field: FieldSpec) -> Typed:
    """What an expression made, as a column's value: of its type, or text (of several, texts) that casts to it."""
    kind = field.data_type.value
    if field.data_type is DataType.MAP:
        return replace(value, type="STRING") if value.type == OBJECT else value
    if value.type == f"{kind}_ARRAY" and kind in ("STRING", "TIMESTAMP") and not field.single_value:
        return value
    if value.type == kind and kind != "JSON":
        return value
    if not value.array and not is_null(value) and kind in CASTS.get(value.type, ()):
        return value.cast(kind)
    if is_null(value):
        return null(kind)
    if field.data_type is DataType.TIMESTAMP and value.type == "TIMESTAMP_ARRAY":
        return value
    prefix = "made" if field.single_value else "mades"
    call = f"{java_objects.name_of(prefix, kind)}_2({{0}}, {literal_sql(field.name)})"
    text = objected(replace(value, literal=None)).sql
    if not field.single_value:
        return Typed(call.format(text), "STRING_ARRAY")
    return Typed(once(text, lambda one: _plain(one, kind, call)), "JSON" if kind == "JSON" else "STRING")


def _plain(text: str, kind: str, call: str) -> str:
    other = call.format(text)
    if kind == "STRING":
        return f"(CASE WHEN {QUOTED.format(text)} THEN {text}[2:-2] ELSE {other} END)"
    if kind == "TIMESTAMP":
        return f"(CASE WHEN regexp_full_match({text}, '@l-?\\d+') THEN {text}[3:] ELSE {other} END)"
    if kind not in NUMBERS:
        return other
    long = f"WHEN regexp_full_match({text}, '@l{PLAIN[kind]}') THEN {text}[3:]"
    return f"(CASE WHEN regexp_full_match({text}, '{PLAIN[kind]}') THEN {text} {long} ELSE {other} END)"
