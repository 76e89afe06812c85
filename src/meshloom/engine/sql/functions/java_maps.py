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

ESCAPE = re.compile(r"\\u00[0-9a-f]{2}")
PLAIN = (1e-3, 1e7)  # what Double.toString writes without an exponent


def string_hash(text: str) -> int:
    """`String.hashCode`, over UTF-16 units, as an unsigned number."""
    units = text.encode("utf-16-be", "surrogatepass")
    found = 0
    for place in range(0, len(units), 2):
        found = (31 * found + (units[place] << 8 | units[place + 1])) & 0xFFFFFFFF
    return found


@lru_cache(maxsize=4096)
def ordered(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The keys as a HashMap made for their number gives them, each with its JSON text and colon."""
    count = len(keys)
    least = count + 1 if count < 3 else -(-count * 4 // 3)
    mask = (1 << max(least - 1, 0).bit_length()) - 1

    def slot(key: str) -> int:
        hashed = string_hash(key)
        return (hashed ^ hashed >> 16) & mask

    return tuple((key, _text(key) + ":") for key in sorted(keys, key=slot))


def number(value: float) -> str:
    """`Double.toString`."""
    text = repr(value)
    size = abs(value)
    if size == 0 or PLAIN[0] <= size < PLAIN[1] or "n" in text:
        return text
    sign, digits, exponent = Decimal(text).as_tuple()
    shortest = "".join(map(str, digits)).rstrip("0")
    return f"{'-' * sign}{shortest[0]}.{shortest[1:] or '0'}E{len(digits) + int(exponent) - 1}"


def _text(value: str) -> str:
    text: str = encode_basestring(value)
    return ESCAPE.sub(lambda found: "\\u" + found[0][2:].upper(), text) if "\\u00" in text else text


def _written(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is dict:
        return "{" + ",".join([colon + _written(value[key]) for key, colon in ordered(tuple(value))]) + "}"
    if kind is list:
        return "[" + ",".join([_written(item) for item in value]) + "]"
    if kind is bool:
        return '"true"' if value else '"false"'
    if kind is float:
        return number(value)
    return "null" if value is None else str(value)


def nested(text: str) -> str:
    """A JSON object or list as Pinot's JsonUtils writes what the record extractor made of it."""
    return _written(json.loads(text))


ROWS["px_nested_1"] = RowFunction("px_nested_1", nested, ("STRING",), "STRING", False)
