"""Java's own ways with text and numbers, where Pinot's documents show them."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

FLOAT_MAX = 3.4028235677973366e38
SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGTP])?B?", re.IGNORECASE)
UNITS = {unit: 1024.0**power for power, unit in enumerate("KMGTP", 1)}
WHOLE = re.compile(r"[+-]?\d+")
REAL = re.compile(r"[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)[dDfF]?", re.ASCII)


def whole(text: str, bits: int) -> int:
    """Integer.valueOf and Long.valueOf. Raises ValueError."""
    if not WHOLE.fullmatch(text):
        raise ValueError(text)
    number = int(text)
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(text)
    return number


def real(text: str) -> float:
    """Double.valueOf. Raises ValueError."""
    text = text.strip()
    if not REAL.fullmatch(text):
        raise ValueError(text)
    return float(text.rstrip("dDfF") if text[-1] in "dDfF" else text)


def single(value: float) -> float:
    """A float's value with the shortest digits that tell it apart from other floats."""
    if not math.isfinite(value) or abs(value) > FLOAT_MAX:
        return value if abs(value) <= FLOAT_MAX or value != value else math.copysign(math.inf, value)
    wanted = struct.pack("f", value)
    return next(one for digits in range(1, 10) if struct.pack("f", one := float(f"{value:.{digits}g}")) == wanted)


def double_text(value: float) -> str:
    """Double.toString."""
    text = repr(float(value))
    if text in ("nan", "inf", "-inf"):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[text]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return text
    sign, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits)).rstrip("0")
    return f"{'-' if sign else ''}{shown[0]}.{shown[1:] or '0'}E{len(digits) + exponent - 1}"


def data_size(text: str) -> int | None:
    """DataSizeUtils.toBytes: "1.5G" in bytes; None when it is no size."""
    found = SIZE.fullmatch(text)
    if found is None:
        return None
    return int(float(found[1]) * UNITS.get((found[2] or "").upper(), 1.0))


def shown_size(size: int) -> str:
    """DataSizeUtils.fromBytes."""
    for unit, factor in reversed(UNITS.items()):
        if size >= factor:
            text = f"{size / factor:.2f}".rstrip("0").rstrip(".")
            return f"{text}{unit}"
    return f"{size}B"


def boolean(text: str) -> bool:
    """BooleanUtils.toBoolean."""
    return text == "1" or text.lower() == "true"


def decimal(text: str) -> Decimal:
    """new BigDecimal. Raises ValueError."""
    try:
        made = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not made.is_finite() or text != text.strip() or "_" in text:
        raise ValueError(text)
    return made


STAMP = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?\s*")


def stamp(text: str) -> int:
    """TimestampUtils.toMillisSinceEpoch, in UTC. Raises ValueError."""
    found = STAMP.fullmatch(text)
    if found:
        parts = [int(part) for part in found.groups()[:6]]
        at = datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]
        return int(at.timestamp()) * 1000 + int((found[7] or "0").ljust(3, "0")[:3])
    try:
        return whole(text, 64)
    except ValueError:
        at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return int(at.timestamp() * 1000)


def shown_stamp(millis: int) -> str:
    """java.sql.Timestamp.toString, in UTC."""
    seconds, rest = divmod(millis, 1000)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.year:04d}-{at:%m-%d %H:%M:%S}.{f'{rest:03d}'.rstrip('0') or '0'}"


def hash_code(text: str) -> int:
    """String.hashCode, unsigned."""
    found = 0
    data = text.encode("utf-16-be", "surrogatepass")
    for high, low in zip(data[::2], data[1::2], strict=True):
        found = (found * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return found


def hash_order(names: Iterable[str]) -> list[str]:
    """The order in which a HashMap that grew with these keys gives them."""
    kept = list(dict.fromkeys(names))
    size = 16
    while len(kept) > size * 3 // 4:
        size *= 2

    def bucket(name: str) -> int:
        code = hash_code(name)
        return (code ^ code >> 16) & size - 1

    return sorted(kept, key=bucket)


PERIOD = re.compile(r"(?:([+-]?\d+)d)?(?:([+-]?\d+)h)?(?:([+-]?\d+)m)?(?:([+-]?\d+)s)?", re.IGNORECASE)


def period(text: str) -> int | None:
    """TimeUtils.convertPeriodToMillis ("1d12h"); None when it is no period."""
    found = PERIOD.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
