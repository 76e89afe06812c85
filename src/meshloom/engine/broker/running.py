"""The queries that run now: each is stopped when its time is over or somebody cancels it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from meshloom.engine.sql.functions import STOPPING
from meshloom.infra.compute import Session

TICK = 1.0  # seconds for which the watch goes on after the last query, so that a busy broker does not wake it each time
AGAIN = 0.05
NEVER = float("inf")


@dataclass(eq=False, slots=True)
class Query:
    """One that runs. `stopped` becomes "timeout" or "cancelled" when it was stopped from outside."""

    id: str
    sql: str
    session: Session
    deadline: float
    stopped: str = ""
    functions: frozenset[str] = frozenset()

    def due(self, now: float) -> float:
        """When to look at it again."""
        return now + AGAIN if self.stopped else max(self.deadline, now + AGAIN)


class Running:
    """Safe for threads. One thread watches the deadlines of all; it sleeps while nothing runs."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queries: dict[str, Query] = {}
        self._wakes = NEVER
        self._watch: threading.Thread | None = None

    @contextmanager
    def watched(
        self, session: Session, id_: str, sql: str, timeout_ms: float, functions: frozenset[str] = frozenset()
    ) -> Iterator[Query]:
        """Run the block's one statement under the watch; what stops it is told in the query's `stopped`. `functions`
        are those in Python that it calls, which end with it."""
        query = Query(id_, sql, session, time.monotonic() + timeout_ms / 1000, functions=functions)
        with self._changed:
            while query.id in self._queries:  # a client may give several queries one name
                query.id += "+"
            self._queries[query.id] = query
            if self._watch is None:
                self._watch = threading.Thread(target=self._until_stopped, name="query-deadlines", daemon=True)
                self._watch.start()
            elif query.deadline < self._wakes:
                self._changed.notify()
        try:
            yield query
        finally:
            with self._changed:
                del self._queries[query.id]
                STOPPING.end(query)

    def cancel(self, id_: str) -> bool:
        """Stop a query; false when none of that id runs."""
        with self._changed:
            query = self._queries.get(id_)
            if query is None:
                return False
            self._stop(query, "cancelled")
            self._changed.notify()
            return True

    def list(self) -> dict[str, str]:
        """The SQL of what runs, by id."""
        with self._changed:
            return {query.id: query.sql for query in self._queries.values()}

    def _stop(self, query: Query, why: str) -> None:
        if not query.stopped:
            query.stopped = why
            STOPPING.begin(query, query.functions)
        query.session.interrupt()

    def _stop_late(self, now: float) -> None:
        for query in self._queries.values():
            if query.stopped or query.deadline <= now:
                self._stop(query, "timeout")

    def _until_stopped(self) -> None:
        with self._changed:
            idle = False
            while True:
                now = time.monotonic()
                self._stop_late(now)
                # An interrupt may come before its statement has begun: it is tried again until the query is gone.
                coming = min((query.due(now) for query in self._queries.values()), default=NEVER)
                self._wakes = NEVER if idle and not self._queries else min(coming, now + TICK)
                idle = not self._queries
                self._changed.wait(None if self._wakes == NEVER else self._wakes - now)
