"""Nested JSON as Pinot's record extractors hand it on: objects in the order of Java's HashMap, booleans as text.

Source: BaseRecordExtractor of 1.5.1. An object becomes `Maps.newHashMapWithExpectedSize`, so that its table never
grows and its keys come by slot, within a slot as they were written; a boolean becomes its text, a number a Java one.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from meshloom.engine.sql.functions.rows import ROWS, RowFunction

ESCAPE = re.compile(r"\\(\\|u00[0-9a-f]{2})")
PLAIN = (1e-3, 1e7)  # what Double.toString writes without an exponent


def string_hash(text: str) -> int:
    """`String.hashCode`, over UTF-16 units, as an unsigned number."""
    units = text.encode("utf-16-be", "surrogatepass")
    found = 0
    for place in range(0, len(units), 2):
        found = (31 * found + (units[place] << 8 | units[place + 1])) & 0xFFFFFFFF
    return found


class Grown(dict[str, Any]):
    """An object that stands for a `new HashMap<>()`, which doubles when it is three quarters full."""


@lru_cache(maxsize=4096)
def ordered(keys: tuple[str, ...], grown: bool = False) -> tuple[tuple[str, str], ...]:
    """The keys as a HashMap made for their number (or one that grew) gives them, with their JSON text and colon."""
    count = len(keys)
    least = count + 1 if count < 3 and not grown else -(-count * 4 // 3)
    size = 1 << max(least - 1, 15 if grown else 0).bit_length()

    def slot(key: str) -> int:
        hashed = string_hash(key)
        return (hashed ^ hashed >> 16) & (size - 1)

    return tuple((key, quoted(key) + ":") for key in sorted(keys, key=slot))


def number(value: float) -> str:
    """`Double.toString`."""
    text = repr(value)
    size = abs(value)
    if size == 0 or PLAIN[0] <= size < PLAIN[1] or "n" in text:
        return text
    sign, digits, exponent = Decimal(text).as_tuple()
    shortest = "".join(map(str, digits)).rstrip("0")
    return f"{'-' * sign}{shortest[0]}.{shortest[1:] or '0'}E{len(digits) + int(exponent) - 1}"


def quoted(value: str) -> str:
    text: str = encode_basestring(value)
    if "\\u00" not in text:
        return text
    return ESCAPE.sub(lambda found: found[0] if found[1] == "\\" else "\\u" + found[0][2:].upper(), text)


def written(value: Any) -> str:
    """Python's form of JSON as its text."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is dict or kind is Grown:
        keys = ordered(tuple(value), kind is Grown)
        return "{" + ",".join([colon + written(value[key]) for key, colon in keys]) + "}"
    if kind is list:
        return "[" + ",".join([written(item) for item in value]) + "]"
    if kind is bool:
        return '"true"' if value else '"false"'
    if kind is float:
        return number(value)
    return "null" if value is None else str(value)


def nested(text: str) -> str:
    """A JSON object or list as Pinot's JsonUtils writes what the record extractor made of it."""
    return written(json.loads(text))


ROWS["px_nested_1"] = RowFunction("px_nested_1", nested, ("STRING",), "STRING", False)


def values_of(value: Any) -> list[Any]:
    """The values of a list or an object, each brought to one value itself (DataTypeTransformerUtils.standardize)."""
    items = value.values() if isinstance(value, dict) else value
    found = [_only(item) if isinstance(item, dict | list) else item for item in items]
    return [item for item in found if item is not None]


def _only(value: Any) -> Any:
    found = values_of(value)
    if len(found) > 1:
        raise ValueError(f"Cannot read single-value from Object[]: {found}")
    return found[0] if found else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else written(value).strip('"')


def values_text(text: str) -> list[str]:
    return [_plain(value) for value in values_of(json.loads(text))]


def only_text(text: str, column: str, lenient: bool) -> str | None:
    """The one value in a JSON list or object. Raises ValueError when there are several; `lenient` takes none."""
    try:
        found = _only(json.loads(text))
    except ValueError as error:
        if lenient:
            return None
        raise ValueError(f"{error} for column: {column}") from None
    return None if found is None else _plain(found)


ROWS["px_valuesof_1"] = RowFunction("px_valuesof_1", values_text, ("STRING",), "STRING_ARRAY", False)
ROWS["px_onlyof_3"] = RowFunction("px_onlyof_3", only_text, ("STRING", "STRING", "BOOLEAN"), "STRING", False)
