"""Functions, asked as users ask them: a literal-only query in the single-stage engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster

Ask = Callable[[str], Any]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster.open(tmp_path_factory.mktemp("engine"))
    yield found
    found.close()


@pytest.fixture
def ask(cluster: Cluster) -> Ask:
    def value(expression: str) -> Any:
        answer = cluster.broker.query(f"SELECT {expression}")
        assert not answer["exceptions"], answer["exceptions"]
        (row,) = answer["resultTable"]["rows"]
        return row[0]

    return value


VALUES = {
    # text
    "upper('aß')": "ASS", "substr('pinot', 1, 3)": "in", "substr('pinot', -2)": "ot", "strpos('a-b-c', '-', 2)": 3,
    "strrpos('a-b-c', '-')": 3, "lpad('pinot', 3, 'x')": "pinot", "rpad('p', 4, 'xy')": "pxyx",
    "splitPart('a||b', '||', 1)": "b", "splitPart('a,b', ',', 5)": "null", "split('a,b,,c', ',')": ["a", "b", "c"],
    "concat('a', 'b', '-')": "a-b", "trim('  a ')": "a", "strcmp('a', 'c')": -2, "hammingDistance('abc', 'abd')": 1,
    "regexpExtract('ab12', '([a-z]+)([0-9]+)', 2)": "12", "regexpReplace('aab', 'a(a)', '$1-')": "a-b",
    "regexpExtract('price: 9', '(?<=: )[0-9]')": "9", "uniqueNgrams('abab', 2)": ["ab", "ba"],
    "prefixes('abc', 2)": ["a", "ab"], "repeat('ab', '-', 3)": "ab-ab-ab",
    "levenshteinDistance('kitten', 'sitting')": 3,
    "leftSubStr('pinot', 2)": "pi", "isJson('{\"a\": 1}')": True, "isJson('{')": False,
    # hashes and encodings
    "md5(toUtf8('abc'))": "900150983cd24fb0d6963f7d28e17f72", "adler32(toUtf8('abc'))": 38600999,
    "crc32(toUtf8('123456789'))": -873187034, "crc32c(toUtf8('123456789'))": -486108541,
    "murmurHash2(toUtf8('21'))": -973932308, "murmurHash3Bit32(toUtf8('hello'), 0)": 613153351,
    "sha256(toUtf8(''))": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "toBase64(toUtf8('hello'))": "aGVsbG8=", "bytesToHex(hexToBytes('0aff'))": "0aff", "hexDecimalToLong('ff')": 255,
    "fromUUIDBytes(toUUIDBytes('11112222-3333-4444-5555-666677778888'))": "11112222-3333-4444-5555-666677778888",
    # numbers
    "and(true, false)": False, "or(false, true)": True, "isFalse(false)": True, "intDiv(7, -2)": -4, "gcd(12, 18)": 6,
    "bitShiftRightLogical(-1, 28)": 15, "bitXor(5, 1)": 4, "sqrt(-1)": "NaN", "positiveModulo(-7, 3)": 2.0,
    "least(3, 1.5)": 1.5, "byteswapInt(1)": 16777216, "truncate(1.239, 2)": 1.23,
    # time
    "toDateTime(0, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z''')": "1970-01-01T00:00:00.000Z",
    "toDateTime(1577836800000, 'EEE d MMM yy', 'Asia/Tokyo')": "Wed 1 Jan 20",
    "fromDateTime('2020-01-01 09:30 PM', 'yyyy-MM-dd hh:mm a')": 1577914200000,
    "fromDateTime('nonsense', 'yyyy-MM-dd', 'UTC', 7)": 7, "dateTrunc('week', 1577836800000)": 1577664000000,
    "dateTrunc('day', 1577836800, 'SECONDS', 'America/New_York')": 1577768400, "year(1577836800000)": 2020,
    "hour(0, 'Asia/Tokyo')": 9, "timestampDiff('month', 1577836800000, 1580515200000)": 1,
    "timestampAdd('day', 1, 0)": 86400000, "timeConvert(7200, 'SECONDS', 'HOURS')": 2,
    "dateTimeConvert(1577840461000, '1:MILLISECONDS:EPOCH', '1:HOURS:EPOCH', '1:HOURS')": 438289,
    "dateTimeConvert('20200101', 'SIMPLE_DATE_FORMAT|yyyyMMdd', 'EPOCH|DAYS|1', 'DAYS|1')": 18262,
    "dateTimeConvert(1577840461000, '1:MILLISECONDS:EPOCH', '1:DAYS:SIMPLE_DATE_FORMAT:yyyy-MM-dd HH:mm', '1:HOURS')":
        "2020-01-01 01:00",
    "toEpochMinutesBucket(3600000, 5)": 12, "fromEpochDays(2)": 172800000,
    "round(1577840461000, 300000)": 1577840400000, "round(-7, 5)": -5,
    # arrays
    "arrayElementAtInt(array(5, 6), 2)": 6, "arrayElementAtString(array('a'), 3)": "null",
    "arraySliceInt(array(1, 2), 1, 3)": [2, 0], "arrayRemoveInt(array(1, 2, 1), 1)": [2, 1],
    "arrayUnionInt(array(3, 1), array(1, 2))": [3, 1, 2], "generateIntArray(1, 5, 2)": [1, 3, 5],
    "arrayIndexesOfInt(array(7, 8, 7), 7)": [0, 2], "arrayDistinctString(array('b', 'a', 'b'))": ["b", "a"],
    "arrayToString(array(1, 2), '/')": "1/2", "vectorNorm(array(3.0, 4.0))": 5.0,
    "l1Distance(array(1, 2), array(3, 5))": 5.0,
    # JSON, URLs, addresses
    "jsonPathString('{\"a\": {\"b\": 1}}', '$.a.b')": "1", "jsonPathArray('{\"a\": [1, 2]}', '$.a[*]')": ["1", "2"],
    "jsonExtractScalar('{\"a\": 1.9}', '$.a', 'INT')": 1, "jsonExtractScalar('{}', '$.a', 'INT', 5)": 5,
    "jsonExtractKey('{\"a\": {\"b\": 1}}', '$..**', 'dotNotation=true')": ["a", "a.b"],
    "urlDomainWithoutWWW('https://www.a.org:80/x?y=1#z')": "a.org", "urlPort('https://a.org:81/')": 81,
    "extractURLParameter('http://a?x=1&y=2', 'y')": "2", "cutURLParameter('http://a/?x=1&y=2', 'x')": "http://a/?y=2",
    "cutToFirstSignificantSubdomain('https://news.example.co.uk/')": "example.co.uk",
    "isSubnetOf('10.0.0.0/8', '10.1.2.3')": True, "ipPrefix('10.1.2.3', 16)": "10.1.0.0/16",
    "caseWhen(false, 1, 2)": 2, "nullIf(1, 2)": 1, "coalesce(null, 'x')": "x",
}  # fmt: skip


@pytest.mark.parametrize("expression", VALUES)
def test_a_function_answers(ask: Ask, expression: str) -> None:
    found, expected = ask(expression), VALUES[expression]
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("nosuch(1)", "Unsupported function: nosuch"),
        ("upper()", "it takes 1"),
        ("dateTrunc('fortnight', 0)", "'fortnight' is not a valid Timestamp field"),
        ("fromDateTime('x', 'yyyy')", "is malformed"),
        ("toDateTime(0, 'qqq')", "Illegal pattern component"),
        ("hour(0, 'Mars/Olympus')", "is not recognised"),
        ("dateTimeConvert(0, '1:EONS:EPOCH', '1:HOURS:EPOCH', '1:HOURS')", "Invalid format: 1:EONS:EPOCH"),
        ("jsonExtractScalar('{}', '$.a', 'TENSOR')", "unsupported result type TENSOR"),
        ("getenv('HOME')", "Unsupported function: getenv"),
    ],
)
def test_what_is_wrong_is_said(cluster: Cluster, expression: str, why: str) -> None:
    answer = cluster.broker.query(f"SELECT {expression}")
    assert why in answer["exceptions"][0]["message"]
    assert "Traceback" not in answer["exceptions"][0]["message"]


def test_a_constant_is_named_by_its_value_and_an_alias_wins(cluster: Cluster) -> None:
    answer = cluster.broker.query("SELECT 1, 'a', true, null, upper('b'), upper('b') AS c")
    assert answer["resultTable"]["dataSchema"]["columnNames"][:4] == ["1", "'a'", "true", "null"]
    assert answer["resultTable"]["dataSchema"]["columnNames"][5] == "c"
