"""What Pinot's RetentionManager does: segments older than their table's retention go, and those that were replaced."""

from __future__ import annotations

import time

from meshloom.engine.config.table import TableConfig
from meshloom.engine.controller.controller import Controller
from meshloom.engine.server.facts import times_of
from meshloom.engine.storage import lineage

DAY = 86_400_000
UNITS = {"DAYS": DAY, "HOURS": 3_600_000, "MINUTES": 60_000, "SECONDS": 1000, "MILLISECONDS": 1}


def span_ms(config: TableConfig) -> int | None:
    """How long a table's rows are kept, in milliseconds; None for ever, as for a table that is refreshed whole."""
    batch = (config.ingestion.get("batchIngestionConfig") or {}).get("segmentIngestionType")
    push = str(batch or config.segments.get("segmentPushType") or "APPEND").upper()
    unit, value = config.segments.get("retentionTimeUnit"), config.segments.get("retentionTimeValue")
    if push == "REFRESH" or not unit or not str(value or "").isdecimal():
        return None
    found = UNITS.get(str(unit).upper())
    return None if found is None else found * int(str(value))


def purge(controller: Controller, physical: str, now_ms: int | None = None) -> list[str]:
    """Delete what a table need not keep and return the names. Segments without a time stay."""
    now = int(time.time() * 1000) if now_ms is None else now_ms
    kept = span_ms(TableConfig.of(controller.table(physical)))
    names = lineage.forget(controller.catalog, physical)
    for segment in controller.segments(physical):
        _, end = times_of(controller.server, segment)
        if kept is not None and end is not None and end < now - kept:
            names.append(segment.name)
    for name in names:
        controller.drop_segment(physical, name)
    return names
