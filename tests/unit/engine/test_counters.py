"""The counters of a single-stage answer: exact for a small table, bounds for a great one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlglot import exp

from meshloom.engine.sql.canonical import text_of
from meshloom.engine.sql.parsing import tree_of
from meshloom.engine.sql.single.explain import counting
from meshloom.engine.sql.single.explain.expression import Reader

from .conftest import Tables

SCHEMA = {
    "schemaName": "visits",
    "dimensionFieldSpecs": [{"name": "page", "dataType": "STRING"}, {"name": "day", "dataType": "INT"}],
    "metricFieldSpecs": [{"name": "seconds", "dataType": "LONG"}],
}
ROWS = [{"page": "abc"[n % 3], "day": n // 10, "seconds": (7 * n) % 11} for n in range(40)]


@pytest.fixture(scope="module")
def visits(new_tables: Callable[[], Tables]) -> Tables:
    """Two segments: days 0 and 1, days 2 and 3."""
    made = new_tables()
    made.add(SCHEMA, ROWS[:20])
    file = made.home / "more.json"
    file.write_text(
        "\n".join(f'{{"page": "{r["page"]}", "day": {r["day"]}, "seconds": {r["seconds"]}}}' for r in ROWS[20:])
    )
    made.cluster.controller.ingest_file("visits_OFFLINE", file, {"inputFormat": "json"})
    return made


def asked(visits: Tables, sql: str) -> dict[str, Any]:
    found = visits.cluster.broker.query(sql)
    assert not found["exceptions"], found["exceptions"]
    return found


def test_a_segment_whose_values_lie_elsewhere_is_left_out(visits: Tables) -> None:
    found = asked(visits, "SELECT count(*) FROM visits WHERE day > 1 AND page = 'a'")
    assert found["resultTable"]["rows"] == [[7]]
    assert (found["numSegmentsQueried"], found["numSegmentsProcessed"], found["numSegmentsMatched"]) == (2, 1, 1)
    assert found["numSegmentsPrunedByServer"] == 1 and found["totalDocs"] == 40
    assert (found["numDocsScanned"], found["numEntriesScannedInFilter"]) == (7, 20)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM visits WHERE seconds > 4",
        "SELECT page, sum(seconds) FROM visits WHERE day = 3 GROUP BY page",
        "SELECT page FROM visits WHERE page = 'a' AND seconds > 3 ORDER BY seconds LIMIT 40",
        "SELECT page FROM visits LIMIT 5",
        "SELECT max(seconds) FROM visits WHERE seconds + day > 200",
    ],
)
def test_of_a_great_table_bounds_are_told(visits: Tables, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    exact = asked(visits, sql)
    monkeypatch.setattr(counting, "FEW", 0)
    bound = asked(visits, f"{sql} ")  # another text, so that it is not the answer that is kept
    assert bound["resultTable"] == exact["resultTable"]
    for name in ("numSegmentsProcessed", "numSegmentsPrunedByServer", "numSegmentsPrunedByLimit", "numDocsScanned"):
        assert bound[name] == exact[name], name
    for name in ("numEntriesScannedInFilter", "numSegmentsMatched"):
        assert bound[name] >= exact[name], name


def test_an_offset_counts_only_in_an_order(visits: Tables) -> None:
    assert visits.rows("SELECT day FROM visits LIMIT 2 OFFSET 15") == [[0], [0]]
    assert visits.rows("SELECT day FROM visits ORDER BY day LIMIT 2 OFFSET 15") == [[1], [1]]


def test_distinct_rows_want_a_limit(visits: Tables) -> None:
    assert visits.error("SELECT DISTINCT page FROM visits LIMIT 0") == (700, "DISTINCT must have positive LIMIT")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("sum(seconds + 1)", "add(sum(seconds),mult('1',count(seconds)))"),
        ("min(2 - seconds)", "sub('2',max(seconds))"),
        ("max(seconds * -2)", "mult(min(seconds),'-2')"),
        ("sum(seconds + 1) FILTER (WHERE day = 1)", "sum(plus(seconds,'1')) FILTER(WHERE day = '1')"),
    ],
)
def test_arithmetic_with_a_constant_is_named_as_it_is_calculated(visits: Tables, sql: str, name: str) -> None:
    found = asked(visits, f"SELECT {sql} FROM visits")
    assert found["resultTable"]["dataSchema"]["columnNames"] == [name]


@pytest.mark.parametrize(
    "sql",
    ["a + 2 * b", "case when a > 1 and b in (1, 'x') then 'y' else null end", "cast(a as LONG)", "count(*)", "-3.5",
     "not (a between 1 and 2)", "a is not null", "upper(trim(a))", "count(distinct a)", "(a = 1 and b = 2) and c = 3"],
)  # fmt: skip
def test_an_expression_of_a_plan_reads_as_a_column_is_named(sql: str) -> None:
    tree = tree_of(f"SELECT {sql} FROM t")
    assert isinstance(tree, exp.Select)
    assert str(Reader({}).read(tree.expressions[0])) == text_of(tree.expressions[0])
