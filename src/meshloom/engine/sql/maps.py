"""`column['key']` of a MAP column, also written item(column, 'key') (ItemTransformFunction.java).

A map is kept as JSON text. A key that is not there reads as the default of the map's values, as in Pinot, whatever the
handling of nulls; only a null map has null values then.
"""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.typed import Typed, cast_sql, literal_sql


def item(value: Typed, key: exp.Expr) -> Typed:
    """Raises PinotError 700 when `value` is no map or `key` is no text."""
    if value.type != "MAP":
        raise PinotError(QUERY_VALIDATION, "item(column, 'key') wants a MAP column and its key as a literal")
    if not (isinstance(key, exp.Literal) and key.is_string):
        raise PinotError(QUERY_VALIDATION, "Map Item: Right operand must be a literal, a key in quotes")
    if value.values is None:
        raise PinotError(QUERY_VALIDATION, "A map that a subquery gives has lost its types: take the item inside it")
    type_, default = value.values
    pointer = "/" + key.name.replace("~", "~0").replace("/", "~1")
    found = f"json_extract_string({value.sql}, {literal_sql(pointer)})"
    return Typed(f"CASE WHEN {value.sql} IS NOT NULL THEN coalesce({_read(found, type_)}, {default}) END", type_)


def _read(text: str, type_: str) -> str:
    return f"CAST({text} AS BOOLEAN)" if type_ == "BOOLEAN" else cast_sql(text, "STRING", type_)
