"""dateTimeConvert: a value of one date-time format as another, cut to a granularity (DateTimeConvert.java,
DateTimeFormatSpec.java, DateTimeGranularitySpec.java)."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions import joda
from meshloom.engine.sql.functions.dates import FINER, SIZES, constant, of_millis, to_millis
from meshloom.engine.sql.functions.registry import scalar, transform
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import Typed

SHORT = {"EPOCH": "EPOCH", "SIMPLE_DATE_FORMAT": "SIMPLE_DATE_FORMAT", "TIMESTAMP": "TIMESTAMP"}


@dataclass(frozen=True, slots=True)
class Format:
    """`kind` EPOCH has `size` and `unit`, SIMPLE_DATE_FORMAT `pattern` and `tz`, TIMESTAMP nothing."""

    kind: str
    size: int = 1
    unit: str = "MILLISECONDS"
    pattern: str = ""
    tz: str = "UTC"


@functools.lru_cache(1_000)
def format_of(text: str) -> Format:
    """`1:HOURS:EPOCH`, `EPOCH|HOURS|1`, `1:DAYS:SIMPLE_DATE_FORMAT:yyyyMMdd tz(Asia/Tokyo)`,
    `SIMPLE_DATE_FORMAT|yyyyMMdd|Asia/Tokyo`, `TIMESTAMP`. Raises ValueError."""
    kind, *rest = text.split("|")
    if kind in SHORT:
        if kind == "EPOCH":
            unit, size = (rest[0] if rest else "MILLISECONDS"), (rest[1] if len(rest) > 1 else "1")
            return _epoch(size, unit)
        if kind == "TIMESTAMP":
            return Format("TIMESTAMP")
        return Format(kind, pattern=rest[0] if rest else "", tz=rest[1] if len(rest) > 1 else "UTC")
    size, unit, kind, pattern = (*text.split(":", 3), "", "", "")[:4]
    if kind == "EPOCH":
        return _epoch(size, unit)
    if kind == "TIMESTAMP":
        return Format("TIMESTAMP")
    if kind != "SIMPLE_DATE_FORMAT" or not pattern:
        raise ValueError(f"Invalid format: {text}")
    zone = re.search(r"\s*tz\s*\(\s*([^)]+?)\s*\)\s*$", pattern)
    if zone is None:
        return Format(kind, pattern=pattern)
    return Format(kind, pattern=pattern[: zone.start()], tz=zone[1])


def _epoch(size: str, unit: str) -> Format:
    if unit not in SIZES or not size.isdigit():
        raise ValueError(f"Invalid format: {size}:{unit}:EPOCH")
    return Format("EPOCH", int(size), unit)


@functools.lru_cache(1_000)
def granularity(text: str) -> tuple[int, str]:
    """`1:HOURS` or `HOURS|1` as size and unit. Raises ValueError."""
    first, _, second = text.replace("|", ":").partition(":")
    size, unit = (first, second) if first.isdigit() else (second or "1", first)
    if unit not in SIZES or not size.isdigit() or not int(size):
        raise ValueError(f"Invalid granularity: {text}")
    return int(size), unit


def step_of(text: str) -> int:
    """A granularity in milliseconds. Raises ValueError."""
    size, unit = granularity(text)
    return max(size * SIZES[unit] if unit not in FINER else size // FINER[unit], 1)


def towards_zero(number: int, divisor: int) -> int:
    """Java's division of longs."""
    return number // divisor if number >= 0 else -(-number // divisor)


