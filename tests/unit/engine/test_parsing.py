"""A text that is no query says where and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlglot import exp

from meshloom.engine.errors import PinotError
from meshloom.engine.sql.statement import REMEMBERED, parse

from .conftest import Tables


@pytest.fixture(scope="module")
def tables(new_tables: Callable[[], Tables]) -> Tables:
    return new_tables()


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


DEEP = {
    "product": "SELECT " + " * ".join(["1"] * 5_000),
    "union": "SELECT 1 UNION ALL (" * 400 + "SELECT 1" + ")" * 400,
    "call": "SELECT " + "abs(" * 400 + "1" + ")" * 400,
}


@pytest.mark.parametrize("shape", DEEP)
def test_what_is_too_deep_is_refused_wherever_that_shows(tables: Tables, shape: str) -> None:
    code, said = tables.error(DEEP[shape], useMultistageEngine="true")
    assert code == 150 and said.endswith("it is nested too deeply")
    assert tables.rows("SELECT 1", useMultistageEngine="true") == [[1]]


@pytest.mark.parametrize("values", ["1, 2, 30", "'a', 'it''s', 'b,c)'", "-1, 2", "1, 2.5, 'x'", "'a' 'b'", "1 + 1, 2"])
def test_a_list_of_literals_is_read_as_any_other(values: str) -> None:
    listed = parse(f"SELECT a FROM t WHERE a IN ({values})").tree.find(exp.In)
    called = parse(f"SELECT f({values}) FROM t").tree.find(exp.Anonymous)
    assert listed is not None and called is not None
    assert listed.expressions == called.expressions


def test_a_very_long_query_is_not_kept() -> None:
    short, long = (f"SELECT a FROM t WHERE b = '{'x' * size}'" for size in (10, REMEMBERED))
    assert parse(short) is parse(short)
    assert parse(long) is not parse(long)


@pytest.mark.parametrize("text", ["SELECT ',)' FROM t", 'SELECT a AS ",)" FROM t', "SELECT f(a, (b)) FROM t"])
def test_commas_that_end_nothing(text: str) -> None:
    assert parse(text).tree.expressions


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("SELECT DISTINCT ON (a) a, b FROM t", "ON of DISTINCT"),
        ("SELECT a FROM t TABLESAMPLE (10)", "SAMPLE of TABLE"),
        ("SELECT a FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01 00:00:00'", "VERSION of TABLE"),
        ("SELECT a FROM t PIVOT (sum(a) FOR b IN ('x'))", "PIVOTS of TABLE"),
        ("SELECT a FROM t WHERE a IN ()", "nothing stands behind IN"),
        ("SELECT a FROM t GROUP BY", "nothing stands behind GROUP BY"),
        ("SELECT a,, b FROM t", 'Encountered ","'),
        ("SELECT , a FROM t", 'Encountered ","'),
        ("SELECT a FROM t@v1", "behind a table's name"),
        ("SELECT * EXCLUDE (a) FROM t", r"EXCEPT of \*"),
        ("SELECT * REPLACE (a + 1 AS a) FROM t", r"REPLACE of \*"),
        ("SELECT a FROM t UNION BY NAME SELECT a FROM t", "BY NAME of UNION"),
        ("SELECT a FROM t ORDER BY a FETCH FIRST 1 ROWS WITH TIES", "WITH TIES"),
        ("SELECT a FROM t ORDER BY a FETCH FIRST 5 PERCENT ROWS ONLY", "PERCENT"),
        ("SELECT a FROM t LIMIT 2 BY b", "of LIMIT"),
        ("SELECT a FROM t ORDER BY a WITH FILL", "WITH FILL of ORDERED"),
        ("SELECT a FROM t GROUP BY a WITH ROLLUP", "WITH ROLLUP"),
        ("SELECT a FROM t GROUP BY a WITH TOTALS", "TOTALS of GROUP"),
        ("SELECT a, count(*) FROM t GROUP BY ALL", "ALL of GROUP"),
        ("SELECT CAST(a AS STRING FORMAT 'x') FROM t", "FORMAT of CAST"),
        ("SELECT a FROM t WHERE 'x' IN tags", "FIELD of IN"),
        ("SELECT a FROM t WHERE a IN UNNEST(tags)", "UNNEST of IN"),
        ("FROM t SELECT a", "a query begins with SELECT"),
        ("FROM t", "a query begins with SELECT"),
    ],
)
def test_what_other_databases_know_is_refused_and_not_passed_over(text: str, what: str) -> None:
    with pytest.raises(PinotError, match=f"(not supported: .*)?{what}") as error:
        parse(text)
    assert error.value.error_code == 150
