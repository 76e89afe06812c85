"""A segment as a tar.gz in Pinot's own form, for those who download it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from meshloom.engine.config.table import raw_name
from meshloom.engine.errors import RestError
from meshloom.engine.server.facts import created_of, custom_of, times_of
from meshloom.engine.server.indexes import without_dictionary
from meshloom.engine.server.loading import nullable
from meshloom.engine.server.tables import Server
from meshloom.engine.storage.catalog import Segment
from meshloom.engine.storage.pinot_segment.folder import Told, write
from meshloom.engine.storage.tar import packed
from meshloom.infra.compute import ComputeError


def tar_of(server: Server, segment: Segment) -> Path:
    """A temporary file, the caller's. Raises RestError: 404 its files are gone, 400 they do not fit its table."""
    config, schema = server.definition(segment.table)
    start, end = times_of(server, segment)
    column = config.time_column if config.time_column in schema.fields else ""
    told = Told(segment.name, raw_name(segment.table), created_of(segment), column, start, end, custom_of(segment))
    nulls = {name: nullable(field, config, schema) for name, field in schema.fields.items()}
    with tempfile.TemporaryDirectory(prefix="meshloom-") as made:
        folder = Path(made, "segment")
        try:
            write(folder, segment.paths, schema, told, nulls, without_dictionary(config))
        except ComputeError as error:
            if all(Path(path).exists() for path in segment.paths):
                raise RestError(400, f"Segment: {segment.name} of table: {segment.table} does not fit it") from error
            raise RestError(404, f"Segment: {segment.name} of table: {segment.table} not found") from error
        return packed(segment.name, folder)
