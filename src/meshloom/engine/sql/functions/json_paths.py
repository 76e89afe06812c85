"""JsonFunctions.java: values out of JSON text by a path; a wildcard gives a list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import DUCKDB, Typed, cast_sql, duckdb_type, literal_sql


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
    document = f"TRY_CAST({arguments[0].cast('STRING').sql} AS JSON)"
    if "*" in path or ".." in path:
        return f"CAST(to_json(json_extract({document}, {literal_sql(path)})) AS VARCHAR)"
    return f"json_extract_string({document}, {literal_sql(path)})"


def _list(arguments: Sequence[Typed], function: str) -> str:
    path = path_of(arguments[1], function)
    document = f"TRY_CAST({arguments[0].cast('STRING').sql} AS JSON)"
    found = f"json_extract({document}, {literal_sql(path)})"
    if "*" in path or ".." in path:
        items = found
    else:
        several = f"WHEN json_type({found}) = 'ARRAY' THEN CAST({found} AS JSON[])"
        items = f"CASE {several} WHEN {found} IS NOT NULL THEN [{found}] END"
    return f"list_transform({items}, lambda j: (j ->> '$'))"


# What Pinot answers when the path leads nowhere and no default is given.
MISSING = {"jsonPathLong": str(-(2**63)), "jsonPathDouble": "'NaN'::DOUBLE"}


def _single(name: str, type_: str) -> None:
    def render(arguments: Sequence[Typed]) -> str:
        value = _value(_text(arguments, name), type_)
        if len(arguments) == 3:
            return f"coalesce({value}, {arguments[2].cast(type_).sql})"
        if name not in MISSING:
            return value
        return f"(CASE WHEN {arguments[0].sql} IS NOT NULL THEN coalesce({value}, {MISSING[name]}) END)"

    scalar(name, render, type_, (2, 3))


_single("jsonPath", "STRING")
_single("jsonPathString", "STRING")
_single("jsonPathLong", "LONG")
_single("jsonPathDouble", "DOUBLE")
scalar("jsonPathArray", lambda a: _list(a, "jsonPathArray"), "STRING_ARRAY", 2)
scalar("jsonPathArrayDefaultEmpty", lambda a: f"coalesce({_list(a, 'jsonPathArray')}, [])", "STRING_ARRAY", 2)
scalar("jsonPathExists", lambda a: f"({_text(a, 'jsonPathExists')} IS NOT NULL)", "BOOLEAN", 2)
scalar("jsonFormat", "CAST({0} AS VARCHAR)", "STRING", 1, ["STRING"])


def extracted(arguments: Sequence[Typed]) -> str:
    """jsonExtractScalar(json, path, type[, default]); without a default what is missing is null."""
    type_ = _wanted(arguments)
    if type_.endswith("_ARRAY"):
        values = f"list_transform({_list(arguments, 'jsonExtractScalar')}, lambda v: {_value('v', type_[:-6])})"
        return values if type_ != "STRING_ARRAY" else _list(arguments, "jsonExtractScalar")
    value = _value(_text(arguments, "jsonExtractScalar"), type_)
    return f"coalesce({value}, {arguments[3].cast(type_).sql})" if len(arguments) > 3 else value


def _value(text: str, type_: str) -> str:
    if type_ in ("STRING", "JSON"):
        return text
    if type_ in ("INT", "LONG"):
        return f"CAST(trunc(TRY_CAST({text} AS DECIMAL(38,10))) AS {duckdb_type(type_)})"
    return f"TRY_{cast_sql(text, 'STRING', type_)}" if type_ != "TIMESTAMP" else cast_sql(text, "STRING", type_)


def _wanted(arguments: Sequence[Typed]) -> str:
    type_ = (arguments[2].literal or "").upper()
    if type_.removesuffix("_ARRAY") not in DUCKDB:
        raise PinotError(QUERY_VALIDATION, f"jsonExtractScalar: unsupported result type {type_ or 'null'}")
    return type_


# Pinot's other names choose its parser; the values are the same.
scalar("jsonExtractScalar jsonExtractScalarFast jsonExtractScalarFirstMatch jsonExtractScalarFory", extracted, _wanted,
       (3, 4))  # fmt: skip
scalar("jsonExtractIndex", extracted, _wanted, (3, 4))  # there is no index to read; Pinot's has the same values


def keys(text: str, path: str, options: str = "") -> list[str]:
    """jsonExtractKey: the paths of what a path matches, as `$['a']['b']` or, with `dotNotation=true`, `a.b`."""
    try:
        document = json.loads(text)
    except ValueError:
        return []
    wanted = dict(one.split("=", 1) for one in options.replace(" ", "").split(";") if "=" in one)
    depth = int(wanted.get("maxDepth", 0)) or (10**6 if path.rstrip().endswith("..**") or ".." in path else 1)
    base = re.sub(r"\.\.?\*+$|\.\.$", "", path)
    start = [part.strip("'\"[]") for part in re.findall(r"\['[^']*'\]|\.[^.\[]+|\[\d+\]", base)]
    for name in (one.lstrip(".") for one in start):
        document = document[int(name)] if isinstance(document, list) else (document or {}).get(name)
    dotted = wanted.get("dotNotation", "").lower() == "true"
    return list(_walked(document, tuple(one.lstrip(".") for one in start), depth, dotted))


def _walked(value: Any, at: tuple[str | int, ...], depth: int, dotted: bool) -> Iterator[str]:
    if depth == 0:
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in pairs:
        here = (*at, name)
        yield _shown(here, dotted)
        yield from _walked(item, here, depth - 1, dotted)


def _shown(at: tuple[str | int, ...], dotted: bool) -> str:
    if dotted:
        return ".".join(str(one) for one in at)
    return "$" + "".join(f"[{one}]" if isinstance(one, int) else f"['{one}']" for one in at)


def key_values(text: str, key: str = "key", value: str = "value") -> str:
    """[{"key": …, "value": …}, …] as one object (jsonKeyValueArrayToMap)."""
    return json.dumps({one[key]: one[value] for one in json.loads(text)}, separators=(",", ":"))


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


row_function("jsonExtractKey", keys, "STRING_ARRAY", ["STRING", "STRING", "STRING"], 2)
row_function("jsonKeyValueArrayToMap", key_values, "STRING", ["STRING", "STRING", "STRING"], 1)
row_function("isJson", is_json, "BOOLEAN", ["STRING"])
row_function("jsonStringToArray", lambda text: [one if isinstance(one, str) else json.dumps(one)
             for one in json.loads(text)], "STRING_ARRAY", ["STRING"])  # fmt: skip
scalar("jsonStringToMap jsonStringToListOrMap toJsonMapStr", "CAST({0} AS VARCHAR)", "STRING", 1, ["STRING"])
