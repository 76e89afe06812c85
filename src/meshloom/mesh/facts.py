"""What changes between applies: rows, publishes, kept promises and usage of each product, for search and the map."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from meshloom.mesh.describe import publishes
from meshloom.mesh.measure import healthy, measurements
from meshloom.mesh.search import Signals
from meshloom.mesh.views import Hit
from meshloom.product.platform import Platform
from meshloom.quantum.sidecar.audit import AuditLog

FRESH = 5.0  # seconds for which counted reads are good enough
COUNTED = 5_000  # newest lines of the access log that count as usage


@dataclass(frozen=True, slots=True)
class Fact:
    """One product now."""

    rows: int | None
    published: datetime | None
    healthy: bool | None


class Facts:
    """Computed when asked for, kept until the next apply (facts) or a few seconds (usage). Safe for threads."""

    def __init__(self, platform: Platform, audit: AuditLog) -> None:
        self._platform, self._audit = platform, audit
        self._lock = threading.Lock()
        self._facts: tuple[int, float, dict[str, Fact]] = (-1, 0.0, {})
        self._usage: tuple[float, dict[str, tuple[int, int]]] = (0.0, {})

    def signals(self, urn: str) -> Signals:
        """What moves a product up or down in a search."""
        reads, readers = self._used().get(urn, (0, 0))
        fact = self._all().get(urn)
        return Signals(reads, readers, fact.healthy if fact else None)

    def complete(self, hit: Hit) -> Hit:
        """The hit with its rows and time of the newest publish."""
        fact = self._all().get(hit.urn)
        return replace(hit, rows=fact.rows, published=fact.published, deployed=True) if fact else hit

    def by_urn(self) -> Mapping[str, Mapping[str, Any]]:
        """For the mesh map."""
        return {
            urn: {"rows": fact.rows, "healthy": fact.healthy, "deployed": True} for urn, fact in self._all().items()
        }

    def _all(self) -> dict[str, Fact]:
        with self._lock:
            generation, until, facts = self._facts
            now = self._platform.deployed.generation
            if now != generation or time.monotonic() > until:
                facts = {
                    str(product.urn): self._one(str(product.urn)) for product in self._platform.deployed.products()
                }
                self._facts = (now, time.monotonic() + FRESH, facts)
            return facts

    def _one(self, urn: str) -> Fact:
        product = next(one.product for one in self._platform.deployed.products() if str(one.urn) == urn)
        run = next(iter(self._platform.store.journal("run", urn, limit=1)), None)
        parts = {one["contract"]: one for one in run["contracts"]} if run else {}
        published = {contract.id: publishes(self._platform, product, contract) for contract in product.contracts}
        now = datetime.now(UTC)
        measured = [
            one
            for contract in product.contracts
            for one in measurements(contract, published[contract.id], parts.get(contract.id), now)
        ]
        newest = [many[0] for many in published.values() if many]
        return Fact(
            sum(one.rows for one in newest) if newest else None,
            max((one.processing_time for one in newest), default=None),
            healthy(measured),
        )

    def _used(self) -> dict[str, tuple[int, int]]:
        with self._lock:
            until, usage = self._usage
            if time.monotonic() > until:
                readers: dict[str, list[str]] = defaultdict(list)
                for line in self._audit.entries("", COUNTED):
                    if line["allowed"] and line["port"]:
                        readers[str(line["port"]).rpartition(":")[0]].append(str(line["principal"]))
                usage = {urn: (len(names), len(set(names))) for urn, names in readers.items()}
                self._usage = (time.monotonic() + FRESH, usage)
            return usage
