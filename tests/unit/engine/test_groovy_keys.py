"""Scripts are off; Pinot's two configuration keys turn them on, for queries and at ingestion."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from meshloom.engine.errors import RestError

SCHEMA = {"schemaName": "small", "dimensionFieldSpecs": [{"name": "n", "dataType": "INT"}]}
ASKED = """SELECT groovy('{"returnType": "INT", "isSingleValue": true}', 'arg0 + 1', n) FROM small"""


Set = Callable[[Any, str, str | None], None]


@pytest.fixture
def set_key(run_coroutine: Any) -> Set:
    """Put a key of a cluster's configuration, or delete it (None), over HTTP."""

    def put(cluster: Any, name: str, value: str | None) -> None:
        async def asked() -> httpx.Response:
            door = httpx.ASGITransport(cluster.controller_app)
            async with httpx.AsyncClient(transport=door, base_url="http://controller") as client:
                if value is None:
                    return await client.delete(f"/cluster/configs/{name}")
                return await client.post("/cluster/configs", content=json.dumps({name: value}))

        run_coroutine(asked()).raise_for_status()

    return put


def test_scripts_of_queries(new_tables: Any, set_key: Set) -> None:
    tables = new_tables()
    tables.add(SCHEMA, [{"n": 1}])
    refused = (700, "Groovy transform functions are disabled for queries")
    assert tables.error(ASKED) == refused
    set_key(tables.cluster, "pinot.broker.disable.query.groovy", "false")
    assert tables.rows(ASKED) == [[2]]
    set_key(tables.cluster, "pinot.broker.disable.query.groovy", None)
    assert tables.error(ASKED) == refused


@pytest.mark.parametrize(("own", "allowed"), [(False, True), (True, False)])
def test_a_tables_own_word_counts_more(new_tables: Any, set_key: Set, own: bool, allowed: bool) -> None:
    tables = new_tables()
    set_key(tables.cluster, "pinot.broker.disable.query.groovy", str(allowed).lower())
    tables.add(SCHEMA, [{"n": 1}], query={"disableGroovy": own})
    if allowed:
        assert tables.rows(ASKED) == [[2]]
    else:
        assert tables.error(ASKED)[0] == 700


def test_scripts_at_ingestion(new_tables: Any, set_key: Set) -> None:
    tables = new_tables()
    made = {"transformConfigs": [{"columnName": "n", "transformFunction": "Groovy({m * 2}, m)"}]}
    with pytest.raises(RestError, match="Groovy transform functions are disabled") as error:
        tables.add(SCHEMA, [{"m": 4}], ingestionConfig=made)
    assert error.value.status == 400
    set_key(tables.cluster, "controller.disable.ingestion.groovy", "false")
    tables.add(SCHEMA, [{"m": 4}], ingestionConfig=made)
    assert tables.rows("SELECT n FROM small") == [[8]]
