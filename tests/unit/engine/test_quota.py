"""Queries beyond a table's quota answer code 429."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from meshloom.engine.broker.app import application
from meshloom.engine.broker.quota import Quotas, limits_of
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError

SCHEMA = {"schemaName": "small", "dimensionFieldSpecs": [{"name": "n", "dataType": "INT"}]}


def config(limit: str) -> TableConfig:
    return TableConfig.of(
        {"tableName": "small_OFFLINE", "tableType": "OFFLINE", "quota": {"maxQueriesPerSecond": limit}}
    )


def limits(limit: str) -> dict[str, float]:
    return limits_of([config(limit)], "", {})


def test_a_second_later_there_is_a_new_share() -> None:
    now = [100.0]
    quotas = Quotas(lambda: now[0])
    for _ in range(3):
        quotas.acquire(limits("3"))
    with pytest.raises(PinotError, match="3 queries a second") as error:
        quotas.acquire(limits("3"))
    assert error.value.error_code == 429
    now[0] += 1.0
    quotas.acquire(limits("3"))


def test_less_than_one_a_second_is_one_and_none_is_no_limit() -> None:
    quotas = Quotas(lambda: 0.0)
    quotas.acquire(limits("0.5"))
    with pytest.raises(PinotError):
        quotas.acquire(limits("0.5"))
    for _ in range(50):
        Quotas(lambda: 0.0).acquire(limits(""))


def test_databases_and_applications_have_limits_too() -> None:
    table, known = config("3"), {"database/default": 5.0, "database/other": 1.0, "application/board": 2.0}
    assert limits_of([table], "", known) == {"table small_OFFLINE": 3.0, "database default": 5.0}
    assert limits_of([table], "board", known)["application board"] == 2.0
    assert limits_of([table], "board", {**known, "": 0.0}) == {}


def test_over_http(new_tables: Any, run_coroutine: Any) -> None:
    tables = new_tables()
    tables.add(SCHEMA, [{"n": 1}], quota={"maxQueriesPerSecond": "1"})
    header = {"Pinot-Use-Http-Status-For-Errors": "true"}

    async def twice() -> list[httpx.Response]:
        door = httpx.ASGITransport(application(tables.cluster.broker))
        async with httpx.AsyncClient(transport=door, base_url="http://broker", headers=header) as client:
            return [await client.post("/query/sql", json={"sql": "SELECT n FROM small"}) for _ in range(2)]

    answers = run_coroutine(twice())
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["X-Pinot-Error-Code"] == "429"
