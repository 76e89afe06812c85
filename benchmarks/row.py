"""One figure of a run, and how two contestants are measured: in turns, so that a slow minute slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A figure. `limit` is the mark that it must not exceed (inclusive), None without one."""

    figure: str
    value: float
    unit: str
    limit: float | None
    note: str = ""

    @property
    def held(self) -> bool:
        return self.limit is None or self.value <= self.limit


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(ours: Callable[[], object], rival: Callable[[], object], runs: int) -> tuple[float, float]:
    """The median seconds of both over `runs` turns, after one turn that is not counted."""
    ours(), rival()
    pairs = [(seconds(ours), seconds(rival)) for _ in range(runs)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)
