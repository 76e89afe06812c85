"""Texts as Java has them: a row of UTF-16 units, two for a character beyond the basic plane. A cut between the two
leaves half a character, which becomes "?" when it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

LAST_OF_ONE = "\uffff"


def utf16(text: str) -> Sequence[int]:
    """The code units of a Java string."""
    if text.isascii():
        return text.encode()
    raw = text.encode("utf-16-be", "surrogatepass")
    return [raw[place] << 8 | raw[place + 1] for place in range(0, len(raw), 2)]


def of_units(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that cuts its texts up or counts in them, over units in place of characters."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        if all(not isinstance(one, str) or one.isascii() or max(one) <= LAST_OF_ONE for one in arguments):
            return function(*arguments)
        return _written(function(*(_apart(one) if isinstance(one, str) else one for one in arguments)))

    return call


def _apart(text: str) -> str:
    return "".join(map(chr, utf16(text)))


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [_written(one) for one in value]
    if not isinstance(value, str):
        return value
    whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return whole.encode("utf-8", "replace").decode()
