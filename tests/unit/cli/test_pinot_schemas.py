"""Schemas that `pinot-admin.sh` makes of JSON and Avro, as JsonUtils and AvroUtils of Pinot do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest

from meshloom.cli.pinot.admin import run

RECORD = {"id": 1, "big": 3000000000, "price": 1.5, "ok": True, "text": "x", "none": None, "tags": ["a", "b"],
          "items": [{"sku": "x", "n": 2}], "empty": [], "at": {"day": 17000, "place": {"x": 1.0}}}  # fmt: skip
AVRO = {"type": "record", "name": "r", "fields": [
    {"name": "id", "type": "int"}, {"name": "price", "type": ["null", "double"]},
    {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
    {"name": "raw", "type": "bytes"}, {"name": "kind", "type": {"type": "enum", "name": "e", "symbols": ["A"]}},
    {"name": "m", "type": {"type": "map", "values": "int"}}, {"name": "day", "type": "long"},
    {"name": "one", "type": {"type": "record", "name": "s", "fields": [{"name": "v", "type": "boolean"}]}},
]}  # fmt: skip


def made(tmp_path: Path, *words: str, code: int = 0) -> dict[str, Any]:
    out = ("-outputDir", str(tmp_path), "-pinotSchemaName", "made")
    assert run([words[0], *out, *words[1:]]) == code
    return dict(json.loads((tmp_path / "made.json").read_text())) if code == 0 else {}


def columns(schema: dict[str, Any]) -> dict[str, str]:
    return {
        one["name"]: one["dataType"] + ("" if one.get("singleValueField", True) else "[]")
        for one in schema.get("dimensionFieldSpecs", ())
    }


def test_of_a_json_record(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(RECORD) + '\n{"other": 1}\n')
    words = ("JsonToPinotSchema", "-jsonFile", str(tmp_path / "a.json"), "-metrics", "price, id")
    schema = made(tmp_path, *words, "-timeColumnName", "at.day", "-timeUnit", "DAYS")
    assert schema["schemaName"] == "made"
    assert columns(schema) == {"big": "LONG", "ok": "BOOLEAN", "text": "STRING", "tags": "STRING[]", "items": "STRING",
                               "at.place.x": "DOUBLE"}  # fmt: skip
    assert [one["name"] for one in schema["metricFieldSpecs"]] == ["id", "price"]
    time = {"name": "at.day", "dataType": "INT", "fieldType": "DATE_TIME", "format": "EPOCH|DAYS",
            "granularity": "1:DAYS"}  # fmt: skip
    assert schema["dateTimeFieldSpecs"] == [time]
    taken = made(tmp_path, *words, "-fieldsToUnnest", "items", "-delimiter", "_")
    assert columns(taken) | {"items_sku": "STRING", "items_n": "INT", "at_day": "INT"} == columns(taken)
    assert "tags" not in columns(made(tmp_path, *words, "-collectionNotUnnestedToJson", "NONE"))
    assert columns(made(tmp_path, *words, "-collectionNotUnnestedToJson", "ALL"))["tags"] == "STRING"


def test_of_avro(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.avsc").write_text(json.dumps(AVRO))
    schema_file = ("-avroSchemaFile", str(tmp_path / "a.avsc"), "-metrics", "price")
    wanted = {"id": "INT", "tags": "STRING[]", "raw": "BYTES", "kind": "STRING", "m": "JSON", "day": "LONG"}
    assert columns(made(tmp_path, "AvroSchemaToPinotSchema", *schema_file)) == wanted | {"one": "BOOLEAN"}
    complex_ = made(tmp_path, "AvroSchemaToPinotSchema", *schema_file, "-complexType")
    assert columns(complex_)["one.v"] == "BOOLEAN"
    row = {"id": 1, "price": None, "tags": ["a"], "raw": b"", "kind": "A", "m": {}, "day": 1, "one": {"v": True}}
    with (tmp_path / "a.avro").open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(AVRO), [row])
    (tmp_path / "a.avro.gz").write_bytes(gzip.compress((tmp_path / "a.avro").read_bytes()))
    for name in ("a.avro", "a.avro.gz"):
        found = made(tmp_path, "AvroSchemaToPinotSchema", "-avroDataFile", str(tmp_path / name), "-metrics", "price")
        assert columns(found) == wanted | {"one": "BOOLEAN"}
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["JsonToPinotSchema", "-jsonFile", "a.json"], 255, "at least one of -dimensions, -metrics"),
        (["JsonToPinotSchema", "-jsonFile", "gone.json", "-metrics", "x"], 1, "cannot be read"),
        (["JsonToPinotSchema", "-jsonFile", "list.json", "-metrics", "x"], 1, "shall be an object"),
        (["JsonToPinotSchema", "-jsonFile", "a.json", "-dimensions", "x", "-outputDir", "no"], 255, "not a directory"),
        (["JsonToPinotSchema", "-jsonFile", "a.json", "-metrics", "x"], 1, "Metric field: x cannot be multi-valued"),
        (["AvroSchemaToPinotSchema", "-metrics", "x"], 255, "either -avroSchemaFile, or -avroDataFile"),
        (["AvroSchemaToPinotSchema", "-metrics", "x", "-avroSchemaFile", "a.json"], 1, "no Avro schema"),
        (["AvroSchemaToPinotSchema", "-metrics", "x", "-avroSchemaFile", "u.avsc"], 1, "More than one non-null"),
        (["AvroSchemaToPinotSchema", "-metrics", "x", "-avroDataFile", "a.json"], 1, "cannot be read"),
    ],
)  # fmt: skip
def test_what_makes_no_schema(
    words: list[str], code: int, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_text('{"x": [1, 2]}')
    Path("list.json").write_text("[1]")
    Path("u.avsc").write_text('{"type": "record", "name": "r", "fields": [{"name": "x", "type": ["int", "string"]}]}')
    out = [] if "-outputDir" in words else ["-outputDir", "."]
    assert run([*words, *out, "-pinotSchemaName", "made"]) == code
    assert why in "".join(capsys.readouterr())
    assert not Path("made.json").exists()
