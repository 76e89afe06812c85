"""Aggregations over rows: funnels, the rows of an extreme, histograms, moments, sums of arrays."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster
from meshloom.engine.sql.functions import funnels, tdigest

ENGINES = ["false", "true"]
SCHEMA = {
    "schemaName": "clicks",
    "dimensionFieldSpecs": [
        {"name": "user", "dataType": "STRING"}, {"name": "url", "dataType": "STRING"},
        {"name": "n", "dataType": "INT"}, {"name": "counts", "dataType": "INT", "singleValueField": False},
    ],
    "metricFieldSpecs": [{"name": "ts", "dataType": "LONG"}],
}  # fmt: skip
CLICKS = [
    ("ann", "/search", 100), ("ann", "/cart", 110), ("ann", "/pay", 130), ("ann", "/search", 200), ("ann", "/pay", 210),
    ("bob", "/search", 100), ("bob", "/cart", 150), ("bob", "/help", 160), ("bob", "/pay", 170),
    ("eve", "/cart", 100), ("eve", "/pay", 110),
]  # fmt: skip
ROWS = [{"user": user, "url": url, "ts": ts, "n": place, "counts": [place, 1][: place % 2 + 1]}
        for place, (user, url, ts) in enumerate(CLICKS)]  # fmt: skip
STEPS = "url = '/search', url = '/cart', url = '/pay'"
FUNNEL = f"(ts, 50, 3, {STEPS}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home: Path = tmp_path_factory.mktemp("engine")
    found = Cluster.open(home)
    found.controller.add_schema(SCHEMA)
    found.controller.add_table(
        {"tableName": "clicks", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}
    )  # fmt: skip
    file = home / "clicks.json"
    file.write_text("\n".join(json.dumps(row) for row in ROWS))
    found.controller.ingest_file("clicks_OFFLINE", file, {"inputFormat": "json"})
    yield found
    found.close()


def rows(cluster: Cluster, sql: str, engine: str = "false") -> Any:
    answer = cluster.broker.query(f"SET useMultistageEngine={engine}; {sql}")
    assert not answer["exceptions"], answer["exceptions"]
    return answer["resultTable"]["rows"]


def by_user(cluster: Cluster, aggregation: str, engine: str = "false") -> Any:
    found = rows(cluster, f"SELECT user, {aggregation} FROM clicks GROUP BY user ORDER BY user", engine)
    return [value for _, value in found]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (f"funnelMaxStep{FUNNEL})", [3, 1, 0]),  # bob's cart comes after the window
        (f"funnelMaxStep(ts, 100, 3, {STEPS})", [3, 3, 0]),
        (f"funnelMaxStep(ts, 100, 3, {STEPS}, 'MAXSTEPDURATION=40')", [3, 1, 0]),
        (f"funnelMaxStep(ts, 100, 3, {STEPS}, 'STRICT_ORDER', 'KEEP_ALL')", [3, 2, 0]),
        (f"funnelMaxStep(ts, 100, 3, {STEPS}, 'mode=strict_order, keep_all')", [3, 2, 0]),
        (f"funnelMatchStep{FUNNEL})", [[1, 1, 1], [1, 0, 0], [0, 0, 0]]),
        (f"funnelCompleteCount{FUNNEL})", [1, 0, 0]),
        (f"funnelStepDurationStats{FUNNEL}, 'durationFunctions=avg,median,max')",
         [[10, 10, 10, 20, 20, 20, 0, 0, 0], [], []]),
        (f"funnelStepDurationStats{FUNNEL}, 'durationFunctions=count')", [[1, 1, 1], [1, 0, 0], [0, 0, 0]]),
        (f"funnelEventsFunctionEval(ts, 50, 3, {STEPS}, 2, user, n)",
         [["1, 6", "ann", "0", "ann", "1", "ann", "2"], ["0"], ["0"]]),
    ],
)  # fmt: skip
def test_funnels(cluster: Cluster, engine: str, aggregation: str, expected: Any) -> None:
    assert by_user(cluster, aggregation, engine) == expected


def test_modes_of_funnels() -> None:
    """As Pinot's javadoc has them: a repeated step, another step in between, equal times."""

    def reached(steps: list[int], mode: str, times: list[int] | None = None) -> int:
        events = [(time, step, []) for time, step in zip(times or range(len(steps)), steps, strict=True)]
        return funnels.max_step(events, funnels.Settings.read(100, 3, mode))

    assert reached([0, 1, 1, 2], "") == 3
    assert reached([0, 1, 1, 2], "STRICT_DEDUPLICATION") == 2
    assert reached([0, 1, -1, 2], "STRICT_ORDER") == 2
    assert reached([0, 1, 2], "STRICT_INCREASE", [0, 0, 1]) == 1
    assert reached([0, 1, 2], "", [0, 0, 1]) == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_funnels_without_a_clock(cluster: Cluster, engine: str) -> None:
    count = f"funnelCount(STEPS({STEPS}), CORRELATE_BY(user))"
    assert rows(cluster, f"SELECT {count} FROM clicks", engine) == [[[2, 2, 2]]]
    assert rows(cluster, f"SELECT {count} FILTER (WHERE ts < 115) FROM clicks", engine) == [[[2, 1, 0]]]
    several = "FUNNEL_COUNT(STEPS(url = '/pay', n > 2), CORRELATE_BY(user, url), SETTINGS('set'))"
    assert rows(cluster, f"SELECT {several} FROM clicks", engine) == [[[3, 3]]]
    assert rows(cluster, f"SELECT {count} FROM clicks WHERE ts < 0", engine) == [[[0, 0, 0]]]


