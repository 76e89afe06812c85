"""A record's values as the Java objects that Pinot's functions get, in one written form: JSON text, and what JSON has
not behind a mark: `@t` Timestamp, `@l` a small Long, `@b` byte[], `@f` Float, `@d` BigDecimal, `@a` int[] and its kin,
`@T` Timestamp[].
Of a number the size tells Integer, Long and BigInteger apart, a point or exponent Double.

Sources: FunctionInvoker.convertTypes with FunctionUtils (arguments), PinotDataType (both), DataTypeTransformerUtils and
DataTypeConversionFunctions.cast.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from meshloom.engine.config import java
from meshloom.engine.ingest.json_text import json_text
from meshloom.engine.ingest.json_values import CONVERTED, LAST, bits_of, cut
from meshloom.engine.sql.functions.java_maps import quoted


class Stamp(int):
    """A java.sql.Timestamp: milliseconds."""


class Long(int):
    """A java.lang.Long that an Integer could hold."""


class Single(float):
    """A java.lang.Float."""


class Primitives(list[Any]):
    """A Java array of numbers: no Object[]."""


MARKS: dict[str, Callable[[str], Any]] = {
    "t": Stamp, "l": Long, "b": bytes.fromhex, "f": Single, "d": Decimal,
    "a": lambda text: Primitives(json.loads(text)), "T": lambda text: [Stamp(one) for one in json.loads(text)],
}  # fmt: skip


def read(text: str) -> Any:
    """The written form as a Python object."""
    return MARKS[text[1]](text[2:]) if text.startswith("@") else json.loads(text)


def told(value: Any) -> str | None:
    """The written form of what a script made."""
    if isinstance(value, Decimal):
        return f"@d{value}"
    return None if value is None else formatted(list(value) if isinstance(value, tuple) else value)


def class_of(value: Any) -> str:
    """The PinotDataType of an object, as `getSingleValueType` has it."""
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, Stamp):
        return "TIMESTAMP"
    if isinstance(value, Long):
        return "LONG"
    if isinstance(value, int):
        return "INT" if bits_of(value, 32) == value else "LONG" if bits_of(value, 64) == value else "OBJECT"
    if isinstance(value, float):
        return "FLOAT" if isinstance(value, Single) else "DOUBLE"
    kinds = {str: "STRING", bytes: "BYTES", Decimal: "BIG_DECIMAL"}
    return kinds.get(type(value), "OBJECT")


def refused(value: Any, kind: str) -> ValueError:
    return ValueError(f"Cannot convert value from {class_of(value)} to {kind}")


def text_of(value: Any) -> str:
    """Java's toString. Raises ValueError for an array, whose text is another one each time."""
    if isinstance(value, list):
        raise ValueError("A list has no text")
    if isinstance(value, dict):
        pairs = (f"{key}={'null' if one is None else text_of(one)}" for key, one in _ordered(value))
        return "{" + ", ".join(pairs) + "}"
    return java.double_text(value) if isinstance(value, float) else str(value)


def _ordered(value: dict[str, Any]) -> list[tuple[str, Any]]:
    """A record's maps come in Java's order already (`java_maps.written`)."""
    return list(value.items())


def _whole(value: Any, kind: str) -> int:
    bits = 32 if kind == "INT" else 64
    if isinstance(value, str):
        return java.whole(value.strip(), bits)
    if (isinstance(value, Stamp) and kind == "INT") or isinstance(value, bytes | dict | list):
        raise refused(value, kind)
    return cut(value, bits) if isinstance(value, float) else bits_of(int(value), bits)


def _real(value: Any, kind: str) -> float:
    if isinstance(value, str):
        made = java.real(value)
    elif (isinstance(value, Stamp) and kind == "FLOAT") or isinstance(value, bytes | dict | list):
        raise refused(value, kind)
    else:
        made = float(value)
    return made


def _decimal(value: Any, kind: str) -> Decimal:
    if isinstance(value, str):
        return java.decimal(value.strip())
    if isinstance(value, bytes):
        if len(value) < 3:
            raise ValueError(f"{len(value)} bytes are no BigDecimal")
        whole = int.from_bytes(value[2:], "big", signed=True)
        digits = tuple(map(int, str(abs(whole))))
        return Decimal((int(whole < 0), digits, -int.from_bytes(value[:2], "big", signed=True)))
    if isinstance(value, dict | list) or (isinstance(value, float) and not math.isfinite(value)):
        raise refused(value, kind)
    if class_of(value) == "OBJECT":
        value = float(value)
    made = Decimal(java.double_text(value)) if isinstance(value, float) else Decimal(value)
    return made if made else made.copy_abs()


def _boolean(value: Any, kind: str) -> bool:
    if isinstance(value, str):
        return java.boolean(value.strip())
    if isinstance(value, Stamp | bytes | dict | list):
        raise refused(value, kind)
    return bool(value != 0)


