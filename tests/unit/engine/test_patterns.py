"""Regular expressions: Java's means, and an end to each match."""

from __future__ import annotations

import time
from typing import Any

import pytest

from meshloom.engine.patterns import Pattern

ENDLESS = "(?=a)(?:a|aa|a?)+(?=c)"
SCHEMA = {"schemaName": "texts", "dimensionFieldSpecs": [{"name": "text", "dataType": "STRING"}]}


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    found.add(SCHEMA, [{"text": "a" * 40 + "!"}])
    return found


def test_what_java_has() -> None:
    found = Pattern(r"(?<=x)(\p{Alpha}++)(?!9)").search("1xab7")
    assert found is not None and found[1] == "ab"
    assert Pattern("(a)b").replaced(r"<\g<1>>", "abab") == "<a><a>"


@pytest.mark.parametrize(("pattern", "new"), [("(a", ""), ("a", r"\g<7>")])
def test_what_is_no_pattern_says_so(pattern: str, new: str) -> None:
    with pytest.raises(ValueError, match=r"regular expression|replace"):
        Pattern(pattern).replaced(new, "a")


@pytest.mark.parametrize(
    "call",
    [
        f"regexpLike(text, '{ENDLESS}')",
        f"regexpExtract(text, '{ENDLESS}') = ''",
        f"regexpReplace(text, '{ENDLESS}', 'x') = ''",
        "textMatch(text, '/(a|aa|a?)+(?=[cd])[^a]/')",
    ],
)
def test_a_pattern_that_never_ends_ends_the_query(tables: Any, call: str) -> None:
    started = time.monotonic()
    code, message = tables.error(f"SELECT count(*) FROM texts WHERE {call}")
    assert code == 200
    assert "takes longer than" in message
    assert "Traceback" not in message and ".py" not in message
    assert time.monotonic() - started < 30  # it would be years
