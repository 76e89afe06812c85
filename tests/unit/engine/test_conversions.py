"""Values of one type as another, and arithmetic at its edges, as Java has them: ArrayCopyUtils, CastTransformFunction,
BaseTransformFunction, RoundDecimalTransformFunction, SelectTupleElementTransformFunction, DateTimeConvert and Joda's
calendar. Each row of the table has one kind of edge."""

from __future__ import annotations

import math
from typing import Any

import pytest

COLUMNS = {
    "i": "INT", "l": "LONG", "f": "FLOAT", "d": "DOUBLE", "b": "BIG_DECIMAL", "bo": "BOOLEAN", "ts": "TIMESTAMP",
    "s": "STRING",
}  # fmt: skip
SCHEMA = {
    "schemaName": "edges",
    "dimensionFieldSpecs": [
        {"name": "n", "dataType": "INT"}, {"name": "ms", "dataType": "LONG", "singleValueField": False},
        {"name": "ds", "dataType": "DOUBLE", "singleValueField": False},
        *({"name": name, "dataType": kind} for name, kind in COLUMNS.items()),
    ],
}  # fmt: skip
LEAST, MOST = -(2**63), 2**63 - 1
ROWS = [
    {"n": 0, "i": 5, "l": 7, "f": 1.5, "d": 2.5, "b": "3.250", "bo": True, "ts": 1577836800000, "s": "12.9",
     "ms": [1577836800000, 0], "ds": [1e10, 0.5]},
    {"n": 1, "i": -5, "l": LEAST + 1, "f": 3.4e38, "d": -1e300, "b": "-12345678901234567890.5", "bo": False, "ts": -1,
     "s": "true", "ms": [5], "ds": [1e-5]},
    {"n": 2, "i": 2**31 - 1, "l": MOST, "f": 1e-5, "d": 1e7, "b": "0", "bo": True, "ts": 253402300800000, "s": "1",
     "ms": [1], "ds": [-0.25]},
    {"n": 3, "i": -(2**31), "l": 2**32 + 3, "f": 0.0, "d": 0.001, "b": "1e3", "bo": False, "ts": 0, "s": "TRUE",
     "ms": [2], "ds": [2.0]},
]  # fmt: skip

