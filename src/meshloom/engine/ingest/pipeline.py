"""The record pipeline in Pinot's fixed order, as one DuckDB query over a whole file (RecordTransformerUtils).

Enrichers before complex types, complex types, enrichers, expressions (`transformConfigs`), filter, schema conforming,
data types, time check, special values, nulls, sanitising. Defaults for nulls are put in when a segment is loaded, so
that a changed default value takes effect at a reload.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.types import DataType
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.ingest import times
from meshloom.engine.ingest.arguments import fitted, objected
from meshloom.engine.ingest.complex_types import ComplexTypes
from meshloom.engine.ingest.conforming import Conforming
from meshloom.engine.ingest.expressions import Record, arguments, value
from meshloom.engine.ingest.object_functions import is_true
from meshloom.engine.ingest.readers import Source, quoted
from meshloom.engine.ingest.records import reshaped
from meshloom.engine.ingest.signatures import OBJECT
from meshloom.engine.ingest.values import given, misfit, stored
from meshloom.engine.sql.casts import once
from meshloom.engine.sql.typed import Typed
from meshloom.infra.compute import Session

WIDE_NEEDED = "$wide:"
RESHAPING = ("complexTypeConfig", "schemaConformingTransformerConfig")  # an empty one counts


def transforms_of(schema: Schema, config: TableConfig) -> dict[str, str]:
    """Destination to function text: of the table config, else of the schema's field."""
    found = {
        str(entry["columnName"]): str(entry["transformFunction"])
        for entry in config.ingestion.get("transformConfigs") or ()
    }
    for field in schema.fields.values():
        if field.transform and field.name not in found:
            found[field.name] = field.transform
    return found


def filter_of(config: TableConfig) -> str:
    return str((config.ingestion.get("filterConfig") or {}).get("filterFunction") or "")


def enrichers_of(config: TableConfig, *, before: bool) -> Iterable[tuple[str, str]]:
    """Column and function of each `generateColumn`; `before` asks for those before complex types."""
    for entry in config.ingestion.get("enrichmentConfigs") or ():
        if bool(entry.get("preComplexTypeTransform", False)) == before:
            functions = (entry.get("properties") or {}).get("fieldToFunctionMap") or {}
            yield from ((str(name), str(text)) for name, text in functions.items())


def wanted(schema: Schema, config: TableConfig) -> list[str]:
    """Every column that the pipeline may read after complex types."""
    names = dict.fromkeys(field.name for field in schema.fields.values() if not field.virtual)
    texts = [*transforms_of(schema, config).values(), *filter(None, [filter_of(config)])]
    texts += [text for before in (True, False) for _, text in enrichers_of(config, before=before)]
    for text in texts:
        names.update(dict.fromkeys(arguments(text)))
    return list(names)


def texts(schema: Schema, config: TableConfig) -> list[str]:
    """Columns that may be read as text: of one value, which no function reads or makes. None where what fails becomes
    null, since an error has to tell what was no text."""
    if goes_on(config) or whole(config):
        return []
    made = transforms_of(schema, config)
    functions = [*made.values(), *filter(None, [filter_of(config)])]
    pairs = [pair for before in (True, False) for pair in enrichers_of(config, before=before)]
    used = {*made, *(name for name, _ in pairs)}
    used |= {name for text in (*functions, *(text for _, text in pairs)) for name in arguments(text)}
    return [
        field.name
        for field in schema.fields.values()
        if field.single_value and field.data_type not in (DataType.JSON, DataType.MAP) and field.name not in used
    ]


def whole(config: TableConfig) -> bool:
    """Whether the pipeline needs every field of a record, not only those with a name in the schema."""
    return any(config.ingestion.get(key) is not None for key in RESHAPING)


def goes_on(config: TableConfig) -> bool:
    """Whether what does not fit becomes null (`continueOnError`), where otherwise the file is refused."""
    return bool(config.ingestion.get("continueOnError"))


@dataclass(frozen=True, slots=True)
class Rows:
    """A file's records behind the filter, before their data types; `where` is the filter, unless it was applied."""

    record: Record
    where: str = ""


def prepared(session: Session, schema: Schema, config: TableConfig, source: Source) -> Rows:
    """The pipeline up to the schema conforming step. Raises RestError 400."""
    lenient = goes_on(config)
    complex_types, conforming = (config.ingestion.get(key) for key in RESHAPING)
    try:
        record = _enriched(Record(source, schema, {}), config, before=True)
        if complex_types is not None:
            names = None if conforming is not None else wanted(schema, config)
            flat = reshaped(session, record, "", ComplexTypes(complex_types, lenient), names, lenient)
            record = Record(flat, schema, {})
        record = _enriched(record, config, before=False)
        record = _transformed(record, transforms_of(schema, config), lenient)
        condition = filter_of(config)
        record = record.read(arguments(condition)) if condition else record
        where = _filtered(record, condition, lenient)
        if conforming is None:
            return Rows(record, where)
        fitting = Conforming(conforming, schema)
        names = [field.name for field in schema.fields.values() if not field.virtual]
        return Rows(Record(reshaped(session, record, where, fitting, names, lenient), schema, {}))
    except PinotError as error:
        raise RestError(400, error.what) from error


