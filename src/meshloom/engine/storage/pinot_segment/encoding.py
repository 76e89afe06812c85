"""A column's values as Pinot's indexes: the reverse of `columns`, in the forms that Pinot 1.5.1 itself writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from meshloom.engine.config.types import DataType
from meshloom.engine.storage.pinot_segment import bits
from meshloom.engine.storage.pinot_segment.bits import Ids
from meshloom.engine.storage.pinot_segment.bounds import Longs
from meshloom.engine.storage.pinot_segment.codecs import LZ4, LZ4_WITH_LENGTH
from meshloom.engine.storage.pinot_segment.dictionary import HEADER, MAGIC, STORED, VERSION
from meshloom.engine.storage.pinot_segment.forward import CHUNK_VALUES

CHUNK_ROWS, CHUNK_BYTES = 1 << 16, 1 << 20
TEXT = (DataType.STRING, DataType.JSON)
FILES = {"dictionary": ".dict", "sorted": ".sv.sorted.fwd", "unsorted": ".sv.unsorted.fwd", "raw": ".sv.raw.fwd",
         "lists": ".mv.fwd"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column's indexes, and what metadata.properties says of them. `form` names the forward index."""

    form: str
    forward: bytes
    dictionary: bytes | None = None
    told: dict[str, int] = field(default_factory=dict)


def coded(values: pa.Array, type_: DataType, bounds: Longs | None) -> Encoded:
    """With a dictionary. `values` have no null: numbers, binary, text, or a BIG_DECIMAL's digits as text; `bounds` tell
    of each document from which to before which of them are its own, where they are lists."""
    stored = STORED.get(type_)
    if stored is not None:
        keys, found = np.unique(_sortable(values.to_numpy(zero_copy_only=False)), return_inverse=True)
        ids, packed = found.astype(np.int32), _sortable(keys, np.dtype(stored)).astype(stored).tobytes()
        count, size = len(keys), 0
    else:
        ids, held = _different(values, type_)
        packed, count = _texts(held), len(held)
        size = pc.max(pc.binary_length(held)).as_py()
    told = {"cardinality": count, "bitsPerElement": bits.width(count - 1), "lengthOfEachEntry": size,
            "totalNumberOfEntries": len(ids), "maxNumberOfMultiValues": 0}  # fmt: skip
    if bounds is not None:
        told["maxNumberOfMultiValues"] = int(np.diff(bounds).max())
        return Encoded("lists", _lists(ids, bounds, told["bitsPerElement"]), packed, told)
    if bool((np.diff(ids) >= 0).all()):
        starts = np.searchsorted(ids, np.arange(count))
        ends = np.append(starts[1:], len(ids)) - 1
        return Encoded("sorted", np.stack((starts, ends), axis=1).astype(">i4").tobytes(), packed, told)
    return Encoded("unsorted", bits.packed(ids, told["bitsPerElement"]), packed, told)


def _different(values: pa.Array, type_: DataType) -> tuple[Ids, pa.Array]:
    """The ids, and the different values as stored bytes in Pinot's order."""
    coded = values.dictionary_encode()
    different = coded.dictionary
    if type_ is DataType.BIG_DECIMAL or (type_ is not DataType.BYTES and _beyond(different)):
        told = different.to_pylist()
        order = np.array(sorted(range(len(told)), key=lambda place: _key(told[place], type_)), dtype=np.int64)
    else:
        order = pc.sort_indices(different.cast(pa.binary())).to_numpy().astype(np.int64)
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return places[coded.indices.to_numpy()], _stored(different.take(pa.array(order)), type_)


def _beyond(texts: pa.Array) -> bool:
    """Whether a character is beyond 16 bits: Java, which orders texts by such units, sorts it before some others."""
    _, data = _parts(texts.cast(pa.binary()))
    return bool(len(data)) and int(data.max()) >= 0xF0


def _key(value: str, type_: DataType) -> bytes | Decimal:
    return Decimal(value) if type_ is DataType.BIG_DECIMAL else value.encode("utf-16-be")


def _stored(values: pa.Array, type_: DataType) -> pa.Array:
    """Values as the bytes that a dictionary or a raw index holds."""
    if type_ is DataType.BIG_DECIMAL:
        return pa.array([_decimal(Decimal(one)) for one in values.to_pylist()], type=pa.binary())
    if type_ is DataType.MAP:
        return pa.array([_map(one) for one in values.to_pylist()], type=pa.binary())
    return values.cast(pa.binary())


def _parts(values: pa.Array) -> tuple[Longs, npt.NDArray[np.uint8]]:
    """Where each value begins in the bytes of all, the end behind them; and those bytes."""
    _, offsets, data = values.buffers()
    edges = np.frombuffer(offsets, dtype=np.int32)[values.offset : values.offset + len(values) + 1].astype(np.int64)
    held = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    return edges - edges[0], held[edges[0] : edges[-1]]


