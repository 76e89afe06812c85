"""JsonFunctions.java: values out of JSON text by a path; a wildcard gives a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.typed import Typed, duckdb_type, literal_sql


def path_of(argument: Typed, function: str) -> str:
    """The path as DuckDB writes it. Raises PinotError 700 when it is no literal, or a filter expression."""
    path = argument.literal
    if path is None:
        raise PinotError(QUERY_VALIDATION, f"{function}: the path must be a literal")
    if "?(" in path:
        raise PinotError(QUERY_VALIDATION, f"{function}: filter expressions in a path are not supported: {path}")
    return re.sub(r"\['([^']*)'\]", r'."\1"', path)


def _text(arguments: Sequence[Typed], function: str) -> str:
    """The value as text: a string bare, an object or list as JSON; of a wildcard's matches the whole list."""
    path = path_of(arguments[1], function)
    json = f"TRY_CAST({arguments[0].cast('STRING').sql} AS JSON)"
    if "*" in path or ".." in path:
        return f"CAST(to_json(json_extract({json}, {literal_sql(path)})) AS VARCHAR)"
    return f"json_extract_string({json}, {literal_sql(path)})"


def _list(arguments: Sequence[Typed], function: str) -> str:
    path = path_of(arguments[1], function)
    json = f"TRY_CAST({arguments[0].cast('STRING').sql} AS JSON)"
    found = f"json_extract({json}, {literal_sql(path)})"
    if "*" in path or ".." in path:
        items = found
    else:
        several = f"WHEN json_type({found}) = 'ARRAY' THEN CAST({found} AS JSON[])"
        items = f"CASE {several} WHEN {found} IS NOT NULL THEN [{found}] END"
    return f"list_transform({items}, lambda j: (j ->> '$'))"


def _single(name: str, type_: str) -> None:
    def render(arguments: Sequence[Typed]) -> str:
        value = _text(arguments, name)
        number = f"TRY_CAST({value} AS {duckdb_type(type_)})" if type_ != "STRING" else value
        return f"coalesce({number}, {arguments[2].cast(type_).sql})" if len(arguments) == 3 else number

    scalar(name, render, type_, (2, 3))


_single("jsonPath", "STRING")
_single("jsonPathString", "STRING")
_single("jsonPathLong", "LONG")
_single("jsonPathDouble", "DOUBLE")
scalar("jsonPathArray", lambda a: _list(a, "jsonPathArray"), "STRING_ARRAY", 2)
scalar("jsonPathArrayDefaultEmpty", lambda a: f"coalesce({_list(a, 'jsonPathArray')}, [])", "STRING_ARRAY", 2)
scalar("jsonPathExists", lambda a: f"({_text(a, 'jsonPathExists')} IS NOT NULL)", "BOOLEAN", 2)
scalar("jsonFormat", "CAST({0} AS VARCHAR)", "STRING", 1, ["STRING"])
