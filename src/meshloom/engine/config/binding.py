"""JSON values as Pinot's classes take them: Jackson's conversions, and its words for what it does not take.

A bean becomes a dict with the properties that the class is written with, defaults filled in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

from meshloom.engine.config import construct
from meshloom.engine.config.beans import Bean, Shape, bean, java_type, words
from meshloom.engine.config.java import double_text
from meshloom.engine.config.source import Key

# Classes that are read in another way than property by property: those of schemas (`fields`).
READERS: dict[str, Callable[[Bean, dict[str, Any], At], dict[str, Any]]] = {}
RANGES = {"int": 2**31, "Integer": 2**31, "long": 2**63, "Long": 2**63}
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
EMPTY = {"int": 0, "long": 0, "double": 0.0, "boolean": False}  # what null and the empty text are


class Misfit(ValueError):
    """A value that a class does not take: Jackson's words, the chain of references, and the value's path.

    `where` is the place of `source.find`.
    """

    def __init__(self, message: str, path: tuple[Key, ...], chain: tuple[str, ...], where: str = "start") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.chain = chain
        self.where = where

    def shown(self) -> str:
        return f" (through reference chain: {'->'.join(self.chain)})" if self.chain else ""


class At:
    """Where a value stands."""

    __slots__ = ("chain", "path")

    def __init__(self, path: tuple[Key, ...] = (), chain: tuple[str, ...] = ()) -> None:
        self.path = path
        self.chain = chain

    def field(self, owner: Bean, name: str) -> At:
        return At((*self.path, name), (*self.chain, f'{owner.java}["{name}"]'))

    def item(self, key: Key) -> At:
        link = f"java.util.ArrayList[{key}]" if isinstance(key, int) else f'java.util.LinkedHashMap["{key}"]'
        return At((*self.path, key), (*self.chain, link))

    def refuse(self, message: str, where: str = "start") -> NoReturn:
        raise Misfit(message, self.path, self.chain, where)


def kind_of(value: Any) -> str:
    """Jackson's words for a JSON value."""
    if isinstance(value, dict):
        return "Object value (token `JsonToken.START_OBJECT`)"
    if isinstance(value, list):
        return "Array value (token `JsonToken.START_ARRAY`)"
    if isinstance(value, bool):
        return f"Boolean value (token `JsonToken.VALUE_{str(value).upper()}`)"
    if isinstance(value, str):
        return "String value (token `JsonToken.VALUE_STRING`)"
    if isinstance(value, int):
        return "Integer value (token `JsonToken.VALUE_NUMBER_INT`)"
    return "Floating-point value (token `JsonToken.VALUE_NUMBER_FLOAT`)"


def convert(shape: Shape, value: Any, at: At) -> Any:
    """A JSON value as one of a shape. Raises Misfit."""
    if isinstance(shape, list):
        return _list(shape, value, at)
    if isinstance(shape, dict):
        return _map(shape, value, at)
    if shape == "any":
        return value
    if value is None:
        return EMPTY.get(shape)
    if shape.startswith("enum "):
        return _word(shape.removeprefix("enum "), value, at)
    if shape in SINGLE:
        return SINGLE[shape](shape, value, at)
    return build(bean(shape), value, at)


def _misfit(shape: Shape, value: Any, at: At) -> NoReturn:
    at.refuse(f"Cannot deserialize value of type `{java_type(shape)}` from {kind_of(value)}")


def _unread(shape: Shape, value: str, at: At, why: str) -> NoReturn:
    at.refuse(f'Cannot deserialize value of type `{java_type(shape)}` from String "{value}": {why}')


def _text(shape: Shape, value: Any, at: At) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        _misfit(shape, value, at)
    return value if isinstance(value, str) else str(value)


def _whole(shape: Shape, value: Any, at: At) -> int | None:
    if isinstance(value, bool | dict | list):
        _misfit(shape, value, at)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return EMPTY.get(shape)  # type: ignore[return-value]
        try:
            value = (
                int(text) if "_" not in text else _unread(shape, value, at, f"not a valid `{java_type(shape)}` value")
            )
        except ValueError:
            _unread(shape, value, at, f"not a valid `{java_type(shape)}` value")
        if not -RANGES[shape] <= value < RANGES[shape]:
            _unread(shape, text, at, f"not a valid `{java_type(shape)}` value")
    if not -RANGES[shape] <= value < RANGES[shape]:
        low, high = -RANGES[shape], RANGES[shape] - 1
        name = "int" if high < 2**32 else "long"
        at.refuse(f"Numeric value ({value}) out of range of {name} ({low} - {high})", "behind")
    return int(value)


def _double(shape: Shape, value: Any, at: At) -> Any:
    if isinstance(value, bool | dict | list):
        _misfit(shape, value, at)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return EMPTY.get(shape)
        try:
            return _finite(float(text))
        except ValueError:
            wrapped = "`Double` value" if shape == "Double" else "`double` value (as String to convert)"
            _unread(shape, value, at, f"not a valid {wrapped}")
    return _finite(float(value))


def _finite(value: float) -> Any:
    """JSON has no NaN: it is a text there."""
    return value if math.isfinite(value) else double_text(value)


