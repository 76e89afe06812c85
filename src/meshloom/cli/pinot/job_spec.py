"""A job specification as a file: YAML with `${name}`, every mistake of it told with its line.

The keys are those of Pinot's SegmentGenerationJobSpec.java; like there, one that is none of them is an error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from meshloom.errors import InputError, Problem

CREATE, PUSH = "SegmentCreation", ("TarPush", "UriPush", "MetadataPush")
JOBS = (CREATE, *(f"Segment{how}" for how in PUSH), *(f"SegmentCreationAnd{how}" for how in PUSH))
FORMATS = ("csv", "json", "jsonl", "ndjson", "parquet", "avro", "gzipped_avro", "orc", "arrow", "protobuf", "proto")
GENERATORS = ("simple", "fixed", "normalizedDate", "inputFile", "uploadedRealtime")
SPECS = {
    "executionFrameworkSpec": ("name", "segmentGenerationJobRunnerClassName", "segmentTarPushJobRunnerClassName",
                               "segmentUriPushJobRunnerClassName", "segmentMetadataPushJobRunnerClassName",
                               "extraConfigs"),
    "recordReaderSpec": ("dataFormat", "className", "configClassName", "configs"),
    "tableSpec": ("tableName", "schemaURI", "tableConfigURI"),
    "segmentNameGeneratorSpec": ("type", "configs"),
    "pushJobSpec": ("pushFileNamePattern", "pushParallelism", "pushAttempts", "pushRetryIntervalMillis",
                    "segmentUriPrefix", "segmentUriSuffix", "copyToDeepStoreForMetadataPush", "batchSegmentUpload"),
    "tlsSpec": ("keyStoreType", "keyStorePath", "keyStorePassword", "trustStoreType", "trustStorePath",
                "trustStorePassword"),
}  # fmt: skip
LISTS = {"pinotFSSpecs": ("scheme", "className", "configs"), "pinotClusterSpecs": ("controllerURI",)}
PLAIN = ("jobType", "inputDirURI", "includeFileNamePattern", "excludeFileNamePattern", "searchRecursively",
         "outputDirURI", "segmentCreationJobParallelism", "overwriteOutput", "authToken", "failOnEmptySegment",
         "createMetadataTarGz", "cleanUpOutputDir")  # fmt: skip
NESTED = ("configs", "extraConfigs")  # the keys of a spec that hold mappings
KEYS = (*PLAIN, *SPECS, *LISTS)
REMEDY = "see Pinot's ingestion job specification"


def read_job(path: Path, values: Mapping[str, str]) -> dict[str, Any]:
    """A specification with its `${name}` filled in from `values` and the environment.

    Raises InputError with everything that is wrong with it.
    """
    text = filled(_text(path), values, path)
    job = _loaded(text, path)
    if not isinstance(job, dict):
        raise InputError(Problem("wrong-value", "a job specification is a mapping of keys", "", REMEDY, str(path)))
    problems = sorted(Judge(job, str(path)).problems(), key=lambda problem: problem.line)
    if problems:
        raise InputError(*problems)
    return dict(job)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise InputError(Problem("unreadable", "the file cannot be read", why, "", str(path))) from error


def filled(text: str, values: Mapping[str, str], path: Path) -> str:
    """Raises InputError for names without a value, each with its line."""
    known = {**os.environ, **values}
    missing = {
        name: text.count("\n", 0, found.start()) + 1
        for found in re.finditer(r"\$\{(\w+)\}", text)
        if (name := found[1]) not in known
    }
    if missing:
        raise InputError(*(
            Problem("no-value", f"no value for {name}", "", f"give it with -values {name}=…", str(path), line)
            for name, line in sorted(missing.items())
        ))  # fmt: skip
    return re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], text)


def _loaded(text: str, path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="rt").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        why = str(getattr(error, "problem", None) or error).split("\n")[0]
        raise InputError(Problem("yaml-syntax", "no valid YAML", why, "", str(path), line, column)) from error
    except RecursionError as error:
        raise InputError(Problem("yaml-syntax", "nested too deeply", "", "", str(path))) from error
    except (ValueError, TypeError) as error:  # a date that is none, a mapping as a key; the parser does not say where
        raise InputError(Problem("yaml-syntax", "a value is not of its form", str(error), "", str(path))) from error


class Judge:
    """What is wrong with one specification."""

    def __init__(self, job: Mapping[str, Any], file: str) -> None:
        self._job, self._file = job, file

    def problems(self) -> Iterator[Problem]:
        yield from self._unknown(self._job, KEYS, "")
        yield from self._missing()
        for name in PLAIN:
            if isinstance(self._job.get(name), dict | list):
                yield self._wrong(self._job, name, f"{name} is one value")
        for name, keys in SPECS.items():
            yield from self._mapping(self._job, name, keys)
        for name, keys in LISTS.items():
            yield from self._list(name, keys)
        yield from self._chosen("jobType", self._job, JOBS, str)
        reader, names = self._job.get("recordReaderSpec"), self._job.get("segmentNameGeneratorSpec")
        if isinstance(reader, dict):
            yield from self._chosen("dataFormat", reader, FORMATS, str.lower)
        if isinstance(names, dict):
            yield from self._chosen("type", names, GENERATORS, str)

    def _line(self, node: Any, key: str = "") -> int:
        marks = getattr(node, "lc", None)
        if marks is None:
            return 0
        return int(marks.key(key)[0]) + 1 if key and key in node else int(marks.line or 0) + 1

    def _wrong(self, node: Any, key: str, what: str, why: str = "", remedy: str = REMEDY) -> Problem:
        return Problem("wrong-value", what, why, remedy, self._file, self._line(node, key))

    def _unknown(self, node: Mapping[str, Any], keys: tuple[str, ...], where: str) -> Iterator[Problem]:
        for key in node:
            if key not in keys:
                near = get_close_matches(str(key), keys, 1)
                remedy = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(keys)}"
                what = f"{where or 'a job'} has no {key}"
                yield Problem("unknown-key", what, "", remedy, self._file, self._line(node, key))

    def _missing(self) -> Iterator[Problem]:
        kind = str(self._job.get("jobType") or "SegmentCreationAndTarPush")
        wanted = ["pinotClusterSpecs", "tableSpec"]
        wanted += ["inputDirURI", "recordReaderSpec"] if CREATE in kind or kind not in JOBS else []
        wanted += ["outputDirURI"] if kind in JOBS and "And" not in kind else []
        for name in wanted:
            if not self._job.get(name):
                yield Problem("missing-key", f"the job has no {name}", "", REMEDY, self._file)
        for name, key in (("tableSpec", "tableName"), ("recordReaderSpec", "dataFormat")):
            found = self._job.get(name)
            if isinstance(found, dict) and found and not found.get(key):
                what = f"{name} has no {key}"
                yield Problem("missing-key", what, "", REMEDY, self._file, self._line(self._job, name))

    def _plain(self, node: Mapping[str, Any], keys: tuple[str, ...], where: str) -> Iterator[Problem]:
        for key in keys:
            if key not in NESTED and isinstance(node.get(key), dict | list):
                yield self._wrong(node, key, f"{key} of {where} is one value")

    def _mapping(self, node: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> Iterator[Problem]:
        found = node.get(name)
        if found is None:
            return
        if not isinstance(found, dict):
            yield self._wrong(node, name, f"{name} is a mapping")
            return
        yield from self._unknown(found, keys, name)
        yield from self._plain(found, keys, name)
        if found.get("configs") is not None and not isinstance(found["configs"], dict):
            yield self._wrong(found, "configs", f"configs of {name} is a mapping")

    def _list(self, name: str, keys: tuple[str, ...]) -> Iterator[Problem]:
        found = self._job.get(name)
        if found is None:
            return
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            yield self._wrong(self._job, name, f"{name} is a list of mappings")
            return
        for one in found:
            yield from self._unknown(one, keys, name)
            yield from self._plain(one, keys, name)
            if not one.get(keys[0]):
                yield Problem("missing-key", f"{name} has no {keys[0]}", "", REMEDY, self._file, self._line(one))
            if one.get("configs") is not None and not isinstance(one["configs"], dict):
                yield self._wrong(one, "configs", f"configs of {name} is a mapping")

    def _chosen(
        self, key: str, node: Mapping[str, Any], known: tuple[str, ...], form: Callable[[str], str]
    ) -> Iterator[Problem]:
        value = node.get(key)
        if value is not None and not isinstance(value, dict | list) and form(str(value)) not in known:
            near = get_close_matches(str(value), known, 1)
            remedy = f"did you mean {near[0]}?" if near else ""
            yield self._wrong(node, key, f"{key} {value} is none of {', '.join(known)}", "", remedy)
