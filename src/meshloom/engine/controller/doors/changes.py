"""Changes of segments over REST: files that become segments, deletion, reload."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from meshloom.engine.config.documents import parse_json, parse_list
from meshloom.engine.config.table import TableConfig, raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.segments import TIME, found_segment, of_time
from meshloom.engine.controller.doors.tables import check_retention, existing, type_of
from meshloom.engine.controller.time_spans import measure_times
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply
from meshloom.engine.server.packing import tar_of
from meshloom.infra.locations import LocationError, local, of_file_system

LLC = re.compile(r".+__\d+__\d+__\d{8}T\d{4}Z")  # a segment that a realtime table made


def _of_segment(controller: Controller, call: Call, segment: str) -> str:
    """The physical table that a segment is of: its name tells the type where the table's does not."""
    name = call.path["name"]
    type_ = "" if name != raw_name(name) else "REALTIME" if LLC.fullmatch(segment) else "OFFLINE"
    return existing(controller, call, type_)[0]


def _retention(call: Call, physical: str) -> None:
    """Segments go at once here, whatever `retention` says. Raises RestError 500 for what is no period."""
    try:
        check_retention(call)
    except RestError as error:
        told = f"Failed to delete segments from table: {physical}, error message: {error.what}"
        raise RestError(500, told) from error


def drop(controller: Controller, call: Call) -> Any:
    physical = _of_segment(controller, call, call.path["segment"])
    _retention(call, physical)
    controller.drop_segment(physical, call.path["segment"])
    return {"status": "Segment deleted"}


def drop_all(controller: Controller, call: Call) -> Any:
    """All of a table's segments, or those that `segments` names."""
    if not type_of(call):
        raise RestError(400, "Table type must not be null")
    physical = existing(controller, call)[0]
    _retention(call, physical)
    if named := call.values("segments"):
        return _dropped(controller, physical, named)
    for segment in controller.segments(physical):
        controller.drop_segment(physical, segment.name)
    return {"status": f"All segments of table {physical} deleted"}


def drop_listed(controller: Controller, call: Call) -> Any:
    """Those that the body, a JSON list, names."""
    named = [name for name in parse_list(call.body) if isinstance(name, str)]
    if not named:
        raise RestError(400, "Segments must be provided")
    physical = _of_segment(controller, call, named[0])
    _retention(call, physical)
    return _dropped(controller, physical, named)


def _dropped(controller: Controller, physical: str, named: list[str]) -> Any:
    for name in named:
        controller.drop_segment(physical, name)
    few = f"segments: {named}" if len(named) <= 5 else f"{len(named)} segments"
    return {"status": f"Deleted {few} from table: {physical}".replace("'", "")}


def drop_of_time(controller: Controller, call: Call) -> Any:
    if not (call.query.get("startTimestamp") and call.query.get("endTimestamp")):
        raise RestError(400, "start and end timestamp must by non empty")
    visible, count = call.flag("excludeReplacedSegments"), 0
    for physical in existing(controller, call):
        chosen = of_time(controller, call, physical, visible=visible, whole=True)
        _retention(call, physical)
        for segment in chosen:
            controller.drop_segment(physical, segment.name)
        count += len(chosen)
    return {"status": f"Deleted {count} segments from table: {call.path['name']}"}


def reset(controller: Controller, call: Call) -> Any:
    """Load a table's segments, or one of them, anew."""
    name, segment = call.path["name"], call.path.get("segment")
    failed = f"Failed to reset segments in table: {name}. "
    if name == raw_name(name):
        raise RestError(404, f"{failed}Must provide table name with type: {name}")
    if name not in controller.tables():
        raise RestError(404, f"{failed}Could not find ideal state for table: {name}")
    physical = name
    if segment and controller.catalog.segment(physical, segment) is None:
        raise RestError(404, f"{failed}Could not find segment: {segment} in ideal state")
    controller.reload(physical)
    what = f"segment: {segment} of table: {name}" if segment else f"segments of table: {name}"
    return {"status": f"Successfully reset {what}"}


