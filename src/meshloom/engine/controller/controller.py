"""Pinot's controller: schemas, tables and segments. The REST interface (`app`) only speaks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TYPES, TableConfig, physical_name, raw_name
from meshloom.engine.errors import RestError
from meshloom.engine.ingest.file import read_file
from meshloom.engine.server.tables import Server
from meshloom.engine.storage.catalog import Catalog, Segment
from meshloom.engine.storage.deepstore import DeepStore


class Controller:
    """Changes go through here, one at a time; each is whole or leaves no trace.

    Every method raises RestError with the HTTP status and the text that Pinot's controller would give.
    """

    def __init__(self, catalog: Catalog, server: Server, deep_store: DeepStore) -> None:
        self.catalog = catalog
        self.server = server
        self.deep_store = deep_store
        self._lock = threading.RLock()

    # --- schemas

    def schemas(self) -> list[str]:
        return self.catalog.names("schema")

    def schema(self, name: str) -> dict[str, Any]:
        """The schema's JSON. Raises RestError 404."""
        document = self.catalog.get("schema", name)
        if document is None:
            raise RestError(404, f"Schema {name} not found")
        return document

    def put_schema(self, document: Mapping[str, Any]) -> None:
        """Add a schema, or replace the one of its name; tables of that name take up new columns at their reload."""
        with self._lock:
            Schema.of(document)
            self.catalog.put("schema", str(document["schemaName"]), document)

    def drop_schema(self, name: str) -> None:
        with self._lock:
            self.schema(name)
            if any(raw_name(table) == name for table in self.tables()):
                raise RestError(409, f"Cannot delete schema {name}, as it is associated with table {name}")
            self.catalog.remove("schema", name)

    # --- tables

    def tables(self) -> list[str]:
        """Names with type, sorted."""
        return self.catalog.names("table")

    def table(self, physical: str) -> dict[str, Any]:
        """The table config's JSON. Raises RestError 404."""
        document = self.catalog.get("table", physical)
        if document is None:
            raise RestError(404, f"Table {physical} not found")
        return document

    def put_table(self, document: Mapping[str, Any], *, replace: bool = False) -> TableConfig:
        """Add a table, or with `replace` change its config. Raises RestError 404 (no schema) and 409 (is there)."""
        config = TableConfig.of(document)
        with self._lock:
            self.schema(config.raw_name)
            if config.name in self.tables() and not replace:
                raise RestError(409, f"Table {config.name} already exists")
            with self.catalog.transaction():
                self.catalog.put("table", config.name, config.document)
                self.server.create(config.name)
        return config

    def drop_table(self, name: str, table_type: str = "") -> list[str]:
        """Drop one type of a table, or both; returns the names dropped. Raises RestError 404 when there is none."""
        with self._lock:
            names = [physical_name(name, kind) for kind in TYPES if not table_type or kind == table_type.upper()]
            names = [physical for physical in names if physical in self.tables()]
            if not names:
                raise RestError(404, f"Table '{name}' with type {table_type or 'null'} does not exist")
            for physical in names:
                for segment in self.segments(physical):
                    self.catalog.remove_segment(physical, segment.name)
                self.catalog.remove("table", physical)
                self.server.drop(physical)
                self.deep_store.remove_table(physical)
        return names

    def reload(self, physical: str) -> None:
        """Build the table's rows again with its present schema and config."""
        self.table(physical)
        self.server.reload(physical)

    # --- segments

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
        with self._lock:
            self.table(physical)
            try:
                rows = sum(pq.read_metadata(path).num_rows for path in paths)
            except (OSError, ValueError) as error:
                raise RestError(400, f"Segment {name} of {physical} cannot be read: {error}") from error
            before = self.catalog.segment(physical, name)
            with self.catalog.transaction():
                segment = self.catalog.add_segment(
                    physical, name, tuple(str(path) for path in paths), rows, owned=owned, metadata=metadata or {}
                )
                if before is not None:
                    self.server.unload(before)
                self.server.load(segment)
            return segment

    def ingest_file(self, physical: str, path: Path, options: Mapping[str, str]) -> str:
        """Make one segment of a file and return its name (POST /ingestFromFile).

        Raises RestError: 404 no such table, 400 a format or a file that cannot be read; then nothing has changed.
        """
        self.table(physical)
        rows = read_file(path, Schema.of(self.schema(raw_name(physical))), options)
        name = f"{raw_name(physical)}_{time.time_ns() // 1_000_000}_{time.time_ns() % 1_000_000}"
        file = self.deep_store.write(physical, name, rows)
        self.push_reference(physical, name, [file], owned=True)
        return name

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
