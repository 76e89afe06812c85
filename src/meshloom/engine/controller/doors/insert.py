"""`SET taskName='…'; INSERT INTO "table" FROM FILE 'file:///folder'`: a folder's files, each a segment."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import PurePosixPath
from typing import Any

from meshloom.engine.broker.answer import document
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import physicals
from meshloom.engine.errors import QUERY_EXECUTION, TABLE_DOES_NOT_EXIST, PinotError, RestError
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.infra.locations import LocationError, files_of, is_folder, local, of_file_system

INSERT = re.compile(
    r"^((?:\s*SET\s+[\w.]+\s*=\s*'[^']*'\s*;)*)\s*INSERT\s+INTO\s+\"?([\w.]+)\"?\s+FROM\s+FILE\s+'([^']*)'\s*;?\s*$",
    re.IGNORECASE,
)
SET = re.compile(r"SET\s+([\w.]+)\s*=\s*'([^']*)'", re.IGNORECASE)
COLUMNS = (OutputColumn("tableName", "STRING"), OutputColumn("taskJobName", "STRING"))
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".avro": "avro", ".orc": "orc"}


def insert(controller: Controller, sql: str) -> dict[str, Any] | None:
    """The answer to an INSERT, or None when the text is something else. Raises PinotError 190 and 200.

    As in Pinot, a location that is a file and no folder gives no rows.
    """
    match = INSERT.match(sql)
    if match is None:
        return None
    options = dict(SET.findall(match[1]))
    found = physicals(controller, match[2], "OFFLINE")
    if not found:
        raise PinotError(TABLE_DOES_NOT_EXIST, "TableDoesNotExistError")
    files = _files(match[3], options)
    if not files:
        return document(COLUMNS, [])
    task = f"Task_SegmentGenerationAndPushTask_{options.get('taskName') or uuid.uuid4().hex}"
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    try:
        for position, uri in enumerate(files):
            batch = {"inputFormat": options.get("inputFormat") or SUFFIXES.get(PurePosixPath(uri).suffix, "csv")}
            batch |= {name: value for name, value in options.items() if name.startswith("recordReader.")}
            batch |= {
                "segmentNameGenerator.type": "fixed",
                "segmentNameGenerator.configs.segment.name": f"{found[0]}_{uuid.uuid4()}_{position}",
            }
            with local(uri, of_file_system(options)) as path:
                controller.ingest_file(found[0], path, batch)
    except RestError as error:
        raise PinotError(QUERY_EXECUTION, f"QueryExecutionError: {error.what}") from error
    except LocationError as error:
        raise PinotError(QUERY_EXECUTION, f"QueryExecutionError: {error}") from error
    finished = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    controller.catalog.put("task", task, {"table": found[0], "started": started, "finished": finished})
    return document(COLUMNS, [[found[0], task]])


def _files(uri: str, options: dict[str, str]) -> list[str]:
    """A folder's files, as far as the patterns let them. Raises PinotError 200."""
    patterns = (options.get("includeFileNamePattern", ""), options.get("excludeFileNamePattern", ""))
    try:
        known = of_file_system(options)
        return files_of(uri, *patterns, known) if is_folder(uri, known) else []
    except ValueError as error:
        raise PinotError(QUERY_EXECUTION, f"QueryExecutionError: {error}") from error
