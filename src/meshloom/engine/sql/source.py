"""Where a table's rows are read: current rows alone, all of them (`skipUpsert`), or those known at a time (`asOf`)."""

from __future__ import annotations

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.statement import Statement


def source_of(relation: Relation, statement: Statement) -> str:
    """DuckDB text for FROM. `asOf` counts microseconds since 1970. Raises PinotError 700 when it is no number, or
    the table has no column to compare it with."""
    as_of = statement.option("asOf")
    skip = statement.flag("skipUpsert")
    if not as_of and not (skip and relation.superseded):
        return relation.source
    names = ", ".join('"' + info.physical.replace('"', '""') + '"' for info in relation.columns.values())
    names += ', "$segment", "$doc"'
    past = relation.superseded
    if not as_of:
        return f"(SELECT {names} FROM {relation.source} UNION ALL SELECT {names} FROM {past})"
    if not as_of.lstrip("-").isdigit():
        raise PinotError(QUERY_VALIDATION, f"asOf counts microseconds since 1970; {as_of!r} is no number")
    if not relation.comparison_column:
        raise PinotError(QUERY_VALIDATION, f"asOf: table {relation.name} keeps no processing time")
    column = '"' + relation.comparison_column.replace('"', '""') + '"'
    known = f"epoch_us({column}) <= {int(as_of)}"
    current = f"SELECT {names} FROM {relation.source} WHERE {known}"
    if not past:
        return f"({current})"
    return f'({current} UNION ALL SELECT {names} FROM {past} WHERE {known} AND "$superseded_at" > {int(as_of)})'
