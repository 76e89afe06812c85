"""The times that segments span, taken from their rows again after the time column became another."""

from __future__ import annotations

from pathlib import Path

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.controller.controller import Controller
from meshloom.engine.ingest.segments import described


def measure_times(controller: Controller, physical: str) -> None:
    """Take each segment's first and last time from its rows anew. Raises RestError 400 for one that cannot be read;
    then nothing has changed."""
    config = TableConfig.of(controller.table(physical))
    schema = Schema.of(controller.schema(config.raw_name))
    with controller.catalog.transaction():
        for segment in controller.segments(physical):
            read = [described(Path(path), schema, config) for path in segment.paths]
            starts = [one.start for one in read if one.start is not None]
            ends = [one.end for one in read if one.end is not None]
            found = {"start": min(starts, default=None), "end": max(ends, default=None)}
            controller.catalog.describe(segment, {**segment.metadata, **found, "timeColumn": config.time_column})
        controller.server.changed()
