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
from urllib.parse import quote

from meshloom.engine.config.documents import parse_list
from meshloom.engine.config.table import TableConfig, raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.segments import TIME, found_segment, of_time
from meshloom.engine.controller.doors.tables import existing
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply
from meshloom.engine.server.packing import tar_of
from meshloom.infra.locations import LocationError, local, of_file_system


def drop(controller: Controller, call: Call) -> Any:
    for physical in existing(controller, call):
        controller.drop_segment(physical, call.path["segment"])
    return {"status": "Segment deleted"}


def drop_all(controller: Controller, call: Call) -> Any:
    """All of a table's segments, or those that `segments` names."""
    if not call.query.get("type"):
        raise RestError(400, "Table type must not be null")
    physical = existing(controller, call)[0]
    if named := call.several("segments"):
        return _dropped(controller, physical, named)
    for segment in controller.segments(physical):
        controller.drop_segment(physical, segment.name)
    return {"status": f"All segments of table {physical} deleted"}


def drop_listed(controller: Controller, call: Call) -> Any:
    """Those that the body, a JSON list, names."""
    named = [name for name in parse_list(call.body) if isinstance(name, str)]
    if not named:
        raise RestError(400, "Segments must be provided")
    return _dropped(controller, existing(controller, call)[0], named)


def _dropped(controller: Controller, physical: str, named: list[str]) -> Any:
    for name in named:
        controller.drop_segment(physical, name)
    few = f"segments: {named}" if len(named) <= 5 else f"{len(named)} segments"
    return {"status": f"Deleted {few} from table: {physical}".replace("'", "")}


def drop_of_time(controller: Controller, call: Call) -> Any:
    if not (call.query.get("startTimestamp") and call.query.get("endTimestamp")):
        raise RestError(400, "start and end timestamp must by non empty")
    physical, visible = existing(controller, call)[0], call.flag("excludeReplacedSegments")
    chosen = of_time(controller, call, physical, visible=visible)
    for segment in chosen:
        controller.drop_segment(physical, segment.name)
    return {"status": f"Deleted {len(chosen)} segments from table: {physical}"}


def reset(controller: Controller, call: Call) -> Any:
    """Load a table's segments, or one of them, anew."""
    name, segment = call.path["name"], call.path.get("segment")
    if name == raw_name(name):
        raise RestError(400, f"Must provide table name with type: {name}")
    physical = existing(controller, call)[0]
    if segment and controller.catalog.segment(physical, segment) is None:
        raise RestError(404, f"Failed to reset segments in table: {name}. Segment {segment} not found")
    controller.reload(physical)
    what = f"segment: {segment} of table: {name}" if segment else f"segments of table: {name}"
    return {"status": f"Successfully reset {what}"}


def update_times(controller: Controller, call: Call) -> Any:
    """The time of each segment from its rows, after the time column became another. Raises RestError 404."""
    physical = existing(controller, call)[0]
    if not TableConfig.of(controller.table(physical)).time_column:
        raise RestError(404, f"Failed to find time column for table : {physical}")
    controller.measure_times(physical)
    return {"status": f"Successfully updated time interval zk metadata for table: {physical}"}


def download(controller: Controller, call: Call) -> Any:
    """A segment as a tar.gz in Pinot's own form; `POST /v2/segments` takes it again."""
    segment = found_segment(controller, call)
    target = tar_of(controller.server, segment)
    shown = {"Content-Disposition": f"attachment; filename={quote(segment.name)}"}
    return Reply(target, headers=shown, media_type="application/octet-stream")


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
    except (ValueError, AssertionError, RecursionError) as error:
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


OPERATIONS = (
    ("DELETE", "/segments/{name}", drop_all, "Delete all segments, or some", ("type", "retention", "segments")),
    ("GET", "/segments/segmentReloadStatus/{job}", reload_status, "How far a reload is", ()),
    ("POST", "/segments/{name}/reload", reload, "Build the rows again", ("type", "forceDownload")),
    ("POST", "/segments/{name}/{segment}/reload", reload, "Build the rows again", ("type",)),
    ("POST", "/segments/{name}/reset", reset, "Load segments anew", ("errorSegmentsOnly",)),
    ("POST", "/segments/{name}/{segment}/reset", reset, "Load a segment anew", ()),
    ("GET", "/segments/{name}/{segment}", download, "A segment as a tar.gz", ()),
    ("POST", "/segments/{name}/delete", drop_listed, "Delete segments that the body names", ("retention",)),
    ("DELETE", "/segments/{name}/choose", drop_of_time, "Delete segments of a time", ("retention", *TIME)),
    ("POST", "/segments/{name}/updateZKTimeInterval", update_times, "Measure the segments' times anew", ()),
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
)
