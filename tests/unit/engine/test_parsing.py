"""A text that is no query says where and why."""

from __future__ import annotations

import pytest

from meshloom.engine.errors import PinotError
from meshloom.engine.sql.statement import parse


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT count(%) FROM t", r'Encountered "\)" at line 1, column 15: an expression is missing'),
        ("SELECT a FRM t x y", 'Encountered "t" at line 1, column 14'),
        ("SELECT a,\nb, FROM t", 'Encountered "FROM" after the comma at line 2, column 2'),
        ("SELECT f(a,) FROM t", r'Encountered "\)" after the comma'),
        ("SELECT a FROM t GROUP BY a,", 'Encountered "<EOF>" after the comma'),
        ("SELECT + FROM t", "a SELECT has no expressions"),
        ("SELECT a FROM t; SELECT b FROM t", "several statements"),
        ("DELETE FROM t", "only one SELECT"),
        ("", "the query is empty"),
        ("SELECT " + "(" * 9_000 + "1" + ")" * 9_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_no_query(text: str, why: str) -> None:
    with pytest.raises(PinotError, match=why) as error:
        parse(text)
    assert error.value.error_code == 150


@pytest.mark.parametrize("text", ["SELECT ',)' FROM t", 'SELECT a AS ",)" FROM t', "SELECT f(a, (b)) FROM t"])
def test_commas_that_end_nothing(text: str) -> None:
    assert parse(text).tree.expressions
