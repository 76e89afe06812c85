"""The functions that DuckDB calls over objects in the written form of `java_objects`: conversions of arguments and of
what a column takes, and Pinot's functions of an Object."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from meshloom.engine.config import java
from meshloom.engine.ingest.java_objects import (
    ONE,
    Primitives,
    Stamp,
    argument,
    cast,
    class_of,
    formatted,
    item_of,
    name_of,
    one,
    read,
    refused,
    shown,
    string_of,
    text_of,
)
from meshloom.engine.ingest.json_text import cut_short
from meshloom.engine.ingest.json_values import bits_of
from meshloom.engine.sql.functions.java_maps import Grown, written
from meshloom.engine.sql.functions.rows import ROWS, RowFunction


def _standardised(value: Any, column: str, single: bool) -> Any:
    """DataTypeTransformerUtils.standardize: of lists and maps what is in them, without nulls; one value of one."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return value
    if len(value) == 1:
        return _standardised(value[0], column, single)
    kept = [found for found in (_standardised(item, column, True) for item in value) if found is not None]
    if len(kept) < 2:
        return kept[0] if kept else None
    if single:
        raise ValueError(f"Cannot read single-value from Object[]: {json.dumps(value)} for column: {column}")
    return kept


def _stored(kind: str, single: bool) -> Callable[[str, str], Any]:
    """A made value as text that casts to a column's type, of several values a list of texts."""

    def fit(text: str, column: str) -> Any:
        try:
            value = read(text)
            if isinstance(value, Primitives) and kind != "JSON":
                raise ValueError("int[] and its kin are no lists of values in Pinot; no column takes them")
            if kind == "JSON":
                return one(value, kind)
            value = _standardised(value, column, single)
            if value is None:
                return None
            if single:
                return shown(one(value, kind))
            if not isinstance(value, list):
                return [shown(one(value, kind))]
            return [shown(item) for item in _converted(value, kind)]
        except (ValueError, OverflowError) as error:
            raise ValueError(f"Caught exception while transforming data type for column: {column}: {error}") from error

    return fit


def _converted(values: list[Any], kind: str) -> list[Any]:
    """A list as its first item's class says: only numbers are read whatever class the others have."""
    first = class_of(values[0])
    if (
        kind in ("BOOLEAN", "TIMESTAMP", "BYTES")
        and first != "OBJECT"
        and {class_of(item) for item in values} != {first}
    ):
        if first != "STRING":
            raise ValueError("Values of several types")
        values = [string_of(item, kind) for item in values]
    if first == "OBJECT":
        return [item_of(item, kind) for item in values]
    return [one(item, kind) for item in values]


def _stamped(value: Any) -> Any:
    """Times as pyarrow takes them: microseconds."""
    if isinstance(value, list):
        return [_stamped(item) for item in value]
    return int(value) * 1000 if isinstance(value, Stamp) else value


def _argument(kind: str) -> Callable[[str], Any]:
    return lambda text: _plain(argument(read(text), kind))


def _cast(kind: str) -> Callable[[str], Any]:
    return lambda text: _plain(cast(read(text), kind))


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else _stamped(value)


for _kind in (*ONE, "JSON"):
    _result = "STRING" if _kind in ("BIG_DECIMAL", "JSON") else _kind
    for _prefix, _function in (("cast", _cast(_kind)), ("argument", _argument(_kind))):
        _name = f"{name_of(_prefix, _kind)}_1"
        ROWS[_name] = RowFunction(_name, _function, ("STRING",), _result, False)
    for _prefix, _single, _result in (("made", True, "STRING"), ("mades", False, "STRING_ARRAY")):
        _name = f"{name_of(_prefix, _kind)}_2"
        ROWS[_name] = RowFunction(_name, _stored(_kind, _single), ("STRING", "STRING"), _result, False)
for _kind in ("INT", "LONG", "FLOAT", "DOUBLE", "STRING", "TIMESTAMP"):
    _name = f"{name_of('argument', _kind + '_ARRAY')}_1"
    ROWS[_name] = RowFunction(_name, _argument(f"{_kind}_ARRAY"), ("STRING",), f"{_kind}_ARRAY", False)


def truth(text: str) -> bool:
    """(Boolean) of an object. Raises ValueError for what is none."""
    value = read(text)
    if not isinstance(value, bool):
        raise ValueError(f"{class_of(value)} cannot be cast to class java.lang.Boolean")
    return value


def same(left: str, right: str) -> bool:
    """Object.equals: numbers of several classes differ, lists are what they are."""
    a, b = read(left), read(right)
    return type(a) is type(b) and not isinstance(a, list) and class_of(a) == class_of(b) and bool(a == b)


def of_column(text: str) -> str:
    """A list or object of a JSON file as the extractor hands it on."""
    return written(json.loads(text))


