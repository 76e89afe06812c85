"""Paths that DuckDB's JSON has not, by Jayway's rules (json-path 2.9): slices, unions, filters, functions of a list."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from meshloom.engine.patterns import Pattern
from meshloom.engine.sql.functions.rows import ROWS, RowFunction

STEP = re.compile(
    r"""(?P<deep>\.\.)?\.?(?:
        (?P<call>length|size|min|max|sum|avg|keys|first|last)\(\) | (?P<name>[^\W\d][\w-]*|\*) | \[(?P<inner>
            \s*'(?:[^'\\]|\\.)*'(?:\s*,\s*'(?:[^'\\]|\\.)*')*\s* | \s*"(?:[^"\\]|\\.)*"\s* | \*
            | -?\d+(?:\s*,\s*-?\d+)* | -?\d*:-?\d* | \?\(.*?\)(?=\])
        )\])""",
    re.VERBOSE,
)
TEST = re.compile(r"\s*(@[^\s=!<>~&|]*)\s*(?:(==|!=|<=|>=|<|>|=~)\s*(.+?))?\s*")
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
NUMBERS: dict[str, Callable[[list[float]], float]] = {
    "min": min, "max": max, "sum": sum, "avg": lambda numbers: sum(numbers) / len(numbers),
}  # fmt: skip
Step = tuple[str, Any, bool]  # kind, what it takes, whether at any depth


@lru_cache(1_000)
def steps_of(path: str) -> tuple[Step, ...]:
    """Raises ValueError for what is no path."""
    rest = path.strip()
    rest = rest[1:] if rest[:1] in ("$", "@") else f".{rest}"
    found: list[Step] = []
    at = 0
    while at < len(rest):
        match = STEP.match(rest, at)
        if match is None or match.end() == at:
            raise ValueError(f"Illegal JSON path at {rest[at:]!r}: {path}")
        at = match.end()
        deep = match["deep"] is not None
        if match["call"] is not None:
            found.append(("call", match["call"], deep))
        elif match["name"] is not None:
            found.append(("all", None, deep) if match["name"] == "*" else ("names", [match["name"]], deep))
        else:
            found.append((*_bracket(match["inner"].strip()), deep))
    return tuple(found)


def _bracket(text: str) -> tuple[str, Any]:
    if text == "*":
        return "all", None
    if text[0] in "'\"":
        quoted = re.findall(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", text)
        return "names", [re.sub(r"\\(.)", r"\1", one or other) for one, other in quoted]
    if text.startswith("?("):
        return "filter", _tests(text[2:-1])
    if ":" in text:
        first, _, last = text.partition(":")
        return "slice", slice(int(first) if first else None, int(last) if last else None)
    return "places", [int(one) for one in text.split(",")]


def _tests(text: str) -> list[list[tuple[tuple[Step, ...], str, Any]]]:
    """A filter as alternatives of conditions that must all hold."""
    return [[_test(one) for one in part.split("&&")] for part in text.split("||")]


def _test(text: str) -> tuple[tuple[Step, ...], str, Any]:
    match = TEST.fullmatch(text)
    if match is None:
        raise ValueError(f"Illegal JSON path filter: {text}")
    path, compared, value = match[1], match[2] or "", match[3] or ""
    if compared == "=~":
        pattern, _, flags = value.strip("/ ").rpartition("/") if value.count("/") > 1 else (value.strip("/ "), "", "")
        return steps_of(path), compared, Pattern(pattern, "i" in flags)
    if value[:1] == "'":
        return steps_of(path), compared, value[1:-1]
    return steps_of(path), compared, json.loads(value) if compared else None


def _holds(item: Any, test: tuple[tuple[Step, ...], str, Any]) -> bool:
    steps, compared, wanted = test
    found = list(_walk([item], steps))
    if not found or not compared:
        return bool(found)
    if compared == "=~":
        return isinstance(found[0], str) and wanted.fullmatch(found[0]) is not None
    same = isinstance(found[0], int | float) == isinstance(wanted, int | float)
    return (compared in ("==", "!=") and COMPARED[compared](found[0], wanted)) or (
        same and type(found[0]) is not bool and found[0] is not None and COMPARED[compared](found[0], wanted)
    )


def _below(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _below(inner)


def _taken(value: Any, kind: str, what: Any) -> Iterator[Any]:
    if kind == "call":
        yield from _called(value, what)
    elif kind == "names":
        if isinstance(value, dict) and len(what) > 1:
            yield {name: value[name] for name in what if name in value}
        elif isinstance(value, dict) and what[0] in value:
            yield value[what[0]]
    elif kind == "all":
        yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    elif isinstance(value, list):
        if kind == "slice":
            yield from value[what]
        elif kind == "places":
            yield from (value[place] for place in what if -len(value) <= place < len(value))
        else:
            yield from (item for item in value if any(all(_holds(item, one) for one in tests) for tests in what))
    elif kind == "filter" and isinstance(value, dict) and any(all(_holds(value, one) for one in t) for t in what):
        yield value


def _called(value: Any, name: str) -> Iterator[Any]:
    if name in ("length", "size") and isinstance(value, list | dict | str):
        yield len(value)
    elif name == "keys" and isinstance(value, dict):
        yield list(value)
    elif isinstance(value, list) and value:
        if name in ("first", "last"):
            yield value[0 if name == "first" else -1]
        numbers = [float(one) for one in value if isinstance(one, int | float)]
        if numbers and name in NUMBERS:
            yield NUMBERS[name](numbers)


def _walk(values: list[Any], steps: tuple[Step, ...]) -> Iterator[Any]:
    for kind, what, deep in steps:
        values = [
            taken
            for value in values
            for inner in (_below(value) if deep else (value,))
            for taken in _taken(inner, kind, what)
        ]
    yield from values


def definite(steps: tuple[Step, ...]) -> bool:
    """Whether a path leads to one value and not to a list of all that match."""
    return all(
        not deep and (kind in ("call", "names") or (kind == "places" and len(what) == 1)) for kind, what, deep in steps
    )


def read(text: str, path: str) -> str | None:
    """What a path finds, as JSON text; None when a definite path leads nowhere, or the text is no JSON. A path that may
    match several values gives the list of them."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    steps = steps_of(path)
    found = list(_walk([document], steps))
    if definite(steps):
        return json.dumps(found[0], ensure_ascii=False, separators=(",", ":")) if found else None
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


ROWS["px_jayway_2"] = RowFunction("px_jayway_2", read, ("STRING", "STRING"), "STRING", False)
