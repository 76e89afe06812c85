"""Segments written in Pinot's own form are read again as they were; tests/compat loads them into Pinot itself."""

from __future__ import annotations

import math
import struct
import tarfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.engine.pinot_segments import reading, specs
from tests.unit.engine.test_pinot_segments import Doors, doors, tar_of  # noqa: F401

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.types import DataType
from meshloom.engine.storage.pinot_segment import dictionary, encoding, properties
from meshloom.engine.storage.pinot_segment.folder import Told, write
from meshloom.engine.storage.pinot_segment.metadata import Column
from meshloom.engine.storage.pinot_segment.segment import folder_of, to_parquet
from meshloom.engine.storage.tar import packed

SPECS = {spec["name"]: spec for spec in specs.all_specs()}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "INT": st.integers(-(2**31), 2**31 - 1), "LONG": st.integers(-(2**63), 2**63 - 1),
    "FLOAT": st.floats(width=32), "DOUBLE": st.floats(), "BOOLEAN": st.booleans(),
    "TIMESTAMP": st.integers(-(10**15), 10**15), "STRING": TEXT, "JSON": TEXT, "BYTES": st.binary(max_size=9),
    "BIG_DECIMAL": st.decimals(-(10**12), 10**12, places=7, allow_nan=False),
}  # fmt: skip
ARROW = {"INT": pa.int32(), "LONG": pa.int64(), "FLOAT": pa.float32(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
         "TIMESTAMP": pa.timestamp("us"), "STRING": pa.string(), "JSON": pa.string(), "BYTES": pa.binary(),
         "BIG_DECIMAL": pa.decimal128(38, 10)}  # fmt: skip


def same(value: Any) -> Any:
    """So that NaN equals itself, and -0.0 is not 0.0."""
    if isinstance(value, list):
        return [same(one) for one in value]
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else struct.pack(">d", value)
    return value


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), raw=st.booleans(), nulls=st.booleans())
def test_any_values(tmp_path_factory: Any, data: st.DataObject, raw: bool, nulls: bool) -> None:
    kind = data.draw(st.sampled_from(sorted(VALUES)))
    several = not raw and kind not in ("JSON", "BIG_DECIMAL") and data.draw(st.booleans())
    one = st.lists(VALUES[kind], min_size=1, max_size=4) if several else VALUES[kind]
    values = data.draw(st.lists(st.none() | one if nulls else one, min_size=1, max_size=40))
    field = specs.dimension("a,b = c", kind, several)
    schema = Schema.of({"schemaName": "t", "dimensionFieldSpecs": [field, specs.dimension("later", "STRING")]})
    type_ = pa.list_(ARROW[kind]) if several else ARROW[kind]
    us = [[v * 1000 for v in x] if several and x else x * 1000 if x is not None else x for x in values]
    held = pa.array(us if kind == "TIMESTAMP" else values, type=type_)
    folder: Path = tmp_path_factory.mktemp("written")
    pq.write_table(pa.table({"a,b = c": held}), folder / "in.parquet")
    told = Told("näme, a=b", "t", 1_700_000_000_123, custom={"k:1": "a,b \\ ü😀", "": " x"})
    shown = {"a,b = c": nulls, "later": True}
    write(folder / "s", [str(folder / "in.parquet")], schema, told, shown, {"a,b = c"} if raw else ())
    found = to_parquet(folder_of(folder / "s"), folder / "out.parquet", schema, nullable=shown)
    assert (found.name, found.rows, found.created_ms) == ("näme, a=b", len(values), 1_700_000_000_123)
    assert found.custom["k:1"] == "a,b \\ ü😀"
    back = pq.read_table(folder / "out.parquet")
    assert back.column("later").null_count == len(values)
    plain = back.column("a,b = c")
    if kind == "TIMESTAMP":
        integers = pa.list_(pa.field("element", pa.int64())) if several else pa.int64()
        plain, held = plain.cast(integers), held.cast(integers)
    if kind == "BIG_DECIMAL":
        assert [None if v is None else Decimal(v) for v in plain.to_pylist()] == held.to_pylist()
    else:
        assert same(plain.to_pylist()) == same(held.to_pylist())


