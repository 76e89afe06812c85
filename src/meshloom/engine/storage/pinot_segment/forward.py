"""Forward indexes of columns with a dictionary: each document's value, or list of values, as its place in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meshloom.engine.storage.pinot_segment import bits
from meshloom.engine.storage.pinot_segment.bits import Ids
from meshloom.engine.storage.pinot_segment.bounds import Bytes, Longs, damaged, number, numbers, part, unknown
from meshloom.engine.storage.pinot_segment.metadata import Column
from meshloom.engine.storage.pinot_segment.roaring import Bitmap

CHUNK_VALUES = 2048  # FixedBitMVForwardIndexReader's aim
ENTRY_DICTIONARY = 0xFFABCDEF  # FixedBitMVEntryDictForwardIndexWriter's mark
INVERTED_MARK = 0x50494958  # of an inverted index with places of 64 bits
MOST_REBUILT = 100_000_000  # documents of a column that is rebuilt from its inverted index, in memory

Values = Callable[[int, int], Ids]
"""The ids of the documents from a first to before a last one."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of ids: `bounds` tells of each document from which to before which of the `values` are its own."""

    bounds: Longs
    values: Values


def single(data: Bytes, column: Column, rows: int, what: str) -> Values:
    """Of one value a document. Raises RestError 400."""
    if column.sorted:
        return _sorted(data, column, rows, what)
    part(data, 0, bits.size(column.bits, rows), what)

    def values(start: int, stop: int) -> Ids:
        return bits.unpacked(data, column.bits, start, stop - start, what)

    return values


def _sorted(data: Bytes, column: Column, rows: int, what: str) -> Values:
    """The first and last document of each value."""
    pairs = numbers(data, 0, 2 * column.cardinality, ">i4", what)
    edges = np.append(pairs[0::2], rows)
    if bool((pairs[1::2] + 1 != edges[1:]).any()) or edges[0] != 0 or bool((np.diff(edges) < 0).any()):
        raise damaged(f"{what} does not give each document one value")

    def values(start: int, stop: int) -> Ids:
        first, last = np.searchsorted(edges, [start, stop - 1], side="right")
        inner = np.clip(edges[first - 1 : last + 1], start, stop)
        return np.repeat(np.arange(first - 1, last, dtype=np.int32), np.diff(inner))

    return values


def several(data: Bytes, column: Column, rows: int, what: str) -> Lists:
    """Of a list of values a document. Raises RestError 400."""
    if len(data) > 4 and number(data, 0, what, ">u4") == ENTRY_DICTIONARY:
        return _by_entry(data, column, rows, what)
    if rows == 0:
        return Lists(np.zeros(1, dtype=np.int64), lambda start, stop: np.zeros(0, dtype=np.int32))
    total = column.entries
    if total < rows:
        raise damaged(f"{what} has {total:,} values for {rows:,} documents")
    each = -(-CHUNK_VALUES // (total // rows))
    begin = 4 * -(-rows // each)
    marked = part(data, begin, (total + 7) // 8, what)
    packed = part(data, begin + len(marked), bits.size(column.bits, total), what)
    starts = np.flatnonzero(np.unpackbits(marked)[:total])
    if len(starts) != rows or starts[0] != 0:
        raise damaged(f"{what} marks {len(starts):,} documents, where {rows:,} are expected")
    bounds = np.append(starts, total)
    return Lists(bounds, lambda start, stop: bits.unpacked(
        packed, column.bits, int(bounds[start]), int(bounds[stop] - bounds[start]), what))  # fmt: skip


def _by_entry(data: Bytes, column: Column, rows: int, what: str) -> Lists:
    """Lists that have a dictionary of their own (MV_ENTRY_DICT)."""
    version, value_bits, id_bits = number(data, 4, what, ">i2"), int(data[6]), int(data[7])
    if version != 1:
        raise unknown(f"{what} is a dictionary of lists of version {version}")
    if value_bits != column.bits:
        raise damaged(f"{what} has {value_bits} bits for a value, where {column.bits} are expected")
    entries, total, places, values = numbers(data, 8, 4, ">i4", what).tolist()
    if not 24 <= places <= values <= len(data) or entries < 0 or total < 0:
        raise damaged(f"{what} has parts that lie outside of it")
    ids = bits.unpacked(data[24:places], id_bits, 0, rows, what)
    edges = bits.unpacked(data[places:values], bits.width(total), 0, entries + 1, what).astype(np.int64)
    held = bits.unpacked(data[values:], value_bits, 0, total, what)
    if bool((np.diff(edges) < 0).any()) or int(edges[-1]) > total or (rows and int(ids.max()) >= entries):
        raise damaged(f"{what} names lists that it does not have")
    lengths = np.diff(edges)[ids]
    bounds = np.concatenate(([0], np.cumsum(lengths)))

    def values_of(start: int, stop: int) -> Ids:
        inner = np.arange(int(bounds[stop] - bounds[start])) + bounds[start]
        chosen: Ids = held[inner + np.repeat(edges[ids[start:stop]] - bounds[start:stop], lengths[start:stop])]
        return chosen

    return Lists(bounds, values_of)


def rebuilt(data: Bytes, column: Column, rows: int, what: str) -> Values:
    """Of one value a document, from the inverted index of a column that has no forward index. Raises RestError 400."""
    if rows > MOST_REBUILT:
        raise unknown(f"{what} has {rows:,} documents and no forward index")
    start, type_ = (8, ">i8") if len(data) >= 8 and number(data, 0, what) == INVERTED_MARK else (0, ">u4")
    places = numbers(data, start, column.cardinality + 1, type_, what)
    base = start + len(places) * np.dtype(type_).itemsize
    made = np.full(rows, -1, dtype=np.int32)
    for place in range(column.cardinality):
        begin, size = int(places[place] - places[0]), int(places[place + 1] - places[place])
        made[Bitmap(part(data, base + begin, size, what), what).places(rows)] = place
    if bool((made < 0).any()):
        raise damaged(f"{what} has documents without a value")
    return lambda start, stop: made[start:stop]
