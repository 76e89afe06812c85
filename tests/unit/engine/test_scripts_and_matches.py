"""Groovy's safe part, text_match and json_match: what they understand, and that nothing else exists for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meshloom.engine.groovy import GroovyError, parse
from meshloom.engine.sql.functions import hyperloglog
from meshloom.engine.sql.functions.joda import formatted, parsed
from meshloom.engine.sql.functions.json_match import json_match
from meshloom.engine.sql.functions.text_match import text_match

BRANCHES = 'def r; if (a < 0) { r = "low" } else if (a < 10) { r = "mid" } else { r = "high" }; return r'


@pytest.mark.parametrize(
    ("script", "variables", "value"),
    [
        ("a + b", {"a": 1, "b": 2}, 3),
        ("'x' + 1", {}, "x1"),
        ("2 + 3 * 4 ** 2 - -1", {}, 51),
        (BRANCHES, {"a": -1}, "low"),
        (BRANCHES, {"a": 10}, "high"),
        ("a.toList().max()", {"a": [3, 9, 1]}, 9),
        ("a.collect { it * 2 }.findAll { x -> x > 2 }.sum()", {"a": [1, 2, 3]}, 10),
        ("def x = 0; a.eachWithIndex { item, i -> if (item > 1) { x = i } }; return x", {"a": [1, 5, 2]}, 2),
        ("def t = 0; for (n in a) { t += n }; t", {"a": [1, 2, 3]}, 6),
        ("a?.size() ?: Math.max(3, 4)", {"a": None}, 4),
        ("[k: a].get('k') > 1 ? 'big' : 'small'", {"a": 2}, "big"),
        ("a.split(',')[1].toUpperCase()", {"a": "x,y"}, "Y"),
    ],
)
def test_a_script_runs(script: str, variables: dict[str, Any], value: Any) -> None:
    assert parse(script)(variables) == value


@pytest.mark.parametrize(
    "script",
    [
        "System.exit(1)", "'x'.class", "'ls'.execute()", "import os", "new File('/etc/passwd').text", "a.__class__",
        "Runtime.getRuntime()", "this.binding", "evaluate('1')", "a.metaClass", "Eval.me('1')", "9 ** 9999",
        "'a'.padLeft(999999999)", "while (true) {}", "a.&size", "${a}",
    ],
)  # fmt: skip
def test_what_is_not_listed_does_not_exist(script: str) -> None:
    with pytest.raises(GroovyError):
        parse(script)({"a": 1})


@settings(max_examples=500)
@example("[")
@example("[a:")
@example("{ a,")
@given(st.text(max_size=60) | st.text("[]{}()a1'\"+-:,.?=<>! \n;", max_size=40))
def test_any_text_is_a_script_or_a_groovy_error(text: str) -> None:
    try:
        parse(text)({})
    except GroovyError:
        return


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("java", True), ("JAVA", True), ("python", False), ("java AND golang", True), ("java AND python", False),
        ("python OR golang", True), ("python golang", True), ("+java -golang", False), ("java NOT python", True),
        ('"java c++ golang"', True), ('"golang java"', False), ("go*", True), ("/go.*g/", True), ("/GO.*G/", True),
        ("(python OR java) AND golang", True), ("the", False),
    ],
)  # fmt: skip
def test_text_match(query: str, found: bool) -> None:
    assert text_match("The Java, C++ and Golang words", query) is found


@pytest.mark.parametrize("query", ["(java", "/[/", ")"])
def test_a_query_that_is_none(query: str) -> None:
    with pytest.raises(ValueError):
        text_match("x", query)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("\"$[*].ok\" = 'true'", True),
        ("\"$[0].ok\" = 'true'", True),
        ("\"$[1].ok\" = 'true'", False),
        ('"$[*].ok" = \'true\' AND "$[*].n" = 5', False),  # not of one element
        ('"$[*].ok" = \'false\' AND "$[*].n" > 3', True),
        ('"$[*].n" != 1', False),  # one element has it
        ('"$[*].n" != 9', True),
        ('"$[*].zz" IS NULL', True),
        ('"$[*].n" IS NOT NULL', True),
        ('"$[*].n" IN (4, 5)', True),
        ('"$[*].n" NOT IN (4, 5)', False),
        ("REGEXP_LIKE(\"$[*].ok\", '^fa')", True),
        ('"$[*].n" BETWEEN 2 AND 6', True),
    ],
)
def test_json_match(query: str, found: bool) -> None:
    assert json_match(json.dumps([{"ok": True, "n": 1}, {"ok": False, "n": 5}]), query) is found


@given(st.integers(0, 10**13), st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York", "+05:30"]))
def test_a_date_that_is_written_reads_back(millis: int, zone: str) -> None:
    pattern = "yyyy-MM-dd'T'HH:mm:ss.SSSZ"
    assert parsed(formatted(millis, pattern, zone), pattern, zone) == millis


@given(st.sets(st.integers(-(2**63), 2**63 - 1), max_size=400))
def test_an_estimate_is_near_and_says_the_same_twice(values: set[int]) -> None:
    found = hyperloglog.estimate(map(hyperloglog.of_long, values), 12)
    assert found == hyperloglog.estimate(map(hyperloglog.of_long, sorted(values, reverse=True)), 12)
    assert abs(found - len(values)) <= max(2, len(values) * 0.08)
