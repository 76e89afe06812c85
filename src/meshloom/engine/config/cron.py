"""Quartz's cron expressions: whether a text is one, as its CronExpression reads it.

That reader looks at each item of a part from its left and ignores what it has no use for: `5X` is 5, `JANUARY` is
JAN, and an item that ends early is none. Whatever it takes, this takes.
"""

from __future__ import annotations

import re
from datetime import datetime

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTH_DAY, MONTH, WEEK_DAY, YEAR = 3, 4, 5, 6
NAMES = {MONTH: MONTHS, WEEK_DAY: DAYS}
# Of each part but the years: its least and greatest value, and the greatest step.
BOUNDS = ((0, 59, 59), (0, 59, 59), (0, 23, 23), (1, 31, 31), (1, 12, 12), (1, 7, 7))
# The values by which Quartz notes `?` and `*`; written as numbers they mean the same.
UNSAID, EVERY = 98, 99
MOST_INT = 2**31 - 1
FIRST_YEAR, YEARS_AHEAD = 1970, 100
MOST_OFFSET = 30

# `L`, `LW` and `L-3W` are no names.
LAST = re.compile(r"L|LW|L-\d*W?")
NAMED = re.compile(r"([A-Z]{3})(?:-([A-Z]{3})|(-)|#(.*)|(#))?", re.DOTALL)
STEPS = re.compile(r"\*?/([+-]?\d+)")
NUMBER = re.compile(r"(\d+)")
RANGE = re.compile(r"-(\d+)(?:/(\d+)|(/))?")


class NoCronError(Exception):
    """The item is none that Quartz takes."""


def is_cron(text: str) -> bool:
    """Six or seven parts; of the days of the month and of the week exactly one is `?`."""
    parts = [part for part in re.split(r"[ \t]+", text.upper()) if part]
    if not WEEK_DAY < len(parts) <= YEAR + 1:
        return False
    days = parts[WEEK_DAY]
    if (len(days) > 1 and "L" in days and "," in days) or days.count("#") > 1:
        return False
    try:
        # Each item is read, also after one that is `?`.
        unsaid = [{_item(at, item) for item in part.split(",") if item} for at, part in enumerate(parts)]
    except NoCronError:
        return False
    return (True in unsaid[MONTH_DAY]) != (True in unsaid[WEEK_DAY])


def _item(position: int, item: str) -> bool:
    """Refuses an item that is none; true of `?`."""
    first = item[0]
    if LAST.fullmatch(item):
        return _last(position, item)
    if "A" <= first <= "Z":
        return _named(position, item)
    if first == "?":
        return _need(position in (MONTH_DAY, WEEK_DAY) and len(item) < len("?__"))
    if first in "*/":
        return _steps(position, item)
    return _number(position, item)


def _need(held: bool) -> bool:
    if not held:
        raise NoCronError
    return True


def _int(digits: str) -> int:
    number = int(digits)
    _need(abs(number) <= MOST_INT)
    return number


def _last(position: int, item: str) -> bool:
    _need(position >= MONTH_DAY)
    if position == MONTH_DAY and item.startswith("L-"):
        digits = item[2:].rstrip("W")
        # Without digits: Quartz asks for a character after the hyphen only.
        _need(item != "L-" and _int(digits or "0") <= MOST_OFFSET)
    return False


def _named(position: int, item: str) -> bool:
    names = NAMES.get(position, ())
    match = NAMED.match(item)
    _need(match is not None)
    assert match is not None
    name, until, bare, nth, no_nth = match.groups()
    _need(name in names and bare is None)
    _need(until is None or until in names)
    if position == WEEK_DAY and (nth is not None or no_nth is not None):
        _nth(nth or "")
    return False


def _nth(digits: str) -> None:
    _need(re.fullmatch(r"[+-]?\d+", digits) is not None and 1 <= int(digits) <= 5)


def _steps(position: int, item: str) -> bool:
    if item.startswith("*") and not item.startswith("*/"):
        return False
    match = STEPS.fullmatch(item)
    _need(match is not None)
    assert match is not None
    _step(position, _int(match[1]))
    return False


def _step(position: int, step: int) -> None:
    _need(position == YEAR or step <= BOUNDS[position][2])


def _number(position: int, item: str) -> bool:
    match = NUMBER.match(item)
    _need(match is not None)
    assert match is not None
    value, rest = _int(match[1]), item[match.end() :]
    if rest.startswith("L"):
        _need(position == WEEK_DAY and 1 <= value <= len(DAYS))
    elif rest.startswith("W"):
        _need(position == MONTH_DAY and value <= BOUNDS[MONTH_DAY][1])
    elif rest.startswith("#"):
        _need(position == WEEK_DAY)
        _nth(rest[1:])
    elif rest.startswith("-"):
        _range(position, value, rest)
    elif rest.startswith("/"):
        _need(re.fullmatch(r"/\d(\d.*)?", rest, re.DOTALL) is not None)
        step = _int(NUMBER.match(rest, 1)[1])  # type: ignore[index]
        _step(position, step)
        _values(position, value, None, step)
    else:
        _values(position, value, None, 0)
    return value == UNSAID and not rest.startswith("W")


def _range(position: int, value: int, rest: str) -> None:
    match = RANGE.match(rest)
    _need(match is not None)
    assert match is not None
    end, step, bare = match.groups()
    _need(bare is None)
    _values(position, value, _int(end), _int(step) if step is not None else 1)


def _values(position: int, value: int, end: int | None, step: int) -> None:
    if position == YEAR:
        latest = datetime.now().astimezone().year + YEARS_AHEAD if end is None else end
        start = FIRST_YEAR if value == EVERY else value
        _need((step == 0 and value != EVERY) or start <= latest)
        return
    least, most, _ = BOUNDS[position]
    if value == EVERY or (value == UNSAID and position in (MONTH_DAY, WEEK_DAY)):
        return
    _need(least <= value <= most and (end is None or end <= most))
