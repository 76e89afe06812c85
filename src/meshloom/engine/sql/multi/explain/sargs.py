"""Sets of values that a column is tested against (Calcite's Sarg): ranges, and what a null gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

Bound = str | int | float | bool | Decimal


@dataclass(frozen=True, slots=True)
class Range:
    """Between two values, each with whether it belongs to the range; None is without end."""

    low: Bound | None = None
    high: Bound | None = None
    low_in: bool = False
    high_in: bool = False

    @property
    def point(self) -> bool:
        return self.low is not None and self.low == self.high

    def told(self, value: Callable[[Bound], str]) -> str:
        if self.low is not None and self.low == self.high:
            return value(self.low)
        low = "(-∞" if self.low is None else ("[" if self.low_in else "(") + value(self.low)
        high = "+∞)" if self.high is None else value(self.high) + ("]" if self.high_in else ")")
        return f"{low}..{high}"


ALL = Range()


@dataclass(frozen=True, slots=True)
class Sarg:
    """Ranges in order, without overlap. `nulls` is what a null gives: True, False, or None for unknown."""

    ranges: tuple[Range, ...]
    nulls: bool | None = None

    def told(self, value: Callable[[Bound], str]) -> str:
        shown = ", ".join(one.told(value) for one in self.ranges) or "<NONE>"
        nulls = {None: "", True: "; NULL AS TRUE", False: "; NULL AS FALSE"}[self.nulls]
        return f"Sarg[{shown}{nulls}]"

    @property
    def points(self) -> bool:
        return bool(self.ranges) and all(one.point for one in self.ranges)

    @property
    def all(self) -> bool:
        return self.ranges == (ALL,)

    @property
    def hole(self) -> bool:
        """All but one value."""
        return len(self.ranges) == 2 and len(complement(self.ranges)) == 1 and complement(self.ranges)[0].point

    @property
    def complexity(self) -> int:
        count = 1 if self.hole else len(self.ranges)
        return count + (self.nulls is True)

    def negated(self) -> Sarg:
        return Sarg(complement(self.ranges), None if self.nulls is None else not self.nulls)


def less(a: Bound, b: Bound) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return str(a) < str(b)
    return a < b


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """In order, those that touch made one."""
    ordered = sorted(ranges, key=_Low)
    found: list[Range] = []
    for one in ordered:
        if found and _touch(found[-1], one):
            last = found[-1]
            further = _High(last) < _High(one)
            high, high_in = (one.high, one.high_in) if further else (last.high, last.high_in)
            found[-1] = Range(last.low, high, last.low_in, high_in)
        else:
            found.append(one)
    return tuple(found)


def complement(ranges: Iterable[Range]) -> tuple[Range, ...]:
    found: list[Range] = []
    low: Bound | None = None
    low_in, open_ = False, True
    for one in union(ranges):
        if one.low is not None and (low is None or less(low, one.low) or (low_in and not one.low_in)):
            found.append(Range(low, one.low, low_in, not one.low_in))
        low, low_in, open_ = one.high, not one.high_in, one.high is not None
    if open_:
        found.append(Range(low, None, low_in, False))
    return tuple(found)


class _Low:
    """Sorts ranges by where they begin."""

    def __init__(self, one: Range) -> None:
        self.one = one

    def __lt__(self, other: _Low) -> bool:
        a, b = self.one, other.one
        if a.low is None or b.low is None:
            return a.low is None and b.low is not None
        return less(a.low, b.low) or (a.low == b.low and a.low_in and not b.low_in)


class _High:
    def __init__(self, one: Range) -> None:
        self.one = one

    def __lt__(self, other: _High) -> bool:
        a, b = self.one, other.one
        if a.high is None or b.high is None:
            return a.high is not None and b.high is None
        return less(a.high, b.high) or (a.high == b.high and not a.high_in and b.high_in)


def _touch(first: Range, second: Range) -> bool:
    if first.high is None or second.low is None:
        return True
    return less(second.low, first.high) or (second.low == first.high and (first.high_in or second.low_in))


def of_comparison(op: str, value: Bound) -> tuple[Range, ...]:
    return {
        "=": (Range(value, value, True, True),),
        "<>": (Range(None, value), Range(value, None)),
        "<": (Range(None, value),),
        "<=": (Range(None, value, False, True),),
        ">": (Range(value, None),),
        ">=": (Range(value, None, True, False),),
    }[op]
