"""Changes of segments over REST: files that become segments, deletion, reload."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import existing, physicals
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.storage.tar import parquet_of
from meshloom.infra.locations import LocationError, local, of_file_system


def drop(controller: Controller, call: Call) -> Any:
    for physical in existing(controller, call):
        controller.drop_segment(physical, call.path["segment"])
    return {"status": "Segment deleted"}


def drop_all(controller: Controller, call: Call) -> Any:
    if not call.query.get("type"):
        raise RestError(400, "Table type must not be null")
    found = existing(controller, call)
    for physical in found:
        for segment in controller.segments(physical):
            controller.drop_segment(physical, segment.name)
    return {"status": f"All segments of table {found[0]} deleted"}


def reload(controller: Controller, call: Call) -> Any:
    result = {}
    for physical in existing(controller, call):
        job = str(uuid.uuid4())
        held = len(controller.segments(physical))
        controller.catalog.put(
            "reload-job", job, {"table": physical, "submitted": int(time.time() * 1000), "segments": held}
        )
        controller.reload(physical)
        result[physical] = {
            "reloadJobId": job,
            "reloadJobMetaZKStorageStatus": "SUCCESS",
            "numMessagesSent": "1",
        }
    return {"status": json.dumps(result, separators=(",", ":"))}


def reload_status(controller: Controller, call: Call) -> Any:
    job = controller.catalog.get("reload-job", call.path["job"])
    if job is None:
        raise RestError(404, f"Failed to find controller job id: {call.path['job']}")
    return {
        "status": "COMPLETED",
        "metadata": _job(call.path["job"], job) | {"tableNameWithType": job["table"]},
        "totalSegmentCount": job["segments"],
        "successCount": job["segments"],
        "failureCount": None,
        "totalServerCallsFailed": 0,
        "totalServersQueried": 1,
        "segmentReloadFailures": None,
        "timeElapsedInMinutes": (time.time() * 1000 - job["submitted"]) / 60_000,
        "estimatedTimeRemainingInMinutes": 0.0,
    }


def _job(name: str, job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "jobId": name,
        "messageCount": 1,
        "submissionTimeMs": job["submitted"],
        "jobType": "RELOAD_SEGMENT",
        "tableName": job["table"],
    }


def jobs(controller: Controller, call: Call) -> Any:
    found = existing(controller, call)
    result = {}
    for name in controller.catalog.names("reload-job"):
        job = controller.catalog.get("reload-job", name)
        if job and job["table"] in found:
            shown = _job(name, job)
            result[name] = {key: str(value) for key, value in shown.items()}
    return result


# --- files


def ingest_file(controller: Controller, call: Call) -> Any:
    """A form's file, or (as curl without @ sends it) the text of its field."""
    with tempfile.TemporaryDirectory(prefix="meshloom-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as target:
            for file in call.files.values():
                shutil.copyfileobj(file, target)
                break
            else:
                if not call.form:
                    raise RestError(400, "A form with one file is expected")
                target.write(next(iter(call.form.values())).encode())
        return _ingest(controller, call, path)


def ingest_uri(controller: Controller, call: Call) -> Any:
    """Of the batch config map `input.fs.prop.*` are for the file system."""
    uri = call.required("sourceURIStr")
    try:
        with local(uri, of_file_system(_batch(call))) as path:
            return _ingest(controller, call, path)
    except LocationError as error:
        raise RestError(400, f"sourceURIStr: {error}") from error


def _batch(call: Call) -> dict[str, str]:
    try:
        batch = json.loads(call.query.get("batchConfigMapStr") or "{}")
        assert isinstance(batch, dict)
    except (ValueError, AssertionError) as error:
        raise RestError(400, "batchConfigMapStr is no JSON object") from error
    return {key: str(value) for key, value in batch.items()}


def _ingest(controller: Controller, call: Call, path: Path) -> Any:
    physical = call.query.get("tableNameWithType", "")
    failed = f"Caught exception when ingesting file into table: {physical}. "
    if not physical.endswith(("_OFFLINE", "_REALTIME")):
        raise RestError(500, f"{failed}Must provide table name with type suffix for table: {physical}")
    if physical not in controller.tables():
        raise RestError(500, f"{failed}Table: {physical} not found")
    batch = _batch(call)
    try:
        name = controller.ingest_file(physical, path, batch)
    except RestError as error:
        if error.status == 400 and not error.what.startswith("The file"):
            message = f"Got illegal argument when ingesting file into table: {physical}. {error.what}"
            raise RestError(400, message) from error
        raise RestError(error.status if error.status != 400 else 500, failed + error.what) from error
    return {"status": f"Successfully ingested file into table: {physical} as segment: {name}"}


def upload(controller: Controller, call: Call) -> Any:
    """A segment as a tar: Pinot's own form is not read, one that holds Parquet is."""
    table = call.query.get("tableName", "")
    found = physicals(controller, table, call.query.get("tableType", "OFFLINE"))
    if not found:
        raise RestError(404, f"Table: {table} not found")
    file = next(iter(call.files.values()), None)
    if file is None:
        raise RestError(400, "A form with the segment's tar is expected")
    partial = controller.deep_store.partial(found[0])
    name = parquet_of(file, partial)
    controller.upload(found[0], name, partial)
    return {"status": f"Successfully uploaded segment: {name} of table: {found[0]}"}


OPERATIONS = (
    ("DELETE", "/segments/{name}", drop_all, "Delete all segments", ("type", "retention")),
    ("GET", "/segments/segmentReloadStatus/{job}", reload_status, "How far a reload is", ()),
    ("POST", "/segments/{name}/reload", reload, "Build the rows again", ("type", "forceDownload")),
    ("POST", "/segments/{name}/{segment}/reload", reload, "Build the rows again", ("type",)),
    ("POST", "/segments/{name}/{segment}/reset", reload, "Build the rows again", ("type",)),
    ("DELETE", "/segments/{name}/{segment}", drop, "Delete a segment", ("retention",)),
    ("GET", "/table/{name}/jobs", jobs, "Reloads that were asked for", ("type", "jobTypes")),
    ("POST", "/ingestFromFile", ingest_file, "Make a file a segment", ("tableNameWithType", "batchConfigMapStr")),
    (
        "POST",
        "/ingestFromURI",
        ingest_uri,
        "Make a file a segment",
        ("tableNameWithType", "batchConfigMapStr", "sourceURIStr"),
    ),
    ("POST", "/v2/segments", upload, "Upload a segment", ("tableName", "tableType", "allowRefresh")),
    ("POST", "/segments", upload, "Upload a segment", ("tableName", "tableType", "allowRefresh")),
)
