"""Queries beyond a table's quota answer code 429."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from meshloom.engine.broker.app import application
from meshloom.engine.broker.quota import Quotas
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError

SCHEMA = {"schemaName": "small", "dimensionFieldSpecs": [{"name": "n", "dataType": "INT"}]}


def config(limit: str) -> TableConfig:
    return TableConfig.of(
        {"tableName": "small_OFFLINE", "tableType": "OFFLINE", "quota": {"maxQueriesPerSecond": limit}}
    )


def test_a_second_later_there_is_a_new_share() -> None:
    now = [100.0]
    quotas = Quotas(lambda: now[0])
    for _ in range(3):
        quotas.acquire([config("3")])
    with pytest.raises(PinotError, match="3 queries a second") as error:
        quotas.acquire([config("3")])
    assert error.value.error_code == 429
    now[0] += 1.0
    quotas.acquire([config("3")])


def test_less_than_one_a_second_is_one_and_none_is_no_limit() -> None:
    quotas = Quotas(lambda: 0.0)
    quotas.acquire([config("0.5")])
    with pytest.raises(PinotError):
        quotas.acquire([config("0.5")])
    for _ in range(50):
        Quotas(lambda: 0.0).acquire([config("")])


def test_over_http(new_tables: Any) -> None:
    tables = new_tables()
    tables.add(SCHEMA, [{"n": 1}], quota={"maxQueriesPerSecond": "1"})
    header = {"Pinot-Use-Http-Status-For-Errors": "true"}

    async def twice() -> list[httpx.Response]:
        door = httpx.ASGITransport(application(tables.cluster.broker))
        async with httpx.AsyncClient(transport=door, base_url="http://broker", headers=header) as client:
            return [await client.post("/query/sql", json={"sql": "SELECT n FROM small"}) for _ in range(2)]

    answers = asyncio.run(twice())
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["X-Pinot-Error-Code"] == "429"
