"""Pinot's controller: schemas, tables and segments. The REST interface (`app`) only speaks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.controller.definitions import Definitions
from meshloom.engine.errors import RestError
from meshloom.engine.ingest.segments import build, described, segment_name
from meshloom.engine.server.loading import nullable
from meshloom.engine.storage import lineage
from meshloom.engine.storage.catalog import Segment
from meshloom.engine.storage.pinot_segment.segment import Files, to_parquet


class Controller(Definitions):
    """Changes go through here, one at a time; each is whole or leaves no trace.

    Every method raises RestError with the HTTP status and the text that Pinot's controller would give.
    """

    def segments(self, physical: str) -> list[Segment]:
        return self.catalog.segments(physical)

    def push_reference(
        self,
        physical: str,
        name: str,
        paths: Sequence[Path],
        *,
        metadata: Mapping[str, Any] | None = None,
        owned: bool = False,
    ) -> Segment:
        """Make existing Parquet files a segment, where they are (Pinot's metadata push). One of its name is replaced.

        Raises RestError 404 (no such table) and 400 (a file cannot be read); then nothing has changed.
        """
        self.table(physical)
        try:
            rows = sum(pq.read_metadata(path).num_rows for path in paths)
        except (OSError, ValueError) as error:
            raise RestError(400, f"Segment {name} of {physical} cannot be read: {error}") from error
        return self._push(physical, name, paths, rows, metadata or {}, owned=owned)

    def _push(
        self,
        physical: str,
        name: str,
        paths: Sequence[Path],
        rows: int,
        metadata: Mapping[str, Any],
        *,
        owned: bool,
        held: pa.Table | None = None,
        keep: Callable[[], object] = lambda: None,
    ) -> Segment:
        """Register a segment and load it. `held` has its rows where they are in memory; `keep` puts its files where
        `paths` says, which may take as long as loading such rows. The segment is there when both is done."""
        with self._lock:
            self.table(physical)
            before = self.catalog.segment(physical, name)
            try:
                with self.catalog.transaction():
                    places = tuple(str(path) for path in paths)
                    segment = self.catalog.add_segment(physical, name, places, rows, owned=owned, metadata=metadata)
                    if before is not None:
                        self.server.unload(before)
                    if held is None:
                        keep()
                    self.server.load(segment, held)
                    if held is not None:
                        keep()
            except BaseException:
                if self.catalog.get("table", physical) is not None:
                    self.server.settle(physical)
                raise
            if before is not None and before.owned:
                self.deep_store.remove(before.paths)
            return segment

    def ingest_file(self, physical: str, path: Path, batch: Mapping[str, str]) -> str:
        """Make a data file a segment and return its name; `batch` is Pinot's batch config map.

        Raises RestError 404 (no such table), 400 (the file or the map is wrong); then nothing has changed.
        """
        config = TableConfig.of(self.table(physical))
        schema = Schema.of(self.schema(config.raw_name))
        built = build(path, self.deep_store.partial(physical), schema, config, batch, behind=True)
        metadata = {"start": built.start, "end": built.end, "timeColumn": config.time_column, "input": path.name}
        place = None
        try:
            name = segment_name(config, built, batch)
            place = self.deep_store.place(physical, name, built.path)
            self._push(
                physical, name, [place], built.rows, metadata, owned=True, held=built.held,
                keep=lambda: self.deep_store.keep(physical, name, built.whole()),
            )  # fmt: skip
        except BaseException:
            built.discard()
            if place is not None:
                place.unlink(missing_ok=True)
            raise
        return name

    def upload(
        self,
        physical: str,
        name: str,
        partial: Path,
        *,
        told: Mapping[str, Any] | None = None,
        refresh: bool = True,
    ) -> str:
        """Make `partial`, a Parquet file in the deep store, a segment, and return its name; `told` is what its metadata
        has besides. Raises RestError 404, 400, and 409 when one of its name is there and may not be replaced (without
        `refresh`); then nothing has changed and the file is gone."""
        try:
            config = TableConfig.of(self.table(physical))
            built = described(partial, Schema.of(self.schema(config.raw_name)), config)
            kept = self.deep_store.keep(physical, name, partial)
        finally:
            partial.unlink(missing_ok=True)
        metadata = {"start": built.start, "end": built.end, "timeColumn": config.time_column, "input": "upload"}
        try:
            with self._lock:
                if not refresh and self.catalog.segment(physical, name) is not None:
                    what = f"Segment: {name} already exists in table: {physical}. Refresh not permitted."
                    raise RestError(409, what)
                self.push_reference(physical, name, [kept], metadata=metadata | dict(told or {}), owned=True)
        except BaseException:
            kept.unlink(missing_ok=True)
            raise
        return name

    def upload_pinot(self, physical: str, files: Files, partial: Path, *, refresh: bool = True) -> str:
        """Make a segment in Pinot's own form one of the table, under its own name and with its CRC, creation time and
        custom map; returns the name. Raises RestError as `upload` does, then nothing has changed."""
        config = TableConfig.of(self.table(physical))
        schema = Schema.of(self.schema(config.raw_name))
        nulls = {name: nullable(field, config, schema) for name, field in schema.fields.items()}
        found = to_parquet(files, partial, schema, nullable=nulls)
        told = {"input": found.custom.get("input.data.file.uri", ""), "custom": found.custom, "crc": str(found.crc),
                "dataCrc": found.data_crc, "created": found.created_ms}  # fmt: skip
        return self.upload(physical, found.name, partial, told=told, refresh=refresh)

    def begin_replacement(
        self, physical: str, old: Sequence[str], new: Sequence[str], *, force: bool = False
    ) -> lineage.Entry:
        """See `lineage.begin`; what `force` takes back is settled."""
        with self._lock:
            entry = lineage.begin(self.catalog, physical, old, new, force=force)
            self.server.settle(physical)
        return entry

    def settle_replacement(self, physical: str, id_: str, state: str, *, force: bool = False) -> None:
        """See `lineage.settle`; from now on queries see what it says."""
        with self._lock, self.catalog.transaction():
            lineage.settle(self.catalog, physical, id_, state, force=force)
            self.server.settle(physical)

    def drop_segment(self, physical: str, name: str) -> None:
        """Forget a segment; one that is not there does no harm, as in Pinot."""
        with self._lock:
            segment = self.catalog.segment(physical, name)
            if segment is None:
                return
            self.catalog.remove_segment(physical, name)
            self.server.unload(segment)
            if segment.owned:
                self.deep_store.remove(segment.paths)
