"""The formats and granularities of `dateTimeFieldSpecs` (DateTimeFormatSpec, DateTimeGranularitySpec)."""

from __future__ import annotations

import re

from meshloom.engine.config.java import whole

UNITS = frozenset({"NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"})
LONG_UNITS = UNITS | {"WEEKS", "MONTHS", "QUARTERS", "YEARS"}  # DateTimeTransformUnit
ZONED = re.compile(r"(.+)( tz *\((.+)\)) *")
LETTERS = frozenset("GCxweEyDMdaKhHkmsSzZY")
ORDER = "yMdHmsS"


def pattern_of(form: str) -> str | None:
    """A format's date pattern; None of one that has none. Raises ValueError for what is no format."""
    if not form:
        raise ValueError("Must provide format")
    if form[0].isdigit():
        tokens = form.split(":", 3)
        if len(tokens) < 3:
            raise ValueError(form)
        size, unit, kind = tokens[:3]
        pattern = tokens[3] if len(tokens) > 3 else None
        if pattern and (found := ZONED.match(pattern)):
            pattern = found[1].strip()
    else:
        tokens = form.split("|", 2)
        kind, unit = tokens[0], tokens[1] if len(tokens) > 1 else "MILLISECONDS"
        size, pattern = tokens[2] if len(tokens) > 2 else "1", tokens[1] if len(tokens) > 1 else None
        if kind == "SIMPLE_DATE_FORMAT" and len(tokens) == 2 and (found := ZONED.match(tokens[1])):
            pattern = found[1].strip()
    if kind == "EPOCH":
        if whole(size, 32) <= 0 or unit not in LONG_UNITS:
            raise ValueError(form)
        return None
    if kind == "TIMESTAMP":
        return None
    if kind != "SIMPLE_DATE_FORMAT":
        raise ValueError(form)
    if pattern is not None:
        _check_pattern(pattern)
    return pattern


def _check_pattern(pattern: str) -> None:
    """Joda's DateTimeFormat.forPattern."""
    bare = re.sub(r"'[^']*('|$)", "", pattern)
    unknown = [letter for letter in bare if letter.isascii() and letter.isalpha() and letter not in LETTERS]
    if not pattern or unknown:
        raise ValueError(pattern)


def in_order(pattern: str) -> bool:
    """Whether texts of a pattern sort as their times do: year, month, … as far as they are there."""
    last = [pattern.rfind(letter) for letter in ORDER]
    for position in range(len(last) - 1):
        if last[position] > last[position + 1] != -1:
            return False
        last[position + 1] = max(last[position], last[position + 1])
    return True


def check_granularity(text: str | None) -> None:
    """Raises ValueError."""
    if not text:
        raise ValueError("Must provide granularity")
    tokens = text.split(":", 1) if text[0].isdigit() else text.split("|", 1)
    if text[0].isdigit():
        if len(tokens) != 2:
            raise ValueError(text)
        size, unit = tokens
    else:
        unit, size = tokens[0], tokens[1] if len(tokens) > 1 else "1"
    if unit not in UNITS or whole(size, 32) <= 0:
        raise ValueError(text)
