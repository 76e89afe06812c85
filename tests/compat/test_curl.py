"""curl, as people type it: without a content type, as a form, with the query in the URL, compressed, HTTP/1.0."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

COUNT = "SELECT count(*) FROM kinds"


def curl(*words: str) -> str:
    if shutil.which("curl") is None:
        pytest.skip("curl is missing: apt-get install curl")
    done = subprocess.run(["curl", "-sS", "--fail-with-body", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("more", [[], ["--compressed"], ["--http1.0"], ["-H", "Transfer-Encoding: chunked"],
                                  ["-H", "Content-Type: application/json; charset=utf-8"]])  # fmt: skip
def test_a_query_in_the_body(engine: Any, more: list[str]) -> None:
    """`-d` alone says application/x-www-form-urlencoded, and means JSON."""
    for address in (f"{engine.broker}/query/sql", f"{engine.controller}/sql", f"{engine.broker}/query"):
        assert json.loads(curl(*more, "-d", json.dumps({"sql": COUNT}), address))["resultTable"]["rows"] == [[3]]


def test_a_query_in_the_address(engine: Any) -> None:
    for address in (f"{engine.broker}/query/sql", f"{engine.controller}/sql"):
        told = json.loads(curl("-G", address, "--data-urlencode", f"sql={COUNT}"))
        assert told["resultTable"]["rows"] == [[3]]


def test_a_big_body_waits_for_the_server(engine: Any) -> None:
    """Beyond a megabyte curl asks first (Expect: 100-continue)."""
    body = json.dumps({"sql": COUNT, "queryOptions": "", "padding": "x" * 1_200_000})
    told = subprocess.run(["curl", "-sS", "-d", "@-", f"{engine.broker}/query/sql"], input=body, capture_output=True,
                          text=True, timeout=60)  # fmt: skip
    assert json.loads(told.stdout)["resultTable"]["rows"] == [[3]]


def test_a_schema_a_table_a_file(engine: Any, tmp_path: Path) -> None:
    schema = {"schemaName": "notes_by_curl", "dimensionFieldSpecs": [{"name": "text", "dataType": "STRING"}]}
    table = {"tableName": "notes_by_curl", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"},
             "tenants": {}, "tableIndexConfig": {}, "metadata": {}}  # fmt: skip
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    (tmp_path / "notes.csv").write_text("text\none\ntwo\n")
    assert "successfully added" in curl("-F", f"schema=@{tmp_path}/schema.json", f"{engine.controller}/schemas")
    assert "successfully added" in curl("-d", json.dumps(table), f"{engine.controller}/tables")
    ingest = (f"{engine.controller}/ingestFromFile?tableNameWithType=notes_by_curl_OFFLINE"
              "&batchConfigMapStr=%7B%22inputFormat%22%3A%22csv%22%7D")  # fmt: skip
    assert "Successfully ingested" in curl("-F", f"file=@{tmp_path}/notes.csv", ingest)
    assert engine.rows("SELECT text FROM notes_by_curl ORDER BY text") == [["one"], ["two"]]
    assert "deleted" in curl("-X", "DELETE", f"{engine.controller}/tables/notes_by_curl")
    assert "notes_by_curl" not in curl(f"{engine.controller}/tables")
    curl("-X", "DELETE", f"{engine.controller}/schemas/notes_by_curl")
