"""JSON values and texts as values of a column's type: PinotDataType's conversions of what JSONRecordExtractor gives.

Each answers text from which DuckDB casts without a doubt, or raises ValueError; plain values (`PLAIN`) stay away.
Java's own rules: a number that an INT cannot hold is cut to its lower bits, a fraction is cut off, a text is parsed
strictly, true and false are texts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from meshloom.engine.config import java
from meshloom.engine.sql.functions.rows import ROWS, RowFunction

# The JSON text of values that need no conversion, by type: a regular expression.
PLAIN = {
    "INT": r"-?\d{1,9}", "LONG": r"-?\d{1,18}", "FLOAT": r"-?\d{1,15}(\.\d{1,15})?",
    "DOUBLE": r"-?\d{1,15}(\.\d{1,15})?", "BIG_DECIMAL": r"-?\d{1,15}(\.\d{1,10})?", "BOOLEAN": "true|false",
    "TIMESTAMP": r"-?\d{1,15}", "BYTES": '"([0-9a-fA-F][0-9a-fA-F])+"',
}  # fmt: skip
# As PLAIN, of the text of a value: of some types it does not tell a number from a text.
PLAIN_TEXT = {
    **PLAIN,
    "BOOLEAN": "true|false|0|1",
    "TIMESTAMP": r"-?\d{1,15}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?",
    "BYTES": "([0-9a-fA-F][0-9a-fA-F])*[a-fA-F][0-9a-fA-F]",
}


# A text that may be a number's, which Java writes in its own way, or that of a list or an object.
UNLIKE_TEXT = r"-?\d+\.\d+([eE][+-]?\d+)?|-?\d+[eE][+-]?\d+|-?\d{19,}"


def bits_of(value: int, bits: int) -> int:
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def cut(value: float, bits: int) -> int:
    """(int) of a double."""
    if math.isnan(value):
        return 0
    least, most = -(1 << bits - 1), (1 << bits - 1) - 1
    return least if value < least else most if value > most else int(value)


def _whole(value: Any, bits: int) -> str:
    if isinstance(value, str):
        return str(java.whole(value.strip(), bits))
    return str(cut(value, bits) if isinstance(value, float) else bits_of(int(value), bits))


def _real(value: Any) -> str:
    return repr(java.real(value) if isinstance(value, str) else float(value))


def _decimal(value: Any) -> str:
    if isinstance(value, str):
        return format(java.decimal(value.strip()), "f")
    exact = isinstance(value, float) or bits_of(value, 64) == value
    return format(Decimal(repr(value if exact else float(value))), "f")


def _boolean(value: Any) -> str:
    return "true" if (java.boolean(value.strip()) if isinstance(value, str) else value != 0) else "false"


def _timestamp(value: Any) -> str:
    at = java.stamp(value.strip()) if isinstance(value, str) else int(_whole(value, 64))
    if abs(at) > LAST:
        raise ValueError(f"{at} is later or earlier than a TIMESTAMP of this engine")
    return str(at)


def _bytes(value: Any) -> str:
    if not isinstance(value, str):
        kind = "DOUBLE" if isinstance(value, float) else "INTEGER" if bits_of(value, 32) == value else "LONG"
        raise ValueError(f"Cannot convert value from {kind} to BYTES")
    return bytes.fromhex(value.strip()).hex() if " " not in value.strip() else bytes.fromhex("x").hex()


def text_of(value: Any) -> str:
    """Java's toString of a value."""
    return value if isinstance(value, str) else java.double_text(value) if isinstance(value, float) else str(value)


LAST = 9_223_372_036_854_775  # milliseconds; DuckDB keeps microseconds in 64 bits
CONVERTED: dict[str, Callable[[Any], str]] = {
    "INT": lambda value: _whole(value, 32), "LONG": lambda value: _whole(value, 64), "FLOAT": _real, "DOUBLE": _real,
    "BIG_DECIMAL": _decimal, "BOOLEAN": _boolean, "TIMESTAMP": _timestamp, "BYTES": _bytes, "STRING": text_of,
}  # fmt: skip


def standardised(value: Any, column: str, single: bool) -> Any:
    """DataTypeTransformerUtils.standardize: of collections what is in them, without nulls; one value of one.

    Raises ValueError when several are to be one.
    """
    if isinstance(value, dict):
        value = [value[key] for key in java.hash_order(value)]
    if not isinstance(value, list):
        return ("true" if value else "false") if isinstance(value, bool) else value
    if len(value) == 1:
        return standardised(value[0], column, single)
    kept = [one for one in (standardised(one, column, True) for one in value) if one is not None]
    if len(kept) < 2:
        return kept[0] if kept else None
    if single:
        shown = ", ".join("null" if one is None else text_of(one) for one in value)
        raise ValueError(f"Cannot read single-value from Object[]: [{shown}] for column: {column}")
    return kept


def _single(kind: str) -> Callable[[str, str], str | None]:
    def convert(text: str, column: str) -> str | None:
        value = standardised(json.loads(text), column, True)
        return None if value is None else _told(kind, value, column)

    return convert


def _several(kind: str) -> Callable[[str, str], list[str] | None]:
    def convert(text: str, column: str) -> list[str] | None:
        value = standardised(json.loads(text), column, False)
        if value is None:
            return None
        if not isinstance(value, list):
            return [_told(kind, value, column)]
        classes = [_class(one) for one in value]
        if kind in ("BOOLEAN", "TIMESTAMP", "BYTES") and classes[0] != "OBJECT" and len(set(classes)) > 1:
            if not isinstance(value[0], str):
                raise ValueError(f"Values of several types in column: {column}")
            value = [text_of(one) for one in value]
        return [_told(kind, one, column) for one in value]

    return convert


def _class(value: Any) -> str:
    if isinstance(value, int):
        return "INTEGER" if bits_of(value, 32) == value else "LONG" if bits_of(value, 64) == value else "OBJECT"
    return type(value).__name__


def _told(kind: str, value: Any, column: str) -> str:
    try:
        return CONVERTED[kind](value)
    except (ValueError, OverflowError) as error:
        what = f"Caught exception while transforming data type for column: {column}"
        raise ValueError(f"{what}: {error}") from error


def _of_text(kind: str) -> Callable[[str, str], str]:
    return lambda text, column: _told(kind, text, column)


for _kind in CONVERTED:
    for _prefix, _function, _result in (
        ("json", _single(_kind), "STRING"), ("jsons", _several(_kind), "STRING_ARRAY"),
        ("text", _of_text(_kind), "STRING"),
    ):  # fmt: skip
        _name = f"px_{_prefix}{_kind.lower().replace('_', '')}_2"
        ROWS[_name] = RowFunction(_name, _function, ("STRING", "STRING"), _result, False)


def called(prefix: str, kind: str, text: str, column: str) -> str:
    """DuckDB's text of a conversion; `prefix` is "json", "jsons" or "text"."""
    return f"px_{prefix}{kind.lower().replace('_', '')}_2({text}, '{column.replace(chr(39), chr(39) * 2)}')"
