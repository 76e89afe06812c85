"""A table's `quota.maxQueriesPerSecond`: how many of its queries a broker answers in a second
(HelixExternalViewBasedQueryQuotaManager)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import TOO_MANY_REQUESTS, PinotError

WINDOW = 1.0  # seconds


class Quotas:
    """Counts the queries of the last second by table. Safe for threads. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hits: dict[str, deque[float]] = {}

    def acquire(self, limits: Mapping[str, float]) -> None:
        """One query of what has these limits by name. Raises PinotError 429 when one of them has had its share; then it
        counts for none."""
        if not limits:
            return
        now = self._clock()
        with self._lock:
            for name, limit in limits.items():
                hits = self._hits.setdefault(name, deque())
                while hits and hits[0] <= now - WINDOW:
                    hits.popleft()
                if len(hits) >= max(limit, 1.0):  # a broker cannot answer a part of a query
                    raise PinotError(
                        TOO_MANY_REQUESTS,
                        f"TooManyRequestsError: the query exceeds the quota of {name}: {limit:g} queries a "
                        "second (quota.maxQueriesPerSecond). Ask again in a second",
                    )
            for name in limits:
                self._hits[name].append(now)


def limits_of(configs: Iterable[TableConfig], application: str, known: Mapping[str, float]) -> dict[str, float]:
    """The limits that count for a query of these tables: theirs, of their databases and of the application that asks.
    `known` are those of databases and applications; one with the name "" turns all off."""
    if "" in known:
        return {}
    found = {}
    for config in configs:
        if (limit := limit_of(config)) is not None:
            found[f"table {config.name}"] = limit
        if known and (named := f"database/{database_of(config.name)}") in known:
            found[named.replace("/", " ")] = known[named]
    if application and (named := f"application/{application}") in known:
        found[named.replace("/", " ")] = known[named]
    return found


def database_of(table: str) -> str:
    """The part before the point in a table's name."""
    return table.rpartition(".")[0] or "default"


def limit_of(config: TableConfig) -> float | None:
    """What a table's config says; None for nothing, or no number."""
    text = str(config.section("quota").get("maxQueriesPerSecond") or "")
    try:
        return float(text)
    except ValueError:
        return None