BOTH: dict[str, list[Any]] = {
    # Double.toString, Float.toString, BigDecimal.toPlainString, Timestamp.toString
    "cast(d as string)": ["2.5", "-1.0E300", "1.0E7", "0.001"],
    "cast(f as string)": ["1.5", "3.4E38", "1.0E-5", "0.0"],
    "cast(b as string)": ["3.25", "-12345678901234567890.5", "0", "1000"],
    "cast(ts as string)": ["2020-01-01 00:00:00.0", "1969-12-31 23:59:59.999", "10000-01-01 00:00:00.0",
                           "1970-01-01 00:00:00.0"],
    "concat(d, '|')": ["2.5|", "-1.0E300|", "1.0E7|", "0.001|"],
    "ts": ["2020-01-01 00:00:00.0", "1969-12-31 23:59:59.999", "10000-01-01 00:00:00.0", "1970-01-01 00:00:00.0"],
    # narrowing: doubles saturate, longs and decimals keep their low bits, texts are read as numbers first
    "cast(d as int)": [2, -(2**31), 10_000_000, 0],
    "cast(d as long)": [2, LEAST, 10_000_000, 0],
    "cast(f as long)": [1, MOST, 0, 0],
    "cast(l as int)": [7, 1, -1, 3],
    "cast(b as int)": [3, 350287150, 0, 1000],
    "cast(b as long)": [3, 6101065172474983726, 0, 1000],
    "cast(s as boolean)": [False, True, True, True],
    "cast(ts as int)": [1577836800000 - 367 * 2**32, -1, 253402300800000 - 59000 * 2**32, 0],
    "ceil(b)": ["4", "-12345678901234567890", "0", "1000"],
    "floor(b)": ["3", "-12345678901234567891", "0", "1000"],
    "case when i > 0 then i else l end": [5, LEAST + 1, 2**31 - 1, 2**32 + 3],
    "case when i > 0 then b else i end": ["3.25", "-5", "0", "-2147483648"],
    "coalesce(NULL, i)": [5, -5, 2**31 - 1, -(2**31)], "coalesce(i, l)": [5, -5, 2**31 - 1, -(2**31)],
    "coalesce(i, s)": ["5", "-5", "2147483647", "-2147483648"],
    "arrayElementAtDouble(ds, 9)": [0.0] * 4, "arraySumLong(ms)": [1577836800000, 5, 1, 2],
    "arraySumInt(array(2147483647, 1))": [-(2**31)] * 4, "arraySliceLong(ms, 1, 2)": [[0], [0], [0], [0]],
    "-i": [-5, 5, 1 - 2**31, -(2**31)],
    "-l": [-7, MOST, LEAST + 1, -(2**32) - 3],
    "mod(d, 3)": [2.5, math.fmod(-1e300, 3), 1.0, 0.001],
    "roundDecimal(d, 2)": [2.5, -1e300, 1e7, 0.0],
    "roundDecimal(d)": [3.0, float(LEAST), 1e7, 0.0],
    "truncate(d, 1)": [2.5, -1e300, 1e7, 0.0],
    "intDiv(d, 0)": [MOST, LEAST, MOST, MOST],
    # the calendar beyond what DuckDB's and Python's dates hold
    "year(l)": [1970, -292275055, 292278994, 1970],
    "month(l)": [1, 5, 8, 2],
    "year(ts)": [2020, 1969, 10000, 1970],
    "toDateTime(ts, 'yyyy-MM-dd')": ["2020-01-01", "1969-12-31", "10000-01-01", "1970-01-01"],
    "dateTimeConvert(ts, '1:MILLISECONDS:TIMESTAMP', '1:HOURS:EPOCH', '1:HOURS')": [438288, 0, 70389528, 0],
    "dateTimeConvert(ts, '1:MILLISECONDS:EPOCH', '1:HOURS:SIMPLE_DATE_FORMAT:yyyy-MM-dd HH', '5:HOURS')":
        ["2020-01-01 00", "1969-12-31 20", "10000-01-01 00", "1970-01-01 00"],
    "dateTimeConvert(ts, '1:MILLISECONDS:EPOCH', '1:DAYS:SIMPLE_DATE_FORMAT:dd', '7:DAYS')": ["01", "29", "01", "01"],
    "dateTimeConvert(ts, '1:MILLISECONDS:EPOCH', '1:MILLISECONDS:EPOCH', '1:DAYS', 'America/Los_Angeles')":
        [1577779200000, -57600000, 253402243200000, -57600000],
}  # fmt: skip
SINGLE: dict[str, list[Any]] = {
    "greatest(b, d)": ["3.25", "-12345678901234567890.5", "10000000", "1000"],
    "least(i, l)": [5, LEAST + 1, 2**31 - 1, -(2**31)],
    # no value at all, where nulls are not told apart; the types meet as in CaseTransformFunction
    "case when i > 0 then s end": ["12.9", "", "1", ""], "case when i > 0 then i end": [5, 0, 2**31 - 1, 0],
    "case when i > 0 then null else d end": [0.0, -1e300, 0.0, 0.001],
    "case when i > 0 then bo end": [True, False, True, False],
    "case when i > 0 then i else f end": [5.0, pytest.approx(3.4e38, rel=1e-6), 2.0**31 - 1, 0.0],
    "i is distinct from 5": [False, True, True, True],
    "i % 3": [2.0, -2.0, 1.0, -2.0],
    # what a text parameter is given of a column: its stored form
    "upper(ts)": ["1577836800000", "-1", "253402300800000", "0"],
    "upper(bo)": ["1", "0", "1", "0"],
    "arrayToString(ds, ',')": ["1.0E10,0.5", "1.0E-5", "-0.25", "2.0"],
}  # fmt: skip
MULTI: dict[str, list[Any]] = {
    "greatest(b, d)": [3.25, -12345678901234567890.5, 1e7, 1e3],  # DOUBLE: ArithmeticFunctions.greatest
    "least(i, l)": [5.0, float(LEAST), 2.0**31 - 1, -(2.0**31)],
    "i % 3": [2, -2, 1, -2],
    "l + 1": [8, LEAST + 2, LEAST, 2**32 + 4],
    "l * l": [49, 1, 1, (2**32 + 3) ** 2 - 2**64],
    "i + i": [10, -10, -2, 0],
}
CONSTANTS: dict[str, Any] = {
    "roundDecimal(1.005, 2)": 1.01, "roundDecimal(-2.5)": -2.0, "roundDecimal(1234.5, -2)": 1200.0,
    "truncate(0.29, 2)": 0.29, "truncate(-0.29, 1)": -0.2, "positiveModulo(-7, 3)": 2.0, "moduloOrZero(-7, 3)": -1.0,
    "cast('12.9' as int)": 12, "cast('-12.9' as long)": -12, "cast(1e10 as int)": 2**31 - 1,
    "timestampDiff('MONTH', 1580428800000, 1582934400000)": 1, "timestampAdd('MONTH', 1, 1580428800000)": 1582934400000,
    # an hour that comes twice stays the one that it is; a day of 23 hours begins at its own midnight
    "dateTrunc('hour', 1604210459999, 'MILLISECONDS', 'America/New_York')": 1604210400000,
    "dateTrunc('hour', 1604206859999, 'MILLISECONDS', 'America/New_York')": 1604206800000,
    "dateTrunc('day', 1583650800000, 'MILLISECONDS', 'America/New_York')": 1583643600000,
    "toDateTime(-62198755200000, 'yyyy')": "-0001", "toDateTime(-62198755200000, 'YYYY G')": "0002 BC",
    "toDateTime(253402300800000, 'yy')": "00",
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    found.add(SCHEMA, ROWS)
    return found


CASES = [(e, v, m) for e, v in BOTH.items() for m in ("false", "true")]
CASES += [(e, v, "false") for e, v in SINGLE.items()] + [(e, v, "true") for e, v in MULTI.items()]


@pytest.mark.parametrize(("expression", "expected", "multistage"), CASES)
def test_a_column(tables: Any, expression: str, expected: list[Any], multistage: str) -> None:
    rows = tables.rows(f"SELECT {expression} FROM edges ORDER BY n", useMultistageEngine=multistage)
    assert [row[0] for row in rows] == [pytest.approx(v) if isinstance(v, float) else v for v in expected]


@pytest.mark.parametrize("multistage", ["false", "true"])
@pytest.mark.parametrize("expression", CONSTANTS)
def test_a_constant(tables: Any, expression: str, multistage: str) -> None:
    ((found,),) = tables.rows(f"SELECT {expression} FROM edges WHERE n = 0", useMultistageEngine=multistage)
    expected = CONSTANTS[expression]
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_the_default_null_of_a_long_is_a_time_too(tables: Any) -> None:
    schema = {"schemaName": "unknown", "dimensionFieldSpecs": [
        {"name": "l", "dataType": "LONG"}, {"name": "n", "dataType": "INT"}
    ]}  # fmt: skip
    tables.add(schema, [{"n": 1}])
    assert tables.rows("SELECT toDateTime(l, 'yyyy-MM-dd'), year(l), month(l) FROM unknown") == [
        ["-292275055-05-16", -292275055, 5]
    ]
    assert len(tables.rows("SELECT dateTrunc('day', l), count(*) FROM unknown GROUP BY 1")) == 1


@pytest.mark.parametrize(
    ("expression", "code", "says"),
    [
        ("cast('x' as int)", 200, "'x'"), ("arraySliceLong(ms, -1, 1)", 200, "out of range: -1 to 1"),
        ("arraySliceLong(ms, 2, 3)", 200, "out of range: 2 to 3 of 1"),
        ("truncate(cast('Infinity' as double), 1)", 200, "Infinity has no decimals"),
        ("dateTimeConvert(l, 'bad', 'worse', '1:DAYS')", 700, "Invalid format"),
        ("dateTimeConvert(l, '1:DAYS:EPOCH', '1:DAYS:EPOCH', '0:DAYS')", 700, "Invalid granularity"),
        ("dateTimeConvert(l, '1:DAYS:EPOCH', '1:DAYS:EPOCH', '1:DAYS', 'Mars/Olympus')", 700, "not recognised"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_told(tables: Any, expression: str, code: int, says: str) -> None:
    found, message = tables.error(f"SELECT {expression} FROM edges")
    assert found == code
    assert says in message
