"""A command line as picocli reads Pinot's: each option's value may begin with a hyphen, `-exec=true` is a flag.

Python's own parser is stricter there (`-retention -1d` has no value for it), so that the words are settled before it
reads them. Whatever is wrong with a call ends Pinot's command with 1 (PinotAdministrator), not with 2.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

CALL_WRONG = 1


class Parser(ArgumentParser):
    """Ends with Pinot's code when the call is wrong."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(CALL_WRONG, f"{self.prog}: {message}\n")

    def arity(self, word: str) -> str:
        """An option's values: "none", "one", "some" (one or more), "may" (none or one); "" for what is no option."""
        action = self._option_string_actions.get(word)
        return "" if action is None else {0: "none", "+": "some", "?": "may"}.get(action.nargs, "one")

    def settled(self, words: Sequence[str]) -> Iterator[str]:
        """The words of one command. Ends the process for an option that is given twice, or without its value."""
        seen: set[str] = set()
        rest = list(words)
        while rest:
            word = rest.pop(0)
            name, has_value, value = word.partition("=")
            arity = self.arity(word) or self.arity(name)
            if not arity:
                yield word
                continue
            self._once(name, arity, seen)
            if arity == "none":
                yield from self._flag(name, has_value, value)
            elif has_value or arity != "one":
                yield word
            elif not rest or self.arity(rest[0]):
                told = f" but found '{rest[0]}'" if rest else ""
                self.error(f"Expected parameter for option '{name}'{told}")
            else:
                yield f"{name}={rest.pop(0)}"

    def _once(self, name: str, arity: str, seen: set[str]) -> None:
        dest = self._option_string_actions[name].dest
        if dest in seen and arity != "some":
            self.error(f"option '{name}' should be specified only once")
        seen.add(dest)

    def _flag(self, name: str, has_value: str, value: str) -> Iterator[str]:
        if has_value and value.lower() not in ("true", "false"):
            self.error(f"Invalid value for option '{name}': '{value}' is not a boolean")
        if value.lower() != "false":
            yield name


def one_of(*values: str) -> Callable[[str], str]:
    """The type of an option that is an enum in Pinot: its names as they are written there."""

    def chosen(text: str) -> str:
        if text not in values:
            raise ArgumentTypeError(f"expected one of [{', '.join(values)}] (case-sensitive) but was '{text}'")
        return text

    return chosen


def pair(text: str) -> str:
    """The type of an option that is a map: KEY=VALUE."""
    if "=" not in text:
        raise ArgumentTypeError(f"should be in KEY=VALUE format but was {text}")
    return text
