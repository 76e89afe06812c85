"""What was promised beside what was measured: a contract's service levels against its publishes and last run (E5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from meshloom.mesh.views import Measurement, Publish
from meshloom.spec.contract import Contract, ServiceLevel

SECONDS: Mapping[str, float] = {
    "s": 1,
    "second": 1,
    "min": 60,
    "minute": 60,
    "m": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86_400,
    "day": 86_400,
    "w": 604_800,
    "week": 604_800,
    "mo": 2_629_746,
    "month": 2_629_746,
    "y": 31_556_952,
    "year": 31_556_952,
}
"""Seconds of a service level's unit (ODCS 3.2, slaProperties); months and years are the Gregorian mean."""


def measurements(
    contract: Contract, publishes: Sequence[Publish], run: Mapping[str, Any] | None, now: datetime
) -> Iterator[Measurement]:
    """Promises first, then what is measured without one.

    Args:
        publishes: of this contract, newest first.
        run: the contract's part of the last run's entry, if there was one.
        now: aware; freshness is the time since the newest publish or the run that found nothing new.
    """
    last = publishes[0] if publishes else None
    names = {level.property for level in contract.service_levels}
    for level in contract.service_levels:
        yield _promised(contract, level, publishes, run, now)
    if last is None:
        return
    if "completeness" not in names and run and run["rows_in"]:
        yield _measured(contract, "completeness", _completeness(run), last.processing_time)
    yield _measured(contract, "rows", f"{last.rows:,}", last.processing_time)
    yield _measured(contract, "held back", f"{last.quarantined:,}", last.processing_time)


def healthy(measured: Sequence[Measurement]) -> bool | None:
    """Whether every promise that could be measured is kept; None when none could."""
    verdicts = [one.holds for one in measured if one.holds is not None]
    return all(verdicts) if verdicts else None


def seconds(level: ServiceLevel) -> float | None:
    """A service level's duration in seconds; None when it is none."""
    unit = level.unit.casefold().strip()
    factor = SECONDS.get(unit, SECONDS.get(unit.removesuffix("s")))
    try:
        return float(level.value) * factor if factor is not None else None
    except ValueError:
        return None


def duration(value: float) -> str:
    """Seconds in words, in the largest unit that fits: `3 d`, `12 min`."""
    for unit in ("d", "h", "min"):
        if value >= SECONDS[unit]:
            return f"{value / SECONDS[unit]:.0f} {unit}"
    return f"{max(value, 0):.0f} s"


def _promised(
    contract: Contract,
    level: ServiceLevel,
    publishes: Sequence[Publish],
    run: Mapping[str, Any] | None,
    now: datetime,
) -> Measurement:
    promised = f"{level.value} {level.unit}".strip()
    measured, holds, at = "not measured", None, None
    limit = seconds(level)
    if not publishes:
        measured = "never published"
        holds = False if level.property == "freshness" else None
    elif level.property in ("freshness", "latency") and limit is not None:
        at = publishes[0].processing_time
        age = (now - at) / timedelta(seconds=1)
        measured, holds = f"{duration(age)} old", age <= limit
    elif level.property == "completeness" and run and run["rows_in"]:
        at = publishes[0].processing_time
        measured, holds = _completeness(run), _share(run) * 100 >= float(level.value)
    elif level.property == "retention":
        at = publishes[-1].processing_time
        measured = f"every publish since {at:%Y-%m-%d}"
    return Measurement(level.property, promised, measured, holds, at, contract=contract.id)


def _measured(contract: Contract, name: str, text: str, at: datetime) -> Measurement:
    return Measurement(name, "", text, None, at, contract=contract.id)


def _share(run: Mapping[str, Any]) -> float:
    return float(run["rows_in"] - run["quarantined"]) / float(run["rows_in"])


def _completeness(run: Mapping[str, Any]) -> str:
    return f"{_share(run) * 100:.2f} % of {run['rows_in']:,} rows"
