"""Dates as Joda-Time's patterns write and read them (DateTimeFormat, joda-time 2.12), which Pinot's functions take."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REACH_MS = (-62_135_510_400_000, 253_402_214_400_000)  # a day within what Python's datetime holds, in any time zone
CYCLE_MS = 146_097 * 86_400_000  # 400 years, after which the calendar is the same
TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z']+)")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
NUMBERS: dict[str, Callable[[datetime], int]] = {
    "y": lambda d: d.year, "Y": lambda d: d.year, "M": lambda d: d.month, "d": lambda d: d.day, "H": lambda d: d.hour,
    "m": lambda d: d.minute, "s": lambda d: d.second, "D": lambda d: d.timetuple().tm_yday,
    "x": lambda d: d.isocalendar().year, "w": lambda d: d.isocalendar().week, "e": lambda d: d.isoweekday(),
    "h": lambda d: d.hour % 12 or 12, "K": lambda d: d.hour % 12, "k": lambda d: d.hour or 24,
}  # fmt: skip


@functools.lru_cache(1_000)
def zone(name: str) -> tzinfo:
    """A time zone by its name or offset. Raises ValueError."""
    if name in ("", "UTC", "GMT", "Z"):
        return UTC
    if found := re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(-offset if found[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"The datetime zone id '{name}' is not recognised") from error


def within_reach(millis: int) -> tuple[int, int]:
    """How many cycles of 400 years a time lies beyond those that have a datetime, and the time without them."""
    return (0, millis) if REACH_MS[0] <= millis < REACH_MS[1] else divmod(millis, CYCLE_MS)


def instant(millis: int, name: str = "UTC") -> datetime:
    return (EPOCH + timedelta(milliseconds=millis)).astimezone(zone(name))


def millis_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of one letter, or literal text when `letter` is ""."""

    letter: str
    count: int
    text: str = ""


@functools.lru_cache(1_000)
def parts(pattern: str) -> tuple[Part, ...]:
    """Raises ValueError for a letter that means nothing."""
    found = []
    at = 0
    while at < len(pattern):
        match = TOKEN.match(pattern, at)
        if match is None:
            raise ValueError(f"Illegal pattern component: {pattern[at:]}")
        at = match.end()
        if match[2]:
            if match[2] not in NUMBERS and match[2] not in "SaEzZGC":
                raise ValueError(f"Illegal pattern component: {match[0]}")
            found.append(Part(match[2], len(match[0])))
        else:
            quoted = match[1]
            found.append(Part("", 0, match[3] if quoted is None else quoted.replace("''", "'") or "'"))
    return tuple(found)


def formatted(millis: int, pattern: str, tz: str = "UTC") -> str:
    cycles, within = within_reach(millis)
    moment = instant(within, tz)
    return "".join(_one(part, moment, tz, 400 * cycles) for part in parts(pattern))


