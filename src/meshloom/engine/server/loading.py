"""A segment's rows into the server's table: read from Parquet, given their segment and document numbers, and for
an upsert table told apart into current and superseded ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

import pyarrow as pa

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.types import DataType
from meshloom.engine.ingest.values import default_value, narrow
from meshloom.engine.server.codes import PREFIX, Codes, code_column, coded_fields, with_codes
from meshloom.engine.server.segment_rows import ROW, quoted, rows_of
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions import STOPPING, named_in, provide
from meshloom.engine.sql.typed import cast_sql, wide_literal
from meshloom.engine.storage.catalog import Segment
from meshloom.infra.compute import ComputeError, Session

SEGMENT, DOC, SUPERSEDED_AT = '"$segment"', '"$doc"', '"$superseded_at"'
INCOMING = "$incoming"


def superseded_name(physical: str) -> str:
    return f"{physical}$superseded"


def create(session: Session, config: TableConfig, schema: Schema) -> None:
    """Make the empty tables of a physical table."""
    columns = ", ".join(f"{quoted(field.name)} {field.duckdb}" for field in schema.fields.values())
    codes = "".join(f", {quoted(code_column(field.name))} USMALLINT" for field in coded_fields(config, schema))
    session.execute(f"CREATE TABLE {quoted(config.name)} ({columns}, {SEGMENT} UINTEGER, {DOC} INTEGER{codes})")
    if config.upsert:
        session.execute(
            f"CREATE TABLE {quoted(superseded_name(config.name))} "
            f"({columns}, {SEGMENT} UINTEGER, {DOC} INTEGER, {SUPERSEDED_AT} BIGINT)"
        )


def lacking(session: Session, config: TableConfig, schema: Schema) -> list[FieldSpec]:
    """The columns that a physical table was built without, because its schema has them since then only."""
    sql = "SELECT column_name FROM duckdb_columns() WHERE table_name = ?"
    built = {name for (name,) in session.execute(sql, [config.name]).rows()}
    return [field for name, field in schema.fields.items() if name not in built]


def extended(table: str, fields: Iterable[FieldSpec], config: TableConfig, schema: Schema) -> str:
    """A physical table's rows with columns that it lacks, as text for FROM: what they hold after a reload."""
    values = [f"{absent(field, config, schema)} AS {quoted(field.name)}" for field in fields]
    return f"(SELECT {', '.join(['*', *values])} FROM {quoted(table)})" if values else quoted(table)


def absent(field: FieldSpec, config: TableConfig, schema: Schema) -> str:
    """What stands in a column of a row that was made before the schema had it."""
    if nullable(field, config, schema):
        return f"NULL::{field.duckdb}"
    return default_sql(field)


def _extend(session: Session, config: TableConfig, schema: Schema) -> None:
    """Give the physical table the columns that it lacks, so that a segment with them can be loaded."""
    for field in lacking(session, config, schema):
        column = f"{quoted(field.name)} {field.duckdb} DEFAULT {absent(field, config, schema)}"
        for table in [config.name, *([superseded_name(config.name)] if config.upsert else [])]:
            session.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {column}")


def wide_columns(session: Session, config: TableConfig, schema: Schema) -> frozenset[str]:
    """The BIG_DECIMAL columns that a physical table stores in the form of `decimals`, for values of any size."""
    types = session.execute("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?", [config.name])
    return frozenset(n for n, kind in types.rows() if kind in ("BLOB", "BLOB[]") and _decimal(schema.fields.get(n)))


def coded_columns(session: Session, config: TableConfig, schema: Schema) -> list[FieldSpec]:
    """The columns beside which a physical table has codes, whatever its config says by now."""
    columns = session.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [config.name]).rows()
    names = [name.removeprefix(PREFIX) for (name,) in columns if name.startswith(PREFIX)]
    return [schema.fields[name] for name in names if name in schema.fields]


def _decimal(field: FieldSpec | None) -> bool:
    return field is not None and field.data_type is DataType.BIG_DECIMAL


def widen(session: Session, config: TableConfig, schema: Schema, types: Mapping[str, str], owner: object) -> set[str]:
    """Give the BIG_DECIMAL columns whose incoming `types` may hold more than DECIMAL(38,10) the form for any size, and
    say which columns have it now."""
    wide = set(wide_columns(session, config, schema))
    for name, type_ in types.items():
        field = schema.fields.get(name)
        if field is None or not _decimal(field) or name in wide or narrow(type_.removesuffix("[]")):
            continue
        kind = "BLOB" if field.single_value else "BLOB[]"
        for table in [config.name, *([superseded_name(config.name)] if config.upsert else [])]:
            text = _wide(field)
            provide(text, owner, session)
            change = f"ALTER {quoted(name)} SET DATA TYPE {kind} USING {text}"
            with STOPPING.spared(named_in(text)):
                session.execute(f"ALTER TABLE {quoted(table)} {change}")
        wide.add(name)
    return wide


def _wide(field: FieldSpec) -> str:
    source = "STRING" if field.single_value else "STRING_ARRAY"
    text = f"CAST({quoted(field.name)} AS VARCHAR{'' if field.single_value else '[]'})"
    return cast_sql(text, source, WIDE if field.single_value else f"{WIDE}_ARRAY")


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """All or nothing; queries see it when it is done."""
    session.execute("BEGIN")
    try:
        yield
        session.execute("COMMIT")
    except BaseException:
        session.execute("ROLLBACK")
        raise