def update_times(controller: Controller, call: Call) -> Any:
    """The time of each segment from its rows, after the time column became another. Raises RestError 404."""
    physical = call.path["name"]
    if physical == raw_name(physical):
        raise RestError(400, f"Table type not provided with table name {physical}")
    if physical not in controller.tables():
        raise RestError(404, f"Failed to find table config for table: {physical}")
    if not TableConfig.of(controller.table(physical)).time_column:
        raise RestError(404, f"Failed to find time column for table : {physical}")
    measure_times(controller, physical)
    return {"status": f"Successfully updated time interval zk metadata for table: {physical}"}


def download(controller: Controller, call: Call) -> Any:
    """A segment as a tar.gz in Pinot's own form; `POST /v2/segments` takes it again."""
    segment = found_segment(controller, call)
    target = tar_of(controller.server, segment)
    shown = {"Content-Disposition": f"attachment; filename={quote(segment.name)}"}
    return Reply(target, headers=shown, media_type="application/octet-stream")


def reload(controller: Controller, call: Call) -> Any:
    """Build a table's rows anew, of all its segments even if one is named. Raises RestError 404 for none."""
    result, name, segment = {}, call.path["name"], call.path.get("segment")
    found = [_of_segment(controller, call, segment)] if segment else existing(controller, call)
    held = {one.name for physical in found for one in controller.segments(physical)}
    if segment and segment not in held:
        raise RestError(404, f"Failed to find segment: {segment} in table: {name} on every instance")
    if not held:
        raise RestError(404, f"Failed to find any segments in table: {name} on every instance")
    for physical in found:
        job, count = str(uuid.uuid4()), len(controller.segments(physical))
        controller.catalog.put(
            "reload-job", job, {"table": physical, "submitted": int(time.time() * 1000), "segments": count}
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


JOBS = ("RELOAD_SEGMENT", "FORCE_COMMIT", "TABLE_REBALANCE", "TENANT_REBALANCE")


def jobs(controller: Controller, call: Call) -> Any:
    found, wanted = existing(controller, call), call.several("jobTypes")
    for kind in wanted:
        if kind not in JOBS:
            raise RestError(400, f"Unknown job type: {kind}")
    if wanted and JOBS[0] not in wanted:
        return {}
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
                    raise RestError(400, "Entity is empty.")
                target.write(next(iter(call.form.values())).encode())
        return _ingest(controller, call, path, _batch(controller, call))


def ingest_uri(controller: Controller, call: Call) -> Any:
    """Of the batch config map `input.fs.prop.*` are for the file system."""
    physical = call.query.get("tableNameWithType", "")
    failed = f"Caught exception when ingesting file into table: {physical}. "
    uri = call.query.get("sourceURIStr")
    if physical and not uri:
        raise RestError(500, f"{failed}sourceURIStr is not given")
    batch = _batch(controller, call)
    try:
        with local(str(uri), of_file_system(batch)) as path:
            return _ingest(controller, call, path, batch)
    except LocationError as error:
        raise RestError(500, f"{failed}sourceURIStr: {error}") from error


def _batch(controller: Controller, call: Call) -> dict[str, str]:
    """The batch config map, once the table is one to ingest into. Raises RestError 500, and 400 without a map."""
    physical = call.query.get("tableNameWithType", "")
    if not physical:
        raise RestError(500, "'tableName' cannot be null or empty")
    failed = f"Caught exception when ingesting file into table: {physical}. "
    if physical == raw_name(physical):
        raise RestError(500, f"{failed}Must provide table name with type suffix for table: {physical}")
    if physical.endswith("_REALTIME"):
        raise RestError(500, f"{failed}Cannot ingest file into REALTIME table: {physical}")
    if physical not in controller.tables():
        raise RestError(500, f"{failed}Table: {physical} not found")
    given = call.query.get("batchConfigMapStr")
    if given is None:
        what = "batchConfigMapStr is not given"
        raise RestError(400, f"Got illegal argument when ingesting file into table: {physical}. {what}")
    try:
        batch = parse_json(given)
    except RestError as error:
        raise RestError(500, failed + error.what) from error
    if "inputFormat" not in batch:
        raise RestError(500, f"{failed}batchConfigMapStr has no inputFormat")
    return {key: str(value) for key, value in batch.items()}


def _ingest(controller: Controller, call: Call, path: Path, batch: Mapping[str, str]) -> Any:
    physical = call.query.get("tableNameWithType", "")
    failed = f"Caught exception when ingesting file into table: {physical}. "
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
