"""Protocol Buffers files, made with a descriptor of their own."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory, proto
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet
from tests.unit.engine.ingesting import rows_of, schema_of, table_of

from meshloom.engine.errors import RestError

F = FieldDescriptorProto
FIELDS = {
    "name": F.TYPE_STRING, "n": F.TYPE_INT32, "u": F.TYPE_UINT32, "big": F.TYPE_UINT64, "f": F.TYPE_FLOAT,
    "ok": F.TYPE_BOOL, "y": F.TYPE_BYTES,
}  # fmt: skip


def descriptors() -> FileDescriptorSet:
    """Two files: inner.proto with `Inner`, row.proto with `Other` and `Row`, which has a field of every kind."""
    inner = FileDescriptorProto(name="inner.proto", package="p", syntax="proto3")
    _message(inner, "Inner", {"x": F.TYPE_INT32, "f": F.TYPE_FLOAT, "y": F.TYPE_BYTES})
    file = FileDescriptorProto(name="row.proto", package="p", syntax="proto3", dependency=["inner.proto"])
    _message(file, "Other", {"a": F.TYPE_INT32})
    kind = file.enum_type.add(name="Kind")
    kind.value.add(name="NONE", number=0)
    kind.value.add(name="SOME", number=1)
    row = _message(file, "Row", FIELDS)
    entry = row.nested_type.add(name="CountsEntry")
    entry.options.map_entry = True
    for number, (name, type_) in enumerate({"key": F.TYPE_STRING, "value": F.TYPE_INT64}.items(), 1):
        entry.field.add(name=name, number=number, type=type_, label=F.LABEL_OPTIONAL)
    row.field.add(name="counts", number=20, type=F.TYPE_MESSAGE, label=F.LABEL_REPEATED, type_name=".p.Row.CountsEntry")
    row.field.add(name="ns", number=21, type=F.TYPE_INT64, label=F.LABEL_REPEATED)
    row.field.add(name="inner", number=22, type=F.TYPE_MESSAGE, label=F.LABEL_OPTIONAL, type_name=".p.Inner")
    row.field.add(name="inners", number=23, type=F.TYPE_MESSAGE, label=F.LABEL_REPEATED, type_name=".p.Inner")
    row.field.add(name="kind", number=24, type=F.TYPE_ENUM, label=F.LABEL_OPTIONAL, type_name=".p.Kind")
    row.oneof_decl.add(name="_maybe")
    row.field.add(
        name="maybe", number=25, type=F.TYPE_INT32, label=F.LABEL_OPTIONAL, proto3_optional=True, oneof_index=0
    )
    return FileDescriptorSet(file=[inner, file])


def _message(file: FileDescriptorProto, name: str, fields: dict[str, Any]) -> DescriptorProto:
    message = file.message_type.add(name=name)
    for number, (field, type_) in enumerate(fields.items(), 1):
        message.field.add(name=field, number=number, type=type_, label=F.LABEL_OPTIONAL)
    return message


def written(folder: Path, rows: list[dict[str, Any]], zipped: bool = False) -> dict[str, str]:
    """A file of delimited messages at rows.pb; its reader's options."""
    found = descriptors()
    pool = descriptor_pool.DescriptorPool()
    for file in found.file:
        pool.Add(file)  # type: ignore[no-untyped-call]
    row = message_factory.GetMessageClass(pool.FindMessageTypeByName("p.Row"))
    data = io.BytesIO()
    for one in rows:
        proto.serialize_length_prefixed(row(**one), data)
    (folder / "rows.pb").write_bytes(gzip.compress(data.getvalue()) if zipped else data.getvalue())
    (folder / "rows.desc").write_bytes(found.SerializeToString())
    return {
        "inputFormat": "proto",
        "recordReader__prop__descriptorFile": (folder / "rows.desc").as_uri(),
        "recordReader__prop__protoClassName": "p.Row",
    }


