"""Rego in process, by regopy. The only place that imports it."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

import regopy

from meshloom.infra.policy.evaluator import PolicyError


class Rego:
    """Satisfies `Evaluator`."""

    def __init__(self, modules: Mapping[str, str], data: Mapping[str, Any] | None = None) -> None:
        """`modules` are Rego texts by file name. Raises PolicyError when one does not parse."""
        self._lock = threading.Lock()
        self._interpreter = regopy.Interpreter()
        self._interpreter.log_level = regopy.LogLevel.NONE  # it would print what it raises
        for name, text in modules.items():
            try:
                self._interpreter.add_module(name, text)
            except regopy.RegoError as error:
                unread = PolicyError(f"The policy {name} does not parse", why=_sentence(error))
                unread.file, unread.line = name, _line(error, text)
                raise unread from error
        if data:
            self._interpreter.add_data(dict(data))

    def evaluate(self, path: str, document: Mapping[str, Any]) -> Any:
        """See `Evaluator.evaluate`."""
        with self._lock:
            try:
                self._interpreter.set_input(_wrapped(dict(document)))
                output = self._interpreter.query(f"data.{path}")
                results = output.results if output.ok() else []
            except (regopy.RegoError, ValueError, TypeError) as error:
                raise PolicyError(f"The policies at {path} cannot be evaluated", why=_sentence(error)) from error
        if len(results) != 1 or not results[0].expressions:
            raise PolicyError(f"The policies at {path} give no answer", why="two rules may contradict each other")
        return _unwrapped(results[0].expressions[0])


# regopy 1.5 writes strings into its answer without escaping them, so that its own JSON reader fails on a quotation
# mark. Such strings cross as hexadecimal behind a mark of the private use area, and come back as they were.
MARK = "\ue000"


def _wrapped(value: Any) -> Any:
    if isinstance(value, str):
        plain = value.isprintable() and not set(value) & {'"', "\\", MARK}
        return value if plain else MARK + value.encode().hex()
    if isinstance(value, Mapping):
        return {_wrapped(key): _wrapped(item) for key, item in value.items()}
    return [_wrapped(item) for item in value] if isinstance(value, list | tuple) else value


def _unwrapped(value: Any) -> Any:
    if isinstance(value, str):
        return bytes.fromhex(value[1:]).decode() if value.startswith(MARK) else value
    if isinstance(value, dict):
        return {_unwrapped(key): _unwrapped(item) for key, item in value.items()}
    return [_unwrapped(item) for item in value] if isinstance(value, list) else value


def _line(error: Exception, text: str) -> int:
    """Where an error is, counted from 1; regopy says `<file>|<bytes before it>|<its length>`."""
    found = re.search(r"\|(\d+)\|\d+", str(error))
    return text.encode()[: int(found[1])].count(b"\n") + 1 if found else 1


def _sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if "errormsg" in line]
    return lines[0].split(":", 1)[-1].strip(" )") if lines else str(error).splitlines()[0]
