"""UUIDs (the uuid package of Pinot's functions). Pinot 1.6 has a type UUID; here they are its text, or their bytes."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Sequence

from meshloom.engine.sql.functions.registry import Render, scalar
from meshloom.engine.sql.functions.rows import ROWS, RowFunction, row_function
from meshloom.engine.sql.typed import Typed

SINCE_1582 = 0x01B21DD213814000  # from the Gregorian calendar's start to 1970, in 100 ns


def parsed(value: str | bytes) -> uuid.UUID:
    """From the canonical text of 36 characters or from 16 bytes. Raises ValueError."""
    if isinstance(value, bytes):
        return uuid.UUID(bytes=value)
    found = uuid.UUID(value)
    if str(found) != value.lower():
        raise ValueError(f"Invalid UUID: {value}")
    return found


def is_uuid(value: str | bytes) -> bool:
    try:
        parsed(value)
    except ValueError:
        return False
    return True


def version(value: str | bytes) -> int:
    return parsed(value).bytes[6] >> 4


def timestamp(value: str | bytes) -> int:
    """Milliseconds since 1970 out of versions 1, 6 and 7. Raises ValueError for the others."""
    found = parsed(value).int
    kind = version(value)
    if kind == 7:
        return found >> 80
    if kind == 6:
        ticks = (found >> 80) << 12 | found >> 64 & 0xFFF
    elif kind == 1:
        ticks = uuid.UUID(int=found).time
    else:
        raise ValueError(f"UUID of version {kind} has no timestamp")
    return (ticks - SINCE_1582) // 10_000


def in_order() -> str:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, then chance."""
    bits = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return str(uuid.UUID(int=bits & ~(0xF << 76) & ~(3 << 62) | 7 << 76 | 2 << 62))


def either(name: str) -> Render:
    """By the function for BYTES when the argument is BYTES, by the one for text otherwise."""

    def render(arguments: Sequence[Typed]) -> str:
        kind = "BYTES" if arguments[0].type == "BYTES" else "STRING"
        return f"px_{name.lower()}of{kind.lower()}_1({arguments[0].cast(kind).sql})"

    return render


for name, function, result in (
    ("isUuid", is_uuid, "BOOLEAN"), ("toUuid", lambda value: str(parsed(value)), "STRING"),
    ("uuidToString", lambda value: str(parsed(value)), "STRING"),
    ("uuidToBytes", lambda value: parsed(value).bytes, "BYTES"), ("uuidVersion", version, "INT"),
    ("uuidTimestamp", timestamp, "LONG"),
):  # fmt: skip
    for kind in ("STRING", "BYTES"):
        row = f"px_{name.lower()}of{kind.lower()}_1"
        ROWS[row] = RowFunction(row, function, (kind,), result, False)
    scalar(name, either(name), result)
row_function("bytesToUuid", lambda value: str(parsed(value)), "STRING", ["BYTES"])
scalar("uuidV4", "CAST(uuid() AS VARCHAR)", "STRING", 0)
ROWS["px_uuidv7_1"] = RowFunction("px_uuidv7_1", lambda _chance: in_order(), ("DOUBLE",), "STRING", False)
scalar("uuidV7", "px_uuidv7_1(random())", "STRING", 0)  # an argument that changes, for a value of each row's own
