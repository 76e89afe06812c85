"""JsonFunctions.java: values out of JSON text by a path; a wildcard gives a list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions import jayway
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import DUCKDB, Typed, cast_sql, literal_sql

PLAIN = re.compile(r"\$(\.\.?([^\W\d][\w-]*|\*)|\[('[^'\\\\]*'|\d+|\*)\])*")  # what DuckDB reads as Jayway does


def path_of(argument: Typed, function: str) -> str:
    """Raises PinotError 700 when the path is no literal, or none."""
    if argument.literal is None:
        raise PinotError(QUERY_VALIDATION, f"{function}: the path must be a literal")
    try:
        jayway.steps_of(argument.literal)
    except ValueError as error:
        raise PinotError(QUERY_VALIDATION, f"{function}: {error}") from None
    return argument.literal


def found_by(arguments: Sequence[Typed], function: str) -> str:
    """DuckDB's JSON of what the path leads to; null when it leads nowhere. Of several matches the list of them."""
    path, text = path_of(arguments[1], function), arguments[0].cast("STRING").sql
    if PLAIN.fullmatch(path) is None:
        return f"CAST(px_jayway_2({text}, {literal_sql(path)}) AS JSON)"
    quoted = literal_sql(re.sub(r"\.([^\W\d][\w-]*)", r'."\1"', re.sub(r"\['([^']*)'\]", r'."\1"', path)))
    found = f"json_extract(TRY_CAST({text} AS JSON), {quoted})"
    if jayway.definite(jayway.steps_of(path)):
        return f"(CASE WHEN json_type({found}) <> 'NULL' THEN {found} END)"
    return f"(CASE WHEN json_type(TRY_CAST({text} AS JSON)) <> 'NULL' THEN to_json({found}) END)"


def _text(arguments: Sequence[Typed], function: str) -> str:
    """The value as text: a string bare, an object or list as JSON; of several matches the whole list."""
    return f"({found_by(arguments, function)} ->> '$')"


def _list(arguments: Sequence[Typed], function: str, *, single: bool = True) -> str:
    """The values of a list as texts; null when the path leads nowhere. What is no list is one value, or nothing."""
    found = found_by(arguments, function)
    other = f"WHEN {found} IS NOT NULL THEN [{found}]" if single else ""
    items = f"CASE WHEN json_type({found}) = 'ARRAY' THEN CAST({found} AS JSON[]) {other} END"
    return f"list_transform({items}, lambda j$: (j$ ->> '$'))"


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


UNRESOLVED = "error('Cannot resolve JSON path on some records. Consider setting a default value.')"


def extracted(arguments: Sequence[Typed]) -> str:
    """jsonExtractScalar(json, path, type[, default]): the default stands for what the path does not find, and without
    one that is an error; of an array it is no element. What cannot be read as the type is an error always
    (JsonExtractScalarTransformFunction)."""
    type_, json_ = _wanted(arguments), arguments[0].sql
    if type_.endswith("_ARRAY"):
        texts = _list(arguments, "jsonExtractScalar", single=False)
        one = _converted("v$", type_[:-6], "true")
        values = f"list_transform({texts}, lambda v$: CASE WHEN v$ IS NULL THEN {UNRESOLVED} ELSE {one} END)"
        return f"(CASE WHEN {json_} IS NOT NULL THEN coalesce({values}, []) END)"
    found = found_by(arguments, "jsonExtractScalar")
    is_number = f"json_type({found}) IN ('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT')"
    value = _converted(f"({found} ->> '$')", type_, is_number)
    if len(arguments) < 4:
        return f"(CASE WHEN {json_} IS NULL THEN NULL WHEN {found} IS NULL THEN {UNRESOLVED} ELSE {value} END)"
    default = arguments[3].cast(type_).sql if arguments[3].type != "UNKNOWN" else "NULL"
    return f"(CASE WHEN {found} IS NULL THEN {default} ELSE {value} END)"


def _converted(text: str, type_: str, is_number: str) -> str:
    """Raises, in DuckDB, what cannot be converted."""
    if type_ in ("STRING", "JSON"):
        return text
    if type_ == "BOOLEAN":
        whole = f"trunc(coalesce(TRY_CAST({text} AS DOUBLE), 0))"
        return f"(lower({text}) IN ('true', '1') OR ({is_number} AND {whole} = 1))"  # stored as an INT, 1 is true
    if type_ == "TIMESTAMP":
        moment = cast_sql(cast_sql(text, "STRING", "LONG"), "LONG", type_)
        return f"(CASE WHEN {is_number} THEN {moment} ELSE {cast_sql(text, 'STRING', type_)} END)"
    return cast_sql(text, "STRING", type_)


def _value(text: str, type_: str) -> str:
    """As the jsonPath functions do, what cannot be converted is null."""
    if type_ == "STRING":
        return text
    return (
        f"CAST(trunc(TRY_CAST({text} AS DECIMAL(38,10))) AS BIGINT)"
        if type_ == "LONG"
        else f"TRY_CAST({text} AS DOUBLE)"
    )


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
        if isinstance(document, list):
            document = document[int(name)] if name.isdigit() and int(name) < len(document) else None
        else:
            document = document.get(name) if isinstance(document, dict) else None
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
    listed = json.loads(text)
    if not isinstance(listed, list) or not all(isinstance(one, dict) and {key, value} <= one.keys() for one in listed):
        raise ValueError(f"jsonKeyValueArrayToMap takes a list of objects with {key} and {value}")
    return json.dumps({one[key]: one[value] for one in listed}, separators=(",", ":"))


def is_json(text: str) -> bool:
    """Whether Jackson reads it: nothing at all is a missing node, and NaN is no number."""
    text = text.strip(" \t\r\n") or "null"
    try:
        value, end = json.JSONDecoder(parse_constant=int).raw_decode(text)  # what stands behind a document is not read
    except ValueError:
        return False
    return isinstance(value, dict | list | str) or not text[end : end + 1].strip()


row_function("jsonExtractKey", keys, "STRING_ARRAY", ["STRING", "STRING", "STRING"], 2)
row_function("jsonKeyValueArrayToMap", key_values, "STRING", ["STRING", "STRING", "STRING"], 1)
row_function("isJson", is_json, "BOOLEAN", ["STRING"])


def as_list(text: str) -> list[str] | None:
    """Null for what is no JSON list."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return [one if isinstance(one, str) else json.dumps(one) for one in found] if isinstance(found, list) else None


row_function("jsonStringToArray", as_list, "STRING_ARRAY", ["STRING"])
for names, kinds in (("jsonStringToMap", "'OBJECT'"), ("jsonStringToListOrMap", "'OBJECT', 'ARRAY'")):
    readable = f"CASE WHEN json_type(TRY_CAST({{0}} AS JSON)) IN ({kinds}) THEN {{0}} END"
    scalar(names, readable, "STRING", 1, ["STRING"])
scalar("toJsonMapStr", "CAST({0} AS VARCHAR)", "STRING", 1, ["STRING"])