FULL = {
    "name": "one", "n": -1, "u": 2**32 - 1, "big": 2**64 - 1, "f": 1.5, "ok": True, "y": b"\1", "counts": {"a": 1},
    "ns": [1, 2], "inner": {"x": 7, "f": 1.1, "y": b"\1\2"}, "inners": [{"x": 1}, {"x": 2}], "kind": 1, "maybe": 0,
}  # fmt: skip
COLUMNS = (
    "name:STRING n:INT u:INT big:LONG f:FLOAT ok:STRING y:BYTES counts:JSON ns:LONG[] inner:JSON inners:JSON "
    "kind:STRING maybe:INT none:INT"
)


@pytest.mark.parametrize("zipped", [False, True])
def test_messages_become_rows(tmp_path: Path, zipped: bool) -> None:
    options = written(tmp_path, [FULL, {"kind": 5}], zipped)
    made = rows_of(tmp_path, tmp_path / "rows.pb", schema_of(COLUMNS), table_of(), **options)
    assert json.loads(made[0].pop("inner")) == {"f": 1.1, "x": 7, "y": "AQI="}
    assert made == [
        {"name": "one", "n": -1, "u": -1, "big": -1, "f": 1.5, "ok": "true", "y": b"\1", "counts": '{"a":1}',
         "ns": [1, 2], "inners": '[{"x":1},{"x":2}]', "kind": "SOME", "maybe": 0, "none": None},
        {"name": "", "n": 0, "u": 0, "big": 0, "f": 0.0, "ok": "false", "y": b"", "counts": None, "ns": None,
         "inner": None, "inners": None, "kind": "UNKNOWN_ENUM_VALUE_Kind_5", "maybe": None, "none": None},
    ]  # fmt: skip


def test_lists_of_messages_become_records(tmp_path: Path) -> None:
    options = written(tmp_path, [FULL])
    config = table_of({"complexTypeConfig": {"fieldsToUnnest": ["inners"]}})
    made = rows_of(tmp_path, tmp_path / "rows.pb", schema_of("name:STRING inners.x:INT inner.x:INT"), config, **options)
    assert made == [{"name": "one", "inners.x": x, "inner.x": 7} for x in (1, 2)]


def test_the_first_message_is_taken_when_none_is_named(tmp_path: Path) -> None:
    options = written(tmp_path, [])
    del options["recordReader__prop__protoClassName"]
    (tmp_path / "rows.pb").write_bytes(b"\x02\x08\x05\x00")  # two of Inner: x = 5, and nothing set
    made = rows_of(tmp_path, tmp_path / "rows.pb", schema_of("x:INT"), table_of(), **options)
    assert made == [{"x": 5}, {"x": 0}]


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("descriptorFile", "", "descriptorFile is wanted"),
        ("descriptorFile", "file:///no/such.desc", "names no file that this process can read"),
        ("descriptorFile", "rows.pb", "names no file that this process can read"),
        ("protoClassName", "p.Nothing", "has no message p.Nothing"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, option: str, value: str, why: str) -> None:
    options = written(tmp_path, [FULL]) | {f"recordReader__prop__{option}": value}
    with pytest.raises(RestError, match=why):
        rows_of(tmp_path, tmp_path / "rows.pb", schema_of("n:INT"), table_of(), **options)


def test_a_file_that_ends_early(tmp_path: Path) -> None:
    options = written(tmp_path, [FULL])
    path = tmp_path / "rows.pb"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(RestError, match="The file cannot be read as PROTO"):
        rows_of(tmp_path, path, schema_of("n:INT"), table_of(), **options)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a message is no p.Row"),
        (b"\x02\x0d\x01", "a message is no p.Row"),
    ],
)
def test_what_is_no_message(tmp_path: Path, content: bytes, why: str) -> None:
    options = written(tmp_path, [FULL])
    (tmp_path / "rows.pb").write_bytes(content)
    with pytest.raises(RestError, match=why):
        rows_of(tmp_path, tmp_path / "rows.pb", schema_of("n:INT"), table_of(), **options)


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = written(tmp_path, [FULL])
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    with pytest.raises(RestError, match=r"pip install 'meshloom\[proto\]'") as failed:
        rows_of(tmp_path, tmp_path / "rows.pb", schema_of("n:INT"), table_of(), **options)
    assert failed.value.status == 501
