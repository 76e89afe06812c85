"""Codes of text columns: beside each column of text stands a small whole number for its value, so that a filter on
some values reads two bytes a row and compares no text.

A code is given once and never means another value as long as the process lives: of a value that has one, every row of
the table carries it, whatever segments come and go. So `column = 'x'` and `code = 7` are the same condition in every
snapshot of the rows, and nothing has to be rewritten when a segment brings new values. Values beyond the first 65,535
of a column, and long ones, share the code `OTHER`; queries that name those compare texts. A column that begins with
very many values has no codes at all, for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.types import DataType
from meshloom.engine.server.indexes import without_dictionary
from meshloom.engine.server.segment_rows import Rows, literal, quoted
from meshloom.engine.sql.relation import Codes as ColumnCodes
from meshloom.infra.compute import Session

CODES, HELD = '"$codes"', '"$held"'
PREFIX = "$code$"
MOST = OTHER = 65_535  # values of a column, numbered from 0; a code is a USMALLINT
LONGEST = 256  # bytes of a value
MANY = 4096  # values of a table's first rows, in a file without a dictionary, that are too many to be worth codes
NOTED = 10_000  # values of a segment that are noted; of one with more the rows are asked
NONE = pa.array([], pa.string())


def code_column(name: str) -> str:
    return PREFIX + name


def coded_fields(config: TableConfig, schema: Schema) -> list[FieldSpec]:
    """The columns that get codes: text of one value that Pinot would keep with a dictionary. The sorted column needs
    none, its values lie together; an upsert table has none."""
    if config.upsert:
        return []
    plain = {*without_dictionary(config), config.sorted_column}
    fields = schema.fields.values()
    return [f for f in fields if f.data_type is DataType.STRING and f.single_value and f.name not in plain]


class Growing:
    """One column's codes while a segment is loaded: `values[code]`, the first `known` of them from before."""

    def __init__(self, values: pa.Array, default: str | None, closed: bool = False) -> None:
        """`default` is what is stored for a null; None keeps nulls. A `closed` column gives no value a code."""
        self.values = values
        self.known = len(values)
        self.seen = np.zeros(OTHER + 1, dtype=bool)
        self.whole = True  # whether every row so far has a code of its own
        self.closed = closed
        self._default = default
        self._last = (NONE, NONE)  # a dictionary and its codes: batches of a segment often share one

    def codes(self, column: pa.Array) -> pa.Array:
        """The codes of an Arrow column of text, with or without a dictionary; null for a null that stays one."""
        if not self.known and not len(self.values) and not pa.types.is_dictionary(column.type):
            self.closed = self.closed or len(column.unique()) > MANY
        if self.closed:
            self.whole = False
            return pa.array(np.full(len(column), OTHER, dtype=np.uint16))
        null = pa.scalar(None if self._default is None else self._default, pa.string())
        if pa.types.is_dictionary(column.type):
            texts = column.dictionary.cast(pa.string())
            indices = column.indices
            if indices.null_count and null.is_valid:
                indices = indices.fill_null(len(texts))
                texts = pa.concat_arrays([texts, pa.array([null.as_py()], pa.string())])
            if not texts.equals(self._last[0]):
                self._last = texts, self._codes_of(texts)
            codes = self._last[1].take(indices)
        else:
            texts = column.cast(pa.string())
            texts = texts.fill_null(null) if texts.null_count and null.is_valid else texts
            codes = self._codes_of(texts)
        self.seen[codes.drop_null().to_numpy(zero_copy_only=False)] = True
        self.whole &= codes.null_count == 0 and not self.seen[OTHER]
        return codes

    def _codes_of(self, texts: pa.Array) -> pa.Array:
        found = pc.index_in(texts, value_set=self.values)
        room = MOST - len(self.values)
        if room and found.null_count > texts.null_count:
            missing = texts.filter(pc.and_(found.is_null(), texts.is_valid())).unique()
            new = missing.filter(pc.less_equal(pc.binary_length(missing), LONGEST))[:room]
            if len(new):
                self.values = pa.concat_arrays([self.values, new])
                found = pc.index_in(texts, value_set=self.values)
        codes = found.cast(pa.uint16()).fill_null(OTHER)
        return pc.if_else(texts.is_valid(), codes, None) if texts.null_count else codes


