"""Protocol Buffers: delimited messages, read by a compiled descriptor (`protoc --include_imports -o`).

Source of behaviour: ProtoBufRecordReader and ProtoBufRecordExtractor. A field that was not set is null where the
schema can tell, else it has its default; numbers are Java's, so that the unsigned ones are signed; enumerations and
booleans are text. The package `protobuf` comes with the extra `proto`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from meshloom.engine.errors import RestError
from meshloom.engine.ingest.objects import BATCH, Form, columns

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

Convert = Callable[[Any], Any]
# FieldDescriptor.cpp_type
FORMS = {
    1: Form.INT, 2: Form.LONG, 3: Form.INT, 4: Form.LONG, 5: Form.DOUBLE, 6: Form.FLOAT, 7: Form.TEXT, 8: Form.TEXT,
    9: Form.TEXT, 10: Form.OBJECT,
}  # fmt: skip
BYTES = 12  # FieldDescriptor.type


def read_protobuf(
    file: BinaryIO, descriptor: bytes, name: str, wanted: Collection[str] | None
) -> Iterator[pa.RecordBatch]:
    """A file's rows, at least one batch.

    Args:
        file: messages, each behind its length.
        descriptor: a FileDescriptorSet.
        name: the message, with its package or without; "" takes the first of the first file.
        wanted: the fields to read, None for all.

    Raises ValueError for what cannot be read, RestError 501 without the package.
    """
    try:
        from google.protobuf import proto
        from google.protobuf.message import DecodeError
        from google.protobuf.message_factory import GetMessageClass
    except ImportError as error:
        raise RestError(501, "PROTO needs a package of an extra: pip install 'meshloom[proto]'") from error
    message = _message(descriptor, name)
    fields = [field for field in message.fields if wanted is None or field.name in wanted]
    forms = {field.name: _form(field) for field in fields}
    taken = [(field.name, field, _converter(field)) for field in fields]
    type_ = GetMessageClass(message)

    def rows() -> Iterator[dict[str, Any]]:
        try:
            # The stubs want a BytesIO; only `read` is asked for.
            while (found := proto.parse_length_prefixed(type_, file)) is not None:  # type: ignore[arg-type]
                yield {key: _value(found, field, convert) for key, field, convert in taken}
        except DecodeError as error:
            raise ValueError(f"a message is no {message.full_name}: {error}") from error

    records = rows()
    yield columns(list(islice(records, BATCH)), forms)
    while batch := list(islice(records, BATCH)):
        yield columns(batch, forms)


def _message(descriptor: bytes, name: str) -> Descriptor:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import DecodeError

    pool = DescriptorPool()
    try:
        files = FileDescriptorSet.FromString(descriptor).file
        for file in files:
            pool.Add(file)
        found = [message for file in files for message in pool.FindFileByName(file.name).message_types_by_name.values()]
    except (DecodeError, TypeError, KeyError) as error:
        raise ValueError(f"descriptorFile is no whole descriptor set (protoc --include_imports -o): {error}") from error
    chosen = [message for message in found if not name or name in (message.full_name, message.name)]
    if not chosen:
        raise ValueError(f"descriptorFile has no message {name or 'at all'}")
    return chosen[0]


def _form(field: FieldDescriptor) -> Form:
    if _is_map(field):
        return Form.OBJECT
    form = Form.BYTES if field.type == BYTES else FORMS[field.cpp_type]
    return form.several if field.is_repeated else form


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def _value(message: Message, field: FieldDescriptor, convert: Convert) -> Any:
    if field.has_presence and not message.HasField(field.name):
        return None
    return convert(getattr(message, field.name))


def _converter(field: FieldDescriptor, nested: bool = False) -> Convert:
    """What makes of a field's value the one of a record; None for an empty list, map or message."""
    if field.message_type is not None and _is_map(field):
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        of_key, of_value = _single(key, True), _single(value, True)
        return lambda entries: {_text(of_key(one)): of_value(entries[one]) for one in entries} or None
    single = _single(field, nested)
    return (lambda values: [single(one) for one in values] or None) if field.is_repeated else single


def _single(field: FieldDescriptor, nested: bool) -> Convert:
    if field.message_type is not None:
        return _record
    if field.enum_type is not None:
        names, unknown = field.enum_type.values_by_number, f"UNKNOWN_ENUM_VALUE_{field.enum_type.name}"
        return lambda value: names[value].name if value in names else f"{unknown}_{value}"
    kind = FORMS[field.cpp_type]
    if field.cpp_type in (3, 4):  # unsigned: Java's int and long have a sign
        half = 1 << (31 if kind is Form.INT else 63)
        return lambda value: value - 2 * half if value >= half else value
    if field.cpp_type == 7:
        return lambda value: "true" if value else "false"
    return _shortest if nested and kind is Form.FLOAT else lambda value: value


def _text(key: Any) -> str:
    return key if isinstance(key, str) else str(key)


def _shortest(value: float) -> float:
    """A single-precision number as the shortest decimal that means it, which Java writes."""
    for digits in range(6, 10):
        short = float(f"{value:.{digits}g}")
        if abs(short) < 3e38 and struct.unpack("f", struct.pack("f", short))[0] == value:
            return short
    return value


def _record(message: Message) -> dict[str, Any] | None:
    """A message in a message: the fields that are set."""
    return {field.name: _converter(field, True)(value) for field, value in message.ListFields()} or None
