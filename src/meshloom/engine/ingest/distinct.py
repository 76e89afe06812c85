"""A file's rows in memory, each column of text by its distinct values: what the record pipeline makes of a text is
made once for each, rows are sorted by numbers, and the segment's file and the server's table take them as they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from meshloom.engine.config.table import TableConfig
from meshloom.engine.ingest import pipeline
from meshloom.engine.ingest.pipeline import WIDE_NEEDED, Column, Rows
from meshloom.engine.ingest.readers import quoted
from meshloom.engine.ingest.values import NESTED
from meshloom.engine.sql.functions import provide
from meshloom.engine.storage.deepstore import ROW_GROUP, coded
from meshloom.infra.compute import Session

HELD = 1 << 30  # bytes of the rows of a file that are kept in memory; DuckDB makes a larger one's, on disk if need be
FEW = 5  # a column keeps its distinct values when a row group has at most one of so many rows
INDEX = 4  # bytes of a place in a dictionary
GLANCE = 1_000  # records
BEHIND = 4  # batches that are read and not encoded yet
THREADS = 2  # as many as a reader has
VALUES = '"$values"'


def made(session: Session, config: TableConfig, rows: Rows, wide: Collection[str] = ()) -> pa.Table | None:
    """A segment's rows, sorted as the table wants them; columns of text with few values are dictionaries. None when
    they are too large for the memory.

    Raises ComputeError, and RestError 400, as `pipeline.columns` says.
    """
    columns = pipeline.columns(config, rows, wide)
    if any(mark in column.text + column.shared for column in columns for mark in (NESTED, WIDE_NEEDED)):
        _glance(session, config, rows, columns)
    given = _given(session, config, rows, columns)
    if given is None:
        return None
    arrays = [
        _valued(session, config, column, array, rows) if _by_value(column, rows) else array
        for column, array in zip(columns, given, strict=True)
    ]
    table = pa.table(arrays, names=[column.name for column in columns])
    if config.sorted_column not in table.column_names or not table.num_rows:
        return table
    order = pc.sort_indices(_ranked(table.column(config.sorted_column)))
    with ThreadPoolExecutor(THREADS) as workers:
        taken = list(workers.map(_taken, table.columns, [order] * table.num_columns))
    return pa.table(taken, names=table.column_names)


def _glance(session: Session, config: TableConfig, rows: Rows, columns: Sequence[Column]) -> None:
    """Raise at the file's first records what would make us read it again another way, not when all of it was read."""
    values = ", ".join(f"{column.text} AS {quoted(column.name)}" for column in columns)
    sql = f"SELECT {values} FROM {pipeline.relation(rows, columns)} LIMIT {GLANCE}"
    provide(sql, session, session, lenient=pipeline.goes_on(config))
    session.arrow(sql)


def _by_value(column: Column, rows: Rows) -> bool:
    return column.own and column.name in rows.record.source.texts


def _given(
    session: Session, config: TableConfig, rows: Rows, columns: Sequence[Column]
) -> list[pa.Array | pa.ChunkedArray] | None:
    """The columns as the file has them where their values are made after, else as they are made. None beyond HELD."""
    ready = _dictionaries(rows, [column.name for column in columns if _by_value(column, rows)])
    if ready is None:
        return None
    read = _read(session, config, rows, [column for column in columns if column.name not in ready])
    if read is None:
        return None
    others = iter(read)
    return [ready[column.name] if column.name in ready else next(others) for column in columns]


def _dictionaries(rows: Rows, names: Sequence[str]) -> dict[str, pa.Array] | None:
    """The texts of a Parquet file that lie there as dictionaries; None when that is too much."""
    source = rows.record.source
    if source.parquet is None or rows.where:
        return {}
    try:
        file = pq.ParquetFile(source.parquet)
        here = [name for name in names if _coded(file, name)]
        if len(here) * file.metadata.num_rows * INDEX > HELD:
            return None
        table = pq.ParquetFile(source.parquet, read_dictionary=here).read(here)
        found = {name: _whole(table.column(name).chunks, table.schema.field(name).type) for name in here}
        for array in found.values():
            array.dictionary.validate(full=True)  # that it is UTF-8
    except (OSError, pa.ArrowException):  # said by DuckDB, which reads it then
        return {}
    return found


def _coded(file: pq.ParquetFile, name: str) -> bool:
    arrow, metadata = file.schema_arrow, file.metadata
    place = arrow.get_field_index(name)
    if place < 0 or arrow.field(place).type != pa.string() or len(arrow) != metadata.num_columns:
        return False
    return bool(metadata.num_rows) and coded(metadata, place)


