"""The text of a JSON document, read as Jackson reads it: what is no JSON is refused with Jackson's words and place, and
each value of a document can be found in its text again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from json import decoder
from typing import Any

PLACE = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
BLANK = re.compile(r"[ \t\r\n]*")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
WORD = re.compile(r"[\w$-]+")
WORDS = {"true": True, "false": False, "null": None}
DEPTH = 300  # of nested lists and objects; Jackson's own limit is 1,000

Key = str | int


class Unreadable(ValueError):
    """A text is no JSON: what is wrong, and the offset at which."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class Document(dict[str, Any]):
    """A JSON object that knows its text."""

    text: str = ""


def place(text: str, at: int) -> str:
    """Jackson's words for an offset."""
    if not text.strip():
        return PLACE.partition(", column")[0].format(1) + "]"
    before = text[:at]
    return PLACE.format(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)


def read(text: str) -> Any:
    """The first JSON value of a text; what follows it is not looked at. Raises Unreadable."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Reader(text).value((), BLANK.match(text).end())[0]  # type: ignore[union-attr]


def find(text: str, path: Sequence[Key]) -> dict[str, int]:
    """Where the value at a path is: its "start" and "end", what is "behind" it, and its "key" in an object.

    Raises KeyError when there is none."""
    reader = Reader(text)
    reader.value((), BLANK.match(text).end())  # type: ignore[union-attr]
    first, last = reader.places[tuple(path)]
    return {"start": first, "end": last, "behind": last + 1, "key": reader.keys.get(tuple(path), first)}


def _refuse(name: str) -> Any:
    raise ValueError(name)


class Reader:
    """Reads a text once. By its path `places` has the first and the last character of each value, `keys` the first of
    its name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: dict[tuple[Key, ...], tuple[int, int]] = {}
        self.keys: dict[tuple[Key, ...], int] = {}

    def value(self, path: tuple[Key, ...], at: int, after: str = "") -> tuple[Any, int]:
        """The value that begins at an offset, and the offset behind it. `after` tells what it follows."""
        if len(path) > DEPTH:
            raise Unreadable(f"Document nesting depth ({DEPTH + 1}) exceeds the maximum allowed ({DEPTH})", at)
        sign = self.text[at : at + 1]
        if not sign:
            self._ended(path, at)
        if sign == "{":
            found: tuple[Any, int] = self._object(path, at)
        elif sign == "[":
            found = self._array(path, at)
        elif sign == '"':
            found = self._string(at)
        elif sign == "-" or sign.isdigit():
            found = self._number(at)
        else:
            found = self._word(at, after)
        self.places[path] = (at, found[1] - 1)
        return found

    def _skip(self, at: int) -> int:
        return BLANK.match(self.text, at).end()  # type: ignore[union-attr]

    def _ended(self, path: tuple[Key, ...], at: int, start: int | None = None, kind: str = "Object") -> None:
        if not path and start is None:
            raise Unreadable("No content to map due to end-of-input", at)
        marker = place(self.text, start or 0).removeprefix("\n at ")
        raise Unreadable(f"Unexpected end-of-input: expected close marker for {kind} (start marker at {marker})", at)

    def _unexpected(self, at: int, wanted: str) -> Unreadable:
        sign = self.text[at]
        shown = f"'{sign}' (code {ord(sign)})" if sign.isprintable() else f"(CTRL-CHAR, code {ord(sign)})"
        return Unreadable(f"Unexpected character ({shown}): {wanted}", at)

    def _object(self, path: tuple[Key, ...], start: int) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        at = self._skip(start + 1)
        if self.text[at : at + 1] == "}":
            return made, at + 1
        while True:
            if at >= len(self.text):
                self._ended(path, at, start)
            if self.text[at] != '"':
                raise self._unexpected(at, "was expecting double-quote to start field name")
            begins = at
            name, at = self._string(at)
            self.keys[(*path, name)] = begins
            at = self._skip(at)
            if self.text[at : at + 1] != ":":
                if at >= len(self.text):
                    self._ended(path, at, start)
                raise self._unexpected(at, "was expecting a colon to separate field name and value")
            made[name], at = self.value((*path, name), self._skip(at + 1), "field")
            at = self._skip(at)
            if self.text[at : at + 1] == "}":
                return made, at + 1
            if at >= len(self.text):
                self._ended(path, at, start)
            if self.text[at] != ",":
                raise self._unexpected(at, "was expecting comma to separate Object entries")
            at = self._skip(at + 1)

    def _array(self, path: tuple[Key, ...], start: int) -> tuple[list[Any], int]:
        made: list[Any] = []
        at = self._skip(start + 1)
        if self.text[at : at + 1] == "]":
            return made, at + 1
        while True:
            item, at = self.value((*path, len(made)), at)
            made.append(item)
            at = self._skip(at)
            if self.text[at : at + 1] == "]":
                return made, at + 1
            if at >= len(self.text):
                self._ended(path, at, start, "Array")
            if self.text[at] != ",":
                raise self._unexpected(at, "was expecting comma to separate Array entries")
            at = self._skip(at + 1)

    def _string(self, at: int) -> tuple[str, int]:
        try:
            found: tuple[str, int] = decoder.scanstring(self.text, at + 1, True)  # type: ignore[attr-defined]
            return found
        except json.JSONDecodeError as error:
            wrong = self.text[error.pos : error.pos + 1]
            if error.msg.startswith("Unterminated"):
                what = "Unexpected end-of-input: was expecting closing quote for a string value"
                raise Unreadable(what, len(self.text)) from error
            if error.msg.startswith("Invalid control"):
                sign = f"(CTRL-CHAR, code {ord(wrong)})"
                escaped = "has to be escaped using backslash to be included in string value"
                what = f"Illegal unquoted character ({sign}): {escaped}"
                raise Unreadable(what, error.pos) from error
            escape = self.text[error.pos + 1 : error.pos + 2] if wrong == "\\" else wrong
            told = error.pos + (wrong == "\\")
            raise Unreadable(f"Unrecognized character escape '{escape}' (code {ord(escape or ' ')})", told) from error

    def _number(self, at: int) -> tuple[int | float, int]:
        found = NUMBER.match(self.text, at)
        if found is None:
            what = "in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value"
            raise self._within(at + 1, what)
        end = found.end()
        follows = self.text[end : end + 1]
        if follows == ".":
            raise self._within(end + 1, "in numeric value: Decimal point not followed by a digit", end)
        if follows.isdigit():
            raise Unreadable("Invalid numeric value: Leading zeroes not allowed", end)
        text = found[0]
        return (float(text) if found[1] or found[2] else int(text)), end

    def _within(self, at: int, what: str, told: int | None = None) -> Unreadable:
        sign = self.text[at : at + 1]
        return Unreadable(
            f"Unexpected character ('{sign}' (code {ord(sign or ' ')})) {what}", at if told is None else told
        )

    def _word(self, at: int, after: str) -> tuple[Any, int]:
        found = WORD.match(self.text, at)
        if found is None:
            wanted = "expected a value" if after and self.text[at] in "}]" else f"expected a valid value {VALUES}"
            raise self._unexpected(at, wanted)
        if found[0] in WORDS:
            return WORDS[found[0]], found.end()
        if found[0] in ("NaN", "Infinity"):
            what = f"Non-standard token '{found[0]}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
            raise Unreadable(what, found.end())
        raise Unreadable(f"Unrecognized token '{found[0]}': was expecting {VALUES}", at)
