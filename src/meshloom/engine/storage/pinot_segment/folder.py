"""A segment's rows written as a folder that a real Pinot loads (version 3)."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from meshloom.engine.config.schema import FieldSpec, Role, Schema
from meshloom.engine.config.types import DataType
from meshloom.engine.storage.pinot_segment import encoding, roaring
from meshloom.engine.storage.pinot_segment.bounds import Longs
from meshloom.engine.storage.pinot_segment.buffers import (
    DATA,
    DICTIONARY,
    FORWARD,
    INDEX_MAP,
    MAGIC,
    NULLS,
    V3,
    checksum,
)
from meshloom.engine.storage.pinot_segment.encoding import FILES, Encoded
from meshloom.engine.storage.pinot_segment.metadata import CREATION, CUSTOM, FILE
from meshloom.infra.compute import Session, open_reader

ROLES = {Role.DIMENSION: "DIMENSION", Role.METRIC: "METRIC", Role.DATE_TIME: "DATE_TIME", Role.COMPLEX: "COMPLEX"}
LISTS = {Role.DIMENSION: "dimension", Role.METRIC: "metric", Role.DATE_TIME: "datetime", Role.COMPLEX: "complex"}
BINARY = (DataType.STRING, DataType.JSON, DataType.BYTES, DataType.BIG_DECIMAL, DataType.MAP)


@dataclass(frozen=True, slots=True)
class Told:
    """What a segment says beside its rows: times in milliseconds, None without a time column or its format."""

    name: str
    table: str
    created_ms: int
    time_column: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    custom: Mapping[str, str] | None = None


def write(
    folder: Path, paths: Sequence[str], schema: Schema, told: Told, nullable: Mapping[str, bool], raw: Collection[str]
) -> None:
    """Make `folder`/v3 of a segment's Parquet files. `nullable` says which columns show nulls and so have a null
    vector; `raw` names columns without a dictionary. Raises ComputeError when a file cannot be read."""
    place = folder / V3
    place.mkdir(parents=True)
    properties = {"segment.padding.character": "\\u0000", "segment.name": _value(told.name),
                  "segment.table.name": _value(told.table), "segment.index.version": "v3"}  # fmt: skip
    sums: dict[str, tuple[int, int]] = {}
    fields = [field for field in schema.fields.values() if not field.virtual]
    for role, kind in LISTS.items():
        names = [_value(field.name) for field in fields if field.role is role]
        if names:
            properties[f"segment.{kind}.column.names"] = ",".join(names)
    if told.time_column:
        properties["segment.time.column.name"] = _value(told.time_column)
    if told.start_ms is not None and told.end_ms is not None:
        properties |= {"segment.start.time": str(told.start_ms), "segment.end.time": str(told.end_ms),
                       "segment.time.unit": "MILLISECONDS"}  # fmt: skip
    properties |= {_key(CUSTOM + key): _value(value) for key, value in (told.custom or {}).items()}
    with (place / DATA).open("wb") as out, open_reader() as session:
        index = _Index(out)
        rows, found = _relation(session, paths)
        properties["segment.total.docs"] = str(rows)
        for field in fields:
            values = _values(session, paths, field, found, rows)
            nulls = np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False)) if rows else np.zeros(0, np.int64)
            made = _encoded(values, field, raw=field.name in raw) if rows else Encoded("raw", b"")
            properties |= dict(_described(field, made, rows))
            if not rows:
                continue
            for kind, ending, content in (
                (DICTIONARY, FILES["dictionary"], made.dictionary), (FORWARD, FILES[made.form], made.forward),
            ):  # fmt: skip
                if content is not None:
                    index.add(field.name, kind, content)
                    sums[field.name + ending] = (zlib.adler32(content), len(content))
            if len(nulls) and nullable[field.name]:
                index.add(field.name, NULLS, roaring.written(nulls))
    if rows:
        (place / INDEX_MAP).write_text("".join(index.lines), encoding="utf-8")
    (place / FILE).write_text("".join(f"{key} = {value}\n" for key, value in properties.items()), encoding="utf-8")
    data_crc, crc = checksum(sums), checksum({V3 + path.name: _sum(path) for path in place.iterdir()})
    (place / CREATION).write_bytes(b"".join(one.to_bytes(8, "big") for one in (crc, told.created_ms, data_crc)))


def _sum(path: Path) -> tuple[int, int]:
    made = zlib.adler32(b"")
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            made = zlib.adler32(chunk, made)
    return made, path.stat().st_size


class _Index:
    """The one file of all indexes, and the lines of its map."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.lines: list[str] = []

    def add(self, column: str, kind: str, content: bytes) -> None:
        key = f"{_key(column)}.{kind}"
        self.lines += [f"{key}.startOffset = {self._out.tell()}\n", f"{key}.size = {len(content) + len(MAGIC)}\n"]
        self._out.write(MAGIC)
        self._out.write(content)


# --- rows


def _relation(session: Session, paths: Sequence[str]) -> tuple[int, frozenset[str]]:
    """How many rows there are, and which columns."""
    source = _source(paths)
    (count,) = session.execute(f"SELECT count(*) FROM {source}").rows()[0]
    return count, frozenset(row[0] for row in session.execute(f"DESCRIBE SELECT * FROM {source}").rows())


def _source(paths: Sequence[str]) -> str:
    files = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{files}], union_by_name = true)"


