"""Segments that are pushed over REST: as a tar, by address, by metadata, one or several."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from meshloom.engine.config.table import TYPES
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import physicals
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.storage.tar import listed, taken
from meshloom.infra.locations import LocationError, local


def upload(controller: Controller, call: Call) -> Any:
    """A segment as a tar: of the form, or (`UPLOAD_TYPE` URI or METADATA) from where `DOWNLOAD_URI` says.

    Of METADATA the form holds a tar with the metadata alone, which the segment itself has too. Without `tableName`, as
    Pinot's own client sends URI, the segment says whose it is.
    """
    _known_type(call)
    kind, uri = call.headers.get("UPLOAD_TYPE", "SEGMENT"), call.headers.get("DOWNLOAD_URI", "")
    if kind not in ("SEGMENT", "URI", "METADATA"):
        enum = "org.apache.pinot.common.utils.FileUploadDownloadClient.FileUploadType"
        raise RestError(500, f"Exception while uploading segment: No enum constant {enum}.{kind}")
    file = next(iter(call.files.values()), None)
    if kind == "SEGMENT" and file is None:
        raise RestError(400, "Segment file (as multipart/form-data) is required for SEGMENT upload mode")
    if kind != "SEGMENT" and not uri:
        what = "Source download URI is required in header field 'DOWNLOAD_URI'"
        raise RestError(400, f"{what} for {kind} upload mode")
    named = call.query.get("tableName", "")
    physical = _physical(controller, call, named) if named else ""
    if kind == "SEGMENT" and file is not None:
        return _status([_taken(controller, call, physical, file)])
    return _status([_fetched(controller, call, physical, uri, "DOWNLOAD_URI")])


def _known_type(call: Call) -> None:
    """Raises RestError 500, as Pinot's enum is, for a table type that is none."""
    given = call.query.get("tableType", "OFFLINE").upper()
    if given not in TYPES:
        raise RestError(500, f"No enum constant org.apache.pinot.spi.config.table.TableType.{given}")


def upload_all(controller: Controller, call: Call) -> Any:
    """Several segments, each from where the form's tar says it lies (SegmentMetadataPush with batchSegmentUpload).

    One after the other: those before one that is refused stay. Raises RestError.
    """
    if call.headers.get("UPLOAD_TYPE", "").upper() != "METADATA":
        raise RestError(400, f"Unsupported upload type: {call.headers.get('UPLOAD_TYPE', '')}: a batch is of METADATA")
    physical = _physical(controller, call, call.required("tableName"))
    file = next(iter(call.files.values()), None)
    if file is None:
        raise RestError(400, "A tar of the segments' metadata (as multipart/form-data) is required")
    return _status([_fetched(controller, call, physical, uri, name) for name, uri in listed(file)])


def _status(done: list[tuple[str, str]]) -> dict[str, str]:
    """Of segments and their tables."""
    if len(done) == 1:
        return {"status": f"Successfully uploaded segment: {done[0][0]} of table: {done[0][1]}"}
    return {"status": f"Successfully uploaded segments: {', '.join(name for name, _ in done)} of table: {done[0][1]}"}


def _fetched(controller: Controller, call: Call, physical: str, uri: str, what: str) -> tuple[str, str]:
    try:
        with local(uri, {}) as path, path.open("rb") as fetched:
            return _taken(controller, call, physical, fetched)
    except LocationError as error:
        raise RestError(400, f"{what}: {error}") from error


def _physical(controller: Controller, call: Call, table: str) -> str:
    """Raises RestError 404."""
    found = physicals(controller, table, call.query.get("tableType", "OFFLINE").upper())
    if not found:
        raise RestError(404, f"Table: {table} not found")
    return found[0]


def _taken(controller: Controller, call: Call, physical: str, file: BinaryIO) -> tuple[str, str]:
    """The names of the segment and of its table. Without `physical` the segment says whose it is."""
    refresh = call.flag("allowRefresh", True)
    with tempfile.TemporaryDirectory(prefix="meshloom-") as folder:
        partial = controller.deep_store.partial(physical) if physical else Path(folder, "rows")
        found = taken(file, partial, Path(folder))
        if isinstance(found, str):
            if not physical:
                raise RestError(400, "tableName is required: the segment does not say whose it is")
            name = controller.upload(physical, found, partial, refresh=refresh)
        else:
            physical = physical or _physical(controller, call, found.metadata().table)
            partial = controller.deep_store.partial(physical)
            name = controller.upload_pinot(physical, found, partial, refresh=refresh)
    return name, physical


QUERY = ("tableName", "tableType", "allowRefresh")
OPERATIONS = (
    ("POST", "/v2/segments", upload, "Upload a segment", QUERY),
    ("POST", "/segments", upload, "Upload a segment", QUERY),
    ("POST", "/segments/batchUpload", upload_all, "Push the metadata of several segments", QUERY),
)
