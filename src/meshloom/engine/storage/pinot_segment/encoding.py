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
    ids, held, size = _dictionary(values, type_)
    count = len(held) if isinstance(held, np.ndarray) else len(held[1])
    told = {"cardinality": count, "bitsPerElement": bits.width(count - 1), "lengthOfEachEntry": size,
            "totalNumberOfEntries": len(ids), "maxNumberOfMultiValues": 0}  # fmt: skip
    packed = held.tobytes() if isinstance(held, np.ndarray) else _texts(held[1])
    if bounds is not None:
        told["maxNumberOfMultiValues"] = int(np.diff(bounds).max())
        return Encoded("lists", _lists(ids, bounds, told["bitsPerElement"]), packed, told)
    if bool((np.diff(ids) >= 0).all()):
        starts = np.searchsorted(ids, np.arange(count))
        ends = np.append(starts[1:], len(ids)) - 1
        return Encoded("sorted", np.stack((starts, ends), axis=1).astype(">i4").tobytes(), packed, told)
    return Encoded("unsorted", bits.packed(ids, told["bitsPerElement"]), packed, told)


def _dictionary(
    values: pa.Array, type_: DataType
) -> tuple[Ids, npt.NDArray[np.generic] | tuple[str, list[bytes]], int]:
    """The ids, the different values in Pinot's order, and the bytes of the longest (0 of numbers)."""
    stored = STORED.get(type_)
    if stored is not None:
        keys, ids = np.unique(_sortable(values.to_numpy(zero_copy_only=False)), return_inverse=True)
        return ids.astype(np.int32), _sortable(keys, np.dtype(stored)).astype(stored), 0
    coded = values.dictionary_encode()
    different = coded.dictionary.to_pylist()
    order = sorted(range(len(different)), key=lambda place: _key(different[place], type_))
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    sorted_values = [stored_bytes(different[place], type_) for place in order]
    ids = places[coded.indices.to_numpy()]
    return ids, ("texts", sorted_values), max(map(len, sorted_values))


def _key(value: str | bytes, type_: DataType) -> bytes | Decimal:
    """Java orders texts by their 16-bit units."""
    if type_ is DataType.BIG_DECIMAL:
        return Decimal(str(value))
    return value if isinstance(value, bytes) else value.encode("utf-16-be")


def _sortable(values: Any, back: np.dtype[Any] | None = None) -> Any:
    """Fractions as integers in Java's order (-0.0 before 0.0, NaN last), and back."""
    kind = values.dtype if back is None else back
    if kind.kind != "f":
        return values
    integers = np.dtype(f"i{kind.itemsize}")
    found = values.view(integers)
    turned = np.where(found < 0, found ^ np.iinfo(integers).max, found).astype(integers)
    return turned if back is None else turned.view(f"f{kind.itemsize}")


def stored_bytes(value: str | bytes, type_: DataType) -> bytes:
    """A value as the bytes that a dictionary or a raw index holds."""
    if isinstance(value, bytes):
        return value
    if type_ is DataType.BIG_DECIMAL:
        return _decimal(Decimal(value))
    return _map(value) if type_ is DataType.MAP else value.encode()


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


def _texts(values: list[bytes]) -> bytes:
    """A dictionary of values of any length."""
    edges = np.cumsum([HEADER + 4 * (len(values) + 1), *map(len, values)])
    head = MAGIC + np.array([VERSION, len(values), HEADER], ">i4").tobytes()
    return b"".join((head, edges.astype(">i4").tobytes(), *values))


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
    return Encoded("raw", _variable([stored_bytes(one.as_py(), type_) for one in values]), told=told)


def _lz4(content: bytes) -> bytes:
    return bytes(pa.Codec("lz4_raw").compress(content, asbytes=True))


def _fixed(values: npt.NDArray[np.generic]) -> bytes:
    """FixedByteChunkForwardIndexWriter's form, version 4."""
    packed = [_lz4(values[start : start + CHUNK_ROWS].tobytes()) for start in range(0, len(values), CHUNK_ROWS)]
    head = np.array([4, len(packed), CHUNK_ROWS, values.dtype.itemsize, len(values), LZ4, 28], ">i4").tobytes()
    edges = np.cumsum([28 + 8 * len(packed), *map(len, packed)])[:-1]
    return b"".join((head, edges.astype(">i8").tobytes(), *packed))


def _variable(values: list[bytes]) -> bytes:
    """VarByteChunkForwardIndexWriterV4's form; a value that no chunk holds has one of its own."""
    sizes = np.array([len(value) + 4 for value in values], dtype=np.int64)
    totals = np.cumsum(sizes)
    entries, chunks, start, place = [], [], 0, 0
    while start < len(values):
        before = int(totals[start - 1]) if start else 0
        stop = int(np.searchsorted(totals, before + CHUNK_BYTES - 4, side="right"))
        huge = stop == start
        stop = max(stop, start + 1)
        if huge:
            content = values[start]
        else:
            edges = np.cumsum([4 * (stop - start + 1), *map(len, values[start:stop])])[:-1]
            content = b"".join((np.append(stop - start, edges).astype("<i4").tobytes(), *values[start:stop]))
        packed = len(content).to_bytes(4, "little") + _lz4(content)
        entries += [start | (1 << 31 if huge else 0), place]
        chunks.append(packed)
        start, place = stop, place + len(packed)
    head = np.array([4, CHUNK_BYTES, LZ4_WITH_LENGTH, 16 + 4 * len(entries)], ">i4").tobytes()
    return b"".join((head, np.array(entries, dtype="<u4").tobytes(), *chunks))
