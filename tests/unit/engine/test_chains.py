"""Long flat chains of one operator are no deep queries: Calcite's parser builds them in a loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Tables

LENGTH = 1_000
BITS = {"INT": 32, "LONG": 64}


@pytest.fixture(scope="module")
def tables(new_tables: Callable[[], Tables]) -> Tables:
    made = new_tables()
    fields = [
        {"name": "k", "dataType": "STRING"},
        {"name": "v", "dataType": "INT"},
        {"name": "d", "dataType": "DOUBLE"},
    ]
    made.add({"schemaName": "t", "dimensionFieldSpecs": fields}, [{"k": "a", "v": 2**31 - 1, "d": 0.5}])
    return made


def joined(separator: str, part: Callable[[int], str]) -> str:
    return separator.join(map(part, range(LENGTH)))


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT " + joined(" + ", lambda n: "v") + " FROM t", [[-LENGTH]]),
        ("SELECT " + joined(" - ", lambda n: f"{n}"), [[-sum(range(LENGTH))]]),
        ("SELECT " + joined(" || ", lambda n: "k") + " FROM t", [["a" * LENGTH]]),
        ("SELECT " + joined(" + ", lambda n: "d") + " FROM t", [[LENGTH / 2]]),
        ("SELECT sum(d) + " + joined(" - ", lambda n: "max(d)") + " FROM t", [[0.5 - (LENGTH - 2) / 2]]),
        ("SELECT d + " + joined(" + ", lambda n: "CAST(NULL AS DOUBLE)") + " FROM t", [[None]]),
        ("SELECT k FROM t WHERE " + joined(" AND ", lambda n: f"v <> {n}"), [["a"]]),
        ("SELECT k FROM t WHERE " + joined(" OR ", lambda n: f"(v = {n} AND k = 'b')"), []),
        ("SELECT k FROM t GROUP BY k HAVING " + joined(" OR ", lambda n: f"count(*) = {n}"), [["a"]]),
        ("SELECT k, count(*) FROM t GROUP BY k ORDER BY " + joined(" + ", lambda n: "count(*)"), [["a", 1]]),
        (joined(" UNION ALL ", lambda n: "SELECT v FROM t"), [[2**31 - 1]] * LENGTH),
        (joined(" UNION ", lambda n: f"SELECT {n % 3}") + " ORDER BY 1", [[0], [1], [2]]),
        (joined(" EXCEPT ", lambda n: f"SELECT {n}"), [[0]]),
        (joined(" INTERSECT ", lambda n: "SELECT 7"), [[7]]),
        (
            joined(" UNION ", lambda n: f"SELECT {n}") + " EXCEPT " + joined(" EXCEPT ", lambda n: f"SELECT {n + 1}"),
            [[0]],
        ),
    ],
    ids=lambda value: value[:24].split(" FROM")[0] if isinstance(value, str) else "",
)
def test_a_long_chain_is_answered(tables: Tables, query: str, rows: list[list[object]]) -> None:
    assert tables.rows(query, useMultistageEngine="true") == rows


def test_a_long_chain_is_planned(tables: Tables) -> None:
    query = "SELECT k FROM t WHERE " + joined(" OR ", lambda n: f"v = {n * 2}")
    plan = tables.rows(f"EXPLAIN PLAN FOR {query}", useMultistageEngine="true")[0][1]
    assert "Sarg[0, 2, 4, 6" in plan and f", {LENGTH * 2 - 2}]" in plan


@settings(max_examples=40, deadline=None)
@given(
    terms=st.lists(
        st.tuples(st.sampled_from("+-"), st.sampled_from(["INT", "LONG"]), st.integers(0, 2**31 - 1)),
        min_size=18, max_size=60,
    )
)  # fmt: skip
def test_a_long_sum_is_what_it_is_two_by_two(tables: Tables, terms: list[tuple[str, str, int]]) -> None:
    """Each step in the type of its operands, as Java has it."""
    total, kind, text = 2**31 - 1, "INT", "v"
    for sign, type_, value in terms:
        value = value * 2**31 if type_ == "LONG" else value
        type_ = "INT" if value < 2**31 else type_
        text += f" {sign} {value}"
        kind = "LONG" if "LONG" in (kind, type_) else "INT"
        half = 2 ** (BITS[kind] - 1)
        total = (total + (value if sign == "+" else -value) + half) % (2 * half) - half
    assert tables.rows(f"SELECT {text} FROM t", useMultistageEngine="true") == [[total]]


def test_a_long_sum_of_doubles_is_added_up_from_its_left(tables: Tables) -> None:
    query = "SELECT " + " + ".join(["1e16", *["d"] * 40, "-1e16"]) + " FROM t"
    assert tables.rows(query, useMultistageEngine="true") == [[0.0]]
    query = "SELECT " + " - ".join(["d", *["v"] * 3, *["d"] * 40]) + " FROM t"
    expected = 0.5
    for term in [2.0**31 - 1] * 3 + [0.5] * 40:
        expected -= term
    assert tables.rows(query, useMultistageEngine="true") == [[expected]]


@pytest.mark.parametrize("word", ["AND", "OR"])
def test_the_counters_of_a_long_condition_are_told(tables: Tables, word: str, caplog: pytest.LogCaptureFixture) -> None:
    condition = joined(f" {word} ", lambda n: f"v {'<>' if word == 'AND' else '>='} {n}")
    found = tables.cluster.broker.query(f"SELECT k FROM t WHERE {condition}", {})
    assert found["resultTable"]["rows"] == [["a"]] and found["numDocsScanned"] == 1
    plan = tables.rows(f"EXPLAIN PLAN FOR SELECT k FROM t WHERE {condition}")
    assert plan and not caplog.records
