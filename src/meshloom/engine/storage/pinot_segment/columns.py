"""One column of a segment as Arrow, piece by piece, so that memory does not grow with the segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from meshloom.engine.config.schema import FieldSpec
from meshloom.engine.config.types import DataType, default_of
from meshloom.engine.storage.pinot_segment import chunks, dictionary, forward
from meshloom.engine.storage.pinot_segment.bits import Ids
from meshloom.engine.storage.pinot_segment.bounds import Longs, damaged, unknown
from meshloom.engine.storage.pinot_segment.buffers import DICTIONARY, FORWARD, INVERTED, NULLS, Buffers
from meshloom.engine.storage.pinot_segment.metadata import Column, Metadata
from meshloom.engine.storage.pinot_segment.roaring import Bitmap
from meshloom.engine.storage.pinot_segment.values import Kind, decimals, fits

CODED = 20_000  # up to so many different texts are written with their dictionary
STEP = 122_880  # documents a piece, as many as the deep store's row groups have

Pieces = Callable[[], Iterator[pa.Array]]


@dataclass(frozen=True, slots=True)
class Read:
    """A column: its Arrow type, and its values in pieces of any size; `nulls` are the documents without a value."""

    name: str
    type: pa.DataType
    pieces: Pieces
    nulls: Bitmap | None


def read(metadata: Metadata, buffers: Buffers, field: FieldSpec, *, keeps_nulls: bool) -> Read:
    """A column of the segment for a table's column of that name. Raises RestError 400.

    Nulls are those of its null vector. Where the table shows no nulls, a stored default that is not the table's own
    stays as the value it is.
    """
    column = metadata.column(field.name)
    kind = Kind.of(column.data_type, column.single_value, field)
    found = buffers.find(field.name, NULLS)
    shown = keeps_nulls or _usual(column.default, field)
    if metadata.rows == 0:
        return Read(field.name, kind.arrow if field.single_value else pa.list_(kind.arrow), lambda: iter(()), None)
    nulls = Bitmap(found, f"the null vector of column {field.name}") if found is not None and shown else None
    if column.dictionary and column.data_type is not DataType.MAP:
        type_, pieces = _coded(column, kind, metadata, buffers)
    else:
        type_, pieces = _raw(column, kind, metadata, buffers)
    return Read(field.name, type_, pieces, nulls)


def _usual(default: str | None, field: FieldSpec) -> bool:
    """Whether a segment's default null value is that of the table."""
    if default is None or field.data_type is DataType.MAP:
        return True
    try:
        return bool(default_of(field.data_type, default) == field.default_null_value)
    except ValueError:
        return False


def _coded(column: Column, kind: Kind, metadata: Metadata, buffers: Buffers) -> tuple[pa.DataType, Pieces]:
    what, rows = f"the dictionary of column {column.name}", metadata.rows
    held = dictionary.read(buffers.need(column.name, DICTIONARY), column, metadata.padding, what)
    if kind.field.data_type is DataType.BIG_DECIMAL:
        kind = replace(kind, wide=not all(map(fits, decimals(held, column.name))))
    values = kind.numbers(held) if isinstance(held, np.ndarray) else kind.variable(held)
    index, where = buffers.find(column.name, FORWARD), f"the forward index of column {column.name}"

    def checked(ids: Ids) -> pa.Array:
        if len(ids) and int(ids.max()) >= column.cardinality:
            raise damaged(f"{where} names a value that the dictionary does not have")
        return pa.array(ids)

    if not column.single_value:
        if index is None:
            raise unknown(f"column {column.name} has no forward index, which tells a list's order")
        lists = forward.several(index, column, rows, where)

        def listed() -> Iterator[pa.Array]:
            for start, stop in _steps(rows):
                bounds = lists.bounds[start : stop + 1] - lists.bounds[start]
                yield _lists(bounds, values.take(checked(lists.values(start, stop))), where)

        return pa.list_(kind.arrow), listed
    if index is not None:
        single = forward.single(index, column, rows, where)
    else:
        inverted = buffers.find(column.name, INVERTED)
        if inverted is None:
            raise unknown(f"column {column.name} has neither a forward index nor an inverted one")
        single = forward.rebuilt(inverted, column, rows, f"the inverted index of column {column.name}")
    coded = values.type == pa.string() and len(values) <= CODED

    def pieces() -> Iterator[pa.Array]:
        for start, stop in _steps(rows):
            ids = checked(single(start, stop))
            yield pa.DictionaryArray.from_arrays(ids, values) if coded else values.take(ids)

    return pa.dictionary(pa.int32(), pa.string()) if coded else kind.arrow, pieces


