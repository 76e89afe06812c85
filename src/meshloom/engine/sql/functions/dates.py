"""Functions of time (DateTimeFunctions.java): milliseconds since 1970 in and out, UTC unless told otherwise."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql import casts
from meshloom.engine.sql.functions import joda
from meshloom.engine.sql.functions.registry import Render, scalar
from meshloom.engine.sql.functions.rows import row_function
from meshloom.engine.sql.typed import Typed, cast_sql, literal_sql

UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
CLOCK = UNITS[:4]  # fields of a time zone's clock, not of its calendar (ZonedChronology.useTimeArithmetic)
SIZES = {
    "NANOSECONDS": 0, "MICROSECONDS": 0, "MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000, "HOURS": 3_600_000,
    "DAYS": 86_400_000,
}  # fmt: skip
REACH_MS = 9_000_000_000_000_000  # what DuckDB's microseconds hold
FINER = {"NANOSECONDS": 1_000_000, "MICROSECONDS": 1000}  # how many make a millisecond


def constant(argument: Typed, function: str) -> str:
    if argument.literal is None:
        raise PinotError(QUERY_VALIDATION, f"{function}: argument must be a literal")
    return argument.literal


def millis(argument: Typed) -> str:
    return argument.cast("LONG").sql


def moment(argument: Typed) -> str:
    """As DuckDB's TIMESTAMP; a time beyond its years (the default null of a LONG is one) some cycles of 400 years on,
    where the calendar is the same: see `cycles`."""
    if argument.type == "TIMESTAMP":
        return argument.sql
    value = argument.cast("LONG").sql
    beyond = cycles(argument)
    return cast_sql(f"({value} - {beyond} * {joda.CYCLE_MS})" if beyond else value, "LONG", "TIMESTAMP")


def cycles(argument: Typed) -> str:
    """By how many cycles `moment` is off; "" when it cannot be."""
    if argument.type not in ("LONG", "DOUBLE", "FLOAT", "STRING", "BIG_DECIMAL") or argument.literal is not None:
        return ""
    value = argument.cast("LONG").sql
    return f"(CASE WHEN {value} BETWEEN -{REACH_MS} AND {REACH_MS} THEN 0 ELSE {value} // {joda.CYCLE_MS} END)"


def offset_of(tz: Typed) -> int | None:
    """Minutes of a time zone that is an offset (+05:30); None for one that has a name."""
    zone = joda.zone(tz.literal) if tz.literal is not None and tz.literal[:1] in ("+", "-") else None
    offset = zone.utcoffset(None) if zone is not None else None
    return None if offset is None else int(offset.total_seconds()) // 60


def local(argument: Typed, tz: Typed | None) -> str:
    """The wall clock in a time zone."""
    text = moment(argument)
    if tz is None or tz.literal == "UTC":
        return text
    if (minutes := offset_of(tz)) is not None:
        return f"({text} + to_minutes({minutes}))"
    return f"(({text} AT TIME ZONE 'UTC') AT TIME ZONE {zone_of(tz)})"


def zone_of(tz: Typed) -> str:
    if tz.literal is not None:
        try:
            joda.zone(tz.literal)
        except ValueError as error:
            raise PinotError(QUERY_VALIDATION, str(error)) from None
    return tz.sql


def unit_of(argument: Typed, function: str) -> str:
    unit = constant(argument, function).lower()
    unit = unit.removesuffix("s") if unit.removesuffix("s") in UNITS else unit
    if unit not in UNITS:
        raise PinotError(QUERY_VALIDATION, f"'{unit}' is not a valid Timestamp field")
    return unit


def to_millis(sql: str, unit: str) -> str:
    return f"({sql} // {FINER[unit]})" if unit in FINER else sql if SIZES[unit] == 1 else f"({sql} * {SIZES[unit]})"


def of_millis(sql: str, unit: str) -> str:
    return f"({sql} * {FINER[unit]})" if unit in FINER else sql if SIZES[unit] == 1 else f"({sql} // {SIZES[unit]})"


def many(sql: str, times: int) -> str:
    """TimeUnit.convert to a finer unit: what is too much is the most."""
    most = (2**63 - 1) // times
    return (
        f"(CASE WHEN {sql} > {most} THEN 9223372036854775807 WHEN {sql} < -{most} THEN -9223372036854775807 - 1 "
        f"ELSE {sql} * {times} END)"
    )


def between_units(sql: str, given: str, wanted: str) -> str:
    """TimeUnit.convert."""
    first, second = (1_000_000 // FINER[unit] if unit in FINER else SIZES[unit] * 1_000_000 for unit in (given, wanted))
    if first == second:
        return sql
    return many(sql, first // second) if first > second else f"({sql} // {second // first})"


def size_of(argument: Typed, function: str) -> str:
    unit = constant(argument, function).upper()
    if unit not in SIZES:
        raise PinotError(QUERY_VALIDATION, f"No enum constant java.util.concurrent.TimeUnit.{unit}")
    return unit


def date_trunc(arguments: Sequence[Typed]) -> str:
    """dateTrunc(unit, value[, its unit[, time zone[, the answer's unit]]])."""
    unit, value, *rest = arguments
    given = size_of(rest[0], "dateTrunc") if rest else "MILLISECONDS"
    answer = size_of(rest[2], "dateTrunc") if len(rest) > 2 else given
    tz = rest[1] if len(rest) > 1 else None
    as_millis = value if value.type == "TIMESTAMP" else Typed(to_millis(value.cast("LONG").sql, given), "LONG")
    wanted, wall = unit_of(unit, "dateTrunc"), local(as_millis, tz)
    cut = f"date_trunc({literal_sql(wanted)}, {wall})"
    found = f"epoch_ms({cut})"
    if tz is not None and tz.literal != "UTC":
        if (
            wanted in CLOCK or offset_of(tz) is not None
        ):  # by the offset of the moment: an hour that comes twice stays the one that it is
            found = f"({found} - (epoch_ms({wall}) - epoch_ms({moment(as_millis)})))"
        else:
            found = f"epoch_ms(({cut} AT TIME ZONE {zone_of(tz)}) AT TIME ZONE 'UTC')"
    if beyond := cycles(as_millis):
        found = casts.low_bits(f"({found} + CAST({beyond} AS HUGEINT) * {joda.CYCLE_MS})", "LONG")
    return of_millis(found, answer)


LEAST, MOST = "-9223372036854775807 - 1", "9223372036854775807"
OVERFLOWS = {  # what Joda tells of the first and the last LONG, the first of them the null of a LONG column
    "isodow": {LEAST: 6}, "week": {LEAST: 52, MOST: 1}, "isoyear": {LEAST: 292278994, MOST: -292275055},
}  # fmt: skip


def part_of(part: str) -> Render:
    def render(arguments: Sequence[Typed]) -> str:
        found = f"{part}({local(arguments[0], arguments[1] if len(arguments) > 1 else None)})"
        beyond = cycles(arguments[0])
        if not beyond:
            return f"CAST({found} AS INTEGER)"
        if part in ("year", "isoyear"):
            found = f"{found} + 400 * {beyond}"
        value = arguments[0].cast("LONG").sql
        ends = "".join(f"WHEN {value} = {end} THEN {shown} " for end, shown in OVERFLOWS.get(part, {}).items())
        return f"(CASE {ends}ELSE CAST({found} AS INTEGER) END)" if ends else f"CAST({found} AS INTEGER)"

    return render


scalar("dateTrunc", date_trunc, "LONG", (2, 5))
PARTS = (
    ("year", "year"), ("quarter", "quarter"), ("month monthOfYear", "month"), ("week weekOfYear", "week"),
    ("day dayOfMonth", "day"), ("dayOfYear doy", "dayofyear"), ("dayOfWeek dow", "isodow"), ("hour", "hour"),
    ("minute", "minute"), ("second", "second"), ("yearOfWeek yow", "isoyear"),
)  # fmt: skip
for names, part in PARTS:
    scalar(names, part_of(part), "INT", (1, 2))


def millisecond(arguments: Sequence[Typed]) -> str:
    return f"CAST(millisecond({moment(arguments[0])}) % 1000 AS INTEGER)"


scalar("millisecond", millisecond, "INT", (1, 2))
scalar("now", "epoch_ms(now()::TIMESTAMP)", "LONG", 0)


def quotient(value: str, by: str = "{1}") -> str:
    """A LONG divided by one as Java divides: an error by zero, the least one its own quotient by -1."""
    turned = casts.negative(value, "LONG")
    return f"(CASE WHEN {by} = 0 THEN error('/ by zero') WHEN {by} = -1 THEN {turned} ELSE {value} // {by} END)::BIGINT"


def product(value: str, by: str = "{1}") -> str:
    """The low bits of a product of two LONGs."""
    return casts.low_bits(f"(CAST({value} AS HUGEINT) * {by})", "LONG")


def multiple(value: str) -> str:
    return product(quotient(value))


scalar("round", multiple("{0}"), "LONG", 2, ["LONG", "LONG"])  # of a time, to a multiple; not a number's decimals

for unit in ("Seconds", "Minutes", "Hours", "Days"):
    size = SIZES[unit.upper()]
    scalar(f"toEpoch{unit}", lambda a, n=size: f"({millis(a[0])} // {n})", "LONG", 1)  # type: ignore[misc]
    scalar(f"fromEpoch{unit}", lambda a, n=size: many(millis(a[0]), n), "LONG", 1)  # type: ignore[misc]
    scalar(f"toEpoch{unit}Rounded", multiple(f"({{0}} // {size})"), "LONG", 2, ["LONG"])
    scalar(f"toEpoch{unit}Bucket", quotient(f"({{0}} // {size})"), "LONG", 2, ["LONG"])
    scalar(f"fromEpoch{unit}Bucket", many(product("{0}"), size), "LONG", 2, ["LONG"])
    for stem, text in (
        (f"toEpoch{unit}MV", f"v$ // {size}"), (f"fromEpoch{unit}MV", many("v$", size)),
        (f"toEpoch{unit}RoundedMV", multiple(f"(v$ // {size})")),
        (f"toEpoch{unit}BucketMV", quotient(f"(v$ // {size})")),
        (f"fromEpoch{unit}BucketMV", many(product("v$"), size)),
    ):  # fmt: skip
        arity = 2 if "{1}" in text else 1
        parameters = ["LONG_ARRAY", "LONG"][:arity]
        scalar(stem, f"list_transform({{0}}, lambda v$: {text})", "LONG_ARRAY", arity, parameters)

scalar("toTimestamp", lambda a: moment(a[0]), "TIMESTAMP")
scalar("fromTimestamp", lambda a: a[0].cast("LONG").sql, "LONG")
scalar(
    "timeConvert",
    lambda a: between_units(millis(a[0]), size_of(a[1], "timeConvert"), size_of(a[2], "timeConvert")), "LONG", 3,
)  # fmt: skip
row_function("toDateTime", joda.formatted, "STRING", ["LONG", "STRING", "STRING"], 2)
row_function("fromDateTime", joda.parsed, "LONG", ["STRING", "STRING", "STRING", "LONG"], 2)
row_function("toDateTimeMV", lambda values, *rest: [joda.formatted(value, *rest) for value in values],
             "STRING_ARRAY", ["LONG_ARRAY", "STRING", "STRING"], 2)  # fmt: skip
row_function("fromDateTimeMV", lambda values, *rest: [joda.parsed(value, *rest) for value in values], "LONG_ARRAY",
             ["STRING_ARRAY", "STRING", "STRING"], 2)  # fmt: skip


def added(arguments: Sequence[Typed]) -> str:
    unit, count, value = arguments
    step = f"to_{unit_of(unit, 'timestampAdd').replace('day', 'days').replace('week', 'weeks')}"
    step = step if step.endswith("s") else f"{step}s"
    return f"epoch_ms({moment(value)} + {step}({count.cast('INT').sql}))"


def difference(arguments: Sequence[Typed]) -> str:
    """Whole units between two times, to the second from the first."""
    unit = literal_sql(unit_of(arguments[0], "timestampDiff"))
    return f"date_sub({unit}, {moment(arguments[1])}, {moment(arguments[2])})"


scalar("timestampAdd dateAdd", added, "LONG", 3)
scalar("timestampDiff dateDiff", difference, "LONG", 3)


def _offset(tz: str, at: int) -> int:
    """In minutes."""
    offset = joda.instant(joda.within_reach(at)[1], tz).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() / 60)


def timezone_hour(tz: str, at: int = 0) -> int:
    return int(_offset(tz, at) / 60)


def timezone_minute(tz: str, at: int = 0) -> int:
    return int(math.fmod(_offset(tz, at), 60))


row_function("timezoneHour", timezone_hour, "INT", ["STRING", "LONG"], 1)
row_function("timezoneMinute", timezone_minute, "INT", ["STRING", "LONG"], 1)


PERIOD = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", re.I)


def period(text: str) -> int:
    """Java's Duration in milliseconds. Raises ValueError."""
    found = PERIOD.fullmatch(text)
    if found is None or text.upper() in ("P", "-P", "PT", "-PT"):
        raise ValueError(f"Text cannot be parsed to a Duration: {text}")
    days, hours, minutes, seconds = (float(found[place] or 0) for place in (2, 3, 4, 5))
    total = int(((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000)
    return -total if found[1] else total


row_function("ago", lambda text: int(time.time() * 1000) - period(text), "LONG", ["STRING"])
row_function("agoMV", lambda texts: [int(time.time() * 1000) - period(text) for text in texts], "LONG_ARRAY",
             ["STRING_ARRAY"])  # fmt: skip
