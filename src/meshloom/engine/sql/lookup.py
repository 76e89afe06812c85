"""`lookUp('dimension', 'column', 'key', value, …)`: a column of the dimension table's row of that primary key
(LookupTransformFunction). Of several rows of a key the newest counts, as a REFRESH leaves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from meshloom.engine.errors import QUERY_EXECUTION, QUERY_VALIDATION, PinotError
from meshloom.engine.sql.relation import ColumnInfo, Relation
from meshloom.engine.sql.scope import default_literal
from meshloom.engine.sql.typed import Typed

USAGE = "lookUp('dimension table', 'column', 'key column', value[, 'key column', value …])"
NEWEST = '"$segment"::BIGINT * 4294967296 + "$doc"'  # grows with every row


def lookup(
    arguments: Sequence[exp.Expr],
    find: Callable[[str], Relation | None],
    translate: Callable[[exp.Expr], Typed],
    nulls: bool,
) -> Typed:
    """Raises PinotError: 700 when the call is not of the form, 200 when the table is no dimension table, has no such
    column, or another primary key."""
    if len(arguments) < 4 or len(arguments) % 2:
        raise PinotError(QUERY_VALIDATION, f"lookUp wants an even number of at least 4 arguments: {USAGE}")
    names = [_text(arguments[place]) for place in (0, 1, *range(2, len(arguments), 2))]
    values = [translate(arguments[place]) for place in range(3, len(arguments), 2)]
    table, column, keys = names[0], names[1], names[2:]
    relation = find(table)
    if relation is None or not relation.config.is_dimension_table:
        raise PinotError(QUERY_EXECUTION, f"Dimension table does not exist: {table}")
    info = relation.columns.get(column)
    if info is None:
        raise PinotError(QUERY_EXECUTION, f"Column does not exist in dimension table: {table}:{column}")
    if keys != list(relation.schema.primary_key):
        wanted = ", ".join(relation.schema.primary_key)
        raise PinotError(QUERY_EXECUTION, f"lookUp in {table} goes by its primary key ({wanted}), not by {keys}")
    if any(value.array for value in values):
        raise PinotError(QUERY_VALIDATION, "lookUp takes no multi-value column as a key")
    return _found(relation, info, keys, values, nulls)


def _found(relation: Relation, info: ColumnInfo, keys: Sequence[str], values: Sequence[Typed], nulls: bool) -> Typed:
    # Inside, columns have names that the expressions of the query around cannot mean.
    made = [f'{_quoted(relation.columns[key].physical or key)} AS "$key{n}"' for n, key in enumerate(keys)]
    made += [f'{_quoted(info.physical or info.name)} AS "$value"', f'{NEWEST} AS "$newest"']
    tests = [
        f'"$key{n}" = {value.cast(relation.columns[key].stored_type).sql}'
        for n, (key, value) in enumerate(zip(keys, values, strict=True))
    ]
    rows = f"(SELECT {', '.join(made)} FROM {relation.source})"
    sql = f'(SELECT max_by("$value", "$newest") FROM {rows} AS "$dimension" WHERE {" AND ".join(tests)})'
    type_ = info.stored_type + ("" if info.single_value else "_ARRAY")
    if nulls:
        return Typed(sql, type_)
    default = default_literal(info)
    return Typed(f"coalesce({sql}, {default if info.single_value else f'[{default}]'})", type_)


def _text(node: exp.Expr) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise PinotError(QUERY_VALIDATION, f"lookUp names table and columns by texts: {USAGE}")
    return str(node.this)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