def test_a_funnels_column_is_named_as_in_pinot(cluster: Cluster) -> None:
    answer = cluster.broker.query(f"SELECT funnelMaxStep{FUNNEL}), covarPop(n, ts) FROM clicks")
    steps = ",".join(f"equals(url,'{url}')" for url in ("/search", "/cart", "/pay"))
    assert answer["resultTable"]["dataSchema"] == {
        "columnNames": [f"funnelmaxstep(50)  (ts, {steps})", "covarpop(n,ts)"], "columnDataTypes": ["INT", "DOUBLE"],
    }  # fmt: skip


def test_the_rows_of_an_extreme(cluster: Cluster) -> None:
    """Each row that has the least or greatest measure is a row of the answer."""
    assert rows(cluster, "SELECT exprMin(user, ts), exprMax(url, ts) FROM clicks") == [
        ["ann", "/pay"], ["bob", None], ["eve", None],
    ]  # fmt: skip
    assert rows(cluster, "SELECT exprMax(n, ts, n) FROM clicks WHERE user = 'bob'") == [[8]]
    assert rows(cluster, "SELECT user, exprMin(url, ts) FROM clicks GROUP BY user ORDER BY user") == [
        ["ann", "/search"], ["bob", "/search"], ["eve", "/cart"],
    ]  # fmt: skip
    assert rows(cluster, "SELECT expr_min(counts, n) FROM clicks") == [[[0]]]
    assert rows(cluster, "SELECT exprMin(n, ts) FROM clicks WHERE ts < 0") == [[None]]
    (error,) = cluster.broker.query("SET useMultistageEngine=true; SELECT exprMin(n, ts) FROM clicks")["exceptions"]
    assert "of the single-stage engine only" in error["message"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("histogram(n, 0, 10, 2)", [5.0, 6.0]), ("histogram(n, ARRAY[0, 1, 5])", [1.0, 5.0]),
        ("histogram(n, ARRAY[0, 1, 5]) FILTER (WHERE user = 'bob')", [0.0, 1.0]),
        ("histogram(ts, 100, 130, 3)", [3.0, 2.0, 1.0]),
        ("sumArrayLong(counts)", [55, 5]), ("sumArrayDouble(counts)", [55.0, 5.0]),
        ("skewness(n)", 0.0), ("kurtosis(n)", -1.2), ("kurtosis(n) FILTER (WHERE n < 3)", "NaN"),
        ("skewness(n) FILTER (WHERE n < 2)", "NaN"), ("skewness(n * 0)", 0.0), ("varPop(n)", 10.0),
        ("minMaxRange(n) FILTER (WHERE n > 7)", 2.0),
    ],
)  # fmt: skip
def test_statistics(cluster: Cluster, engine: str, aggregation: str, expected: Any) -> None:
    ((found,),) = rows(cluster, f"SELECT {aggregation} FROM clicks", engine)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_the_variance_of_nothing_is_pinots_sentinel(cluster: Cluster) -> None:
    sql = "SELECT varPop(n), stdDevSamp(n), covarPop(n, ts), skewness(n) FROM clicks WHERE n < 0"
    assert rows(cluster, sql) == [["-Infinity", "-Infinity", "-Infinity", "NaN"]]


