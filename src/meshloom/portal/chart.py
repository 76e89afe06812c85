"""A line over time, drawn as SVG from rows that the sidecar gave."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pyarrow as pa
from markupsafe import Markup

from meshloom.mesh.views import ContractDescription

NUMBERS = ("number", "integer", "int", "bigint", "double", "float", "decimal", "long")
TIMES = ("date", "timestamp", "time")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 260, 56, 12, 14, 28
POINTS = 2_000


@dataclass(frozen=True, slots=True)
class Axes:
    """Over which column of time, and which measure of those that the contract has."""

    time: str
    measures: tuple[str, ...]
    titles: dict[str, str]
    measure: str

    def of(self, measure: str) -> Axes:
        """The same with another measure, when there is such a one."""
        return replace(self, measure=measure) if measure in self.measures else self

    def query(self, table: str) -> str:
        """The measure's sum for each time. Names come from the contract, never from a visitor."""
        return (
            f'SELECT "{self.time}", SUM("{self.measure}") AS total FROM {table}'
            f' GROUP BY "{self.time}" ORDER BY "{self.time}" LIMIT {POINTS}'
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """The picture, and the same in figures for those who cannot see it. `total` is over all points."""

    picture: Markup
    points: int
    total: float
    best: tuple[str, float] | None


def axes(contract: ContractDescription) -> Axes | None:
    """A contract whose actual time is a part of its key, and which has numbers beside it; None for others."""
    time = next(
        (c for c in contract.columns if c.name == contract.actual_time and c.primary_key and _is(c.type, TIMES)), None
    )
    measures = [
        c
        for c in contract.columns
        if not c.primary_key and _is(c.type, NUMBERS) and c.classification in ("public", "internal")
    ]
    if time is None or not measures:
        return None
    titles = {c.name: c.business_name or c.name for c in contract.columns}
    return Axes(time.name, tuple(c.name for c in measures), titles, measures[0].name)


def draw(table: pa.Table, drawn: Axes) -> Drawn:
    """The chart of two columns, a time and a number; times may be dates, timestamps or milliseconds since 1970."""
    points = [
        (_date(when), float(value))
        for when, value in zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True)
        if when is not None and value is not None
    ]
    points.sort()
    best = max(points, key=lambda point: point[1], default=None)
    total = sum(value for _, value in points)
    title = f"{drawn.titles[drawn.measure]} over time"
    return Drawn(
        _picture(points, title) if len(points) > 1 else Markup(),
        len(points),
        total,
        (f"{best[0]:%Y-%m-%d}", best[1]) if best else None,
    )


def _picture(points: list[tuple[date, float]], title: str) -> Markup:
    first, last = points[0][0], points[-1][0]
    days = max((last - first).days, 1)
    ceiling, step = _scale(max(value for _, value in points))

    def x(when: date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (when - first).days / days

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / ceiling)

    grid = Markup()
    for number in range(round(ceiling / step) + 1):
        value = number * step
        grid += Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            LEFT, WIDTH - RIGHT, y(value), y(value)
        )
        grid += Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            LEFT - 8, y(value) + 4, _short(value)
        )
    labels = Markup()
    for when in _months(first, last):
        labels += Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            min(x(when), WIDTH - 16), HEIGHT - 8, f"{when:%b}" if when.month > 1 else f"{when:%Y}"
        )
    line = " ".join(f"{x(when):.1f},{y(value):.1f}" for when, value in points)
    area = f"{x(first):.1f},{y(0):.1f} {line} {x(last):.1f},{y(0):.1f}"
    week = _smooth(points)
    smooth = " ".join(f"{x(when):.1f},{y(value):.1f}" for when, value in week)
    marks = Markup().join(
        Markup('<circle class="point" cx="{:.1f}" cy="{:.1f}" r="7"><title>{}: {:,.0f}</title></circle>').format(
            x(when), y(value), f"{when:%a %Y-%m-%d}", value
        )
        for when, value in points
    )
    return Markup(
        '<svg class="chart" role="img" aria-label="{}" viewBox="0 0 {} {}">{}<polygon class="area" points="{}"/>'
        '<polyline class="daily" points="{}"/><polyline class="smooth" points="{}"/>{}{}</svg>'
    ).format(title, WIDTH, HEIGHT, grid, area, line, smooth, labels, marks)


def _smooth(points: list[tuple[date, float]], window: int = 7) -> list[tuple[date, float]]:
    """The mean of each point with its neighbours, a week in all."""
    half = window // 2
    found = []
    for at, (when, _) in enumerate(points):
        near = points[max(0, at - half) : at + half + 1]
        found.append((when, sum(value for _, value in near) / len(near)))
    return found


def _scale(largest: float) -> tuple[float, float]:
    """The top of the axis and the distance of its lines: 1, 2, 2.5 or 5 times a power of ten."""
    if largest <= 0:
        return 1.0, 1.0
    rough = largest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    return step * math.ceil(largest / step), step


def _months(first: date, last: date) -> list[date]:
    found = []
    year, month = first.year, first.month
    while date(year, month, 1) <= last:
        if date(year, month, 1) >= first:
            found.append(date(year, month, 1))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    every = max(1, math.ceil(len(found) / 12))
    return found[::every]


def _short(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC).date()
    return datetime.fromisoformat(str(value)).date()


def _is(kind: str, words: tuple[str, ...]) -> bool:
    return any(word in kind.casefold() for word in words)
