"""Functions with values from Pinot's own documentation, from RFCs and from the algorithms' authors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster

VALUES: dict[str, Any] = {
    # UUIDs; RFC 9562's examples of versions 7, 6 and 1 are one moment
    "fromUUIDBytes(uuidToBytes('11112222-3333-4444-5555-666677778888'))": "11112222-3333-4444-5555-666677778888",
    "bytesToUuid(hexToBytes('11112222333344445555666677778888'))": "11112222-3333-4444-5555-666677778888",
    "isUuid('11112222-3333-4444-5555-666677778888')": True, "isUuid('11112222333344445555666677778888')": False,
    "isUuid(hexToBytes('0aff'))": False,
    "toUuid('017F22E2-79B0-7CC3-98C4-DC0C0C07398F')": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "uuidTimestamp('017F22E2-79B0-7CC3-98C4-DC0C0C07398F')": 1645557742000,
    "uuidTimestamp('1EC9414C-232A-6B00-B3C8-9F6BDECED846')": 1645557742000,
    "uuidTimestamp('C232AB00-9414-11EC-B3C8-9F6BDECED846')": 1645557742000, "uuidVersion(uuidV7())": 7,
    "uuidVersion(uuidV4())": 4,
    # hashes: RFC 1319, NIST's SHA-3, the FNV authors' test vectors
    "md2(toUtf8('abc'))": "da853b0d3f88d99b30283a69e6ded6bb",
    "sha224(toUtf8(''))": "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
    "md5_raw(toUtf8('abc'))": "900150983cd24fb0d6963f7d28e17f72", "fnv1_32(toUtf8('foobar'))": 0x31F0B262,
    "fnv1a_32(toUtf8('foobar'))": 0xBF9CF968 - 2**32, "fnv1a_64(toUtf8('a'))": 0xAF63DC4C8601EC8C - 2**64,
    "fnv1Hash64UTF8('a')": 0xAF63BD4C8601B7BE - 2**64, "murmur3_32(toUtf8('hello'))": 613153351,
    "longToHexDecimal(-1)": "ffffffffffffffff", "hexDecimalToLong('0x10')": 16,
    # bits
    "bitMask(3)": 8, "bitMask(64)": 0, "mask(-1)": 2**31 - 1, "extractBit(5, 2)": 1,
    # time: the buckets are open at their start; an hour's windows at each quarter that hold 12:10
    "timeSeriesBucket(110000, 'MILLISECONDS', 100, 10, 0)": 1,
    "timeSeriesBucket(110001, 'MILLISECONDS', 100, 10, 0)": 2,
    "dateTimeConvertWindowHop(43800000, '1:MILLISECONDS:EPOCH', '1:MILLISECONDS:EPOCH', '15:MINUTES', '1:HOURS')":
        [43200000, 42300000, 41400000, 40500000],
    "dateTimeConvertWindowHop(43800000, '1:MILLISECONDS:EPOCH', '1:DAYS:SIMPLE_DATE_FORMAT:HH:mm', '30:MINUTES', "
    "'1:HOURS')": ["12:00", "11:30"],
    # text and arrays
    "uniqueNgramsMV(array('aba', 'xab'), 2)": ["ab", "ba", "xa"], "generateUniqueNgrams('ab', 0, 2)": ["a", "b", "ab"],
    "filterMv(array(1, 5, 9), 'v > 2 AND NOT v IN (9)')": [5], "filterMv(array(1, 5), 'v BETWEEN -1 AND 1')": [1],
    "filterMv(array('ab', 'cd', 'x'), 'v LIKE ''a%'' OR v = ''x''')": ["ab", "x"],
    # vectors: products in FLOAT, the Euclidean distance without its root
    "cosineDistance(array(1, 0), array(0, 2))": 1.0, "cosineDistance(array(0, 0), array(1, 2), 7.5)": 7.5,
    "cosineDistance(array(0, 0), array(1, 2))": "NaN", "innerProduct(array(1, 2), array(3, 4))": 11.0,
    "l2Distance(array(0, 0), array(3, 4))": 5.0, "euclideanDistance(array(0, 0), array(3, 4))": 25.0,
    "cosineDistance(ARRAY[1.0, 0.0], ARRAY[2, 0])": 0.0, "arraySortInt(ARRAY[3, 1])": [1, 3],
    "l1Distance(array(0.5, 0), array(3, 4))": 6.5, "vectorDims(array(3, 4))": 2, "vectorNorm(array(3, 4))": 5.0,
    # JSON
    """jsonPathLong('{"a": 1.9}', '$.a')""": 1, "jsonPathLong('{}', '$.a')": -(2**63),
    "jsonPathDouble('{}', '$.a')": "NaN", "jsonPathLong('{}', '$.a', 3)": 3,
    """jsonKeyValueArrayToMap('[{"k": "a", "v": 1}]', 'k', 'v')""": '{"a":1}',
    """jsonExtractIndex('{"a": 7}', '$.a', 'INT')""": 7,
    # geohashes
    "encodeGeoHash(57.64911, 10.40744, 11)": "u4pruydqqvj", "decodeGeoHashLatitude('s')": 22.5,
    "decodeGeoHashLongitude('s')": 22.5, "decodeGeoHash('u')": [67.5, 22.5],
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster.open(tmp_path_factory.mktemp("engine"))
    yield found
    found.close()


@pytest.mark.parametrize("engine", ["false", "true"])
@pytest.mark.parametrize("expression", VALUES)
def test_a_function_answers(cluster: Cluster, expression: str, engine: str) -> None:
    answer = cluster.broker.query(f"SET useMultistageEngine={engine}; SELECT {expression}")
    assert not answer["exceptions"], answer["exceptions"]
    ((found,),) = answer["resultTable"]["rows"]
    expected = VALUES[expression]
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("l1Distance(array(1), array(1, 2))", "Vector lengths do not match"),
        ("filterMv(array(1), 'w > 2')", "the predicate must be a condition on v"),
        ("filterMv(array(1), 'v = (SELECT 1)')", "the predicate must be a condition on v"),
        ("filterMv(array(1), 'v > ''x''')", "the predicate must be a condition on v"),
        ("uuidTimestamp('11112222-3333-4444-5555-666677778888')", "UUID of version 4 has no timestamp"),
        ("timeSeriesBucket(1, 'EONS', 0, 10, 0)", "No enum constant"),
        ("encodeGeoHash(1, 2, 13)", "length must be between 1 and 12"),
    ],
)
def test_what_is_wrong_is_said(cluster: Cluster, expression: str, why: str) -> None:
    answer = cluster.broker.query(f"SELECT {expression}")
    assert why in answer["exceptions"][0]["message"]