def _sortable(values: Any, back: np.dtype[Any] | None = None) -> Any:
    """Fractions as integers in Java's order (-0.0 before 0.0, NaN last), and back."""
    kind = values.dtype if back is None else back
    if kind.kind != "f":
        return values
    integers = np.dtype(f"i{kind.itemsize}")
    found = values.view(integers)
    turned = np.where(found < 0, found ^ np.iinfo(integers).max, found).astype(integers)
    return turned if back is None else turned.view(f"f{kind.itemsize}")


def _decimal(value: Decimal) -> bytes:
    """See `values.decimals`. Without zeros behind the fraction, and never in thousands."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits))
    while exponent < 0 and written.endswith("0"):
        written, exponent = written[:-1], exponent + 1
    number, scale = int(written or "0"), -exponent
    if scale < 0:
        number, scale = number * 10**-scale, 0
    number = -number if sign else number
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return scale.to_bytes(2, "big") + number.to_bytes(size, "big", signed=True)


def _map(text: str) -> bytes:
    """See `values._map`."""
    found = sorted(json.loads(text).items())
    pieces = [len(found).to_bytes(4, "big")]
    for key, value in found:
        told = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for one in (key.encode(), told.encode()):
            pieces += [len(one).to_bytes(4, "big"), one]
    return b"".join(pieces)


def _texts(values: pa.Array) -> bytes:
    """A dictionary of values of any length."""
    edges, data = _parts(values)
    head = MAGIC + np.array([VERSION, len(values), HEADER], ">i4").tobytes()
    return b"".join((head, (edges + HEADER + 4 * len(edges)).astype(">i4").tobytes(), data.tobytes()))


def _lists(ids: Ids, bounds: Longs, width: int) -> bytes:
    """FixedBitMVForwardIndexWriter's form."""
    rows, total = len(bounds) - 1, len(ids)
    each = -(-CHUNK_VALUES // (total // rows))
    marks = np.zeros(total, dtype=np.uint8)
    marks[bounds[:-1]] = 1
    return bounds[:-1][::each].astype(">i4").tobytes() + np.packbits(marks).tobytes() + bits.packed(ids, width)


def raw(values: pa.Array, type_: DataType) -> Encoded:
    """Without a dictionary: one value a document."""
    told = {"cardinality": max(len(pc.unique(values)), 1), "lengthOfEachEntry": 0, "maxNumberOfMultiValues": 0,
            "totalNumberOfEntries": len(values)}  # fmt: skip
    told["bitsPerElement"] = bits.width(told["cardinality"] - 1)
    stored = STORED.get(type_)
    if stored is not None:
        return Encoded("raw", _fixed(values.to_numpy(zero_copy_only=False).astype(stored)), told=told)
    return Encoded("raw", _variable(_stored(values, type_)), told=told)


def _lz4(content: bytes) -> bytes:
    return bytes(pa.Codec("lz4_raw").compress(content, asbytes=True))


def _fixed(values: npt.NDArray[np.generic]) -> bytes:
    """FixedByteChunkForwardIndexWriter's form, version 4."""
    packed = [_lz4(values[start : start + CHUNK_ROWS].tobytes()) for start in range(0, len(values), CHUNK_ROWS)]
    head = np.array([4, len(packed), CHUNK_ROWS, values.dtype.itemsize, len(values), LZ4, 28], ">i4").tobytes()
    edges = np.cumsum([28 + 8 * len(packed), *map(len, packed)])[:-1]
    return b"".join((head, edges.astype(">i8").tobytes(), *packed))


def _variable(values: pa.Array) -> bytes:
    """VarByteChunkForwardIndexWriterV4's form; a value that no chunk holds has one of its own."""
    edges, data = _parts(values)
    sizes = edges + 4 * np.arange(len(edges))  # what all values up to one take, with the place of each
    entries, chunks, start, place = [], [], 0, 0
    while start < len(values):
        stop = int(np.searchsorted(sizes, int(sizes[start]) + CHUNK_BYTES - 4, side="right")) - 1
        huge = stop == start
        stop = max(stop, start + 1)
        content = data[edges[start] : edges[stop]].tobytes()
        if not huge:
            places = edges[start:stop] - edges[start] + 4 * (stop - start + 1)
            content = np.append(stop - start, places).astype("<i4").tobytes() + content
        packed = len(content).to_bytes(4, "little") + _lz4(content)
        entries += [start | (1 << 31 if huge else 0), place]
        chunks.append(packed)
        start, place = stop, place + len(packed)
    head = np.array([4, CHUNK_BYTES, LZ4_WITH_LENGTH, 16 + 4 * len(entries)], ">i4").tobytes()
    return b"".join((head, np.array(entries, dtype="<u4").tobytes(), *chunks))