def _boolean(shape: Shape, value: Any, at: At) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if not isinstance(value, str):
        _misfit(shape, value, at)
    text = value.strip()
    if not text:
        return EMPTY.get(shape)  # type: ignore[return-value]
    if text not in BOOLEANS:
        known = '"true" or "false"' if shape == "Boolean" else '"true"/"True"/"TRUE" or "false"/"False"/"FALSE"'
        _unread(shape, value, at, f"only {known} recognized")
    return BOOLEANS[text]


SINGLE: dict[str, Callable[[Shape, Any, At], Any]] = {
    "text": _text, "int": _whole, "Integer": _whole, "long": _whole, "Long": _whole, "double": _double,
    "Double": _double, "boolean": _boolean, "Boolean": _boolean,
}  # fmt: skip


def _word(name: str, value: Any, at: At) -> str:
    known = words(name)
    if isinstance(value, str):
        if value.strip() in known.values:
            return value.strip()
        if not value.strip():
            _coerced(f"`{known.java}` value", at)
        why = f"not one of the values accepted for Enum class: [{', '.join(known.shown)}]"
        _unread(f"enum {name}", value, at, why)
    if isinstance(value, bool | float | dict | list):
        _misfit(f"enum {name}", value, at)
    if not 0 <= value < len(known.values):
        why = f"index value outside legal index range [0..{len(known.values) - 1}]"
        at.refuse(f"Cannot deserialize value of type `{known.java}` from number {value}: {why}")
    found: int = value
    return known.values[found]


def _coerced(what: str, at: At) -> NoReturn:
    at.refuse(f'Cannot coerce empty String ("") to {what} (but could if coercion was enabled using `CoercionConfig`)')


def _several(shape: Shape, value: Any, at: At, java: str, *, plain: bool) -> None:
    """Refuse what is no collection; text in the way of those of plain texts."""
    if plain and isinstance(value, str):
        if not value.strip():
            _coerced(f"element of `{java}`", at)
        at.refuse(_no_constructor(java, value))
    _misfit(shape, value, at)


def _list(shape: list[Shape], value: Any, at: At) -> list[Any] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        _several(shape, value, at, "java.util.ArrayList", plain=shape == ["text"])
    return [convert(shape[0], item, at.item(position)) for position, item in enumerate(value)]


def _map(shape: dict[str, Shape], value: Any, at: At) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        _several(shape, value, at, "java.util.LinkedHashMap", plain=True)
    made = {}
    for key, item in value.items():
        if "key" in shape:
            _key(shape["key"], key, At((*at.path, key), at.chain))
        made[key] = convert(shape["value"], item, at.item(key))
    return made


def _key(shape: str, key: str, at: At) -> None:
    known = words(shape.removeprefix("enum "))
    if key not in known.values:
        what = f'Cannot deserialize Map key of type `{known.java}` from String "{key}": '
        why = f"not one of the values accepted for Enum class: [{', '.join(sorted(known.values))}]"
        at.refuse(
            f"{what}not a valid representation, problem: "
            f"(com.fasterxml.jackson.databind.exc.InvalidFormatException) {what}{why}",
            "key",
        )


def _no_constructor(java: str, value: Any) -> str:
    if isinstance(value, bool):
        kinds, shown = "boolean/Boolean", f"boolean value ({str(value).lower()})"
    elif isinstance(value, str):
        kinds, shown = "String", f"String value ('{value}')"
    else:
        kinds, shown = "int/Int" if isinstance(value, int) else "double/Double", f"Number value ({value})"
    return (
        f"Cannot construct instance of `{java}` (although at least one Creator exists): no {kinds}-argument "
        f"constructor/factory method to deserialize from {shown}"
    )


def build(kind: Bean, value: Any, at: At) -> dict[str, Any]:
    """A bean from a JSON object, as it is written again. Raises Misfit."""
    if isinstance(value, list):
        _misfit(kind.name, value, at)
    if not isinstance(value, dict):
        if isinstance(value, str) and not value.strip():
            _coerced(f"`{kind.java}` value", at)
        at.refuse(_no_constructor(kind.java, value))
    if kind.name in READERS:
        return READERS[kind.name](kind, value, at)
    given: dict[str, Any] = {}
    for name, item in value.items():
        if name in kind.takes:
            inner = at.field(kind, name)
            given[name] = convert(kind.takes[name], item, inner)
            if given[name] is None and (why := construct.NOT_NULL.get((kind.name, name))):
                inner.refuse(why)
    for position, name in enumerate(kind.created):
        if name in kind.required and name not in given:
            inner = at.field(kind, name)
            what = f"Missing required creator property '{name}' (index {position})"
            raise Misfit(what, at.path, inner.chain, "end")
    try:
        if kind.name in construct.CONSTRUCTORS:
            construct.CONSTRUCTORS[kind.name](given)
    except ValueError as error:
        at.refuse(f"Cannot construct instance of `{kind.java}`, problem: {error}", "end")
    return _written(kind, given)


def _written(kind: Bean, given: dict[str, Any]) -> dict[str, Any]:
    """Null is not written. What a constructor got as null has its default, what a setter got stays null."""
    made = {}
    for name in kind.shows:
        value = given.get(name)
        if value is None and (name not in given or name in kind.created):
            value = kind.defaults.get(name)
        node = kind.takes.get(name) == "any" and name in given  # Jackson's null node is written
        if value is not None or node or name in construct.NULLS.get(kind.name, ()):
            made[name] = value
    return made
