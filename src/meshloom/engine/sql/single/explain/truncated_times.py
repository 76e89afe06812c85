"""A comparison of dateTrunc as a range of the time that it truncates (TimePredicateFilterOptimizer of 1.5.1, as it
is: the bound of `>` is that of the second period)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from meshloom.engine.sql.single.explain.expression import Call, Expression, Literal

MILLIS = {"NANOSECONDS": 1e-6, "MICROSECONDS": 1e-3, "MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000,
          "HOURS": 3_600_000, "DAYS": 86_400_000}  # fmt: skip
FIXED = {"MILLISECOND": 1, "SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
WEEK, THURSDAY = 7 * 86_400_000, 3 * 86_400_000  # 1970 began on a Thursday; weeks begin on Mondays
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
LEAST, MOST = -(2**63), 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_truncated(name: str, call: Call, bounds: Sequence[Expression]) -> str | None:
    """The range in Pinot's form with NUL for the delimiter; None where the comparison stays as it is."""
    told = [one.text.upper() for one in (call.arguments[0], *call.arguments[2:]) if isinstance(one, Literal)]
    if len(told) != len(call.arguments) - 1 or (len(told) > 2 and told[2] != "UTC"):
        return None
    unit, given = told[0], told[1] if len(told) > 1 else "MILLISECONDS"
    made = told[3] if len(told) > 3 else "MILLISECONDS"
    values = [_whole(one) for one in bounds]
    known = given in MILLIS and made in MILLIS and unit in (*FIXED, *MONTHS, "WEEK")
    if None in values or not known:
        return None
    millis = [int(value * MILLIS[made]) for value in values if value is not None]
    found = _bounds(name, unit, millis)
    if found is None:
        return None
    low, low_in, high, high_in = found
    ends = [end if end in (LEAST, MOST) and MILLIS[given] <= 1 else int(end // MILLIS[given]) for end in (low, high)]
    return f"{'[' if low_in else '('}{ends[0]}\0{ends[1]}{']' if high_in else ')'}"


def _whole(one: Expression) -> int | None:
    if not isinstance(one, Literal) or isinstance(one.value, bool):
        return None
    if isinstance(one.value, int):
        return one.value
    text = one.value if isinstance(one.value, str) else ""
    return int(text) if text.lstrip("-").isdigit() else None


def _bounds(name: str, unit: str, millis: Sequence[int]) -> tuple[int, bool, int, bool] | None:
    first, last = millis[0], millis[-1]
    begins = first == floor(unit, first)
    match name:
        case "equals":
            return (first, True, end(unit, first), True) if begins else (MOST, True, LEAST, True)
        case "greater_than":
            return end(unit, first), False, MOST, True
        case "greater_than_or_equal":
            return (first, True, MOST, True) if begins else (end(unit, first), False, MOST, True)
        case "less_than":
            return (LEAST, True, first, False) if begins else (LEAST, True, end(unit, first), True)
        case "less_than_or_equal":
            return LEAST, True, end(unit, first), True
        case "between":
            return first, True, end(unit, last), True
    return None


def end(unit: str, millis: int) -> int:
    """The last millisecond of the period, as long as the first one after 1970 is."""
    return floor(unit, millis) + _ceiling(unit) - 1


def floor(unit: str, millis: int) -> int:
    if unit in FIXED:
        return millis // FIXED[unit] * FIXED[unit]
    if unit == "WEEK":
        return (millis + THURSDAY) // WEEK * WEEK - THURSDAY
    day = EPOCH + timedelta(milliseconds=millis)
    month = (day.month - 1) // MONTHS[unit] * MONTHS[unit] + 1
    return (datetime(day.year, month, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def _ceiling(unit: str) -> int:
    """The first period's beginning after the first millisecond of 1970."""
    if unit in FIXED:
        return max(FIXED[unit], 1)
    if unit == "WEEK":
        return WEEK - THURSDAY
    month = MONTHS[unit] + 1
    year, month = 1970 + (month - 1) // 12, (month - 1) % 12 + 1
    return (datetime(year, month, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
