"""Java's regular expressions where DuckDB's RE2 has not what they need: look-around, back references, possessive
repetition. Such a pattern can be made so that it hardly ever ends; here each match has an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import regex

MOST_SECONDS = 0.1  # for one value; the usual match takes some millionths of it
Found = TypeVar("Found")


class Pattern:
    """A compiled pattern. Its methods raise ValueError when a value takes longer than `MOST_SECONDS`."""

    def __init__(self, text: str, ignore_case: bool = False) -> None:
        """Raises ValueError for what is no pattern, saying where."""
        try:
            self._compiled = regex.compile(text, regex.ASCII | (regex.IGNORECASE if ignore_case else 0))
        except regex.error as error:
            raise ValueError(f"Invalid regular expression '{text}': {error}") from error
        self.text, self.groups = text, self._compiled.groups

    def search(self, text: str) -> regex.Match[str] | None:
        return self._ended(lambda: self._compiled.search(text, timeout=MOST_SECONDS))

    def fullmatch(self, text: str) -> regex.Match[str] | None:
        return self._ended(lambda: self._compiled.fullmatch(text, timeout=MOST_SECONDS))

    def replaced(self, new: str, text: str) -> str:
        """Every match by `new`, with `\\g<1>` for what a group found. Raises ValueError for another group."""
        try:
            return self._ended(lambda: self._compiled.sub(new, text, timeout=MOST_SECONDS))
        except (regex.error, IndexError) as error:
            raise ValueError(f"'{new}' cannot replace what '{self.text}' finds: {error}") from error

    def all(self, text: str) -> Iterator[regex.Match[str]]:
        return iter(self._ended(lambda: list(self._compiled.finditer(text, timeout=MOST_SECONDS))))

    def split(self, text: str) -> list[str]:
        return self._ended(lambda: self._compiled.split(text, timeout=MOST_SECONDS))

    def _ended(self, match: Callable[[], Found]) -> Found:
        try:
            return match()
        except TimeoutError as error:
            raise ValueError(
                f"The regular expression '{self.text}' takes longer than {MOST_SECONDS} s on one value. Repetitions "
                "within repetitions do that; write it without them"
            ) from error