def _values(session: Session, paths: Sequence[str], field: FieldSpec, found: Collection[str], rows: int) -> pa.Array:
    """A column as it is stored; null where it has none, or an empty list."""
    if field.name not in found:
        return pa.nulls(rows)
    name, one = '"' + field.name.replace('"', '""') + '"', field.data_type.duckdb
    if field.single_value:
        text = _stored(f"{name}::{one}" if field.data_type is not DataType.BIG_DECIMAL else name, field)
    else:
        source = f"{name}::{one}[]" if field.data_type is not DataType.BIG_DECIMAL else name
        text = f"nullif(list_transform({source}, lambda v: {_stored('v', field)}), [])"
    column = session.arrow(f"SELECT {text} AS v FROM {_source(paths)}").column("v")
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _stored(value: str, field: FieldSpec) -> str:
    match field.data_type:
        case DataType.TIMESTAMP:
            return f"epoch_ms({value})"
        case DataType.BOOLEAN:
            return f"{value}::INTEGER"
        case DataType.BIG_DECIMAL:
            return f"{value}::VARCHAR"
        case _:
            return value


def _default(field: FieldSpec) -> Any:
    value = field.default_null_value
    match field.data_type:
        case DataType.BOOLEAN:
            return int(value)
        case DataType.BIG_DECIMAL:
            return str(value)
        case _:
            return value


def _encoded(values: pa.Array, field: FieldSpec, *, raw: bool) -> Encoded:
    default = _default(field)
    if field.single_value:
        type_ = values.type if values.type != pa.null() else None
        whole = pa.array([default] * len(values)) if type_ is None else pc.fill_null(values, pa.scalar(default, type_))
        whole = _typed(whole, field)
        if raw or field.data_type is DataType.MAP:
            return encoding.raw(whole, field.data_type)
        return encoding.coded(whole, field.data_type, None)
    filled = pa.array([[default]] * len(values)) if values.type == pa.null() else _filled(values, default)
    bounds: Longs = filled.offsets.to_numpy().astype(np.int64)
    return encoding.coded(_typed(filled.flatten(), field), field.data_type, bounds - bounds[0])


def _filled(values: pa.Array, default: Any) -> pa.Array:
    """Each list has a value, each value is one."""
    lists = pc.fill_null(values, pa.scalar([default], values.type)) if values.null_count else values
    inner = lists.flatten()
    if inner.null_count:
        inner = pc.fill_null(inner, pa.scalar(default, inner.type))
    offsets = lists.offsets.to_numpy()
    return pa.ListArray.from_arrays(pa.array(offsets - offsets[0]), inner)


def _typed(values: pa.Array, field: FieldSpec) -> pa.Array:
    if field.data_type is DataType.BYTES:
        return values.cast(pa.binary())
    if field.data_type in BINARY:
        return values.cast(pa.string())
    kinds = {DataType.LONG: pa.int64(), DataType.TIMESTAMP: pa.int64(), DataType.FLOAT: pa.float32(),
             DataType.DOUBLE: pa.float64()}  # fmt: skip
    return values.cast(kinds.get(field.data_type, pa.int32()))


# --- properties


def _described(field: FieldSpec, made: Encoded, rows: int) -> Iterator[tuple[str, str]]:
    empty = dict.fromkeys(("cardinality", "bitsPerElement", "lengthOfEachEntry", "totalNumberOfEntries",
                           "maxNumberOfMultiValues"), 0)  # fmt: skip
    told: dict[str, Any] = empty | made.told | {
        "totalDocs": rows, "dataType": field.data_type, "columnType": ROLES[field.role], "isAutoGenerated": "false",
        "isSorted": str(made.form == "sorted").lower(), "hasDictionary": str(made.dictionary is not None).lower(),
        "isSingleValues": str(field.single_value).lower(), "defaultNullValue": _value(_default_text(field)),
    }  # fmt: skip
    if field.data_type in (DataType.STRING, DataType.JSON, DataType.BYTES):
        told["schemaMaxLength"] = field.max_length
    if field.role is Role.DATE_TIME:
        told |= {"datetimeFormat": _value(field.format), "datetimeGranularity": _value(field.granularity)}
    if field.values is not None:
        told["complexChildFieldNames"] = "key,value"
        for name, kind in (("key", "STRING"), ("value", field.values.data_type.value)):
            child = {"columnType": "DIMENSION", "columnName": name, "dataType": kind, "isSingleValues": "true"}
            yield from ((_key(f"column.{field.name}$${name}.{key}"), value) for key, value in child.items())
    yield from ((_key(f"column.{field.name}.{key}"), str(value)) for key, value in told.items())


def _default_text(field: FieldSpec) -> str:
    value = field.default_null_value
    match field.data_type:
        case DataType.BYTES:
            return bytes(value).hex()
        case DataType.BOOLEAN:
            return str(int(value))
        case DataType.FLOAT | DataType.DOUBLE:
            return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value), str(value))
        case _:
            return str(value)


def _key(text: str) -> str:
    return "".join(f"\\{one}" if one in " :=\\#!" else one for one in text)


def _value(text: str) -> str:
    """What stands outside of ASCII, and what a list or a line would end with, is escaped."""
    units = text.encode("utf-16-be", "surrogatepass")
    made = []
    for place in range(0, len(units), 2):
        unit = int.from_bytes(units[place : place + 2], "big")
        if unit in (0x2C, 0x5C):
            made.append("\\" + chr(unit))
        else:
            made.append(chr(unit) if 0x20 < unit < 0x7F or (unit == 0x20 and place) else f"\\u{unit:04X}")
    return "".join(made)
