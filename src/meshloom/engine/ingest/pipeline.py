"""The record pipeline in Pinot's fixed order, as one DuckDB query over a whole file.

Expression (`transformConfigs`), filter, data types, special values, nulls, sanitising. Defaults for nulls are put in
when a segment is loaded, so that a changed default value takes effect at a reload.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.ingest.readers import Source, quoted
from meshloom.engine.ingest.values import misfit, raw, stored
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.statement import parse
from meshloom.engine.sql.translate import Translator
from meshloom.engine.sql.typed import Typed


def expression(text: str) -> exp.Expr:
    """A transform function's tree. Raises PinotError 150 when it does not parse."""
    tree = parse(f"SELECT {text} FROM t").tree
    assert isinstance(tree, exp.Select)
    found: exp.Expr = tree.expressions[0]
    return found.this if isinstance(found, exp.Alias) else found


def arguments(tree: exp.Expr) -> list[str]:
    """The columns that an expression reads, each once."""
    return list(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))


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


@dataclass(frozen=True, slots=True)
class Record:
    """The columns of a record as the expressions see them: earlier transforms first, then the source's."""

    source: Source
    schema: Schema
    made: Mapping[str, Typed]

    def column(self, name: str, table: str = "") -> Typed:
        if name in self.made:
            return self.made[name]
        field = self.schema.fields.get(name)
        return raw(self.source, name, several=field is not None and not field.single_value)

    def subquery(self, query: exp.Query) -> tuple[str, tuple[OutputColumn, ...]]:
        raise PinotError(700, "An expression of a record holds no query")

    def table(self, name: str) -> Relation | None:
        return None


def wanted(schema: Schema, config: TableConfig) -> list[str]:
    """Every column of the source that the pipeline may read."""
    names = dict.fromkeys(field.name for field in schema.fields.values() if not field.virtual)
    texts = [*transforms_of(schema, config).values(), *filter(None, [filter_of(config)])]
    for text in texts:
        names.update(dict.fromkeys(arguments(expression(text))))
    return list(names)


WIDE_NEEDED = "$wide:"


def query(schema: Schema, config: TableConfig, source: Source, wide: Collection[str] = ()) -> str:
    """The SELECT that makes a segment's rows from a source, its columns as the schema's.

    The BIG_DECIMAL columns of `wide` become text. A value that does not fit another one ends the query with an error
    that says `WIDE_NEEDED` and the column. Raises RestError 400 when an expression has no translation.
    """
    lenient = bool(config.ingestion.get("continueOnError"))
    try:
        made = _transformed(schema, transforms_of(schema, config), source, lenient)
        record = Record(source, schema, made)
        columns = []
        for field in schema.fields.values():
            if field.virtual:
                continue
            value = record.column(field.name)
            kind = field.duckdb.replace(field.data_type.duckdb, "VARCHAR") if field.name in wide else field.duckdb
            text = f"CAST({stored(value, field, field.name in wide)} AS {kind})"
            text = f"TRY({text})" if lenient else text
            if field.name not in wide and (test := misfit(value, field)):
                marker = (WIDE_NEEDED + field.name).replace("'", "''")
                text = f"CASE WHEN {test} THEN error('{marker}') ELSE {text} END"
            columns.append(f"{text} AS {quoted(field.name)}")
        where = _filtered(record, filter_of(config), lenient)
    except PinotError as error:
        raise RestError(400, error.what) from error
    order = f" ORDER BY {quoted(config.sorted_column)}" if config.sorted_column in schema.fields else ""
    return f"SELECT {', '.join(columns)} FROM {source.relation}{where}{order}"


def _transformed(schema: Schema, functions: Mapping[str, str], source: Source, lenient: bool) -> dict[str, Typed]:
    made: dict[str, Typed] = {}
    for name in _ordered(functions):
        value = Translator(Record(source, schema, made), single=True, nulls=True).translate(expression(functions[name]))
        if lenient:
            value = Typed(f"TRY({value.sql})", value.type)
        if name in source.types:
            # A record that has a value for the destination keeps it (ExpressionTransformer).
            own = Record(source, schema, made).column(name)
            kept = value if own.type == value.type else value.cast(own.type)
            value = Typed(f"coalesce({own.sql}, {kept.sql})", own.type)
        made[name] = value
    return made


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
        for argument in arguments(expression(functions[name])):
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
    condition: Any = Translator(record, single=True, nulls=True).translate(expression(text)).cast("BOOLEAN").sql
    return f" WHERE NOT coalesce({f'TRY({condition})' if lenient else condition}, false)"