def first_document(text: str) -> Any:
    """The first JSON document of a text, as Jackson reads it. Raises ValueError."""
    text = text.strip(" \t\r\n")
    value, end = json.JSONDecoder(parse_constant=_no_number).raw_decode(text)
    if cut_short(text, end, value):
        raise ValueError("Expected space separating root-level values")
    return value


def parsed(text: str) -> str:
    """A document that DuckDB does not read. Raises ValueError for none, and for null."""
    value = first_document(text)
    if value is None:
        raise ValueError("json can not be null")
    return json.dumps(value, ensure_ascii=False)


def first_or_text(text: str) -> str:
    try:
        return parsed(text)
    except ValueError:
        return text


def stamped(text: str) -> str:
    """The milliseconds of a time's text. Raises ValueError."""
    return str(java.stamp(text.strip()))


def _no_number(text: str) -> Any:
    raise ValueError(f"Non-standard token '{text}'")


def map_text(text: str) -> str:
    """toJsonMapStr. Raises ValueError for what is no map."""
    value = read(text)
    if isinstance(value, str):
        value = first_document(value)
        if value is None:
            return "null"
    if not isinstance(value, dict):
        raise refused(value, "MAP")
    return formatted(value)


def decimal_bytes(text: str) -> bytes:
    """BigDecimalUtils.serialize: the scale in two bytes, then the digits as a number."""
    value = argument(read(text), "BIG_DECIMAL")
    sign, digits, exponent = value.as_tuple()
    whole = int("".join(map(str, digits))) * (-1 if sign else 1)
    size = (whole if whole >= 0 else ~whole).bit_length() // 8 + 1
    return int(-exponent).to_bytes(2, "big", signed=True) + whole.to_bytes(size, "big", signed=True)


def decimal_of(text: str) -> str:
    """BigDecimalUtils.deserialize. Raises ValueError."""
    return f"@d{argument(argument(read(text), 'BYTES'), 'BIG_DECIMAL')}"


def key_values(text: str, key: str, value: str) -> str:
    """jsonKeyValueArrayToMap: of what is no list nothing."""
    found = read(text)
    listed = isinstance(found, list)
    if not listed:
        found = json.loads(text_of(found).strip() or "[]", parse_constant=_no_number)
        found = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
    made = Grown()
    for pair in found:
        pair = json.loads(text_of(pair)) if listed and not isinstance(pair, dict) else pair
        if not isinstance(pair, dict) or (not listed and not {key, value} <= pair.keys()):
            raise ValueError(f"jsonKeyValueArrayToMap takes objects with {key} and {value}")
        made[str(pair.get(key))] = pair.get(value) if listed else as_text(pair[value])
    return written(made)


def as_text(value: Any) -> str:
    """JsonNode.asText."""
    if isinstance(value, dict | list):
        return ""
    return value if isinstance(value, str) else formatted(value)


def epoch(text: str) -> str:
    """The whole part of a number's text: new BigDecimal(text).longValue(). Raises ValueError."""
    return str(bits_of(int(java.decimal(text)), 64))


def document(text: str) -> str:
    """An object as the JSON that a path is looked for in: a text is JSON itself."""
    value = read(text)
    return value if isinstance(value, str) else formatted(value)


def _list_or_map(wanted: tuple[type, ...]) -> Callable[[str], str | None]:
    def parse(text: str) -> str | None:
        try:
            value = first_document(text)
        except ValueError:
            return None
        return formatted(value) if isinstance(value, wanted) else None

    return parse


_OTHERS: dict[str, tuple[Callable[..., Any], int, str]] = {
    "truth": (truth, 1, "BOOLEAN"), "sameobject": (same, 2, "BOOLEAN"), "ofcolumn": (of_column, 1, "STRING"),
    "jsonformatted": (lambda text: formatted(read(text)), 1, "STRING"), "document": (document, 1, "STRING"),
    "decimalbytes": (decimal_bytes, 1, "BYTES"), "decimalof": (decimal_of, 1, "STRING"),
    "maptext": (map_text, 1, "STRING"),
    "epoch": (epoch, 1, "STRING"),
    "keyvalues": (key_values, 3, "STRING"), "parsedjson": (parsed, 1, "STRING"), "stamped": (stamped, 1, "STRING"),
    "firstjson": (first_or_text, 1, "STRING"), "listorobject": (_list_or_map((list, dict)), 1, "STRING"),
    "listonly": (_list_or_map((list,)), 1, "STRING"), "objectonly": (_list_or_map((dict,)), 1, "STRING"),
}  # fmt: skip
for _name, (_function, _count, _result) in _OTHERS.items():
    _called = f"px_{_name}_{_count}"
    ROWS[_called] = RowFunction(_called, _function, ("STRING",) * _count, _result, False)
