"""Pinot's configuration classes as Jackson sees them: `beans.json`, told by Jackson of the jars of Pinot 1.5.1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

# A value's shape: a kind of single value ("text", "int", "Integer", …, "enum NAME"), a bean's name, [shape of the
# items], or {"value": shape, "key": shape of an enumeration}.
Shape = Any


@dataclass(frozen=True, slots=True)
class Bean:
    """A class. `created` are the properties of its constructor in their order, `shows` those that it is written with,
    `defaults` their values when the document does not say."""

    name: str
    java: str
    created: tuple[str, ...]
    required: frozenset[str]
    takes: Mapping[str, Shape]
    shows: tuple[str, ...]
    defaults: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """An enumeration: its values in their order, and in the order in which Jackson tells them."""

    java: str
    values: tuple[str, ...]
    shown: tuple[str, ...]


@cache
def _told() -> tuple[dict[str, Bean], dict[str, Words]]:
    told = json.loads((files(__package__) / "beans.json").read_text("utf-8"))
    beans = {
        name: Bean(
            name=name, java=entry["java"], created=tuple(entry["created"]), required=frozenset(entry["required"]),
            takes=entry["takes"], shows=tuple(entry["shows"]), defaults=entry["defaults"],
        )
        for name, entry in told["beans"].items()
    }  # fmt: skip
    words = {
        name: Words(entry["java"], tuple(entry["values"]), tuple(entry["shown"]))
        for name, entry in told["enums"].items()
    }
    return beans, words


def bean(name: str) -> Bean:
    return _told()[0][name]


def words(name: str) -> Words:
    return _told()[1][name]


KINDS = {
    "text": "java.lang.String", "int": "int", "long": "long", "double": "double", "boolean": "boolean",
    "Integer": "java.lang.Integer", "Long": "java.lang.Long", "Double": "java.lang.Double",
    "Boolean": "java.lang.Boolean", "any": "java.lang.Object",
}  # fmt: skip


def java_type(shape: Shape, within: bool = False) -> str:
    """The name of a shape's class as Jackson's messages have it; `within` another one it is the interface."""
    if isinstance(shape, list):
        return f"java.util.{'List' if within else 'ArrayList'}<{java_type(shape[0], True)}>"
    if isinstance(shape, dict):
        kinds = f"{java_type(shape.get('key', 'text'))},{java_type(shape['value'], True)}"
        return f"java.util.{'Map' if within else 'LinkedHashMap'}<{kinds}>"
    if shape.startswith("enum "):
        return words(shape.removeprefix("enum ")).java
    return KINDS.get(shape) or bean(shape).java
