"""A document's shape against a JSON Schema, said in the words of the person who wrote the file.

The schemas are Bitol's own (ODPS 1.1 vendored with its licence, ODCS 3.2 from `open-data-contract-standard`) and
Meshloom's for its own small files.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft201909Validator
from jsonschema.exceptions import ValidationError

from meshloom.errors import Problem
from meshloom.spec.document import Document, Pointer

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


@cache
def schema(name: str) -> dict[str, Any]:
    """A JSON Schema by name: `odps`, `odcs`, `mesh`, `domain`, `identities`, `policy`."""
    if name == "odcs":
        source = files("open_data_contract_standard") / "schema.json"
    else:
        file = "odps-1.1.0.schema.json" if name == "odps" else f"{name}.schema.json"
        source = files("meshloom.spec") / "schemas" / file
    loaded: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return loaded


@cache
def _validator(name: str) -> Draft201909Validator:
    return Draft201909Validator(schema(name))


def check_shape(document: Document, name: str) -> tuple[Problem, ...]:
    """Everything in which the document departs from the schema; unknown keys first in each place."""
    found: list[Problem] = []
    for error in _leaves(_validator(name).iter_errors(document.data)):
        found.extend(_say(document, error, name))
    return tuple(dict.fromkeys(found))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for a misspelt word: the nearest known one, else the list of them."""
    words = sorted(known)
    lower = {entry.lower(): entry for entry in words}
    near = difflib.get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    if near:
        return f"did you mean {lower[near[0]]!r}?"
    return f"known here: {', '.join(words)}" if words else "remove it"


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors that say something: of an anyOf/oneOf the branch that fits best, of the rest all."""
    for error in errors:
        if error.validator in ("allOf", "$ref", "if", "then", "else") and error.context:
            yield from _leaves(error.context)
        elif error.validator in ("anyOf", "oneOf") and error.context:
            yield from _best_branch(error)
        else:
            yield error


def _best_branch(error: ValidationError) -> Iterator[ValidationError]:
    branches: dict[Any, list[ValidationError]] = {}
    for child in error.context or ():
        branches.setdefault(child.schema_path[0], []).append(child)
    deepest = max(len(child.path) for children in branches.values() for child in children)
    if deepest == 0 or all(child.validator == "required" for child in error.context or ()):
        yield error
        return
    best = min(branches.values(), key=lambda children: (-max(len(child.path) for child in children), len(children)))
    yield from _leaves(best)


def _say(document: Document, error: ValidationError, name: str) -> Iterator[Problem]:
    pointer: Pointer = tuple(error.absolute_path)
    standard = {"odps": "Bitol ODPS 1.1", "odcs": "Bitol ODCS 3.2"}.get(name, f"Meshloom's {name} file")
    where = _where(pointer)
    value: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            known = _known_keys(error, name)
            unknown = [key for key in instance if key not in known] if isinstance(instance, dict) else []
            for key in unknown:
                yield document.problem(
                    (*pointer, key), "unknown-key", f"unknown key {key!r} {where}", f"{standard} has no such key",
                    did_you_mean(key, known),
                )  # fmt: skip
        case "required":
            for key in (key for key in value if key not in instance):
                why = f"{standard} wants it"
                yield document.problem(pointer, "missing-key", f"{key!r} is missing {where}", why, f"add {key!r}")
        case "type":
            wanted = value if isinstance(value, list) else [value]
            what = f"{_show(instance)} is not {' or '.join(_TYPES[kind] for kind in wanted)}"
            yield document.problem(pointer, "wrong-type", f"{what} {where}", "", "write it so")
        case "enum" | "const":
            values = value if error.validator == "enum" else [value]
            remedy = did_you_mean(str(instance), map(str, values))
            allowed = f"allowed are {', '.join(map(str, values))}"
            yield document.problem(pointer, "wrong-value", f"{_show(instance)} cannot stand {where}", allowed, remedy)
        case "oneOf" | "anyOf" if not isinstance(instance, dict) and all(
            child.validator == "required" for child in error.context or ()
        ):
            return  # that it is no mapping is said by another error
        case "oneOf" if all(child.validator == "required" for child in error.context or ()):
            names = sorted({key for child in error.context or () for key in _required(child)})
            stray = [key for key in instance if key not in _quality_keys()]
            for key in stray:
                why = f"{standard} has no such key"
                remedy = did_you_mean(key, names)
                yield document.problem((*pointer, key), "unknown-key", f"unknown key {key!r} {where}", why, remedy)
            if not stray:
                what = f"exactly one of {', '.join(names)} must stand {where}"
                yield document.problem(pointer, "missing-key", what, standard, "add one")
        case "pattern":
            why = f"it must match {value}"
            yield document.problem(pointer, "wrong-value", f"{_show(instance)} cannot stand {where}", why, "rename it")
        case _:
            yield document.problem(pointer, "wrong-value", f"{error.message} {where}", standard, "")


@cache
def _quality_keys() -> frozenset[str]:
    """Keys of an ODCS quality entry of any type, the one place where a schema says "exactly one of"."""
    known: set[str] = set()
    definitions = schema("odcs")["$defs"]
    for name in ("DataQuality", "DataQualityLibrary", "DataQualitySql", "DataQualityCustom"):
        _collect(definitions[name], schema("odcs"), known, {})
    return frozenset(known)


def _required(error: ValidationError) -> list[str]:
    wanted: Any = error.validator_value
    return list(wanted)


def _known_keys(error: ValidationError, name: str) -> set[str]:
    """The keys that a schema allows in a place, through $ref and allOf."""
    known: set[str] = set()
    _collect(error.schema, schema(name), known, error.instance)
    return known


def _collect(part: Any, root: dict[str, Any], known: set[str], instance: Any, depth: int = 0) -> None:
    if not isinstance(part, dict) or depth > 12:
        return
    known.update(part.get("properties", ()))
    if "$ref" in part:
        _collect(root["$defs"][part["$ref"].rsplit("/", 1)[1]], root, known, instance, depth + 1)
    for key in ("allOf", "oneOf", "anyOf"):
        for branch in part.get(key, ()):
            _collect(branch, root, known, instance, depth + 1)
    if "if" in part and Draft201909Validator({**part["if"], "$defs": root["$defs"]}).is_valid(instance):
        _collect(part.get("then"), root, known, instance, depth + 1)


def _where(pointer: Pointer) -> str:
    if not pointer:
        return "at the top"
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in pointer)
    return f"in {text.lstrip('.')}"


def _show(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return json.dumps(value)
