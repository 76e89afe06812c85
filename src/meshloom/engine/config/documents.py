"""Schemas and table configs as Pinot reads and keeps them: refused with Jackson's words, defaults filled in, and what
Pinot does not keep told by its JSON pointer (JsonUtils.stringToObjectAndUnrecognizedProperties)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshloom.engine.config.beans import bean
from meshloom.engine.config.binding import READERS, At, Misfit, build, kind_of
from meshloom.engine.config.fields import CLASSES
from meshloom.engine.config.source import Document, Unreadable, find, place, read
from meshloom.engine.errors import RestError

assert set(CLASSES.values()) <= READERS.keys()  # the schemas' classes are read as `fields` says
NO_MAP = 'Cannot invoke "java.util.Map.entrySet()" because "map" is null'


def parse_json(text: str | bytes, refusal: str = "", kind: str = "") -> Document:
    """A request's body as an object; `refusal` is the sentence in front of the reason, `kind` the class that it will
    be. Raises RestError 400."""
    shown = _decoded(text)
    value = _parsed(shown, refusal)
    if value is None:
        raise RestError(400, _said(refusal, shown, NO_MAP))
    if not isinstance(value, dict):
        raise RestError(400, _said(refusal, shown, _no_object(value, kind) + place(shown, 0)))
    document = Document(value)
    document.text = shown
    return document


def _no_object(value: Any, kind: str) -> str:
    try:
        build(bean(kind or "TableConfig"), value, At())
    except Misfit as error:
        return error.message if kind else f"Cannot deserialize a JSON object from {kind_of(value)}"
    raise AssertionError(value)


def parse_list(text: str | bytes) -> list[Any]:
    """A request's body as a list. Raises RestError 400."""
    found = _parsed(_decoded(text), "")
    if not isinstance(found, list):
        raise RestError(400, "Cannot deserialize value: a JSON list is expected")
    return found


def _decoded(text: str | bytes) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _parsed(text: str, refusal: str) -> Any:
    try:
        return read(text)
    except Unreadable as error:
        raise RestError(400, _said(refusal, text, f"{error.message}{place(text, error.at)}")) from error


def _said(refusal: str, text: str, reason: str) -> str:
    """A refusal that ends with ": " is followed by the reason, another one by the text too."""
    if refusal.endswith(": "):
        return f"{refusal}{reason}"
    return f"{refusal}: {text[:2000]}. Reason: {reason}" if refusal else reason


def schema_document(given: Mapping[str, Any], refusal: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema as kept, and its unrecognised properties by JSON pointer. Raises RestError 400."""
    return _bound("Schema", given, refusal)


def table_document(given: Mapping[str, Any], refusal: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """A table config as kept, and its unrecognised properties by JSON pointer. Raises RestError 400."""
    return _bound("TableConfig", given, refusal)


def together(given: Mapping[str, Any], refusal: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema and its tables (TableConfigs) as kept, and their unrecognised properties. Raises RestError 400."""
    return _bound("TableConfigs", given, refusal)


def logical_document(given: Mapping[str, Any], refusal: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """A logical table's config as kept, and its unrecognised properties. Raises RestError 400."""
    return _bound("LogicalTableConfig", given, refusal)


def _bound(kind: str, given: Mapping[str, Any], refusal: str) -> tuple[dict[str, Any], dict[str, Any]]:
    text = given.text if isinstance(given, Document) else ""
    try:
        kept = build(bean(kind), dict(given), At())
    except Misfit as error:
        raise RestError(400, _said(refusal, text, f"{error.message}{_where(text, error)}{error.shown()}")) from error
    left = dict(_leaves(kept, ""))
    return kept, {pointer: value for pointer, value in _leaves(given, "") if pointer not in left}


def _where(text: str, error: Misfit) -> str:
    if not text:
        return ""
    return place(text, find(text, error.path)[error.where])


def _leaves(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{pointer}/{key}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, f"{pointer}/{position}")
    else:
        yield pointer, value


def with_tenants(document: dict[str, Any]) -> dict[str, Any]:
    """The config as stored: both tenants named."""
    named = {"broker": "DefaultTenant", "server": "DefaultTenant"}
    return document | {"tenants": named | {key: value for key, value in document["tenants"].items() if value}}
