"""The text of a JSON column: as Jackson writes it, whatever way it was written (PinotDataType.toJson of a String)."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from meshloom.engine.sql.functions.rows import ROWS, RowFunction


def _refuse(name: str) -> Any:
    raise ValueError(name)


DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)


def json_text(text: str) -> str:
    """The first JSON value in a text, written anew; what is none becomes a JSON string."""
    text = text.strip(" \t\r\n")
    if not text:
        return ""
    try:
        value, end = DECODER.raw_decode(text)
    except ValueError:
        return _quoted(text)
    return _quoted(text) if cut_short(text, end, value) else _written(value)


def cut_short(text: str, end: int, value: Any) -> bool:
    """Whether what stands right behind a value shows that it is none: 01, 12x, trueish."""
    if isinstance(value, dict | list | str):
        return False
    following = text[end : end + 1]
    return (
        following.isidentifier() or following.isdigit()
        if value is None or isinstance(value, bool)
        else bool(following.strip())
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(value: Decimal) -> str:
    """Without zeros at its end, as java.math.BigDecimal prints it."""
    return str(value.normalize()) if value else "0"


def _written(value: Any) -> str:
    writer = WRITERS.get(type(value))
    return writer(value) if writer is not None else json.dumps(value)


WRITERS: dict[type, Callable[[Any], str]] = {
    str: _quoted,
    Decimal: _number,
    list: lambda items: f"[{','.join(map(_written, items))}]",
    dict: lambda entries: "{" + ",".join(f"{_quoted(name)}:{_written(item)}" for name, item in entries.items()) + "}",
}
ROWS["px_jsontext_1"] = RowFunction("px_jsontext_1", json_text, ("STRING",), "STRING", False)

REWRITTEN = r"\s|\\|\d[.eE]|-0|NaN|Infinity"  # what Jackson may write in another way


def jackson(text: str) -> str:
    """DuckDB's text for a JSON text's own form; most have it already."""
    same = f"json_valid({text}) AND NOT regexp_matches({text}, '{REWRITTEN}')"
    return f"(CASE WHEN {same} THEN {text} ELSE px_jsontext_1({text}) END)"
