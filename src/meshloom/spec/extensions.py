"""What Bitol's standards lack, as `customProperties` under one prefix: the table that the loader and the docs share."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft201909Validator

from meshloom.errors import Problem
from meshloom.spec.document import Document, Pointer
from meshloom.spec.shape import did_you_mean

PREFIX = "meshloom."
_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
_ON_VIOLATION: Mapping[str, Any] = {"enum": ["quarantine", "tag", "reject"]}
_STEP: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        "sql": _TEXT,
        "python": _TEXT,
        "function": _TEXT,
        "output": _TEXT,
        "lineage": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
_SOURCE: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["file", "package", "product"]},
        "path": _TEXT,
        "package": _TEXT,
        "resource": _TEXT,
        "sample": _TEXT,
        "urn": _TEXT,
        "format": {"enum": ["csv", "jsonl", "parquet"]},
        "mode": {"enum": ["snapshot", "append"]},
        "options": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"delimiter": _TEXT, "quote": _TEXT, "null": {"type": "string"}},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Extension:
    """One property that may stand in the `customProperties` of one kind of element (`where`)."""

    property: str
    where: str
    schema: Mapping[str, Any]
    meaning: str
    example: str


EXTENSIONS: tuple[Extension, ...] = (
    Extension(
        "meshloom.transformation", "product", {"oneOf": [_STEP, {"type": "array", "items": _STEP, "minItems": 1}]},
        "The product's code: one step or a list. `sql` or `python` is a file beside the manifest, `output` the contract"
        " that the step fills (needed when the product has several), `function` the Python function (default"
        " `transform`), `lineage` what a Python step's columns come from (`column: [port.column]`). Without this"
        " property the product publishes its only input port as it is.",
        "{sql: transform.sql}",
    ),
    Extension(
        "meshloom.policies", "product",
        {
            "type": "object", "additionalProperties": False,
            "properties": {"locality": _TEXT, "confidentiality": _TEXT, "privacy": _TEXT, "retention": _TEXT},
        },
        "Local policies of the product, input of the decision: where the data may be, how confidential it is, whom it"
        " is about, how long it is kept. They may only tighten the mesh's policies.",
        "{confidentiality: internal, retention: 5 years}",
    ),
    Extension(
        "meshloom.source", "input port", _SOURCE,
        "Where the port reads. `kind: file` with `path` beside the manifest; `kind: package` with `package` and"
        " `resource` (a data file shipped in an installed Python package; `sample` is a small file with the same"
        " columns, for tests); `kind: product` with the `urn` of another product's output port. `format`: csv, jsonl"
        " or parquet (default: by the file's name). `mode: snapshot` (default) says that a row missing in the next"
        " reading is gone, `append` that each reading only adds. `options` for CSV: `delimiter`, `quote`, `null`.",
        "{kind: file, path: data/orders.csv}",
    ),
    Extension(
        "meshloom.actualTime", "contract", _TEXT,
        "The column that says when a row was true; without it that is the time of publishing.",
        "ordered_at",
    ),
    Extension(
        "meshloom.semantics", "contract",
        {
            "type": "object", "additionalProperties": False,
            "properties": {
                "entity": _TEXT,
                "identity": {"type": "array", "items": {"type": "string"}},
                "owns": {"type": "boolean"},
                "links": {
                    "type": "array",
                    "items": {
                        "type": "object", "additionalProperties": False, "required": ["columns", "entity", "urn"],
                        "properties": {
                            "columns": {"type": "array", "items": {"type": "string"}},
                            "entity": _TEXT, "urn": _TEXT,
                        },
                    },
                },
            },
        },
        "What the rows are about, apart from their syntax: the `entity`, the columns that are its `identity`, whether"
        " this product `owns` that identity (a polyseme), and `links` from columns to entities of other products.",
        "{entity: order, identity: [order_id], owns: true}",
    ),
    Extension(
        "meshloom.declassified", "column",
        {
            "type": "object", "additionalProperties": False, "required": ["reason", "approvedBy"],
            "properties": {"reason": _TEXT, "approvedBy": _TEXT},
        },
        "Why the column may have a lower classification than the columns that it is made from, and who agreed.",
        "{reason: counts of at least 50 households, approvedBy: governance}",
    ),
    *(
        Extension(
            "meshloom.onViolation", where, _ON_VIOLATION,
            f"What becomes of a row that breaks {what}: `quarantine` holds it back, `tag` publishes it with the rule's"
            " name in `_tags`, `reject` publishes nothing.",
            "tag",
        )
        for where, what in (
            ("contract", "a rule that says nothing itself (default: quarantine; for rules on the whole table: reject)"),
            ("column", "one of the column's rules"),
            ("quality", "the rule"),
            ("relationship", "the reference"),
            ("service level", "the freshness promise (default: tag, a warning)"),
        )
    ),
)  # fmt: skip


def read_extensions(
    document: Document, pointer: Pointer, element: Any, where: str
) -> tuple[dict[str, Any], list[Problem]]:
    """The `meshloom.` properties of one element by name without the prefix, and what is wrong with them."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    known = {extension.property: extension for extension in EXTENSIONS if extension.where == where}
    entries = element.get("customProperties") if isinstance(element, dict) else None
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("property") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name.startswith(PREFIX):
            continue
        at = (*pointer, "customProperties", number)
        extension = known.get(name)
        if extension is None:
            why = f"Meshloom has no such property on {'an' if where[0] in 'aeiou' else 'a'} {where}"
            short = {name.removeprefix(PREFIX): name for name in known}
            near = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), [word.lower() for word in short], n=1)
            meant = next((word for word in short if near and word.lower() == near[0]), "")
            remedy = f"did you mean {short[meant]!r}?" if meant else f"known here: {', '.join(sorted(known))}"
            what = f"unknown property {name!r}"
            problems.append(document.problem((*at, "property"), "unknown-extension", what, why, remedy))
            continue
        wrong = _wrong(document, at, extension, entry.get("value"))
        problems.extend(wrong)
        if not wrong:
            values[name.removeprefix(PREFIX)] = entry["value"]
    return values, problems