@pytest.mark.parametrize("engine", ENGINES)
def test_t_digests(cluster: Cluster, engine: str) -> None:
    """Answers of a real Pinot 1.5.1 for 2, 2, 3, 100, 101, 150, 175; then over this table."""
    digest = tdigest.of_values([150, 2, 3, 100, 2, 175, 101], tdigest.COMPRESSION)
    assert (digest.quantile(0.75), digest.quantile(0), digest.quantile(1)) == (137.75, 2, 175)
    ((share, raw),) = rows(cluster, "SELECT percentileTDigest(n, 75), percentileRawTDigest(n, 50) FROM clicks", engine)
    assert share == 7.75
    assert bytes.fromhex(raw)[:32] == struct.pack(">idddi", 1, 0, 10, 100, 11)
    again = f"percentileTDigest(hexToBytes('{raw}'), 75)"
    assert rows(cluster, f"SELECT {again} FROM clicks WHERE n = 1", engine) == [[7.75]]
    assert rows(cluster, "SELECT percentileTDigest(n, 50) FROM clicks WHERE n < 0", "false") == [["NaN"]]


def test_percentiles_with_their_number_in_the_name(cluster: Cluster) -> None:
    sql = "SELECT percentile75(n), percentile_tdigest75(n), percentileEst50(n), percentile75MV(counts) FROM clicks"
    answer = cluster.broker.query(sql)
    assert answer["resultTable"]["rows"] == [[8.0, 7.75, 5, 7.0]]
    assert answer["resultTable"]["dataSchema"]["columnNames"][:2] == ["percentile75(n)", "percentiletdigest75(n)"]
    (error,) = cluster.broker.query("SET useMultistageEngine=true; SELECT percentile75(n) FROM clicks")["exceptions"]
    assert "No match found for function signature" in error["message"]


def test_a_t_digest_of_many_values_is_near() -> None:
    digest = tdigest.of_values([float(place * 7919 % 10_007) for place in range(10_007)], tdigest.COMPRESSION)
    for share in (0.001, 0.01, 0.5, 0.9, 0.999):
        assert abs(digest.quantile(share) - share * 10_007) < 10_007 * 0.01
    assert len(digest.centroids) < 210


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("funnelMaxStep(ts, 0, 1, n = 1)", "FUNNEL_AGG_FUNC expects"),
        ("funnelMaxStep(ts, 10, 3, n = 1)", "FUNNEL_AGG_FUNC expects >= 6 arguments"),
        ("funnelMaxStep(ts, 10, 1, n = 1, 'SLOPPY')", "Unrecognized extra argument for funnel function: SLOPPY"),
        ("funnelStepDurationStats(ts, 10, 1, n = 1)", "Duration functions must be provided"),
        ("funnelCount(STEPS(n = 1))", "FUNNELCOUNT requires correlateby"),
        ("funnelCount(STEPS(n = 1), CORRELATE_BY(n), SETTINGS('fast'))", "Invalid FUNNELCOUNT SETTINGS: fast"),
        ("histogram(n, 5, 1, 2)", "lower below upper"),
        ("histogram(n, ARRAY[5, 1])", "strictly increasing"),
        ("sumArrayLong(n)", "multi-value column"),
        ("fourthMoment(n)", "Unsupported function: fourthMoment"),
        ("timeSeriesAggregate(n)", "time series engine"),
    ],
)
def test_what_is_wrong_is_said(cluster: Cluster, select: str, why: str) -> None:
    (error,) = cluster.broker.query(f"SELECT {select} FROM clicks")["exceptions"]
    assert why in error["message"]
    assert "Traceback" not in error["message"]
