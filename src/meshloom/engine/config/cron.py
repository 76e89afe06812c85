"""Quartz's cron expressions: whether a text is one (CronExpression, as CronScheduleBuilder takes it)."""

from __future__ import annotations

import re

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Of each part: its least and greatest value, and its names, of which the first is the least.
PARTS = (
    (0, 59, ()), (0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, MONTHS), (1, 7, DAYS), (1970, 2199, ()),
)  # fmt: skip
MONTH_DAY, WEEK_DAY = 3, 5
ITEM = re.compile(r"(?:\*|([A-Z]{3}|\d+)(?:-([A-Z]{3}|\d+))?)(?:/(\d+))?")
LAST = re.compile(r"L(-([12]?\d|30))?W?|([1-9]|[12]\d|3[01])W")
NTH = re.compile(r"([1-7]|[A-Z]{3})(L|#[1-5])|L")


def is_cron(text: str) -> bool:
    """Six or seven parts; of the days of the month and of the week exactly one is `?`."""
    parts = text.upper().split()
    if not 6 <= len(parts) <= 7:
        return False
    if (parts[MONTH_DAY] == "?") == (parts[WEEK_DAY] == "?"):
        return False
    return all(_part(position, part) for position, part in enumerate(parts))


def _part(position: int, part: str) -> bool:
    if part == "?":
        return position in (MONTH_DAY, WEEK_DAY)
    return all(_item(position, item) for item in part.split(","))


def _item(position: int, item: str) -> bool:
    if position == MONTH_DAY and LAST.fullmatch(item):
        return True
    if position == WEEK_DAY and (found := NTH.fullmatch(item)):
        return found[1] is None or found[1].isdigit() or found[1] in DAYS
    match = ITEM.fullmatch(item)
    if match is None:
        return False
    least, most, names = PARTS[position]
    for value in match.groups()[:2]:
        if value is None:
            continue
        if value.isdigit():
            if not least <= int(value) <= most:
                return False
        elif value not in names:
            return False
    return match[3] is None or int(match[3]) <= most
