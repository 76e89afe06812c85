"""What the SQL front end is told of a physical table's columns."""

from __future__ import annotations

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.server import loading
from meshloom.engine.server.codes import Codes
from meshloom.engine.server.indexes import indexes_of, without_dictionary
from meshloom.engine.server.segment_rows import quoted
from meshloom.engine.sql.relation import ColumnInfo
from meshloom.infra.compute import Session


def columns_of(
    session: Session, config: TableConfig, schema: Schema, codes: Codes, loaded: str
) -> dict[str, ColumnInfo]:
    """By name, of the table as it is built. `loaded` names the table of the segments that there are."""
    wide = loading.wide_columns(session, config, schema)
    coded = {field.name for field in loading.coded_columns(session, config, schema)}
    raw = without_dictionary(config)
    added = loading.lacking(session, config, schema)

    def column(field: FieldSpec) -> ColumnInfo:
        nullable = loading.nullable(field, config, schema)
        nullable = nullable and (field in added or _has_null(session, config.name, field.name))
        return ColumnInfo(
            name=field.name,
            data_type=field.data_type,
            single_value=field.single_value,
            nullable=nullable,
            default=field.default_null_value,
            physical=field.name,
            indexes=indexes_of(config, field.name),
            dictionary=field.name not in raw,
            wide=field.name in wide,
            values=_of_values(field),
            codes=codes.of_column(config.name, field.name, loaded) if field.name in coded and not nullable else None,
        )

    return {field.name: column(field) for field in schema.fields.values() if not field.virtual}


def _has_null(session: Session, physical: str, column: str) -> bool:
    return bool(session.execute(f"SELECT 1 FROM {quoted(physical)} WHERE {quoted(column)} IS NULL LIMIT 1").rows())


def _of_values(field: FieldSpec) -> ColumnInfo | None:
    """What the values of a MAP are as a column."""
    found = field.values
    return None if found is None else ColumnInfo(found.name, found.data_type, default=found.default_null_value)
