"""PyPI `mcp-pinot-server`, unmodified: every tool that it offers an assistant, over stdio."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SERVER = "mcp-pinot-server==2.3.0"
NOTES = {"schemaName": "notes", "dimensionFieldSpecs": [{"name": "id", "dataType": "INT"}]}
NOTES_TABLE = {"tableName": "notes", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
               "tableIndexConfig": {}, "metadata": {}}  # fmt: skip
WIDER = NOTES | {"dimensionFieldSpecs": [*NOTES["dimensionFieldSpecs"], {"name": "text", "dataType": "STRING"}]}
INDEXED = NOTES_TABLE | {"tableIndexConfig": {"invertedIndexColumns": ["id"]}}


@pytest.fixture(scope="module")
def call(engine: Any, environment_of: Callable[..., Path], tmp_path_factory: Any) -> Callable[..., Any]:
    """`call((tool, arguments), ...)`: the parsed answers, by one session of the server."""
    python = environment_of(SERVER) / "python"
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "filter.yaml").write_text("included_tables: []\n")
    variables = {"PINOT_CONTROLLER_URL": engine.controller, "PINOT_BROKER_URL": engine.broker,
                 "PINOT_TABLE_FILTER_FILE": str(folder / "filter.yaml")}  # fmt: skip

    def called(*calls: tuple[str, dict[str, Any]], **more: str) -> Any:
        done = subprocess.run(
            [str(python), str(Path(__file__).parent / "clients/mcp_calls.py")], cwd=folder, input=json.dumps(calls),
            env=dict(os.environ) | variables | more, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout.splitlines()[-1])
        wrong = [text for text in told["answers"] if text.startswith("Error")]
        assert not wrong, wrong
        return told["tools"], [json.loads(text) for text in told["answers"]]

    return called


def test_every_tool_answers(call: Callable[..., Any], engine: Any) -> None:
    (segment,) = [name for (name,) in engine.rows("SELECT DISTINCT $segmentName FROM visits")]
    calls = {
        "test_connection": {},
        "reload_table_filters": {},
        "list_tables": {},
        "read_query": {"query": 'SELECT city, sum("count") FROM visits GROUP BY city ORDER BY city'},
        "table_details": {"tableName": "visits"},
        "segment_list": {"tableName": "visits"},
        "index_column_details": {"tableName": "visits", "segmentName": segment},
        "segment_metadata_details": {"tableName": "visits"},
        "tableconfig_schema_details": {"tableName": "visits"},
        "create_schema": {"schemaJson": json.dumps(NOTES)},
        "create_table_config": {"tableConfigJson": json.dumps(NOTES_TABLE)},
        "update_schema": {"schemaName": "notes", "schemaJson": json.dumps(WIDER), "reload": True},
        "update_table_config": {"tableName": "notes", "tableConfigJson": json.dumps(INDEXED)},
        "get_schema": {"schemaName": "notes"},
        "get_table_config": {"tableName": "notes", "tableType": "OFFLINE"},
    }
    tools, answers = call(*calls.items())
    assert set(tools) == set(calls), "the server has a tool that this test does not call"
    told = dict(zip(calls, answers, strict=True))
    assert told["test_connection"]["error"] is None
    assert told["test_connection"]["tables_test"] is True
    assert {"kinds", "visits"} <= set(told["list_tables"])
    assert [row["city"] for row in told["read_query"]] == ["Kyoto", "Oslo", "Rio"]
    assert told["table_details"]["reportedSizeInBytes"] > 0
    assert told["segment_list"] == [{"OFFLINE": [segment]}]
    assert {one["columnName"] for one in told["index_column_details"]["columns"]} == {
        "city", "count", "at", "millis", "seconds"}  # fmt: skip
    assert segment in json.dumps(told["segment_metadata_details"])
    assert told["tableconfig_schema_details"]["schema"]["schemaName"] == "visits"
    assert [one["name"] for one in told["get_schema"]["dimensionFieldSpecs"]] == ["id", "text"]
    assert told["get_table_config"]["tableIndexConfig"]["invertedIndexColumns"] == ["id"]


def test_the_multi_stage_engine_and_a_database(call: Callable[..., Any]) -> None:
    sql = "SELECT count(*) AS n FROM visits a JOIN visits b ON a.millis = b.millis"
    _, (rows, _) = call(("read_query", {"query": f"{sql} "}), ("test_connection", {}), PINOT_USE_MSQE="true",
                        PINOT_DATABASE="default")  # fmt: skip
    assert rows == [{"n": 400}]
