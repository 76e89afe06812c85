"""Protocol Buffers files: messages one after the other, each behind its length, of a type that a descriptor tells.

Source of behaviour: ProtoBufRecordReader and ProtoBufRecordExtractor. Options: `descriptorFile`, a URI of what
`protoc --include_imports --descriptor_set_out` writes, and `protoClassName`, the message's name with its package;
without it the first message of the last file is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from meshloom.engine.sql.functions.java_maps import written
from meshloom.infra.locations import local

MOST = 256 << 20  # bytes of a message


def records(file: BinaryIO, options: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The messages of a file as records: one within is a dict, a map JSON, a repeated field a list, an enum its name.

    A field that can be absent and is, is None; others have proto3's default. Raises ValueError with the reason.
    """
    message_class = _message_class(options)
    while (size := _length(file)) is not None:
        content = file.read(size)
        if len(content) < size:
            raise ValueError("the last message is cut short")
        message = message_class()
        try:
            message.ParseFromString(content)
        except Exception as error:  # DecodeError is another class in each of protobuf's implementations
            raise ValueError(f"a message is not of the type {message.DESCRIPTOR.full_name}: {error}") from error
        yield _record(message)


def _message_class(options: Mapping[str, str]) -> Any:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise ValueError("PROTO needs a package of an extra: pip install 'meshloom[proto]'") from None
    uri = options.get("descriptorFile", "")
    if not uri:
        raise ValueError("recordReader.prop.descriptorFile is wanted: what protoc --descriptor_set_out writes")
    files = descriptor_pb2.FileDescriptorSet()
    pool = descriptor_pool.DescriptorPool()
    with local(uri) as path:
        try:
            files.ParseFromString(path.read_bytes())
            for file in files.file:
                pool.Add(file)
            name = options.get("protoClassName") or _first(files)
            return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
        except KeyError as error:
            raise ValueError(f"the descriptor knows no message {options.get('protoClassName')!r}") from error
        except Exception as error:
            raise ValueError("descriptorFile holds no descriptor set (protoc --include_imports)") from error


def _first(files: Any) -> str:
    last = files.file[-1]
    name = str(last.message_type[0].name)
    return f"{last.package}.{name}" if last.package else name


def _length(file: BinaryIO) -> int | None:
    """The next message's length, a varint; None at the end of the file."""
    size = shift = 0
    while piece := file.read(1):
        size |= (piece[0] & 0x7F) << shift
        if not piece[0] & 0x80:
            if size > MOST:
                break
            return size
        shift += 7
        if shift > 35:
            break
    if shift or size:
        raise ValueError("it is no file of messages behind their lengths")
    return None


def _record(message: Any) -> dict[str, Any]:
    return {field.name: _field(message, field) for field in message.DESCRIPTOR.fields}


def _field(message: Any, field: Any) -> Any:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name["value"]
        return written({str(key): _one(item, inner) for key, item in value.items()})
    if field.is_repeated:
        return [_one(item, field) for item in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _one(value, field)


def _one(value: Any, field: Any) -> Any:
    if field.message_type is not None:
        return _record(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known is not None else str(value)
    return value