def load(
    session: Session,
    config: TableConfig,
    schema: Schema,
    segment: Segment,
    owner: object,
    codes: Codes,
    held: pa.Table | None = None,
) -> int:
    """Load one segment within the caller's transaction and return its number of rows. `owner` stands for the
    session's database, see `provide`; `held` has the segment's rows where they are in memory."""
    incoming = rows_of(segment, schema, held)
    _extend(session, config, schema)
    coded = {
        field.name: codes.growing(
            config.name, field.name, None if nullable(field, config, schema) else str(field.default_null_value)
        )
        for field in coded_columns(session, config, schema)
    }
    incoming = with_codes(incoming, coded)
    wide = widen(session, config, schema, incoming.types, owner)
    fields = list(schema.fields.values())
    names = ", ".join(quoted(field.name) for field in fields)
    keeps = {f.name: f.name in incoming.whole or nullable(f, config, schema) for f in fields}
    values = ", ".join(_stored(f, nullable=keeps[f.name], wide=f.name in wide) for f in fields)
    provide(values, owner, session)
    added = "".join(f", {quoted(code_column(name))}" for name in coded)
    rows = f"SELECT {values}, {segment.id}, {ROW}{added} FROM {quoted(INCOMING)}"
    with _incoming(session, incoming.reader), STOPPING.spared(named_in(values)):
        if config.upsert:
            _load_upsert(session, config, schema, rows)
        else:
            session.execute(f"INSERT INTO {quoted(config.name)} ({names}, {SEGMENT}, {DOC}{added}) {rows}")
    codes.keep(config.name, segment.id, coded)
    return segment.rows


@contextmanager
def _incoming(session: Session, reader: pa.RecordBatchReader) -> Iterator[None]:
    session.register(INCOMING, reader)
    try:
        yield
    except BaseException:
        with suppress(ComputeError):  # a broken transaction refuses it, and forgets the name when it is rolled back
            session.unregister(INCOMING)
        raise
    session.unregister(INCOMING)


def nullable(field: FieldSpec, config: TableConfig, schema: Schema) -> bool:
    """Whether nulls stay nulls: by column, as `notNull` says, where the schema decides so; else by table."""
    return not field.not_null if schema.column_based_nulls else bool(config.keeps_nulls)


def _stored(field: FieldSpec, *, nullable: bool, wide: bool) -> str:
    column = _wide(field) if wide else f"{quoted(field.name)}::{field.duckdb}"
    if nullable:
        return column
    return f"coalesce({column}, {default_sql(field, wide)})"


def default_sql(field: FieldSpec, wide: bool = False) -> str:
    """The stored form of a column's default null value."""
    text = wide_literal(str(field.default_null_value)) if wide else default_value(field)
    return text if field.single_value else f"[{text}]"


def _load_upsert(session: Session, config: TableConfig, schema: Schema, rows: str) -> None:
    """Pinot's FULL upsert: of each key the row with the greatest comparison value is current, the newest on a tie."""
    current, past = quoted(config.name), quoted(superseded_name(config.name))
    key = ", ".join(quoted(name) for name in schema.primary_key)
    deleted = str(config.upsert.get("deleteRecordColumn") or "")
    tombstone = f"coalesce({quoted(deleted)}, false)" if deleted else "false"
    if session.execute(f"SELECT count(*) = 0 FROM {current}").rows()[0][0]:
        # The usual first load: no key twice and nothing deleted, so that nothing has to be compared.
        session.execute(f"INSERT INTO {current} {rows}")
        clean = f"SELECT 1 FROM {current} GROUP BY {key} HAVING count(*) > 1 OR bool_or({tombstone}) LIMIT 1"
        if not session.execute(clean).rows():
            return
        session.execute(f'CREATE OR REPLACE TEMP TABLE "$stage" AS FROM {current}')
        session.execute(f"DELETE FROM {current}")
    else:
        session.execute(f'CREATE OR REPLACE TEMP TABLE "$stage" AS SELECT * FROM {current} LIMIT 0')
        session.execute(f'INSERT INTO "$stage" {rows}')
    column = comparison_column(config)
    comparison = quoted(column)
    if schema.fields[column].duckdb == "TIMESTAMP":
        comparison = f"epoch_us({comparison})"  # so that "$superseded_at" tells what `asOf` asks
    _settle(session, current, past, key, comparison, tombstone)


def _settle(session: Session, current: str, past: str, key: str, comparison: str, tombstone: str) -> None:
    """Put each staged row, and the current rows of the same keys, where it belongs now."""
    session.execute(f"""
        CREATE OR REPLACE TEMP TABLE "$merged" AS
        SELECT *, lead({comparison}) OVER (PARTITION BY {key} ORDER BY {comparison}, {SEGMENT}, {DOC}) AS "$next"
        FROM (FROM "$stage" UNION ALL SELECT * FROM {current} SEMI JOIN "$stage" USING ({key}))""")
    session.execute(f'DELETE FROM {current} WHERE ({SEGMENT}, {DOC}) IN (SELECT ({SEGMENT}, {DOC}) FROM "$merged")')
    session.execute(f"""
        INSERT INTO {current} SELECT * EXCLUDE ("$next") FROM "$merged" WHERE "$next" IS NULL AND NOT {tombstone}""")
    session.execute(f"""
        INSERT INTO {past} SELECT * EXCLUDE ("$next"), TRY_CAST(coalesce("$next", {comparison}) AS BIGINT)
        FROM "$merged" WHERE "$next" IS NOT NULL OR {tombstone}""")
    session.execute('DROP TABLE "$stage"; DROP TABLE "$merged"')


def comparison_column(config: TableConfig) -> str:
    """The column by which an upsert table tells newer from older; the time column unless it says otherwise."""
    columns = config.upsert.get("comparisonColumns") or ()
    return str(columns[0]) if columns else config.time_column
