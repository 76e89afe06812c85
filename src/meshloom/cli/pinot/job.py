"""LaunchDataIngestionJob: a job specification's files, each made a segment of its table by the controller.

Pinot's job builds segments where it runs and uploads them; here the files travel to the controller, which builds them.
The specification is Pinot's, unchanged (SegmentGenerationJobSpec.java); what only steers where its job runs is taken
and does nothing.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from meshloom.cli.pinot.controller import Controller
from meshloom.cli.pinot.job_spec import CREATE
from meshloom.errors import InputError, Problem
from meshloom.infra.locations import LocationError, files_of, local

FORMATS = {"jsonl": "json", "ndjson": "json", "proto": "protobuf"}


def properties(path: Path) -> dict[str, str]:
    """A Java property file: `name=value` or `name: value`, with comments. Raises InputError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise InputError(Problem("unreadable", "the file cannot be read", why, "", str(path))) from error
    pairs = (re.match(r"\s*([^#!=:\s][^=:\s]*)\s*[=:]?\s*(.*)", line) for line in lines)
    return {found[1]: found[2].strip() for found in pairs if found}


def inputs(job: Mapping[str, Any]) -> list[str]:
    """The URIs of the job's files, sorted. Raises InputError when there are none."""
    uri = str(job["inputDirURI"])
    wanted, unwanted = str(job.get("includeFileNamePattern") or ""), str(job.get("excludeFileNamePattern") or "")
    try:
        kept = files_of(uri, wanted, unwanted, file_system_of(job))
    except LocationError as error:
        raise InputError(Problem("unreadable", f"inputDirURI: {error}", "", "")) from error
    except ValueError as error:
        raise InputError(Problem("wrong-value", str(error), "", "write glob:**/*.csv or regex:.*csv")) from error
    if not kept:
        raise InputError(Problem("no-input", f"no file of {uri} matches {wanted or 'anything'}", "", ""))
    return kept


def file_system_of(job: Mapping[str, Any]) -> dict[str, str]:
    """The `configs` that `pinotFSSpecs` has for the scheme of the job's input."""
    scheme = urlsplit(str(job["inputDirURI"])).scheme or "file"
    for spec in job.get("pinotFSSpecs") or ():
        if isinstance(spec, dict) and spec.get("scheme") == scheme:
            return {str(name): str(value) for name, value in (spec.get("configs") or {}).items()}
    return {}


def reader_of(job: Mapping[str, Any]) -> dict[str, str]:
    """The reader's part of `batchConfigMapStr`."""
    spec = job["recordReaderSpec"]
    kind = str(spec.get("dataFormat") or "").lower()
    found = {"inputFormat": FORMATS.get(kind, kind)}
    return found | {f"recordReader.prop.{name}": str(value) for name, value in (spec.get("configs") or {}).items()}


def names_of(job: Mapping[str, Any], sequence: int) -> dict[str, str]:
    """The names' part: Pinot's simple generator counts the files, others are given their own options."""
    spec = job.get("segmentNameGeneratorSpec") or {}
    kind = str(spec.get("type") or "simple")
    found = {"segmentNameGenerator.type": kind, "sequenceId": str(sequence)}
    return found | {f"segmentNameGenerator.configs.{name}": str(v) for name, v in (spec.get("configs") or {}).items()}


@contextmanager
def _opened(uri: str, job: Mapping[str, Any]) -> Iterator[tuple[Path, BinaryIO]]:
    try:
        with local(uri, file_system_of(job)) as path, path.open("rb") as content:
            yield path, content
    except LocationError as error:
        raise InputError(Problem("unreadable", str(error), "", "")) from error


def run(job: Mapping[str, Any], target: Controller) -> Iterator[str]:
    """Do what the job's type says and yield a line a file. Raises Failed, InputError, Broken."""
    kind = str(job.get("jobType") or "SegmentCreationAndTarPush")
    if kind == CREATE:
        yield from _create(job, target)
    elif CREATE not in kind:
        yield from _push(job, target)
    else:
        yield from _create_and_push(job, target)


def _create_and_push(job: Mapping[str, Any], target: Controller) -> Iterator[str]:
    files = inputs(job)
    table = str(job["tableSpec"]["tableName"])
    table = table if table.endswith("_OFFLINE") else f"{table}_OFFLINE"
    for sequence, uri in enumerate(files):
        batch = {**reader_of(job), **names_of(job, sequence)}
        with _opened(uri, job) as (path, content):
            answer = target.ask(
                "POST", "/ingestFromFile", files={"file": (path.name, content)},
                params={"tableNameWithType": table, "batchConfigMapStr": json.dumps(batch)},
            )  # fmt: skip
        said = answer.get("status", answer) if isinstance(answer, dict) else answer
        yield f"{sequence + 1} of {len(files)}: {path.name}: {json.dumps({'status': said})}"


def _output(job: Mapping[str, Any]) -> Path:
    """The folder of `outputDirURI`. Raises InputError for another file system's."""
    place = urlsplit(str(job["outputDirURI"]))
    if place.scheme not in ("", "file"):
        what = f"outputDirURI {job['outputDirURI']} is no folder of this machine"
        raise InputError(Problem("wrong-value", what, "", "push in the same job: SegmentCreationAndTarPush"))
    return Path(unquote(place.path))


def _create(job: Mapping[str, Any], target: Controller) -> Iterator[str]:
    """Tars in `outputDirURI`, for a SegmentTarPush later. Schema and config are the table's, as the controller has
    them."""
    from meshloom.cli.engine import build_segment

    name, out, files = str(job["tableSpec"]["tableName"]).removesuffix("_OFFLINE"), _output(job), inputs(job)
    schema, tables = target.ask("GET", f"/tables/{name}/schema"), target.ask("GET", f"/tables/{name}")
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="meshloom-") as folder:
        for sequence, uri in enumerate(files):
            names = names_of(job, sequence)
            fixed = names.get("segmentNameGenerator.configs.segment.name", "")
            with _opened(uri, job) as (path, _):
                made, rows = build_segment(
                    path, Path(folder), schema, tables["OFFLINE"], reader_of(job), sequence, fixed
                )
            tar = out / f"{made}.tar.gz"
            with tarfile.open(tar, "w:gz") as packed:
                packed.add(Path(folder) / made, arcname=made)
            yield f"{sequence + 1} of {len(files)}: {path.name}: {rows} rows in {tar}"


def _push(job: Mapping[str, Any], target: Controller) -> Iterator[str]:
    folder, table = _output(job), str(job["tableSpec"]["tableName"]).removesuffix("_OFFLINE")
    tars = sorted(folder.rglob("*.tar.gz")) if folder.is_dir() else []
    if not tars:
        raise InputError(Problem("no-input", f"no segment (*.tar.gz) lies in {folder}", "", "run SegmentCreation"))
    for sequence, tar in enumerate(tars):
        with tar.open("rb") as content:
            answer = target.ask(
                "POST", "/v2/segments", params={"tableName": table, "tableType": "OFFLINE"},
                files={"file": (tar.name, content)},
            )  # fmt: skip
        said = answer.get("status", answer) if isinstance(answer, dict) else answer
        yield f"{sequence + 1} of {len(tars)}: {tar.name}: {json.dumps({'status': said})}"
