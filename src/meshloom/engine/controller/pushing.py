"""Pinot's SegmentGenerationAndPushTask: the files of a folder, each a segment. It runs at once, for the caller."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import PurePosixPath

from meshloom.engine.config.table import TableConfig
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.infra.locations import LocationError, files_of, is_folder, local, of_file_system

TYPE = "SegmentGenerationAndPushTask"
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".avro": "avro", ".orc": "orc"}
TASK, PUSHED = "task", "pushed-files"  # kinds of documents in the catalogue


def files_in(uri: str, options: Mapping[str, str]) -> list[str]:
    """A folder's files, as far as `includeFileNamePattern` and `excludeFileNamePattern` let them; none of what is no
    folder. Raises RestError 400 for a pattern that is none, and without a folder."""
    if not uri:
        raise RestError(400, f"{TYPE} has no inputDirURI: the folder of its files")
    patterns = (options.get("includeFileNamePattern", ""), options.get("excludeFileNamePattern", ""))
    try:
        known = of_file_system(dict(options))
        return files_of(uri, *patterns, known) if is_folder(uri, known) else []
    except ValueError as error:
        raise RestError(400, str(error)) from error


def task_name(options: Mapping[str, str]) -> str:
    return f"Task_{TYPE}_{options.get('taskName') or uuid.uuid4().hex}"


def push(
    controller: Controller,
    physical: str,
    files: Collection[str],
    options: Mapping[str, str],
    pushed: Callable[[str, str], None] = lambda file, segment: None,
) -> str:
    """Make each file a segment and return the task's name, under which the catalogue keeps what it did. `pushed` hears
    of each file and its segment.

    Raises RestError 400; the segments of the files before the one that fails stay, as in Pinot.
    """
    task, started = task_name(options), time.time()
    for position, uri in enumerate(files):
        batch = {"inputFormat": options.get("inputFormat") or SUFFIXES.get(PurePosixPath(uri).suffix, "csv")}
        batch |= {name: value for name, value in options.items() if name.startswith("recordReader.")}
        batch |= {
            "segmentNameGenerator.type": "fixed",
            "segmentNameGenerator.configs.segment.name": f"{physical}_{uuid.uuid4()}_{position}",
        }
        try:
            with local(uri, of_file_system(dict(options))) as path:
                pushed(uri, controller.ingest_file(physical, path, batch))
        except LocationError as error:
            raise RestError(400, str(error)) from error
    times = {"started": _readable(started), "finished": _readable(time.time())}
    # What reads a file system may be secret.
    told = {name: value for name, value in options.items() if not name.startswith("input.fs.prop.")}
    controller.catalog.put(TASK, task, {"table": physical, **times, "configs": told, "files": len(files)})
    return task


def _readable(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def due(controller: Controller, physical: str) -> str:
    """Push the files that a table's batch config names and that were not pushed before; returns the names of the tasks,
    "" when there is none. A table that is refreshed whole takes all files anew, or stays as it was.

    Raises RestError 400; what was pushed until then is not pushed again.
    """
    config = TableConfig.of(controller.table(physical))
    batch = config.ingestion.get("batchIngestionConfig") or {}
    maps = batch.get("batchConfigMaps") or []
    append = str(batch.get("segmentIngestionType", "APPEND")).upper() != "REFRESH"
    tasks = []
    for options in maps:
        given = {str(key): str(value) for key, value in options.items()}
        folder = given.get("inputDirURI", "")
        if append:
            before = set((controller.catalog.get(PUSHED, physical) or {}).get("files", ()))
            files = [uri for uri in files_in(folder, given) if uri not in before]
            tasks += [_append(controller, physical, files, given, before)] if files else []
        elif files := files_in(folder, given):
            tasks.append(_refresh(controller, physical, files, given))
    return ",".join(tasks)


def _append(
    controller: Controller, physical: str, files: Collection[str], options: Mapping[str, str], before: set[str]
) -> str:
    def pushed(file: str, segment: str) -> None:
        before.add(file)
        controller.catalog.put(PUSHED, physical, {"files": sorted(before)})

    return push(controller, physical, files, options, pushed)


def _refresh(controller: Controller, physical: str, files: Collection[str], options: Mapping[str, str]) -> str:
    old, new = [segment.name for segment in controller.segments(physical)], list[str]()
    try:
        task = push(controller, physical, files, options, lambda file, segment: new.append(segment))
    except BaseException:
        for name in new:
            controller.drop_segment(physical, name)
        raise
    for name in old:
        controller.drop_segment(physical, name)
    return task