class Codes:
    """The codes of one server's columns, kept in its database; what a transaction adds holds with it."""

    def __init__(self, session: Session, tables: Iterable[str]) -> None:
        """`tables` are those that there are; the codes of others are forgotten, here and nowhere else."""
        self._session = session
        self._values: dict[tuple[str, str], pa.Array] = {}
        self._new: dict[tuple[str, str], pa.Array] = {}
        self._shut: set[tuple[str, str]] = set()  # columns that this transaction closes
        session.execute(f'CREATE TABLE IF NOT EXISTS {CODES} (physical VARCHAR, "column" VARCHAR, code USMALLINT, '
                        "value VARCHAR)")  # fmt: skip
        session.execute(f'CREATE TABLE IF NOT EXISTS {HELD} (physical VARCHAR, "column" VARCHAR, segment UINTEGER, '
                        "code USMALLINT)")  # fmt: skip
        session.execute(f"DELETE FROM {CODES} WHERE NOT list_contains(?, physical)", [list(tables)])
        sql = f'SELECT physical, "column" FROM {CODES} WHERE code = {OTHER}'
        self._closed = {(physical, column) for physical, column in session.execute(sql).rows()}
        sql = f'SELECT physical, "column", list(value ORDER BY code) FROM {CODES} WHERE code < {OTHER} GROUP BY ALL'
        for physical, column, values in session.execute(sql).rows():
            self._values[physical, column] = pa.array(values, pa.string())

    def of_column(self, physical: str, column: str, loaded: str) -> ColumnCodes | None:
        """`loaded` names the table of the segments that there are. None where no value has a code."""
        if (physical, column) not in self._values:
            return None
        known = self._values.get((physical, column), NONE)
        which = f'physical = {literal(physical)} AND "column" = {literal(column)}'
        values = f"(SELECT code, value FROM {CODES} WHERE {which})"
        distinct = distinct_values(physical, column, which, loaded)
        return ColumnCodes(partial(self._found, physical, column), values, distinct, len(known), OTHER)

    def _found(self, physical: str, column: str, values: Sequence[str]) -> list[int] | None:
        known = self._values.get((physical, column), NONE)
        if len(values) == 1:
            place = pc.index(known, pa.scalar(values[0], pa.string())).as_py()
            return [place] if place >= 0 else None
        places = pc.index_in(pa.array(values, pa.string()), value_set=known)
        return None if places.null_count else places.to_pylist()

    def growing(self, physical: str, column: str, default: str | None) -> Growing:
        known = self._new.get((physical, column), self._values.get((physical, column), NONE))
        return Growing(known, default, (physical, column) in self._closed | self._shut)

    def keep(self, physical: str, segment: int, columns: Mapping[str, Growing]) -> None:
        """Write what a segment added, and which values it has, within the transaction that loads it."""
        for column, growing in columns.items():
            if growing.closed and (physical, column) not in self._closed:
                self._write(CODES, physical, column, code=pa.array([OTHER], pa.uint16()), value=pa.array([""]))
                self._shut.add((physical, column))
            new = len(growing.values) - growing.known
            if new:
                self._new[physical, column] = growing.values
                codes = pa.array(np.arange(growing.known, len(growing.values), dtype=np.uint16))
                self._write(CODES, physical, column, code=codes, value=growing.values[growing.known :])
            places = np.flatnonzero(growing.seen).astype(np.uint16)
            if growing.whole and len(places) <= NOTED:
                held = pa.array(places)
                numbers = pa.array(np.full(len(held), segment, dtype=np.uint32))
                self._write(HELD, physical, column, segment=numbers, code=held)

    def _write(self, table: str, physical: str, column: str, **arrays: pa.Array) -> None:
        self._session.register("$new", pa.table(arrays))
        try:
            self._session.execute(f'INSERT INTO {table} SELECT ?, ?, * FROM "$new"', [physical, column])
        finally:
            self._session.unregister("$new")

    def forget(self, physical: str, segment: int | None = None) -> None:
        """Forget which values a segment has, or all of a table's; the codes stay."""
        which = "" if segment is None else f" AND segment = {segment}"
        self._session.execute(f"DELETE FROM {HELD} WHERE physical = ?{which}", [physical])

    def committed(self) -> None:
        self._values |= self._new
        self._closed |= self._shut
        self.rolled_back()

    def rolled_back(self) -> None:
        self._new.clear()
        self._shut.clear()


def distinct_values(physical: str, column: str, which: str, loaded: str) -> str:
    """A relation of the values that the rows of a table have, each at least once: those that its segments noted when
    they were loaded, and of segments that did not note them the rows themselves."""
    table, name = quoted(physical), quoted(column)
    noted = f"SELECT segment FROM {HELD} WHERE {which}"
    others = f"SELECT id FROM {loaded} WHERE physical = {literal(physical)} AND id NOT IN ({noted})"
    return (
        f"(SELECT value AS {name} FROM {CODES} WHERE {which} AND code IN (SELECT code FROM {HELD} WHERE {which}) "
        f'UNION ALL SELECT {name} FROM {table} WHERE "$segment" IN ({others}))'
    )


def with_codes(rows: Rows, columns: Mapping[str, Growing]) -> Rows:
    """The rows with a code column for each of `columns`."""
    schema = rows.reader.schema
    places = {name: schema.get_field_index(name) for name in columns}
    for name in columns:
        schema = schema.append(pa.field(code_column(name), pa.uint16()))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.reader:
            codes = [growing.codes(batch.column(places[name])) for name, growing in columns.items()]
            yield pa.RecordBatch.from_arrays([*batch.columns, *codes], schema=schema)

    return Rows(pa.RecordBatchReader.from_batches(schema, batches()), rows.types, rows.whole)