@given(st.sets(TEXT, min_size=1))
def test_texts_are_in_javas_order(texts: set[str]) -> None:
    made = encoding.coded(pa.array(sorted(texts)), DataType.STRING, None)
    assert made.dictionary is not None
    told = {name: made.told[key] for name, key in (("cardinality", "cardinality"), ("bits", "bitsPerElement"))}
    column = Column("c", DataType.STRING, True, True, False, entry_bytes=0, entries=0, default=None, **told)
    held = dictionary.read(np.frombuffer(made.dictionary, dtype=np.uint8), column, 0, "x")
    assert [one.decode() for one in held.to_pylist()] == sorted(texts, key=lambda text: text.encode("utf-16-be"))
    assert made.told["lengthOfEachEntry"] == max(len(text.encode()) for text in texts)


def test_values_that_fill_chunks(tmp_path: Path) -> None:
    """Some that no chunk holds, and many chunks."""
    values = ["x" * 3_000_000 if n % 70_000 == 5 else f"value {n}" * (n % 4) for n in range(140_000)]
    schema = Schema.of({"schemaName": "t", "dimensionFieldSpecs": [specs.dimension("c", "STRING")]})
    pq.write_table(pa.table({"c": values}), tmp_path / "in.parquet")
    write(tmp_path / "s", [str(tmp_path / "in.parquet")], schema, Told("n", "t", 1), {"c": False}, {"c"})
    to_parquet(folder_of(tmp_path / "s"), tmp_path / "out.parquet", schema, nullable={"c": False})
    assert pq.read_table(tmp_path / "out.parquet").column("c").to_pylist() == values


@pytest.mark.parametrize("name", ["dictionaries", "many", "indexes", "empty"])
def test_a_segment_that_goes_out_and_comes_in_again(doors: Doors, name: str, tmp_path: Path) -> None:  # noqa: F811
    doors.add(name)
    assert doors.push(tar_of(name).read_bytes()).status_code == 200
    first = doors.ask("GET", f"/segments/pinot/{name}")
    assert first.headers["content-disposition"] == f"attachment; filename={name}"
    (tmp_path / "out.tar.gz").write_bytes(first.content)
    metadata, found = reading.columns(tmp_path / "out.tar.gz", SPECS[name]["schema"])
    wanted, values = reading.columns(tar_of(name), SPECS[name]["schema"])
    assert (metadata.name, metadata.rows, metadata.created_ms) == (name, wanted.rows, wanted.created_ms)
    assert metadata.table == "pinot" and metadata.custom == wanted.custom
    for column, kind in ((column, wanted.column(column).data_type) for column in values):
        assert [reading.plain(one, kind) for one in found[column]] == [
            reading.plain(one, kind) for one in values[column]
        ], column
    doors.ok("DELETE", f"/segments/pinot/{name}")
    assert doors.push(first.content).status_code == 200
    assert doors.tables.rows("SELECT count(*) FROM pinot") == [[wanted.rows]]
    shown = doors.ok("GET", f"/segments/pinot/{name}/metadata")
    assert shown["segment.crc"] == str(metadata.crc) and shown["segment.creation.time"] == str(wanted.created_ms)


def test_a_segment_whose_files_are_gone(doors: Doors) -> None:  # noqa: F811
    doors.add("many")
    assert doors.push(tar_of("many").read_bytes()).status_code == 200
    (segment,) = doors.tables.cluster.controller.segments("pinot_OFFLINE")
    Path(segment.paths[0]).unlink()
    answer = doors.ask("GET", "/segments/pinot/many")
    assert answer.status_code == 404
    assert answer.json()["error"] == "Segment: many of table: pinot_OFFLINE not found"


def test_a_tar_is_one_folder(tmp_path: Path) -> None:
    (tmp_path / "s" / "v3").mkdir(parents=True)
    (tmp_path / "s" / "v3" / "index_map").write_text("x")
    target = packed("a b", tmp_path / "s")
    with tarfile.open(target) as tar:
        assert tar.getnames() == ["a b", "a b/v3", "a b/v3/index_map"]
    target.unlink()


def test_keys_and_values_are_escaped() -> None:
    from meshloom.engine.storage.pinot_segment.folder import _key, _value

    for text in ("a b", "a:b=c", "x\\y", "#1", "é", "tab"):
        for value in ("a,b", "\\", " lead", "😀", "x=y:z", "", "line\nbreak"):
            written = f"{_key(text)} = {_value(value)}\n".encode()
            assert properties.parsed(written, "x") == {text: [value]}
