"""Java's properties as Apache Commons Configuration writes them: escapes, lists by comma, repeated keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshloom.engine.storage.pinot_segment.bounds import damaged

Properties = dict[str, list[str]]
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "b": "\b"}
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.)|$)", re.DOTALL)
_SEPARATOR = re.compile(r"(?<!\\)(?:\\\\)*(\s*[=:]\s*|\s+)")
_COMMA = re.compile(r"((?:[^\\,]|\\.)*)(,|$)", re.DOTALL)
MOST_BYTES = 64 << 20  # of one file of properties: a segment of ten thousand columns has about 8 MB


def parsed(content: bytes, what: str) -> Properties:
    """The values by key, in the file's order. `what` names the file. Raises RestError 400 for what is too large."""
    if len(content) > MOST_BYTES:
        raise damaged(f"{what} has {len(content):,} bytes")
    found: Properties = {}
    try:
        written = content.decode()
    except UnicodeDecodeError:
        written = content.decode("latin-1")
    for line in _lines(written):
        place = _SEPARATOR.search(line)
        key, value = (line[: place.start(1)], line[place.end(1) :]) if place else (line, "")
        found.setdefault(_plain(key), []).extend(_items(value.strip()))
    return found


def _lines(text: str) -> Iterator[str]:
    """Without comments and empty ones; a line that ends with a backslash goes on in the next."""
    held = ""
    for line in re.split(r"\r\n|\n|\r", text):
        line = line.lstrip()
        if not held and (not line or line[0] in "#!"):
            continue
        held += line
        if (len(held) - len(held.rstrip("\\"))) % 2:
            held = held[:-1]
            continue
        yield held
        held = ""
    if held:
        yield held


def _items(value: str) -> Iterator[str]:
    """What stands between commas that no backslash precedes."""
    for found in _COMMA.finditer(value):
        yield _plain(found[1].strip())
        if not found[2]:
            return


def _plain(text: str) -> str:
    """Without escapes. Two halves of a character beyond 16 bits become one, a lone half becomes `?` as in Java."""
    if "\\" not in text:
        return text
    made = _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2] or "", m[2] or ""), text)
    return made.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("�", "?")


def text(properties: Properties, key: str, default: str = "") -> str:
    """The first value, as Pinot's `getString`."""
    found = properties.get(key)
    return found[0] if found else default


def whole(properties: Properties, key: str, what: str, default: int | None = None) -> int:
    """An integer of 64 bits. Raises RestError 400 when it is none, or is missing and has no default."""
    written = text(properties, key, "" if default is None else str(default))
    if not re.fullmatch(r"[+-]?\d{1,19}", written):
        raise damaged(f"{what} says {key} = {written[:40]!r}, where a whole number is expected")
    return int(written)


def flag(properties: Properties, key: str, default: bool = False) -> bool:
    return text(properties, key, str(default)).lower() in ("true", "yes", "on", "1")
