"""A YAML file with the place of each of its values, and its shape checked against a JSON Schema.

YAML is read by `ruamel.yaml` (YAML 1.2) into plain values. Dates stay text, as the Bitol schemas want them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from meshloom.errors import Problem

Pointer = tuple[str | int, ...]
MAX_VALUES = 100_000  # a manifest has hundreds; aliases that multiply themselves have billions
MAX_DEPTH = 60
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Document:
    """One file. `data` is None when it could not be read; `name` is the path shown in problems.

    `places` maps a pointer to the 1-based (line, column) of the key or of the list item.
    """

    name: str
    data: Any
    places: Mapping[Pointer, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, pointer: Pointer) -> tuple[int, int]:
        """Where the value stands, or its nearest parent; (1, 1) at worst."""
        for end in range(len(pointer), -1, -1):
            if pointer[:end] in self.places:
                return self.places[pointer[:end]]
        return (1, 1)

    def problem(self, pointer: Pointer, code: str, what: str, why: str = "", remedy: str = "") -> Problem:
        line, column = self.place(pointer)
        return Problem(code, what, why, remedy, self.name, line, column)


def read_document(path: Path, name: str) -> Document:
    """Read one YAML file. Never raises for what the file holds: problems are in the document."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is {error.object[error.start]:#04x}"
        return _unreadable(name, "encoding", "the file is not UTF-8", why, "save it as UTF-8")
    except OSError as error:
        return _unreadable(name, "unreadable", "the file cannot be read", error.strerror or str(error), "")
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """Parse YAML text. `name` is what problems call the file."""
    try:
        node = YAML(typ="safe", pure=True).compose(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        why = " ".join(str(error.context or "").split())
        problem = Problem("yaml-syntax", f"no valid YAML: {error.problem}", why, "mend the line", name, line, column)
        return Document(name, None, problems=(problem,))
    except YAMLError as error:
        return _unreadable(name, "yaml-syntax", "no valid YAML", str(error).splitlines()[0], "mend the file")
    if node is None:
        return _unreadable(name, "empty-file", "the file is empty", "", "write it, or remove it")
    builder = _Builder(name)
    data = builder.value(node, ())
    if not isinstance(data, dict):
        return _unreadable(name, "wrong-type", "the file is not a mapping", "its top level is keys with values", "")
    return Document(name, data, builder.places, tuple(builder.problems))


def _unreadable(name: str, code: str, what: str, why: str, remedy: str) -> Document:
    return Document(name, None, problems=(Problem(code, what, why, remedy, name, 1, 1),))


class _Builder:
    """Turns YAML nodes into plain values and notes where each stands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Pointer, tuple[int, int]] = {}
        self.problems: list[Problem] = []

    def value(self, node: Node, pointer: Pointer) -> Any:
        self.places.setdefault(pointer, (node.start_mark.line + 1, node.start_mark.column + 1))
        if len(self.places) > MAX_VALUES or len(pointer) > MAX_DEPTH:
            if not any(problem.code == "yaml-too-large" for problem in self.problems):
                why = f"more than {MAX_VALUES} values or {MAX_DEPTH} levels; does an alias contain itself?"
                self._problem(node, "yaml-too-large", "the file is too large", why, "write it without aliases")
            return None
        if not isinstance(node, ScalarNode) and node.tag not in (_TAG + "map", _TAG + "seq"):
            self._tag(node)
        if isinstance(node, MappingNode):
            return self._mapping(node, pointer)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*pointer, number)) for number, item in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, ScalarNode) else None

    def _mapping(self, node: MappingNode, pointer: Pointer) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else ""
            if not key or key in result:
                why = "a key stands once in a mapping" if key else "a key is a word"
                self._problem(key_node, "duplicate-key", f"the key {key!r} cannot stand here", why, "remove one")
                continue
            self.places[(*pointer, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            result[key] = self.value(value_node, (*pointer, key))
        return result

    def _scalar(self, node: ScalarNode) -> Any:
        text, tag = str(node.value), str(node.tag).removeprefix(_TAG)
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        try:
            if tag == "int":
                return int(text.replace("_", ""), 0) if text.lstrip("+-")[:2].lower() in ("0x", "0o") else int(text)
            if tag == "float":
                return float(text.replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
        except ValueError:
            self._problem(node, "yaml-number", f"{text!r} is no number", "", "put text in quotes")
            return None
        if tag not in ("str", "timestamp", "merge", "value"):
            self._tag(node)
        return text

    def _tag(self, node: Node) -> None:
        self._problem(node, "yaml-tag", f"the tag {str(node.tag)!r} is not allowed", "files are plain", "remove it")

    def _problem(self, node: Node, code: str, what: str, why: str, remedy: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(code, what, why, remedy, self.name, mark.line + 1, mark.column + 1))


def walk(data: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Every value with its pointer, parents first."""
    yield pointer, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*pointer, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from walk(value, (*pointer, number))
