"""GAPFILL over parking lots: each lot has a row in every hour."""

from __future__ import annotations

from typing import Any

import pytest

HOUR = 3_600_000
SCHEMA = {
    "schemaName": "parking",
    "dimensionFieldSpecs": [
        {"name": "lot", "dataType": "STRING"}, {"name": "taken", "dataType": "INT"},
        {"name": "note", "dataType": "STRING"}, {"name": "day", "dataType": "STRING"},
    ],
    "dateTimeFieldSpecs": [
        {"name": "at", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}
    ],
}  # fmt: skip
EVENTS = [("a", 0.5, 1), ("a", 2.2, 5), ("a", 2.7, 7), ("b", 1.1, 3), ("b", -1.5, 9), ("a", 9, 4)]
GAP = f"'1:MILLISECONDS:EPOCH', '0', '{4 * HOUR}', '1:HOURS'"
CUT = "DATETIMECONVERT(at, '1:MILLISECONDS:EPOCH', '1:MILLISECONDS:EPOCH', '1:HOURS')"
BY_HOUR = f"SELECT {CUT} AS hour, lot, lastWithTime(taken, at, 'INT') AS taken FROM parking GROUP BY hour, lot LIMIT 99"
FILLED = (
    f"SELECT GAPFILL(hour, {GAP}, FILL(taken, 'FILL_PREVIOUS_VALUE'), TIMESERIESON(lot)) AS hour, lot, taken "
    f"FROM ({BY_HOUR}) LIMIT 99"
)


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    rows = [
        {
            "lot": lot,
            "at": int(hour * HOUR),
            "taken": taken,
            "note": f"n{taken}",
            "day": f"2021-01-0{1 + int(hour) % 3}",
        }
        for lot, hour, taken in EVENTS
    ]
    found.add(SCHEMA, rows)
    return found


def test_an_aggregation_gets_the_missing_hours_of_each_series(tables: Any) -> None:
    found = tables.rows(FILLED)
    assert sorted((lot, hour // HOUR, taken) for hour, lot, taken in found) == [
        ("a", 0, 1), ("a", 1, 1), ("a", 2, 7), ("a", 3, 7),
        ("b", 0, 9), ("b", 1, 3), ("b", 2, 3), ("b", 3, 3),
    ]  # fmt: skip
    assert [row[0] for row in found] == sorted(row[0] for row in found)


def test_rows_of_a_table_keep_their_own_times(tables: Any) -> None:
    call = f"GAPFILL(at, {GAP}, FILL(taken, 'FILL_DEFAULT_VALUE'), TIMESERIESON(lot))"
    sql = f"SELECT {call} AS at, lot, taken, note FROM parking LIMIT 99"
    found = tables.rows(sql)
    assert [row[0] / HOUR for row in found if row[1] == "a"] == [0.5, 1, 2.2, 2.7, 3]
    assert [row[2] for row in found if row[1] == "a"] == [1, 0, 5, 7, 0]
    assert [row[3] for row in found if row[1] == "b"] == ["", "n3", "", ""]


def test_a_query_over_the_filled_rows(tables: Any) -> None:
    sql = (
        f"SELECT hour, sum(taken) AS taken, count(*) FROM ({FILLED}) WHERE hour > 0 GROUP BY hour ORDER BY hour LIMIT 9"
    )
    assert tables.rows(sql) == [[HOUR, 4.0, 2], [2 * HOUR, 10.0, 2], [3 * HOUR, 10.0, 2]]


def test_times_written_as_dates(tables: Any) -> None:
    day = "'1:DAYS:SIMPLE_DATE_FORMAT:yyyy-MM-dd', '2021-01-01', '2021-01-04', '1:DAYS'"
    sql = (
        f"SELECT GAPFILL(day, {day}, TIMESERIESON(lot)) AS day, lot, n FROM "
        "(SELECT day, lot, count(*) AS n FROM parking WHERE lot = 'b' GROUP BY day, lot LIMIT 9) ORDER BY day LIMIT 9"
    )
    assert tables.rows(sql) == [["2021-01-01", "b", 0], ["2021-01-02", "b", 1], ["2021-01-03", "b", 1]]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("GAPFILL(at, '1:MILLISECONDS:EPOCH', '0', '9')", "number of arguments"),
        (f"GAPFILL(at, {GAP})", "TimeSeriesOn"),
        (f"GAPFILL(at, {GAP}, TIMESERIESON(nothing))", "nothing"),
        (f"GAPFILL(at, {GAP}, FILL(taken, 'FILL_WISELY'), TIMESERIESON(lot))", "FILL_WISELY"),
        ("GAPFILL(at, '1:WEEKS:EPOCH', '0', '9', '1:HOURS', TIMESERIESON(lot))", "Invalid format"),
        ("GAPFILL(at, '1:MILLISECONDS:EPOCH', '0', '99999999999', '1:MILLISECONDS', TIMESERIESON(lot))", "1,000,000"),
        (f"1 + GAPFILL(at, {GAP}, TIMESERIESON(lot))", "alone"),
    ],
)
def test_what_cannot_be_filled_says_why(tables: Any, call: str, says: str) -> None:
    code, message = tables.error(f"SELECT {call}, lot, taken FROM parking")
    assert code == 700
    assert says in message