@dataclass(frozen=True, slots=True)
class Column:
    """What makes a column of a segment: `text` over the records, in which `shared` stands as the column `once`, where
    that is a long expression that `text` names several times. `own` says that it reads nothing of a record but the
    column of its own name."""

    name: str
    text: str
    own: bool = False
    once: str = ""
    shared: str = ""

    def query(self, relation: str) -> str:
        """Its values alone."""
        inner = f"(SELECT *, {self.shared} AS {quoted(self.once)} FROM {relation})" if self.once else relation
        return f"SELECT {self.text} AS {quoted(self.name)} FROM {inner}"


def columns(config: TableConfig, rows: Rows, wide: Collection[str] = ()) -> list[Column]:
    """A segment's columns, in the schema's order.

    The BIG_DECIMAL columns of `wide` become text. A value that does not fit another one ends the query with an error
    that says `WIDE_NEEDED` and the column. Raises RestError 400 when an expression has no translation.
    """
    lenient = goes_on(config)
    record = rows.record
    found: list[Column] = []
    for field in record.schema.fields.values():
        if field.virtual:
            continue
        made = record.made.get(field.name)
        value = given(record.source, field, lenient=lenient) if made is None else fitted(made, field)
        name = shared = ""
        if made is None and record.source.json:
            name, shared = f"$once{len(found)}", value.sql
            value = replace(value, sql=quoted(name))
        kind = field.duckdb.replace(field.data_type.duckdb, "VARCHAR") if field.name in wide else field.duckdb
        text = f"CAST({stored(value, field, field.name in wide, lenient=lenient)} AS {kind})"
        text = f"TRY({text})" if lenient else text
        if field.name == config.time_column:
            checked = bool(config.ingestion.get("rowTimeValueCheck"))
            text = times.in_time(text, field, lenient=lenient) if checked else text
            text = text if config.keeps_nulls or record.schema.column_based_nulls else times.filled(text, field)
        if field.name not in wide and (test := misfit(value, field)):
            marker = (WIDE_NEEDED + field.name).replace("'", "''")
            text = f"CASE WHEN {test} THEN error('{marker}') ELSE {text} END"
        found.append(Column(field.name, text, made is None, name, shared))
    return found


def query(config: TableConfig, rows: Rows, wide: Collection[str] = ()) -> str:
    """The SELECT that makes a segment's rows, its columns as the schema's and sorted as the table's. See `columns`."""
    made = columns(config, rows, wide)
    record = rows.record
    order = f" ORDER BY {quoted(config.sorted_column)}" if config.sorted_column in record.schema.fields else ""
    return f"SELECT {', '.join(f'{c.text} AS {quoted(c.name)}' for c in made)} FROM {relation(rows, made)}{order}"


def relation(rows: Rows, made: Iterable[Column]) -> str:
    """The records behind the filter, with what `made` shares."""
    found = f"{rows.record.source.relation}{rows.where}"
    shared = [f"{column.shared} AS {quoted(column.once)}" for column in made if column.once]
    return f"(SELECT *, {', '.join(shared)} FROM {found})" if shared else found


def _enriched(record: Record, config: TableConfig, *, before: bool) -> Record:
    """`generateColumn` puts a value in any case, also in place of one that the record has."""
    for name, text in enrichers_of(config, before=before):
        record = record.read(arguments(text))
        record = record.having(name, value(text, record))
    return record


def _transformed(record: Record, functions: Mapping[str, str], lenient: bool) -> Record:
    for name in _ordered(functions):
        text = functions[name]
        record = record.read([*arguments(text), name])
        made = value(text, record, lenient)
        if name in record.source.types or name in record.made or record.source.kind == "record":
            # A record that has a value for the destination keeps it (ExpressionTransformer).
            own = record.column(name)
            made = _kept(own, made)
        record = record.having(name, made)
    return record


def _kept(own: Typed, made: Typed) -> Typed:
    """A record's own value, else the made one; also in place of a list or map where that is another kind of thing
    (ExpressionTransformer.isTypeCompatible)."""
    if own.type == made.type and own.type != OBJECT:
        return Typed(f"(CASE WHEN {own.sql} IS NOT NULL THEN {own.sql} ELSE {made.sql} END)", own.type)
    new = objected(made).sql
    if own.type != OBJECT:
        own = objected(own)
        return Typed(f"(CASE WHEN {own.sql} IS NOT NULL THEN {own.sql} ELSE {new} END)", OBJECT)

    def chosen(old: str) -> str:
        alike = f"(v$[1] = {old}[1] OR {old}[1] = '[' AND v$[1:2] IN ('@a', '@b'))"
        other = f"list_transform([{new}], lambda v$: CASE WHEN v$ IS NULL OR {alike} THEN {old} ELSE v$ END)[1]"
        return f"(CASE WHEN {old} IS NULL THEN {new} WHEN {old}[1] IN ('[', '{{') THEN {other} ELSE {old} END)"

    return Typed(once(own.sql, chosen), OBJECT)


def _ordered(functions: Mapping[str, str]) -> Iterable[str]:
    """Destinations, each behind those that it reads. Raises RestError 400 for a circle."""
    done: dict[str, None] = {}
    doing: set[str] = set()

    def visit(name: str) -> None:
        if name in done:
            return
        if name in doing:
            raise RestError(
                400, f"Expression cycle found for column '{name}' in Ingestion Transform Function definitions."
            )
        doing.add(name)
        for argument in arguments(functions[name]):
            if argument in functions and argument != name:
                visit(argument)
        done[name] = None

    for name in functions:
        visit(name)
    return done


def _filtered(record: Record, text: str, lenient: bool) -> str:
    """A record for which the function is true is dropped."""
    if not text:
        return ""
    found = value(text, record, lenient)
    return f" WHERE NOT {is_true(found)}"
