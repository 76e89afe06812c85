"""LaunchDataIngestionJob: a job specification's files, each made a segment of its table by the controller.

Pinot's job builds segments where it runs and uploads them; here the files travel to the controller, which builds them.
The specification is Pinot's, unchanged (SegmentGenerationJobSpec.java); what only steers where its job runs is taken
and does nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from meshloom.cli.pinot.controller import Controller
from meshloom.errors import InputError, Problem
from meshloom.infra.locations import LocationError, files_of, local

FORMATS = {"jsonl": "json", "ndjson": "json"}


def read_job(path: Path, values: Mapping[str, str]) -> dict[str, Any]:
    """A specification with its `${name}` filled in from `values` and the environment. Raises InputError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            Problem("unreadable", "the file cannot be read", error.strerror or str(error), "", str(path))
        ) from error
    known = {**os.environ, **values}
    missing = sorted({name for name in re.findall(r"\$\{(\w+)\}", text) if name not in known})
    if missing:
        what = f"no value for {', '.join(missing)}"
        raise InputError(Problem("no-value", what, "", "give them with -values name=value", str(path)))
    text = re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], text)
    try:
        job = YAML(typ="safe").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 0
        raise InputError(Problem("yaml-syntax", "no valid YAML", str(error), "", str(path), line)) from error
    problems = [
        Problem("missing-key", f"the job has no {name}", "", "see Pinot's ingestion job specification", str(path))
        for name in ("inputDirURI", "recordReaderSpec", "tableSpec", "pinotClusterSpecs")
        if not (isinstance(job, dict) and job.get(name))
    ]
    if problems:
        raise InputError(*problems)
    return dict(job)


def properties(path: Path) -> dict[str, str]:
    """A Java property file: `name=value` or `name: value`, with comments. Raises InputError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(
            Problem("unreadable", "the file cannot be read", error.strerror or str(error), "", str(path))
        ) from error
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
    """Ingest each file and yield a line on it. Raises Failed, InputError, Broken."""
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