def _read(
    session: Session, config: TableConfig, rows: Rows, columns: Sequence[Column]
) -> list[pa.Array | pa.ChunkedArray] | None:
    if not columns:
        return []
    texts = rows.record.source.texts
    chosen = [
        f"{quoted(texts[column.name][0]) if _by_value(column, rows) else column.text} AS {quoted(f'${place}')}"
        for place, column in enumerate(columns)
    ]
    sql = f"SELECT {', '.join(chosen)} FROM {pipeline.relation(rows, [c for c in columns if not _by_value(c, rows)])}"
    provide(sql, session, session, lenient=pipeline.goes_on(config))
    reader = session.batches(sql, ROW_GROUP)
    few: list[bool] | None = None
    encoding: deque[Future[pa.Array]] = deque()
    chunks: list[list[pa.Array]] = [[] for _ in columns]
    held = 0
    with ThreadPoolExecutor(THREADS) as workers:
        for batch in session.each(reader):  # the next is read while the last ones are encoded
            few = few or [pa.types.is_string(array.type) and _few(array) for array in batch.columns]
            encoding.extend(workers.submit(_encoded, *pair) for pair in zip(batch.columns, few, strict=True))
            while len(encoding) > BEHIND * len(columns):
                held += _settled(encoding, chunks)
            if held > HELD:
                reader.close()
                return None
        while encoding:
            _settled(encoding, chunks)
        return list(workers.map(_whole, chunks, reader.schema.types))


def _settled(encoding: deque[Future[pa.Array]], chunks: list[list[pa.Array]]) -> int:
    """One batch's columns among the others; answers their bytes."""
    made = [encoding.popleft().result() for _ in chunks]
    for kept, array in zip(chunks, made, strict=True):
        kept.append(array)
    return sum(int(array.nbytes) for array in made)


def _encoded(array: pa.Array, few: bool) -> pa.Array:
    return array.dictionary_encode() if few else array


def _few(array: pa.Array) -> bool:
    return len(array.unique()) * FEW <= len(array)


def _whole(chunks: list[pa.Array], type_: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """One column; of dictionaries one array with one dictionary."""
    if not chunks:
        return pa.array([], type_)
    column = pa.chunked_array(chunks)
    return column.unify_dictionaries().combine_chunks() if pa.types.is_dictionary(column.type) else column


def _valued(
    session: Session, config: TableConfig, column: Column, array: pa.Array | pa.ChunkedArray, rows: Rows
) -> pa.Array | pa.ChunkedArray:
    """A column's values from its texts as the file has them."""
    itself, made = rows.record.source.texts[column.name]
    texts, places = array, None
    if pa.types.is_dictionary(array.type):
        texts, places = array.dictionary, array.indices
        if places.null_count:  # what is made of no text may be a value, too
            places = places.fill_null(len(texts))
            texts = pa.concat_arrays([texts, pa.nulls(1, texts.type)])
    session.register(VALUES.strip('"'), pa.table([texts], names=[itself]))
    try:
        sql = column.query(f"(SELECT {made} AS {quoted(column.name)} FROM {VALUES})")
        provide(sql, session, session, lenient=pipeline.goes_on(config))
        values = session.arrow(sql).column(0)
    finally:
        session.unregister(VALUES.strip('"'))
    if places is None:
        return values
    values = values.combine_chunks()
    if not pa.types.is_string(values.type):
        return values.take(places)
    again = values.dictionary_encode()  # two texts may have become one value
    return pa.DictionaryArray.from_arrays(again.indices.take(places), again.dictionary)


def _ranked(column: pa.ChunkedArray) -> pa.Array:
    """What sorts as a column does: of a dictionary its values' ranks."""
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        return array
    ranks = pc.rank(array.dictionary, tiebreaker="dense").cast(pa.int32())
    return ranks.take(array.indices)


def _taken(column: pa.ChunkedArray, order: pa.Array) -> pa.Array:
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        indices = pc.take(array.indices, order, boundscheck=False)
        return pa.DictionaryArray.from_arrays(indices, array.dictionary)
    return pc.take(array, order, boundscheck=False)


def write(table: pa.Table, target: Path) -> None:
    """Write the rows as a segment's file. A column without nulls says so; of text no least and greatest value is
    told, which nobody asks for and which would take longer than all the rest."""
    fields = [
        pa.field(name, array.type, nullable=array.null_count > 0)
        for name, array in zip(table.column_names, table.columns, strict=True)
    ]
    coded = [field.name for field in fields if not pa.types.is_string(field.type)]
    told = [field.name for field in fields if pa.types.is_primitive(field.type)]
    pq.write_table(
        table.cast(pa.schema(fields)),
        target,
        compression="snappy",
        row_group_size=ROW_GROUP,
        use_dictionary=coded,
        write_statistics=told,
        store_schema=False,
    )