READ: frozenset[tuple[str, ...]] = frozenset(
    {
        (), ("inputPorts",), ("schema", "properties"), ("schema", "quality"), ("schema", "properties", "quality"),
        ("slaProperties",), ("schema", "relationships"), ("schema", "properties", "relationships"),
    }
)  # fmt: skip
"""The elements whose properties `read_extensions` is asked for, as keys from the top of a manifest or contract."""


def stray_extensions(document: Document) -> list[Problem]:
    """A problem for each `meshloom.` property of an element that has none, where it would be passed over."""
    found: list[Problem] = []
    for pointer, element in _elements(document.data, ()):
        keys = tuple(key for key in pointer if isinstance(key, str))
        entries = element.get("customProperties")
        for number, entry in enumerate(entries if isinstance(entries, list) and keys not in READ else ()):
            name = entry.get("property") if isinstance(entry, dict) else None
            if isinstance(name, str) and name.startswith(PREFIX):
                places = ", ".join(sorted({extension.where for extension in EXTENSIONS if extension.property == name}))
                what, why = f"the property {name!r} stands where it is not read", f"it is none of {keys[-1]!r}"
                remedy = f"move it to the {places}" if places else "remove it"
                at = (*pointer, "customProperties", number, "property")
                found.append(document.problem(at, "unknown-extension", what, why, remedy))
    return found


def _elements(value: Any, at: Pointer) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    if isinstance(value, dict):
        yield at, value
        for key, item in value.items():
            yield from _elements(item, (*at, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _elements(item, (*at, number))


def _wrong(document: Document, at: Pointer, extension: Extension, value: Any) -> list[Problem]:
    validator = Draft201909Validator(dict(extension.schema))
    remedy = f"for example {extension.property}: {extension.example}"
    found: list[Problem] = []
    for error in validator.iter_errors(value):
        place: Pointer = (*at, "value", *error.absolute_path)
        if error.validator == "oneOf" and error.context:
            branch = 1 if isinstance(value, list) else 0
            error = next((child for child in error.context if child.schema_path[0] == branch), error)
            place = (*at, "value", *error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = error.schema["properties"] if isinstance(error.schema, dict) else {}
            for key in (key for key in error.instance if key not in known):
                what = f"unknown key {key!r} in {extension.property}"
                found.append(document.problem((*place, key), "unknown-key", what, "", did_you_mean(key, known)))
            continue
        found.append(document.problem(place, "wrong-value", f"{extension.property}: {error.message}", "", remedy))
    return found
