"""The requests of Grafana's Pinot plug-in (StarTree), one by one: its health check, its query builder, its panels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest


@pytest.fixture(scope="module")
def controller(engine: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.controller, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def broker(engine: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.broker, timeout=30) as client:
        yield client


def asked(broker: httpx.Client, sql: str, behind: bool = False, **settings: str) -> dict[str, Any]:
    """As the plug-in asks: settings before the statement; older releases put them behind it."""
    more = [f"SET {name}={value}" for name, value in settings.items()]
    text = ";\n".join([sql, *more] if behind else [*more, sql])
    answer = broker.post("/query/sql", json={"sql": f"{text};", "trace": False})
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    assert document["exceptions"] == []
    return document


def test_the_data_source_is_checked(controller: httpx.Client, broker: httpx.Client) -> None:
    assert controller.head("/mytables").status_code == 404
    listed = controller.get("/tables").json()["tables"]
    assert listed == sorted(listed) and {"kinds", "visits"} <= set(listed)
    assert controller.get("/databases").json() == ["default"]
    assert broker.post("/query/sql", json={"sql": "SELECT 1", "trace": False}).json()["exceptions"] == []


def test_there_is_no_time_series_engine(broker: httpx.Client) -> None:
    """What makes the plug-in offer SQL only."""
    for method in ("HEAD", "GET"):
        assert broker.request(method, "/timeseries/api/v1/query_range").status_code == 404


def test_what_the_query_builder_reads(controller: httpx.Client) -> None:
    config = controller.get("/tables/visits").json()["OFFLINE"]
    assert config["tableName"] == "visits_OFFLINE"
    assert config.get("query", {}).get("expressionOverrideMap") is None
    schema = controller.get("/tables/visits/schema").json()
    assert [one["name"] for one in schema["dateTimeFieldSpecs"]] == ["at", "millis", "seconds"]
    assert {one["format"] for one in schema["dateTimeFieldSpecs"]} == {
        "TIMESTAMP", "1:MILLISECONDS:EPOCH", "1:SECONDS:EPOCH"}  # fmt: skip
    told = controller.get("/tables/visits/metadata").json()
    assert told["tableName"].startswith("visits")
    assert (told["numRows"], told["numSegments"]) == (400, 1)
    assert told["diskSizeInBytes"] > 0


@pytest.mark.parametrize("behind", [False, True], ids=["settings-before", "settings-behind"])
@pytest.mark.parametrize("multistage", ["false", "true"], ids=["single-stage", "multi-stage"])
def test_a_time_series_panel(broker: httpx.Client, multistage: str, behind: bool) -> None:
    sql = """SELECT
    "city" AS 'town',
    DATETIMECONVERT("millis", '1:MILLISECONDS:EPOCH', '1:MILLISECONDS:EPOCH', '1:DAYS') AS "time",
    SUM("count") AS "metric"
FROM
    "visits"
WHERE
    "millis" >= 1709251200000 AND "millis" < 1709856000000
    AND ("city" = 'Rio' OR "city" = 'Oslo')
GROUP BY
    "city",
    "time"
ORDER BY
    "time" DESC,
    "metric" ASC
LIMIT 100000"""
    if multistage == "true":  # Calcite takes no alias in text, nor one for a group: the panel spells it out
        sql = sql.replace("'town'", '"town"')
    answer = asked(broker, sql, behind, timeoutMs="10000", useMultistageEngine=multistage)
    table = answer["resultTable"]
    assert table["dataSchema"]["columnNames"] == ["town", "time", "metric"]
    assert {row[0] for row in table["rows"]} == {"Rio", "Oslo"}
    times = [row[1] for row in table["rows"]]
    assert times == sorted(times, reverse=True)
    assert all(1709251200000 <= at < 1709856000000 and at % 86_400_000 == 0 for at in times)


def test_a_single_metric_panel(broker: httpx.Client) -> None:
    sql = """SELECT
    "count" AS "metric",
    "seconds" AS "time"
FROM
    "visits"
WHERE
    "count" IS NOT NULL
    AND "seconds" >= 1709251200 AND "seconds" < 1709337600
ORDER BY "time" DESC
LIMIT 1000"""
    times = [row[1] for row in asked(broker, sql)["resultTable"]["rows"]]
    assert len(times) == 3  # one in 7 hours and 13 minutes
    assert [late - early for late, early in pairwise(times)] == [7 * 3600 + 13 * 60 + 17] * 2


def test_a_logs_panel(broker: httpx.Client) -> None:
    """Parts of JSON and of text as columns, named in single quotes; ordered by such a name."""
    sql = """SELECT
    "name" AS '__message',
    JSONEXTRACTSCALAR("doc", '$.a[0]', 'INT', 0) AS 'first',
    REGEXPEXTRACT("name", '([A-Z])', 1, '') AS 'letter',
    "at"
FROM "kinds"
WHERE "name" IS NOT NULL
    AND "at" >= 1709164800000
ORDER BY
    "at" ASC,
    "__message" ASC
LIMIT 10"""
    table = asked(broker, sql)["resultTable"]
    assert table["dataSchema"]["columnNames"] == ["__message", "first", "letter", "at"]
    assert table["rows"] == [["O'Hara 100%", 1, "O", "2024-02-29 12:30:45.678"]]


def test_values_of_a_variable(broker: httpx.Client) -> None:
    sql = """SELECT DISTINCT "city"
FROM "visits"
WHERE "city" IS NOT NULL
    AND "millis" >= 1709251200000 AND "millis" < 1709856000000
ORDER BY "city" ASC
LIMIT 100"""
    assert asked(broker, sql)["resultTable"]["rows"] == [["Kyoto"], ["Oslo"], ["Rio"]]


def test_what_goes_wrong_is_told_to_the_panel(broker: httpx.Client) -> None:
    told = broker.post("/query/sql", json={"sql": 'SELECT "nothing" FROM "visits"', "trace": False}).json()
    assert re.search("nothing", told["exceptions"][0]["message"])
