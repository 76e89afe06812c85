"""Apache Iceberg tables on this machine's disk, the catalogue in SQLite. The only place that imports pyiceberg."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from meshloom.errors import Broken
from meshloom.infra.lake.lake import Snapshot

if TYPE_CHECKING:
    from pyiceberg.table import Table

NAMESPACE = "mesh"


class IcebergLake:
    """Satisfies `Lake`. Any engine that reads Iceberg can read the warehouse."""

    def __init__(self, folder: Path) -> None:
        from pyiceberg.catalog.sql import SqlCatalog

        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        self._catalog: Any = SqlCatalog(
            "meshloom",
            uri=f"sqlite:///{self._folder / 'catalog.sqlite'}",
            warehouse=f"file://{self._folder / 'warehouse'}",
        )
        self._catalog.create_namespace_if_not_exists(NAMESPACE)

    def folder(self, table: str) -> Path:
        """See `Lake.folder`."""
        path = self._folder / "warehouse" / NAMESPACE / table / "data"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def append(self, table: str, files: Sequence[Path], properties: Mapping[str, str]) -> Snapshot:
        """See `Lake.append`."""
        from pyiceberg.exceptions import ResolveError, ValidationError

        for file in files:
            with file.open("rb") as data:
                os.fsync(data.fileno())
        # A file without a null says "required"; the next one need not.
        schema = pa.schema([field.with_nullable(True) for field in pq.read_schema(files[0])])
        found = self._load(table)
        try:
            if found is None:
                location = f"file://{self._folder / 'warehouse' / NAMESPACE / table}"
                found = self._catalog.create_table((NAMESPACE, table), schema=schema, location=location)
            else:
                with found.update_schema() as update:
                    update.union_by_name(schema)
            found.add_files([str(file) for file in files], snapshot_properties=dict(properties))
        except (ValueError, TypeError, LookupError, ValidationError, ResolveError) as error:
            raise Broken(f"{table} cannot take the new rows", why=str(error)) from error
        snapshot = found.current_snapshot()
        assert snapshot is not None
        return Snapshot(snapshot.snapshot_id, tuple(files), dict(properties))

    def _load(self, table: str) -> Table | None:
        from pyiceberg.exceptions import NoSuchTableError

        try:
            loaded: Table = self._catalog.load_table((NAMESPACE, table))
        except NoSuchTableError:
            return None
        return loaded

    def snapshots(self, table: str) -> list[Snapshot]:
        """See `Lake.snapshots`."""
        found = self._load(table)
        if found is None:
            return []
        result: list[Snapshot] = []
        seen: set[Path] = set()
        for snapshot in sorted(found.snapshots(), key=lambda s: s.sequence_number or 0):
            files = [
                path
                for manifest in snapshot.manifests(found.io)
                for entry in manifest.fetch_manifest_entry(found.io)
                if (path := _path(entry.data_file.file_path)) not in seen
            ]
            seen.update(files)
            summary = snapshot.summary
            properties = dict(summary.additional_properties) if summary is not None else {}
            result.append(Snapshot(snapshot.snapshot_id, tuple(files), properties))
        return result

    def tables(self) -> list[str]:
        """See `Lake.tables`."""
        return sorted(name for _, name in self._catalog.list_tables(NAMESPACE))

    def sweep(self, table: str) -> list[Path]:
        """See `Lake.sweep`."""
        known = {file for snapshot in self.snapshots(table) for file in snapshot.files}
        orphans = [path for path in self.folder(table).iterdir() if path.is_file() and path not in known]
        for path in orphans:
            path.unlink()
        return orphans

    def drop(self, table: str) -> None:
        """See `Lake.drop`."""
        if self._load(table) is not None:
            self._catalog.drop_table((NAMESPACE, table))
        shutil.rmtree(self._folder / "warehouse" / NAMESPACE / table, ignore_errors=True)

    def close(self) -> None:
        self._catalog.close()


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file:") else Path(uri)
