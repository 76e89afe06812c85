"""Whole records through Python: what `complexTypeConfig` and `schemaConformingTransformerConfig` need.

Everything else of the pipeline runs over columns. Here a record is the object that a JSON file would hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

import pyarrow as pa

from meshloom.engine.errors import RestError
from meshloom.engine.ingest.arguments import as_json
from meshloom.engine.ingest.expressions import Record
from meshloom.engine.ingest.readers import RECORD, Source, literal, quoted
from meshloom.engine.ingest.signatures import OBJECT
from meshloom.engine.sql.functions import provide
from meshloom.engine.sql.functions.java_maps import written
from meshloom.engine.sql.typed import Typed
from meshloom.infra.compute import Session

ROWS = 10_000
Reshape = Callable[[dict[str, Any]], list[dict[str, Any]]]


def reshaped(
    session: Session, record: Record, where: str, reshape: Reshape, names: Collection[str] | None, lenient: bool
) -> Source:
    """The source that `reshape` makes of each record for which `where` holds.

    `names` are the columns wanted, None keeps whole records for another reshape. With `lenient` a record that cannot
    be reshaped is left out, else it is RestError 400.
    """
    base, made = _base(record.source), _object({name: _value(value) for name, value in record.made.items()})
    sql = f"SELECT {base} AS base, {made if record.made else 'NULL'} AS made FROM {record.source.relation}{where}"
    provide(sql, session, session, lenient=lenient)
    separator = record.source.separator
    columns: dict[str, list[str | None]] = {name: [] for name in (names if names is not None else [RECORD])}
    for batch in session.each(session.batches(sql, ROWS)):
        for text, more in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            fields = json.loads(text)
            if separator:
                fields = {name: _split(value, separator) for name, value in fields.items()}
            if more is not None:
                fields |= json.loads(more)
            try:
                found = reshape(fields)
            except (ValueError, TypeError, RecursionError) as error:
                if lenient:
                    continue
                raise RestError(400, f"Caught exception while transforming complex types: {error}") from error
            _collect(columns, found, whole=names is None)
    table = pa.table({name: pa.array(values, pa.string()) for name, values in (columns or {"$none": []}).items()})
    session.register("$reshaped", table)
    listed = ", ".join(f"CAST({quoted(name)} AS JSON) AS {quoted(name)}" for name in table.column_names)
    relation = f'(SELECT {listed} FROM "$reshaped")'
    return Source(relation, "record" if names is None else "json", dict.fromkeys(columns, "JSON"))


def _collect(columns: dict[str, list[str | None]], found: list[dict[str, Any]], *, whole: bool) -> None:
    for one in found:
        if whole:
            columns[RECORD].append(written(one))
            continue
        for name, values in columns.items():
            value = one.get(name)
            values.append(None if value is None else written(value))


def _split(value: Any, separator: str) -> Any:
    if isinstance(value, str) and separator in value:
        return [one for one in value.split(separator) if one]
    return value


def _base(source: Source) -> str:
    if source.kind == "record":
        return quoted(RECORD)
    return _object({name: _typed(name, type_) for name, type_ in source.types.items()})


def _object(values: dict[str, str]) -> str:
    pairs = ", ".join(f"{literal(name)}, {value}" for name, value in values.items())
    return f"json_object({pairs})"


def _typed(name: str, type_: str) -> str:
    """A column as a value that JSON has, in a form from which its column type can be made again."""
    if type_ == "BLOB":
        return f"lower(hex({quoted(name)}))"
    if type_.startswith(("DECIMAL", "HUGEINT", "UHUGEINT", "TIMESTAMP", "DATE")) and not type_.endswith("]"):
        return f"CAST({quoted(name)} AS VARCHAR)"
    return f"to_json({quoted(name)})" if type_.endswith("]") or "(" in type_ else quoted(name)


def _value(value: Typed) -> str:
    if value.type == OBJECT:
        return f"CAST({as_json(value)} AS JSON)"
    return value.cast("STRING").sql if value.type in ("BYTES", "TIMESTAMP", "BIG_DECIMAL") else value.sql