def _steps(rows: int) -> Iterator[tuple[int, int]]:
    for start in range(0, rows, STEP):
        yield start, min(start + STEP, rows)


def _lists(bounds: Longs, values: pa.Array, what: str) -> pa.Array:
    if int(bounds[-1]) > 2**31 - 1:
        raise unknown(f"{what} has {int(bounds[-1]):,} values in {STEP:,} documents")
    return pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), values)


def _raw(column: Column, kind: Kind, metadata: Metadata, buffers: Buffers) -> tuple[pa.DataType, Pieces]:
    what, rows = f"the forward index of column {column.name}", metadata.rows
    data, number = buffers.need(column.name, FORWARD), dictionary.STORED.get(column.data_type)
    if number is not None and column.single_value:
        type_ = number
        return kind.arrow, lambda: map(kind.numbers, chunks.fixed(data, rows, type_, what))
    if kind.field.data_type is DataType.BIG_DECIMAL:
        found = (decimals(held, column.name) for held in _inner(column, metadata, buffers, what))
        kind = replace(kind, wide=not all(fits(one) for many in found for one in many))
    if column.single_value:
        return kind.arrow, lambda: (kind.variable(spans.values()) for spans in chunks.variable(data, rows, what))

    def pieces() -> Iterator[pa.Array]:
        counted = chunks.version_of(data, what) < chunks.WITHOUT_COUNT
        for spans in chunks.variable(data, rows, what):
            values: pa.Array
            if number is not None:
                counts, held = spans.numbers(number, counted=counted)
                values = kind.numbers(held)
            else:
                counts, texts = spans.texts()
                values = kind.variable(texts.values())
            yield _lists(np.concatenate(([0], np.cumsum(counts))), values, what)

    return pa.list_(kind.arrow), pieces


def _inner(column: Column, metadata: Metadata, buffers: Buffers, what: str) -> Iterator[pa.Array]:
    """The values of a column in pieces, lists or not."""
    for spans in chunks.variable(buffers.need(column.name, FORWARD), metadata.rows, what):
        yield spans.values() if column.single_value else spans.texts()[1].values()


def stepped(column: Read, rows: int) -> Iterator[pa.Array]:
    """A column in pieces of `STEP` documents, with its nulls. Raises RestError 400 when it has not all documents."""
    held: list[pa.Array] = []
    have, pieces = 0, column.pieces()
    for start, stop in _steps(rows):
        while have < stop - start:
            piece = next(pieces, None)
            if piece is None:
                raise damaged(f"column {column.name} has {start + have:,} documents, where {rows:,} are expected")
            held.append(piece)
            have += len(piece)
        whole = held[0] if len(held) == 1 else pa.concat_arrays(held)
        yield _with_nulls(whole.slice(0, stop - start), column, start, stop)
        have -= stop - start
        held = [whole.slice(stop - start)] if have else []


def _with_nulls(values: pa.Array, column: Read, start: int, stop: int) -> pa.Array:
    if column.nulls is None:
        return values
    mask: npt.NDArray[np.bool_] = column.nulls.mask(start, stop)
    if not mask.any():
        return values
    return pc.if_else(pa.array(mask), pa.scalar(None, values.type), values)
