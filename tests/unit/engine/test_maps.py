"""Columns of type MAP: `column['key']` and item(column, 'key'), typed as the schema says of the map's values."""

from __future__ import annotations

from typing import Any

import pytest

from meshloom.engine.errors import RestError


def map_of(name: str, type_: str, **more: Any) -> dict[str, Any]:
    role = {"fieldType": "DIMENSION"}
    value = {"name": "value", "dataType": type_, **role, **more}
    children = {"key": {"name": "key", "dataType": "STRING", **role}, "value": value}
    return {"name": name, "dataType": "MAP", "childFieldSpecs": children}


KEY = {"key": {"name": "key", "dataType": "STRING", "fieldType": "DIMENSION"}}
SCHEMA = {
    "schemaName": "devices",
    "dimensionFieldSpecs": [{"name": "id", "dataType": "INT"}],
    "complexFieldSpecs": [
        map_of("tags", "STRING"), map_of("counts", "INT"), map_of("levels", "DOUBLE", defaultNullValue=-1.5),
        map_of("flags", "BOOLEAN"),
    ],
}  # fmt: skip
ROWS = [
    {"id": 1, "tags": {"zone": "eu", "a/b~c": "slash", 'q"': "quoted"}, "counts": {"x": 3, "0": 4},
     "levels": {"l": 0.5}, "flags": {"on": True}},
    {"id": 2, "tags": {"zone": "us"}, "counts": {}},
    {"id": 3},
]  # fmt: skip


@pytest.fixture
def devices(new_tables: Any) -> Any:
    tables = new_tables()
    tables.add(SCHEMA, ROWS)
    return tables.cluster.broker


@pytest.mark.parametrize(
    ("sql", "name", "type_", "values"),
    [
        ("SELECT tags['zone'] FROM devices", "item(tags,'zone')", "STRING", ["eu", "us", "null"]),
        ("SELECT item(counts, 'x') FROM devices", "item(counts,'x')", "INT", [3, -(2**31), -(2**31)]),
        ("SELECT counts['0'] FROM devices", "item(counts,'0')", "INT", [4, -(2**31), -(2**31)]),
        ("SELECT levels['l'] FROM devices", "item(levels,'l')", "DOUBLE", [0.5, -1.5, -1.5]),
        ("SELECT flags['on'] FROM devices", "item(flags,'on')", "BOOLEAN", [True, False, False]),
        ("SELECT tags['a/b~c'] FROM devices WHERE counts['x'] > 0", "item(tags,'a/b~c')", "STRING", ["slash"]),
        ("SELECT upper(tags['q\"']) FROM devices WHERE id = 1", "upper(item(tags,'q\"'))", "STRING", ["QUOTED"]),
        ("SELECT max(counts['x']) FROM devices", "max(item(counts,'x'))", "DOUBLE", [3.0]),
        ("SELECT tags['zone'] z FROM devices GROUP BY tags['zone'] ORDER BY z", "z", "STRING", ["eu", "null", "us"]),
        ("SELECT counts FROM devices WHERE id < 3", "counts", "MAP", ['{"x":3,"0":4}', "{}"]),
    ],
)
def test_a_key_reads_as_the_type_of_the_values(
    devices: Any, sql: str, name: str, type_: str, values: list[Any]
) -> None:
    answer = devices.query(sql)
    assert answer["exceptions"] == []
    assert answer["resultTable"]["dataSchema"] == {"columnNames": [name], "columnDataTypes": [type_]}
    assert [row[0] for row in answer["resultTable"]["rows"]] == values


def test_a_missing_key_is_no_null(devices: Any) -> None:
    for engine in ("true", "false"):
        options = {"enableNullHandling": "true", "useMultistageEngine": engine}
        answer = devices.query("SELECT count(*), sum(counts['x']) FROM devices WHERE tags['zone'] IS NOT NULL", options)
        assert answer["resultTable"]["rows"] == [[3, 3 - 2**32]]


@pytest.mark.parametrize(
    ("sql", "code", "why"),
    [
        ("SELECT tags[id] FROM devices", 700, "Right operand must be a literal"),
        ("SELECT item(id, 'x') FROM devices", 700, "wants a MAP column"),
        ("SELECT id['x'] FROM devices", 700, "wants a MAP column"),
        ("SET useMultistageEngine=true; SELECT t['a'] FROM (SELECT tags AS t FROM devices)", 700, "inside"),
    ],
)
def test_what_has_no_items(devices: Any, sql: str, code: int, why: str) -> None:
    (error,) = devices.query(sql)["exceptions"]
    assert error["errorCode"] == code
    assert why in error["message"]


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ({"name": "m", "dataType": "MAP"}, "Missing 'key' in the 'childFieldSpec' of m"),
        ({"name": "m", "dataType": "MAP", "childFieldSpecs": KEY}, "Missing 'value'"),
        (map_of("m", "MAP"), "Unsupported dimension/time data type: MAP"),
        ({"name": "m", "dataType": "MAP", "childFieldSpecs": {"key": {}}}, "missing type id property 'fieldType'"),
        (map_of("m", "WORD"), '"WORD": not one of the values accepted'),
    ],
)
def test_a_map_says_what_it_holds(new_tables: Any, field: dict[str, Any], why: str) -> None:
    schema = {"schemaName": "wrong", "complexFieldSpecs": [field]}
    with pytest.raises(RestError, match=why) as error:
        new_tables().cluster.controller.add_schema(schema)
    assert error.value.status == 400
