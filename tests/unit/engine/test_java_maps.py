"""Nested objects as Pinot's extractors make them; the orders were printed by a Java HashMap of the same size."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.ingest.segments import build
from meshloom.engine.sql.functions.java_maps import nested, number, ordered

ACTOR = ["id", "login", "display_login", "gravatar_id", "url", "avatar_url"]


@pytest.mark.parametrize(
    ("written", "hashed"),
    [
        (ACTOR, ["display_login", "id", "login", "avatar_url", "gravatar_id", "url"]),
        (ACTOR[:5], ["display_login", "id", "login", "gravatar_id", "url"]),
        (["title", "body", "labels"], ["title", "body", "labels"]),
        (["b", "a"], ["a", "b"]),
        (["Aa", "BB", "C"], ["Aa", "BB", "C"]),  # the first two have the same hash
        (["BB", "Aa", "C"], ["BB", "Aa", "C"]),
        (["z"], ["z"]),
    ],
)
def test_keys_come_by_their_slot(written: list[str], hashed: list[str]) -> None:
    assert [key for key, _ in ordered(tuple(written))] == hashed


def test_values_are_javas() -> None:
    text = '{"b":[true,null,{}],"a":{"y":1e10,"x":0.5},"c":"\\u000b\\"é"}'
    assert nested(text) == '{"a":{"x":0.5,"y":1.0E10},"b":["true",null,{}],"c":"\\u000B\\"é"}'
    shown = [1e7, 1.5e-5, 123456789.25, 0.001, -2.5e10, 3.0, 0.0, 9999999.0]
    wanted = ["1.0E7", "1.5E-5", "1.2345678925E8", "0.001", "-2.5E10", "3.0", "0.0", "9999999.0"]
    assert [number(value) for value in shown] == wanted


def test_a_json_file_gives_maps_and_keeps_text(tmp_path: Path) -> None:
    rows = [{"whole": {"b": 1, "a": 2}, "part": {"x": {"d": [], "c": None}}, "text": '{"b": 1, "a": 2}'}]
    (tmp_path / "rows.json").write_text("\n".join(json.dumps(row) for row in rows))
    names = [("whole", "JSON"), ("inner", "STRING"), ("text", "JSON")]
    schema = Schema.of({"schemaName": "t", "dimensionFieldSpecs": [{"name": n, "dataType": t} for n, t in names]})
    path = "jsonPathString(part, '$.x', 'null')"
    config = TableConfig.of(
        {"tableName": "t", "tableType": "OFFLINE",
         "ingestionConfig": {"transformConfigs": [{"columnName": "inner", "transformFunction": path}]}}
    )  # fmt: skip
    build(tmp_path / "rows.json", tmp_path / "out.parquet", schema, config, {"inputFormat": "json"})
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [
        {"whole": '{"a":2,"b":1}', "inner": '{"d":[],"c":null}', "text": '{"b":1,"a":2}'}
    ]