def _timestamp(value: Any, kind: str) -> Stamp:
    if class_of(value) in ("BOOLEAN", "INT", "FLOAT", "BYTES") or isinstance(value, dict | list):
        raise refused(value, kind)
    return _moment(java.stamp(value.strip()) if isinstance(value, str) else _whole(value, "LONG"))


def _moment(at: int) -> Stamp:
    if abs(at) > LAST:
        raise ValueError(f"{at} is later or earlier than a TIMESTAMP of this engine")
    return Stamp(at)


def _map_bytes(value: dict[str, Any]) -> bytes:
    """MapUtils.serializeMap."""
    made = len(value).to_bytes(4, "big")
    for key, item in _ordered(value):
        for text in (key, formatted(item)):
            made += len(text.encode()).to_bytes(4, "big") + text.encode()
    return made


def _bytes(value: Any, kind: str) -> bytes:
    if isinstance(value, dict):
        return _map_bytes(value)
    if isinstance(value, str):
        return bytes.fromhex(CONVERTED["BYTES"](value))
    if not isinstance(value, bytes):
        raise refused(value, kind)
    return value


def string_of(value: Any, kind: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Stamp):
        return java.shown_stamp(int(value))
    if isinstance(value, Single):
        return java.double_text(java.single(value))
    if isinstance(value, bytes):
        return value.hex()
    return format(value, "f") if isinstance(value, Decimal) else text_of(value)


ONE: dict[str, Callable[[Any, str], Any]] = {
    "INT": _whole, "LONG": _whole, "FLOAT": _real, "DOUBLE": _real, "BIG_DECIMAL": _decimal, "BOOLEAN": _boolean,
    "TIMESTAMP": _timestamp, "BYTES": _bytes, "STRING": string_of,
}  # fmt: skip


def of_object(value: Any, kind: str) -> Any:
    """OBJECT's own conversions, which a list's items take: those of numbers, and toString."""
    if value is None:
        raise ValueError("A null stands among the items of a list")
    if kind == "STRING":
        return string_of(value, kind)
    if kind == "BYTES" or isinstance(value, str | bool | bytes | Stamp | dict | list):
        raise refused(value, kind)
    if kind == "TIMESTAMP":
        return _moment(_whole(value, "LONG"))
    return ONE[kind](float(value) if kind == "BIG_DECIMAL" else value, kind)


def argument(value: Any, kind: str) -> Any:
    """An argument as what a function takes: of a list the first item for one value, of one value a list of it.

    Raises ValueError."""
    element = kind.removesuffix("_ARRAY")
    if (isinstance(value, dict) and kind != "BYTES") or (isinstance(value, int) and class_of(value) == "OBJECT"):
        raise refused(value, kind)
    if element == kind:
        if isinstance(value, list):
            if not value:
                raise ValueError("Index 0 out of bounds for length 0")
            return of_object(value[0], kind)
        return ONE[kind](value, kind)
    if not isinstance(value, list):
        return [ONE[element](value, element)]
    return [item_of(one, element) for one in value]


def item_of(value: Any, kind: str) -> Any:
    """An item of a list for an array: an OBJECT, of a number's array whatever its class is."""
    if value is not None and kind in ("INT", "LONG", "FLOAT", "DOUBLE") and not isinstance(value, list | dict):
        return ONE[kind](value, kind)
    return of_object(value, kind)


def cast(value: Any, kind: str) -> Any:
    """DataTypeConversionFunctions.cast. Raises ValueError."""
    if isinstance(value, list):
        raise ValueError("An array cannot be cast")
    if isinstance(value, str) and kind in ("INT", "LONG"):
        try:
            return java.whole(value.strip(), 32) if kind == "INT" else java.stamp(value.strip())
        except ValueError:
            return _whole(java.real(value), kind)
    if isinstance(value, dict):
        if kind != "BYTES":
            raise refused(value, kind)
        return _map_bytes(value)
    return one(value, kind)


def one(value: Any, kind: str) -> Any:
    """One object that is no list as another class: PinotDataType's conversion of the object's own type."""
    if kind == "JSON":
        return json_text(value) if isinstance(value, str) else formatted(value)
    return of_object(value, kind) if class_of(value) == "OBJECT" else ONE[kind](value, kind)


def formatted(value: Any) -> str:
    """JsonUtils.objectToString."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(key)}:{formatted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(formatted, value)) + "]"
    if isinstance(value, bytes):
        return quoted(b64encode(value).decode())
    if isinstance(value, float):
        text = java.double_text(java.single(value) if isinstance(value, Single) else value)
        return text if math.isfinite(value) else quoted(text)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(int(value)) if isinstance(value, int) else str(value)


def shown(value: Any) -> str:
    """Text from which DuckDB casts to the type of the value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    return format(value, "f") if isinstance(value, Decimal) else value if isinstance(value, str) else repr(_bare(value))


def _bare(value: Any) -> Any:
    return int(value) if isinstance(value, Stamp) else float(value) if isinstance(value, float) else value


def name_of(prefix: str, kind: str) -> str:
    return f"px_{prefix}{kind.lower().replace('_', '')}"
