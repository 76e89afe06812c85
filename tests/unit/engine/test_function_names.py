"""Every name of Pinot's registry has a row: a function, the grammar, or the reason why it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshloom.engine.cluster import Cluster
from meshloom.engine.sql.functions.registry import REFUSED, SCALARS, find_aggregate, key

NAMES = [
    line for line in (Path(__file__).parent / "pinot_functions.txt").read_text().split("\n") if line[:1] not in "#"
]
TABLE = "FROM (VALUES (1, 'a'), (2, 'b')) AS t (n, s)"
# What is not called as a function, or in the multi-stage engine only: a query that uses it and its answer.
GRAMMAR = {
    "cast": ("SELECT CAST('7' AS INT)", [[7]]),
    "extract": ("SELECT EXTRACT(YEAR FROM CAST(0 AS TIMESTAMP))", [[1970]]),
    "grouping": (f"SELECT s, GROUPING(s) {TABLE} GROUP BY ROLLUP (s) ORDER BY 1", [["a", 0], ["b", 0], [None, 1]]),
    "groupingId": (f"SELECT GROUPING_ID(s) {TABLE} GROUP BY ROLLUP (s) ORDER BY 1", [[0], [0], [1]]),
    "distinct": (f"SELECT DISTINCT n {TABLE} ORDER BY n", [[1], [2]]),
    "arrayAgg": (f"SELECT ARRAY_AGG(n, 'INT') {TABLE}", [[[1, 2]]]),
    "listAgg": (f"SELECT LISTAGG(s, '-') WITHIN GROUP (ORDER BY s) {TABLE}", [["a-b"]]),
}

OF_TABLES = {"lookUp"}  # reads another table: test_lookup


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster.open(tmp_path_factory.mktemp("engine"))
    yield found
    found.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_pinots_has_a_row(name: str) -> None:
    found = key(name) in SCALARS or {key(name), key(name).removesuffix("mv")} & REFUSED.keys()
    assert found or name in {*GRAMMAR, *OF_TABLES} or find_aggregate(name)


def test_no_name_is_there_twice() -> None:
    assert len({key(name) for name in NAMES}) == len(NAMES) > 550
    assert not REFUSED.keys() & SCALARS.keys()


@pytest.mark.parametrize("name", GRAMMAR)
def test_the_grammar_answers(cluster: Cluster, name: str) -> None:
    sql, rows = GRAMMAR[name]
    answer = cluster.broker.query(f"SET useMultistageEngine=true; {sql}")
    assert not answer["exceptions"], answer["exceptions"]
    assert answer["resultTable"]["rows"] == rows


@pytest.mark.parametrize("engine", ["true", "false"])
@pytest.mark.parametrize("call", ["clpDecode('a', array(1))", "FAST_HLL('a')", "timeSeriesAggregate(1)"])
def test_a_refused_function_tells_why(cluster: Cluster, call: str, engine: str) -> None:
    (error,) = cluster.broker.query(f"SET useMultistageEngine={engine}; SELECT {call}")["exceptions"]
    name, reason = REFUSED[key(call.partition("(")[0])]
    assert error["errorCode"] == 700
    assert f"Unsupported function: {name} ({reason})" in error["message"]