def _one(part: Part, moment: datetime, tz: str, years: int) -> str:
    match part.letter:
        case "":
            return part.text
        case "S":
            return f"{moment.microsecond // 1000:03d}".ljust(part.count, "0")[: part.count]
        case "a":
            return "AM" if moment.hour < 12 else "PM"
        case "G":
            return "AD" if moment.year + years > 0 else "BC"
        case "E":
            day = DAYS[moment.weekday()]
            return day if part.count > 3 else day[:3]
        case "M" if part.count > 2:
            month = MONTHS[moment.month - 1]
            return month if part.count > 3 else month[:3]
        case "y" | "Y" | "x" if part.count == 2:
            return f"{NUMBERS[part.letter](moment) % 100:02d}"
        case "y" | "Y" | "x":
            year = NUMBERS[part.letter](moment) + years
            if part.letter == "Y" and year <= 0:
                year = 1 - year  # of its era
            return f"{'-' * (year < 0)}{abs(year):0{part.count}d}"
        case "C":
            return str(abs(moment.year + years) // 100).zfill(part.count)
        case "Z":
            return tz if part.count > 2 else _offset(moment, ":" if part.count == 2 else "")
        case "z":
            return moment.tzname() or tz
        case letter:
            return str(NUMBERS[letter](moment)).zfill(part.count)


def _offset(moment: datetime, between: str) -> str:
    total = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    return f"{'-' if total < 0 else '+'}{abs(total) // 60:02d}{between}{abs(total) % 60:02d}"


@functools.lru_cache(1_000)
def _reader(pattern: str) -> tuple[re.Pattern[str], tuple[Part, ...]]:
    listed = parts(pattern)
    texts = []
    for place, part in enumerate(listed):
        following = listed[place + 1].letter if place + 1 < len(listed) else ""
        texts.append(_expression(part, place, adjacent=bool(following) and following not in "aEzZG"))
    return re.compile("".join(texts)), listed


def _expression(part: Part, place: int, *, adjacent: bool) -> str:
    name = f"p{place}"
    match part.letter:
        case "":
            return re.escape(part.text)
        case "a":
            return f"(?P<{name}>[AaPp][Mm])"
        case "G" | "E":
            return f"(?P<{name}>[A-Za-z]+)"
        case "M" if part.count > 2:
            return f"(?P<{name}>[A-Za-z]+)"
        case "Z" | "z":
            return f"(?P<{name}>Z|[+-]\\d{{2}}:?\\d{{2}}|[A-Za-z/_]+)"
        case "S":
            return f"(?P<{name}>\\d{{{part.count}}})" if adjacent else f"(?P<{name}>\\d{{1,9}})"
        case "y" | "Y" | "x":
            return f"(?P<{name}>\\d{{{part.count}}})" if adjacent else f"(?P<{name}>[+-]?\\d{{1,9}})"
        case "D":
            return f"(?P<{name}>\\d{{{part.count}}})" if adjacent else f"(?P<{name}>\\d{{1,3}})"
        case _:
            return f"(?P<{name}>\\d{{{part.count}}})" if adjacent else f"(?P<{name}>\\d{{1,{max(part.count, 2)}}})"


def parsed(text: str, pattern: str, tz: str = "UTC", otherwise: int | None = None) -> int:
    """Milliseconds since 1970. Raises ValueError for a text that is not of the pattern and no `otherwise`."""
    try:
        expression, listed = _reader(pattern)
        found = expression.fullmatch(text)
        if found is None:
            raise ValueError(f'Invalid format: "{text}" is malformed for {pattern}')
        values = {part.letter: (found[f"p{place}"], part) for place, part in enumerate(listed) if part.letter}
        return _millis(values, tz)
    except (ValueError, OverflowError) as error:
        if otherwise is not None:
            return otherwise
        raise ValueError(str(error)) from error


def _millis(values: dict[str, tuple[str, Part]], tz: str) -> int:
    def number(letter: str, default: int) -> int:
        return int(values[letter][0]) if letter in values else default

    where = zone(values.get("Z", values.get("z", (tz, None)))[0])
    year = _year(values)
    hour = number("H", number("k", 0) % 24)
    if "h" in values or "K" in values:
        hour = number("h", number("K", 0)) % 12 + (12 if values.get("a", ("AM", None))[0].upper() == "PM" else 0)
    fraction = int(values["S"][0].ljust(3, "0")[:3]) if "S" in values else 0
    clock = timedelta(hours=hour, minutes=number("m", 0), seconds=number("s", 0), milliseconds=fraction)
    if "w" in values or "x" in values:
        day = datetime.fromisocalendar(number("x", year), number("w", 1), number("e", 1))
    elif "D" in values:
        day = datetime(year, 1, 1) + timedelta(days=number("D", 1) - 1)
    elif "E" in values and not values.keys() & set("Md"):
        first = datetime(year, 1, 1)
        name = values["E"][0].lower()
        weekday = next(place for place, one in enumerate(DAYS) if one[: max(3, len(name))].lower() == name)
        day = first + timedelta(days=weekday - first.weekday())
    else:
        day = datetime(year, _month(values), number("d", 1))
    if clock >= timedelta(days=1) or number("m", 0) > 59 or number("s", 0) > 59:
        raise ValueError("a part of the time is out of its range")
    return millis_of((day + clock).replace(tzinfo=where))


def _year(values: dict[str, tuple[str, Part]]) -> int:
    given = values.get("y") or values.get("Y") or values.get("x")
    if given is None:  # a day without a year is one of 2000, a time of day alone of 1970
        return 2000 if values.keys() & set("MwdDeE") else 1970
    text, part = given
    if part.count == 2 and len(text) == 2:  # the century around 2000
        return 2000 + int(text) if int(text) < 50 else 1900 + int(text)
    return int(text)


def _month(values: dict[str, tuple[str, Part]]) -> int:
    text = values["M"][0] if "M" in values else "1"
    if text.isdigit():
        return int(text)
    return next(place for place, month in enumerate(MONTHS, 1) if month[: max(3, len(text))].lower() == text.lower())
