"""CreateSegment builds segments where it runs, one a file; UploadSegment sends them to the controller."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meshloom.cli.pinot.controller import Failed, document
from meshloom.cli.pinot.place import controller, shown

ENDS = {"AVRO": ".avro", "GZIPPED_AVRO": ".gz", "CSV": ".csv", "JSON": ".json", "THRIFT": ".thrift",
        "PARQUET": ".parquet", "ORC": ".orc"}  # fmt: skip


def create(options: Namespace) -> Iterator[str]:
    """Each file of `dataDir`, by its format's ending, becomes `outDir/SEGMENT`, in Pinot's own form."""
    from meshloom.cli.engine import build_segment

    files = _data_files(Path(options.dataDir), options.format.upper())
    schema, table = document(Path(options.schemaFile)), _table(options)
    out = Path(options.outDir)
    if out.exists() and options.overwrite == "true":
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    batch = {"inputFormat": options.format.lower()} | _reader(options.readerConfigFile)
    for number, file in enumerate(files):
        fixed = f"{options.segmentName}_{number}" if options.segmentName else ""
        name, rows = build_segment(file, out, schema, table, batch, number, fixed)
        if rows == 0 and options.failOnEmptySegment:
            raise Failed(f"The segment of {file} is empty")
        yield f"Successfully created segment: {name} at directory: {out / name}"
    yield f"Successfully created {len(files)} segments from data files: {', '.join(map(str, files))}"


def _data_files(folder: Path, format_: str) -> list[Path]:
    if format_ not in ENDS:
        raise Failed(f"Unsupported file format for segment creation: {format_}")
    if not folder.is_dir():
        raise Failed(f"'dataDir': '{folder}' is not a directory")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(ENDS[format_]))
    if not files:
        raise Failed(f"Failed to find any data file of format: {format_} under directory: {folder}")
    return files


def _table(options: Namespace) -> dict[str, Any]:
    """The table config of the file named, or (Pinot 0.1) a plain one of the table's name."""
    if options.tableConfigFile:
        return dict(document(Path(options.tableConfigFile)))
    if not options.tableName:
        raise Failed("'tableConfigFile' must be specified")
    segments = {"replication": "1", "timeColumnName": options.timeColumnName}
    return {"tableName": options.tableName, "tableType": "OFFLINE", "segmentsConfig": segments, "tenants": {},
            "tableIndexConfig": {}, "metadata": {}}  # fmt: skip


def _reader(path: str | None) -> dict[str, str]:
    """The record reader's configuration, a JSON object, as the batch config map's `recordReader.prop.*`."""
    config = document(Path(path)) if path else {}
    return {f"recordReader.prop.{name}": v if isinstance(v, str) else json.dumps(v) for name, v in config.items()}


def upload(options: Namespace) -> Iterator[str]:
    """What lies in `segmentDir`: folders are packed first, files are sent as they are."""
    folder = Path(options.segmentDir)
    if not folder.is_dir():
        raise Failed(f"'segmentDir': '{folder}' is not a directory")
    if not options.tableName:
        raise Failed("UploadSegment needs -tableName: a segment does not tell its table")
    target = controller(options)
    for path in sorted(folder.iterdir()):
        content = _packed(path) if path.is_dir() else path.read_bytes()
        name = f"{path.name}.tar.gz" if path.is_dir() else path.name
        answer = target.ask(
            "POST", "/v2/segments", params={"tableName": options.tableName, "tableType": options.tableType},
            files={"file": (name, content)},
        )  # fmt: skip
        yield f"{name}: {shown(answer)}"


def _packed(folder: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    return packed.getvalue()
