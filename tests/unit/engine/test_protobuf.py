"""Protocol Buffers files with a descriptor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.engine.ingesting import rows_of, schema_of, table_of

from meshloom.engine.errors import RestError

pb = pytest.importorskip("google.protobuf.descriptor_pb2", reason="protobuf is missing: pip install 'meshloom[proto]'")
SCHEMA = schema_of(
    "id:LONG name:STRING tags:STRING[] mood:STRING place:JSON marks:JSON raw:BYTES ratio:DOUBLE maybe:INT"
)


def descriptor() -> Any:
    """message Event { int64 id; string name; repeated string tags; Mood mood; Place place; map<string, int32> marks;
    bytes raw; double ratio; optional int32 maybe; } and what it names."""
    file = pb.FileDescriptorProto(name="event.proto", package="shop", syntax="proto3")
    file.enum_type.add(name="Mood").value.add(name="CALM", number=0)
    file.enum_type[0].value.add(name="MERRY", number=1)
    event, place = file.message_type.add(name="Event"), file.message_type.add(name="Place")
    place.field.add(name="city", number=1, type=9, label=1)
    entry = event.nested_type.add(name="MarksEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=5, label=1)
    event.oneof_decl.add(name="_maybe")
    for number, (name, type_, more) in enumerate(
        [("id", 3, {}), ("name", 9, {}), ("tags", 9, {"label": 3}), ("mood", 14, {"type_name": ".shop.Mood"}),
         ("place", 11, {"type_name": ".shop.Place"}),
         ("marks", 11, {"label": 3, "type_name": ".shop.Event.MarksEntry"}), ("raw", 12, {}), ("ratio", 1, {}),
         ("maybe", 5, {"oneof_index": 0, "proto3_optional": True})], 1,
    ):  # fmt: skip
        event.field.add(**{"name": name, "number": number, "type": type_, "label": 1} | more)
    return pb.FileDescriptorSet(file=[file])


def written(folder: Path, *events: dict[str, Any]) -> Path:
    """A descriptor file, and messages behind their lengths."""
    from google.protobuf import descriptor_pool, json_format, message_factory

    files, pool = descriptor(), descriptor_pool.DescriptorPool()
    (folder / "event.desc").write_bytes(files.SerializeToString())
    pool.Add(files.file[0])
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Event"))
    content = b""
    for event in events:
        message = json_format.ParseDict(event, kind()).SerializeToString()
        assert len(message) < 128  # the length is one byte
        content += bytes([len(message)]) + message
    (folder / "events.pb").write_bytes(content)
    return folder / "events.pb"


def read(folder: Path, file: Path, **options: str) -> list[dict[str, Any]]:
    given = {"recordReader__prop__descriptorFile": str(folder / "event.desc"), **options}
    given |= {"recordReader__prop__protoClassName": "shop.Event"} | options
    return rows_of(folder, file, SCHEMA, table_of(), inputFormat="proto", **given)


def test_messages_become_rows(tmp_path: Path) -> None:
    one = {"id": 2**40, "name": "Ann", "tags": ["x", "y"], "mood": "MERRY", "place": {"city": "Oslo"},
           "marks": {"a": 1, "b": 2}, "raw": "AP8=", "ratio": 0.5, "maybe": 0}  # fmt: skip
    first, second = read(tmp_path, written(tmp_path, one, {}))
    assert json.loads(first.pop("place")) == {"city": "Oslo"}
    assert json.loads(first.pop("marks")) == {"a": 1, "b": 2}
    assert first == {"id": 2**40, "name": "Ann", "tags": ["x", "y"], "mood": "MERRY", "raw": b"\0\xff", "ratio": 0.5,
                     "maybe": 0}  # fmt: skip
    assert (second["id"], second["name"], second["tags"], second["mood"], second["place"], second["maybe"]) == (
        0, "", None, "CALM", None, None,
    )  # fmt: skip


def test_no_messages_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path, written(tmp_path)) == []


@pytest.mark.parametrize(
    ("content", "options", "why"),
    [
        (b"\x05ab", {}, "the last message is cut short"),
        (b"\xff\xff\xff\xff\xff\xff", {}, "no file of messages behind their lengths"),
        (b"\x02\x0d\x01", {}, "a message is not of the type shop.Event"),
        (b"", {"recordReader__prop__protoClassName": "shop.Nothing"}, "the descriptor knows no message 'shop.Nothing'"),
        (b"", {"recordReader__prop__descriptorFile": ""}, "descriptorFile is wanted"),
        (b"", {"recordReader__prop__descriptorFile": "/nowhere/x.desc"}, "names no file"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_messages(tmp_path: Path, content: bytes, options: dict[str, str], why: str) -> None:
    file = written(tmp_path)
    file.write_bytes(content)
    with pytest.raises(RestError, match=why) as error:
        read(tmp_path, file, **options)
    assert error.value.status == 400
