"""Pinot's file formats as tables: what becomes of each type of theirs."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from tests.unit.engine.ingesting import rows_of, schema_of, table_of

from meshloom.engine.errors import RestError

AT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
MILLIS = 1_577_934_245_000
AVRO = {
    "type": "record", "name": "Row", "fields": [
        {"name": "i", "type": "int"}, {"name": "f", "type": "float"}, {"name": "b", "type": ["null", "boolean"]},
        {"name": "y", "type": "bytes"}, {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "e2", "type": ["null", "E"]},
        {"name": "m", "type": {"type": "map", "values": "long"}},
        {"name": "r", "type": {"type": "record", "name": "In", "fields": [{"name": "x", "type": ["null", "int"]}]}},
        {"name": "l", "type": {"type": "array", "items": "int"}},
        {"name": "rs", "type": {"type": "array", "items": "In"}},
        {"name": "u", "type": ["null", "int", "string", "boolean"]},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "clock", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 40, "scale": 2}},
    ],
}  # fmt: skip
ROW = {
    "i": 1, "f": 1.5, "b": True, "y": b"\1\2", "e": "B", "e2": "A", "m": {"a": 1}, "r": {"x": 1}, "l": [1, 2],
    "rs": [{"x": 1}, {"x": None}], "u": True, "at": AT, "day": date(2020, 1, 2), "clock": time(3, 4, 5),
    "d": Decimal("12345678901234567890123456789012345678.25"),
}  # fmt: skip
COLUMNS = (
    "i:INT f:FLOAT b:BOOLEAN y:BYTES e:STRING e2:STRING m:JSON r:JSON l:INT[] rs:JSON u:STRING at:TIMESTAMP day:STRING "
    "clock:STRING d:BIG_DECIMAL"
)


@pytest.mark.parametrize("zipped", [False, True])
def test_avro(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "rows.avro"
    other = ROW | {"b": None, "e2": None, "m": {"c": 2}, "u": 7, "l": []}
    with (gzip.open if zipped else open)(path, "wb") as file:
        fastavro.writer(file, AVRO, [ROW, other])
    made = rows_of(tmp_path, path, schema_of(COLUMNS), table_of(), inputFormat="gzipped_avro" if zipped else "avro")
    naive = AT.replace(tzinfo=None)
    first = {
        "i": 1, "f": 1.5, "b": True, "y": b"\1\2", "e": "B", "e2": "A", "m": '{"a":1}', "r": '{"x":1}', "l": [1, 2],
        "rs": '[{"x":1},{"x":null}]', "u": "true", "at": naive, "day": "2020-01-02", "clock": "03:04:05",
        "d": "12345678901234567890123456789012345678.25",
    }  # fmt: skip
    assert made == [first, first | {"b": None, "e2": None, "m": '{"c":2}', "u": "7", "l": None}]
    numbers = rows_of(tmp_path, path, schema_of("at:LONG"), table_of(), inputFormat="avro")
    assert [row["at"] for row in numbers] == [MILLIS, MILLIS]


def test_avro_of_many_batches_and_of_none(tmp_path: Path) -> None:
    path = tmp_path / "rows.avro"
    schema = {"type": "record", "name": "N", "fields": [{"name": "n", "type": "long"}]}
    for count in (120_000, 0):
        with path.open("wb") as file:
            fastavro.writer(file, schema, ({"n": n} for n in range(count)))
        made = rows_of(tmp_path, path, schema_of("n:LONG q:INT"), table_of(), inputFormat="avro")
        assert [row["n"] for row in made] == list(range(count))
        assert len(rows_of(tmp_path, path, schema_of("q:INT"), table_of(), inputFormat="avro")) == count


def orc_rows() -> pa.Table:
    return pa.table(
        {
            "b": [True, None], "i": pa.array([1, 2], pa.int8()), "day": [date(2020, 1, 2), None],
            "at": pa.array([AT.replace(tzinfo=None), None], pa.timestamp("ns")),
            "m": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), "s": [{"x": 1}, {"x": 2}],
            "l": [[1, 2], []], "y": [b"ab", None], "t": ["one", ""],
        }
    )  # fmt: skip


@pytest.mark.parametrize("zipped", [False, True])
def test_orc(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "rows.orc"
    pyarrow.orc.write_table(orc_rows(), path)
    if zipped:
        path.write_bytes(gzip.compress(path.read_bytes()))
    schema = schema_of("b:STRING i:LONG day:INT at:LONG m:JSON s:JSON l:LONG[] y:BYTES t:STRING none:INT")
    assert rows_of(tmp_path, path, schema, table_of(), inputFormat="orc") == [
        {"b": "true", "i": 1, "day": 18263, "at": MILLIS, "m": '{"a":1}', "s": '{"x":1}', "l": [1, 2], "y": b"ab",
         "t": "one", "none": None},
        {"b": None, "i": 2, "day": None, "at": None, "m": None, "s": '{"x":2}', "l": None, "y": None, "t": "",
         "none": None},
    ]  # fmt: skip
    flat = table_of({"complexTypeConfig": {}})
    made = rows_of(tmp_path, path, schema_of("m.a:INT s.x:INT b:BOOLEAN"), flat, inputFormat="orc")
    assert made == [{"m.a": 1, "s.x": 1, "b": True}, {"m.a": None, "s.x": 2, "b": None}]


def test_orc_of_a_type_that_pinot_refuses(tmp_path: Path) -> None:
    path = tmp_path / "rows.orc"
    pyarrow.orc.write_table(pa.table({"d": [Decimal("1.5")]}), path)
    with pytest.raises(RestError, match=r"Illegal single-value field type: decimal128.* \(field d\)"):
        rows_of(tmp_path, path, schema_of("d:DOUBLE"), table_of(), inputFormat="orc")


@pytest.mark.parametrize("stream", [False, True])
def test_arrow(tmp_path: Path, stream: bool) -> None:
    rows = orc_rows()
    path = tmp_path / "rows.arrow"
    new: Any = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(str(path), rows.schema) as writer:
        writer.write_table(rows)
    made = rows_of(tmp_path, path, schema_of("b:BOOLEAN at:LONG m:JSON"), table_of(), inputFormat="arrow")
    assert made == [{"b": True, "at": MILLIS, "m": '{"a":1}'}, {"b": None, "at": None, "m": None}]


@pytest.mark.parametrize("kind", ["avro", "orc", "arrow", "parquet", "json"])
def test_what_is_no_such_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"no such thing\n" * 10)
    with pytest.raises(RestError, match=f"The file cannot be read as {kind.upper()}") as failed:
        rows_of(tmp_path, path, schema_of("a:INT"), table_of(), inputFormat=kind)
    assert str(tmp_path) not in failed.value.what


def test_a_format_that_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"x")
    for kind, status in (("thrift", 501), ("nonsense", 400)):
        with pytest.raises(RestError) as failed:
            rows_of(tmp_path, path, schema_of("a:INT"), table_of(), inputFormat=kind)
        assert failed.value.status == status


SAME = "id:LONG name:STRING marks:INT[] place:JSON price:BIG_DECIMAL raw:BYTES t/at:TIMESTAMP"
PLACE = {"city": "Oslo", "at": {"lat": 59.5}}


def in_every_format(kind: str, path: Path) -> dict[str, str]:
    """Two rows, the second with nothing but its id, and the reader's options."""
    naive = AT.replace(tzinfo=None)
    columns = {
        "id": [1, 2], "name": ["Ann, \"A\"", None], "marks": [[1, 2], None], "place": [PLACE, None],
        "price": [Decimal("12.50"), None], "raw": [b"\0\xff", None], "at": [naive, None],
    }  # fmt: skip
    if kind == "orc":  # Pinot reads no decimals there
        columns["price"] = ["12.50", None]
    text = {"id": 1, "name": 'Ann, "A"', "marks": [1, 2], "place": PLACE, "price": "12.50", "raw": "00ff", "at": MILLIS}
    if kind == "json":
        path.write_text(json.dumps([text, {"id": 2, "name": None}], indent=1))
    elif kind == "jsonl":
        path.write_text(json.dumps(text) + '\n{"id": 2}\n')
    elif kind == "csv":
        path.write_text(f'{",".join(text)}\n1,"Ann, ""A""",1;2,"{json.dumps(PLACE).replace(chr(34), 2 * chr(34))}",'
                        f"12.50,00ff,{MILLIS}\n2,,,,,,\n")  # fmt: skip
    elif kind == "parquet":
        pq.write_table(pa.table(columns), path)
    elif kind == "orc":
        pyarrow.orc.write_table(pa.table(columns), path)
    elif kind == "arrow":
        with pa.ipc.new_file(str(path), pa.table(columns).schema) as writer:
            writer.write_table(pa.table(columns))
    else:
        fields = {
            "id": "long", "name": ["null", "string"], "marks": ["null", {"type": "array", "items": "int"}],
            "place": ["null", {"type": "record", "name": "P", "fields": [
                {"name": "city", "type": "string"}, {"name": "at", "type": {"type": "map", "values": "double"}}]}],
            "price": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}],
            "raw": ["null", "bytes"], "at": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
        }  # fmt: skip
        rows = [{name: values[row] for name, values in columns.items()} for row in (0, 1)]
        rows[0]["at"] = AT
        schema = {"type": "record", "name": "R", "fields": [{"name": n, "type": t} for n, t in fields.items()]}
        with (gzip.open if kind == "gzipped_avro" else open)(path, "wb") as file:
            fastavro.writer(file, schema, rows)
    return {"inputFormat": kind.removesuffix("l")}


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet", "avro", "gzipped_avro", "orc", "arrow"])
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str) -> None:
    options = in_every_format(kind, tmp_path / "rows")
    config = table_of(tableIndexConfig={"nullHandlingEnabled": True})
    first, second = rows_of(tmp_path, tmp_path / "rows", schema_of(SAME), config, **options)
    assert json.loads(first.pop("place")) == PLACE
    assert first == {
        "id": 1, "name": 'Ann, "A"', "marks": [1, 2], "price": Decimal("12.5"), "raw": b"\0\xff",
        "at": AT.replace(tzinfo=None),
    }  # fmt: skip
    assert second == dict.fromkeys((*first, "place")) | {"id": 2}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ('"a"', "a"), ("7", "7"), ("1.10", "1.1"), ("1e-7", "1.0E-7"), ("true", "true"), ("null", None), ('["b"]', "b"),
        ('{"k": "v"}', "v"), ('"1e-07"', "1e-07"), ('"[x"', "[x"), ('"\\u00e9\\"\\\\"', 'é"\\'), ("[]", None),
        ("12345678901234567890", "12345678901234567890"), ('"a\\u0000b"', "a"),
    ],
)  # fmt: skip
def test_json_values_as_text(tmp_path: Path, given: str, shown: str | None) -> None:
    path = tmp_path / "rows.json"
    path.write_text(f'{{"s": "plain"}}\n{{"s": {given}}}\n')
    config = table_of(tableIndexConfig={"nullHandlingEnabled": True})
    made = rows_of(tmp_path, path, schema_of("s:STRING"), config, inputFormat="json")
    assert [row["s"] for row in made] == ["plain", shown]


def test_json_objects_larger_than_a_readers_buffer(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"n": 1, "rest": "x" * (20 << 20)}) + '\n{"n": 2}\n')
    assert rows_of(tmp_path, path, schema_of("n:INT"), table_of(), inputFormat="json") == [{"n": 1}, {"n": 2}]
    flat = table_of({"complexTypeConfig": {}})
    assert rows_of(tmp_path, path, schema_of("n:INT"), flat, inputFormat="json") == [{"n": 1}, {"n": 2}]