def bucketed(millis: int, cut: str, tz: str) -> int:
    """Cut to the granularity by the fields of a time zone's calendar: every 5 hours from midnight, every 7 days from
    the first of the month."""
    size, unit = granularity(cut)
    cycles, within = joda.within_reach(millis)
    at = joda.instant(within, tz)
    match unit:
        case "MILLISECONDS":
            at = at.replace(microsecond=at.microsecond // 1000 // size * size * 1000)
        case "SECONDS":
            at = at.replace(second=at.second // size * size, microsecond=0)
        case "MINUTES":
            at = at.replace(minute=at.minute // size * size, second=0, microsecond=0)
        case "HOURS":
            at = at.replace(hour=at.hour // size * size, minute=0, second=0, microsecond=0)
        case "DAYS":
            at = at.replace(day=(at.day - 1) // size * size + 1, hour=0, minute=0, second=0, microsecond=0)
    return joda.millis_of(at) + cycles * joda.CYCLE_MS


def converted(value: str, given: str, wanted: str, cut: str, tz: str = "") -> str:
    """DateTimeConvert.java: epochs are cut by division, what is written by a pattern, or has `tz`, by the calendar."""
    source, target = format_of(given), format_of(wanted)
    if source.kind == "SIMPLE_DATE_FORMAT":
        millis = joda.parsed(value, source.pattern, source.tz)
    elif source.unit in FINER:
        millis = towards_zero(int(value) * source.size, FINER[source.unit])
    else:
        millis = int(value) * source.size * SIZES[source.unit]
    if target.kind == "SIMPLE_DATE_FORMAT":
        return joda.formatted(bucketed(millis, cut, tz or target.tz), target.pattern, target.tz)
    step = step_of(cut)
    millis = bucketed(millis, cut, tz) if tz else towards_zero(millis, step) * step
    if target.unit in FINER:
        return str(towards_zero(millis * FINER[target.unit], target.size))
    return str(towards_zero(towards_zero(millis, SIZES[target.unit]), target.size))


for count in (4, 5):
    name = f"px_datetimeconverttext_{count}"
    ROWS[name] = RowFunction(name, converted, ("STRING",) * count, "STRING", False)


def convert(arguments: Sequence[Typed]) -> str:
    found = as_number(arguments)
    timestamp = format_of(constant(arguments[2], "dateTimeConvert")).kind == "TIMESTAMP"
    return f"make_timestamp({found} * 1000)" if timestamp else found


def as_number(arguments: Sequence[Typed]) -> str:
    """As the single-stage engine has it: also a TIMESTAMP is its milliseconds."""
    value = arguments[0]
    given, wanted, cut = (constant(argument, "dateTimeConvert") for argument in arguments[1:4])
    try:
        source, target, size = format_of(given), format_of(wanted), step_of(cut)
        joda.zone(constant(arguments[4], "dateTimeConvert") if len(arguments) > 4 else "")
    except ValueError as error:
        raise PinotError(QUERY_VALIDATION, str(error)) from None
    if len(arguments) == 4 and "SIMPLE_DATE_FORMAT" not in (source.kind, target.kind):
        raw = value.cast("LONG").sql  # whole numbers need no Python
        as_millis = to_millis(raw if source.size == 1 else f"({raw} * {source.size})", source.unit)
        cut_off = f"({as_millis} // {size} * {size})" if size > 1 else as_millis
        text = of_millis(cut_off, target.unit)
        return text if target.size == 1 else f"({text} // {target.size})"
    given_value = value.cast("LONG") if value.type == "TIMESTAMP" else value
    listed = ", ".join([given_value.cast("STRING").sql, *(argument.sql for argument in arguments[1:])])
    text = f"px_datetimeconverttext_{len(arguments)}({listed})"
    return text if target.kind == "SIMPLE_DATE_FORMAT" else f"CAST({text} AS BIGINT)"


def _kind(wanted: Typed, function: str) -> str:
    try:
        return format_of(constant(wanted, function)).kind
    except ValueError as error:
        raise PinotError(QUERY_VALIDATION, str(error)) from None


def result(arguments: Sequence[Typed]) -> str:
    kind = _kind(arguments[2], "dateTimeConvert")
    return {"EPOCH": "LONG", "TIMESTAMP": "TIMESTAMP"}.get(kind, "STRING")


scalar("dateTimeConvert", convert, result, (4, 5))
transform("dateTimeConvert", as_number, lambda a: "LONG" if result(a) == "TIMESTAMP" else result(a), (4, 5))


# --- windows
def windows(value: str, given: str, wanted: str, cut: str, size: str) -> list[str]:
    """dateTimeConvertWindowHop: the starts of all windows of `size`, one each `cut`, that hold a time; latest first."""
    millis = int(converted(value, given, "EPOCH|MILLISECONDS|1", "MILLISECONDS|1"))
    step, span = step_of(cut), step_of(size)
    latest = towards_zero(millis, step) * step
    starts = range(latest, millis - span, -step)
    return [converted(str(start), "EPOCH|MILLISECONDS|1", wanted, "MILLISECONDS|1") for start in starts]


ROWS["px_windowhop_5"] = RowFunction("px_windowhop_5", windows, ("STRING",) * 5, "STRING_ARRAY", False)


def hopped(arguments: Sequence[Typed]) -> str:
    value = arguments[0]
    given, wanted, cut, size = (constant(argument, "dateTimeConvertWindowHop") for argument in arguments[1:])
    try:
        format_of(given), format_of(wanted), granularity(cut), granularity(size)
    except ValueError as error:
        raise PinotError(QUERY_VALIDATION, str(error)) from None
    text = (value.cast("LONG") if value.type == "TIMESTAMP" else value).cast("STRING").sql
    listed = f"px_windowhop_5({', '.join([text, *(a.sql for a in arguments[1:])])})"
    return listed if hop_result(arguments) == "STRING_ARRAY" else f"CAST({listed} AS BIGINT[])"


def hop_result(arguments: Sequence[Typed]) -> str:
    kind = _kind(arguments[2], "dateTimeConvertWindowHop")
    return "STRING_ARRAY" if kind == "SIMPLE_DATE_FORMAT" else "LONG_ARRAY"


scalar("dateTimeConvertWindowHop", hopped, hop_result, 5)


def bucket(arguments: Sequence[Typed]) -> str:
    """timeSeriesBucket(time, its unit, first bucket, bucket size, offset), the last three in seconds: the number of
    the bucket, each open at its start and closed at its end."""
    unit = constant(arguments[1], "timeSeriesBucket").upper()
    if unit not in SIZES:
        raise PinotError(QUERY_VALIDATION, f"No enum constant java.util.concurrent.TimeUnit.{unit}")
    try:
        first, size, offset = (int(constant(argument, "timeSeriesBucket")) for argument in arguments[2:])
    except ValueError:
        raise PinotError(QUERY_VALIDATION, "timeSeriesBucket: the last three arguments are whole seconds") from None

    def of_seconds(seconds: int) -> int:
        nanos = seconds * 1_000_000_000
        size_of_unit = 1_000_000 // FINER[unit] if unit in FINER else SIZES[unit] * 1_000_000
        return int(nanos / size_of_unit) if abs(nanos) < 1 << 53 else nanos // size_of_unit

    if of_seconds(size) <= 0:
        raise PinotError(QUERY_VALIDATION, "timeSeriesBucket: the bucket is shorter than the time's unit")
    shift = of_seconds(offset) - of_seconds(first - size) - 1
    return f"CAST(trunc(({arguments[0].cast('LONG').sql} + {shift}) / {of_seconds(size)}) AS INTEGER)"


scalar("timeSeriesBucket", bucket, "INT", 5)
