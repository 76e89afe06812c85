"""What sketches are made from: the values of a group as one list, in the type in which Pinot hashes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import key
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import Typed, cast_sql

HASHED = {
    "INT": "LONG", "LONG": "LONG", "BOOLEAN": "LONG", "TIMESTAMP": "LONG", "FLOAT": "DOUBLE", "DOUBLE": "DOUBLE",
    "STRING": "STRING", "JSON": "STRING", "BYTES": "BYTES",
}  # fmt: skip


def hashed(argument: Typed, function: str) -> str:
    """The type that an argument is hashed as; BYTES are sketches already. Raises PinotError 700 for BIG_DECIMAL."""
    if argument.element not in HASHED:
        raise PinotError(QUERY_VALIDATION, f"Illegal data type for {function}: {argument.element}")
    return HASHED[argument.element]


def listed(argument: Typed, type_: str, where: str) -> str:
    """DuckDB's text: every value that is not null as one list of a type; `where` is a FILTER clause or nothing."""
    if argument.array:
        known = f"flatten(coalesce(list({argument.sql}){where}, []))"
        return f"list_transform({known}, lambda v$: {cast_sql('v$', argument.element, type_)})"
    return f"coalesce(list({argument.cast(type_).sql}){where}, [])"


def narrowed(where: str, condition: str) -> str:
    """A FILTER clause with one more condition."""
    return f"{where.removesuffix(')')} AND {condition})" if where else f" FILTER (WHERE {condition})"


def row(name: str, function: Callable[..., Any], parameters: Sequence[str], result: str, *, nulls: bool = False) -> str:
    """Add a function that queries cannot name; what to call in DuckDB's text."""
    name = f"px_{key(name)}_{len(parameters)}"
    ROWS[name] = RowFunction(name, function, tuple(parameters), result, nulls)
    return name


def whole(argument: Typed, function: str, least: int, most: int) -> int:
    """A literal that is a whole number in bounds. Raises PinotError 700."""
    text = argument.literal or ""
    if not text.isdigit() or not least <= int(text) <= most:
        raise PinotError(QUERY_VALIDATION, f"{function}: a whole number from {least} to {most} is wanted, not {text}")
    return int(text)


def options(argument: Typed | None, known: Sequence[str], function: str) -> dict[str, str]:
    """`name=value;name=value` by lower-case name. Raises PinotError 700 for other names, and for no literal."""
    if argument is None:
        return {}
    if argument.literal is None:
        raise PinotError(QUERY_VALIDATION, f"{function}: the second argument must be literal (parameters)")
    found = {}
    for part in filter(None, argument.literal.replace(" ", "").split(";")):
        name, _, value = part.partition("=")
        if name.lower() not in (one.lower() for one in known) or not value:
            raise PinotError(QUERY_VALIDATION, f"{function}: Invalid parameter: {part}")
        found[name.lower()] = value
    return found


def number(text: str, function: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise PinotError(QUERY_VALIDATION, f"{function}: not a number: {text}") from None


def sketch_of(argument: Typed) -> str:
    """DuckDB's text for a sketch given as BYTES or as Base64."""
    return argument.sql if argument.type == "BYTES" else f"from_base64({argument.cast('STRING').sql})"


def base64(sql: str) -> str:
    return f"to_base64({sql})"


def rounded(value: float) -> int:
    """Java's Math.round."""
    return math.floor(value + 0.5)
