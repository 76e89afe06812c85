"""Aggregations at their edges: values that overflow, no values at all, lists of values (ArrayAggFunction,
ListAggFunction, FirstWithTimeAggregationFunction, BaseBooleanAggregationFunction)."""

from __future__ import annotations

from typing import Any

import pytest

SCHEMA = {
    "schemaName": "few",
    "dimensionFieldSpecs": [
        {"name": "i", "dataType": "INT"}, {"name": "l", "dataType": "LONG"}, {"name": "d", "dataType": "DOUBLE"},
        {"name": "s", "dataType": "STRING"}, {"name": "bo", "dataType": "BOOLEAN"},
        {"name": "ts", "dataType": "TIMESTAMP"},
    ],
}  # fmt: skip
HUGE = 9_000_000_000_000_000_000
ROWS = [
    {"i": 5, "l": 7, "d": 2.5, "s": "b", "bo": True, "ts": 9},
    {"i": -3, "l": HUGE, "d": -10.0, "s": "a", "bo": False, "ts": 5},
    {"i": 5, "l": HUGE, "d": 4.0, "s": "b", "bo": True, "ts": 7},
    {"i": 1, "l": -HUGE, "d": 1.0, "s": "c", "bo": True, "ts": 1},
]
BOTH: dict[str, Any] = {
    "arrayAgg(i, 'INT')": [5, -3, 5, 1], "arrayAgg(ts, 'LONG')": [9, 5, 7, 1], "listAgg(s, '|')": "b|a|b|c",
    "sumLong(l)": HUGE + 7, "arrayAgg(s, 'STRING') FILTER (WHERE i = 5)": ["b", "b"],
    "listAgg(i, ', ') FILTER (WHERE i < 5)": "-3, 1", "sumLong(l) FILTER (WHERE l > 7)": 2 * HUGE - 2**64,
    "firstWithTime(s, ts, 'STRING')": "c", "lastWithTime(bo, ts, 'BOOLEAN')": True, "boolAnd(bo)": False,
    "skewness(d / 0)": "NaN", "kurtosis(1 / (d - 1))": "NaN", "varPop(d)": pytest.approx(30.421875),
}  # fmt: skip
SINGLE: dict[str, Any] = {
    "arrayAgg(i, 'INT', true)": [5, -3, 1], "listAgg(s, '|', true)": "b|a|c",
    "arrayAgg(i, 'INT') FILTER (WHERE i > 9)": [], "listAgg(s, '|') FILTER (WHERE i > 9)": None,
    "firstWithTime(s, ts, 'STRING') FILTER (WHERE i > 9)": "",
    "lastWithTime(i, ts, 'INT') FILTER (WHERE i > 9)": -(2**31),
    "lastWithTime(d, ts, 'DOUBLE') FILTER (WHERE i > 9)": "NaN", "minMaxRange(l)": 2.0 * HUGE,
}  # fmt: skip
MULTI: dict[str, Any] = {"minMaxRange(l)": 2.0 * HUGE, "minMaxRange(i)": 8.0}  # DOUBLE (AggregationFunctionType)


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    found.add(SCHEMA, ROWS)
    return found


CASES = [(e, v, m) for e, v in BOTH.items() for m in ("false", "true")]
CASES += [(e, v, "false") for e, v in SINGLE.items()] + [(e, v, "true") for e, v in MULTI.items()]


@pytest.mark.parametrize(("expression", "expected", "multistage"), CASES)
def test_all_rows(tables: Any, expression: str, expected: Any, multistage: str) -> None:
    assert tables.rows(f"SELECT {expression} FROM few", useMultistageEngine=multistage) == [[expected]]


def test_groups(tables: Any) -> None:
    sql = "SELECT s, arrayAgg(i, 'LONG'), listAgg(l, ';', true) FROM few GROUP BY s ORDER BY s"
    assert tables.rows(sql) == [["a", [-3], str(HUGE)], ["b", [5, 5], f"7;{HUGE}"], ["c", [1], str(-HUGE)]]


@pytest.mark.parametrize(
    ("expression", "code", "says"),
    [
        ("boolAnd(i)", 200, "Unsupported data type BOOLAND for INT"), ("boolOr(s)", 200, "BOOLOR for STRING"),
        ("arrayAgg(i, 'BYTES')", 700, "arrayAgg"), ("listAgg(s, i)", 700, "separator as a literal"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(tables: Any, expression: str, code: int, says: str) -> None:
    found, message = tables.error(f"SELECT {expression} FROM few")
    assert found == code
    assert says in message


@pytest.mark.parametrize("engine", [{}, {"useMultistageEngine": "true"}], ids=["single", "multi"])
def test_segments_count_each_for_itself(new_tables: Any, engine: dict[str, str]) -> None:
    """SegmentPartitionedDistinctCountAggregationFunction adds up what each segment counts; nulls count nowhere."""
    tables = new_tables()
    schema = {"schemaName": "parts", "dimensionFieldSpecs": [{"name": "v", "dataType": "STRING"}]}
    tables.add(schema, [{"v": "a"}, {"v": "a"}, {"v": "b"}])
    file = tables.home / "more.json"
    file.write_text('{"v": "a"}\n{"v": "c"}')
    tables.cluster.controller.ingest_file("parts_OFFLINE", file, {"inputFormat": "json"})
    call = "segmentPartitionedDistinctCount(v)"
    assert tables.rows(f"SELECT {call}, count(DISTINCT v) FROM parts", **engine) == [[4, 3]]
    assert tables.rows(f"SELECT v, {call} FROM parts GROUP BY v ORDER BY v", **engine) == [["a", 2], ["b", 1], ["c", 1]]
    assert tables.rows(f"SELECT {call} FROM parts WHERE v = 'none'", **engine) == [[0]]
    if engine:  # behind a join nobody knows segments any more
        joined = "SELECT segmentPartitionedDistinctCount(a.v) FROM parts a JOIN parts b ON a.v = b.v"
        assert tables.rows(joined, **engine) == [[3]]
