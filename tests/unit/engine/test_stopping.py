"""A query ends in time and is cancelled inside a batch of a Python function, too, and holds nothing afterwards."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from meshloom.engine.sql.functions import STOPPING, named_in
from meshloom.engine.sql.functions.rows import ROWS
from meshloom.engine.sql.statement import parse

# No value takes longer than a match may, 2,000 of them take half a minute: one batch of DuckDB's.
SLOW = "SELECT count(*) FROM texts WHERE regexp_like(text, '(?=a)(?:a|aa|aaa)+(?<!b)\\Zb')"
QUICK = "SELECT count(*) FROM texts WHERE regexp_like(text, '(?=a)a+(?<!b)')"
ENGINES = pytest.mark.parametrize("multi", ["false", "true"], ids=["single", "multi"])
SCHEMA = {"schemaName": "texts", "dimensionFieldSpecs": [{"name": "text", "dataType": "STRING"}]}


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    found.add(SCHEMA, [{"text": "a" * 17 + str(number)} for number in range(2000)])
    return found


@ENGINES
def test_a_query_past_its_time_is_stopped_within_a_batch(tables: Any, multi: str) -> None:
    started = time.monotonic()
    code, message = tables.error(SLOW, timeoutMs="300", useMultistageEngine=multi)
    assert (code, message) == (250, "QueryExecutionError: timed out after 300 ms")
    assert time.monotonic() - started < 3
    assert tables.cluster.broker.running.list() == {} and not STOPPING.names
    assert tables.rows(QUICK, useMultistageEngine=multi) == [[2000]]


@ENGINES
def test_a_query_is_cancelled_within_a_batch(tables: Any, multi: str) -> None:
    running, told = tables.cluster.broker.running, []
    options = {"timeoutMs": "60000", "useMultistageEngine": multi, "clientQueryId": "slow"}
    asked = threading.Thread(target=lambda: told.append(tables.error(SLOW, **options)))
    asked.start()
    until = time.monotonic() + 10
    while "slow" not in running.list() and time.monotonic() < until:
        time.sleep(0.02)
    assert running.cancel("slow")
    asked.join(5)
    assert told == [(503, "QueryCancellationError: the query was cancelled")]
    assert running.list() == {} and not STOPPING.names


def test_another_query_of_the_same_function_goes_on(tables: Any) -> None:
    """A function does not know whose rows it has: the query that was ended with another's begins again."""
    names, other = named_in(tables.cluster.broker.compiled(parse(QUICK)).sql), object()
    assert names
    STOPPING.begin(other, names)
    threading.Timer(0.3, STOPPING.end, (other,)).start()
    started = time.monotonic()
    assert tables.rows(QUICK) == [[2000]]
    assert time.monotonic() - started > 0.2  # it was ended until the other one was gone


def test_rows_are_loaded_while_a_query_of_the_same_functions_ends(tables: Any) -> None:
    """BIG_DECIMAL values of any size are loaded by a row function, which queries call, too."""
    fields = [{"name": "amount", "dataType": "BIG_DECIMAL"}]
    other = object()
    STOPPING.begin(other, frozenset(ROWS))
    try:
        tables.add({"schemaName": "amounts", "metricFieldSpecs": fields}, [{"amount": "1" * 60}])
        assert STOPPING.names == frozenset(ROWS)
    finally:
        STOPPING.end(other)
    assert tables.rows("SELECT amount FROM amounts") == [["1" * 60]]


@pytest.mark.parametrize(
    "text",
    ["repeat(text, 100000)", "repeat(text, '-', 100000)", "lpad(text, 1000000, 'x')", "repeat(text, 2000000000)"],
)
@ENGINES
def test_text_without_end_is_refused(tables: Any, text: str, multi: str) -> None:
    """The bound is one of memory: in 2,000 rows of 2 MB nobody reads."""
    code, message = tables.error(f"SELECT max(length({text})) FROM texts", timeoutMs="20000", useMultistageEngine=multi)
    assert code == 200 and "more than 256 MB of text" in message
    short = text.replace("2000000000", "2").replace("1000000", "30").replace("100000", "3")
    assert tables.rows(f"SELECT count({short}) FROM texts", useMultistageEngine=multi) == [[2000]]
