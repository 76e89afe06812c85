"""A table's `quota.maxQueriesPerSecond`: how many of its queries a broker answers in a second
(HelixExternalViewBasedQueryQuotaManager)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import TOO_MANY_REQUESTS, PinotError

WINDOW = 1.0  # seconds


class Quotas:
    """Counts the queries of the last second by table. Safe for threads. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hits: dict[str, deque[float]] = {}

    def acquire(self, configs: list[TableConfig]) -> None:
        """One query of these tables. Raises PinotError 429 when one of them has had its share; then it counts for
        none."""
        limits = {config.name: limit for config in configs if (limit := _limit(config)) is not None}
        if not limits:
            return
        now = self._clock()
        with self._lock:
            for name, limit in limits.items():
                hits = self._hits.setdefault(name, deque())
                while hits and hits[0] <= now - WINDOW:
                    hits.popleft()
                if len(hits) >= limit:
                    raise PinotError(
                        TOO_MANY_REQUESTS,
                        f"TooManyRequestsError: the query exceeds the quota of table {name}: {limit:g} queries a "
                        "second (quota.maxQueriesPerSecond). Ask again in a second",
                    )
            for name in limits:
                self._hits[name].append(now)


def _limit(config: TableConfig) -> float | None:
    """A quota below 1 a second allows one: a broker cannot answer a part of a query."""
    text = str(config.section("quota").get("maxQueriesPerSecond") or "")
    try:
        return max(float(text), 1.0)
    except ValueError:
        return None
