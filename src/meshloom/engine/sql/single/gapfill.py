"""GAPFILL: rows for the times at which a series has none (GapfillProcessor). A query over buckets of time is asked
first; each series that TIMESERIESON tells apart then gets a row in every bucket from start to end.

The forms: a plain or grouping query with GAPFILL in its list, over a table or a query, and queries over such a one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from meshloom.engine.config.types import DataType
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.functions import find_scalar
from meshloom.engine.sql.functions.time_formats import converted, step_of
from meshloom.engine.sql.nodes import found, inner_query
from meshloom.engine.sql.relation import ColumnInfo, Relation
from meshloom.engine.sql.typed import Typed, duckdb_type, literal_sql

MILLIS, FINEST = "1:MILLISECONDS:EPOCH", "1:MILLISECONDS"
MOST_BUCKETS = 1_000_000
USAGE = "GAPFILL(time, 'format', 'start', 'end', 'granularity', FILL(column, 'how')…, TIMESERIESON(column, …))"
Rows = tuple[str, tuple[OutputColumn, ...]]
Ask = Callable[[exp.Select, Relation], Compiled]


def is_gapfill(tree: exp.Expr) -> bool:
    """Whether a query has GAPFILL anywhere."""
    return any(call.name.lower() == "gapfill" for call in found(tree, exp.Anonymous))


@dataclass(frozen=True, slots=True)
class Gaps:
    """What one call asks for. `place` is its column's; times in milliseconds since 1970; `fills` are columns in lower
    case and FILL_PREVIOUS_VALUE or FILL_DEFAULT_VALUE; `series` are the columns that tell the series apart."""

    place: int
    format: str
    start: int
    end: int
    step: int
    fills: dict[str, str]
    series: tuple[str, ...]


def compile_gapfill(select: exp.Select, ask: Ask, table: Callable[[exp.Select], Relation]) -> Compiled:
    """`ask` compiles one query over one relation, `table` finds that of a query over a table.

    Raises PinotError 700 for a call that is not of the form, naming what is wrong in it.
    """
    from_ = select.args.get("from_")
    if from_ is not None and isinstance(from_.this, exp.Subquery):
        inner = inner_query(from_.this)
        if not isinstance(inner, exp.Select):
            raise PinotError(QUERY_VALIDATION, "GAPFILL reads a table or one SELECT")
        below = compile_gapfill(inner, ask, table)
        relation = _relation(below, table(_innermost(inner)))
    else:
        relation = table(select)
    call = next(((n, i.unalias()) for n, i in enumerate(select.expressions) if is_gapfill(i)), None)
    if call is None:
        return ask(select, relation)
    place, node = call
    if not isinstance(node, exp.Anonymous) or node.name.lower() != "gapfill":
        raise PinotError(QUERY_VALIDATION, f"GAPFILL stands alone in the select list: {USAGE}")
    gaps, base = _gaps(place, node), _without(select, place, node)
    compiled = ask(base, relation)
    sql = _filled(compiled, gaps) + _tail(select)
    return Compiled(sql, compiled.columns, compiled.tables, compiled.generation, compiled.aggregates, compiled.group_by)


def _innermost(select: exp.Select) -> exp.Select:
    from_ = select.args.get("from_")
    inner = inner_query(from_.this) if from_ is not None and isinstance(from_.this, exp.Subquery) else None
    return _innermost(inner) if isinstance(inner, exp.Select) else select


def _relation(below: Compiled, table: Relation) -> Relation:
    """A query's rows as a table that another one reads."""
    names = [f'"c{n}" AS "{column.name.replace(chr(34), chr(34) * 2)}"' for n, column in enumerate(below.columns)]
    extra = int(below.counted) + below.ties
    listed = ", ".join([*(f'"c{n}"' for n in range(len(below.columns))), *(f'"x{n}"' for n in range(extra))])
    numbered = ', 0 AS "$segment", CAST(row_number() OVER () AS INTEGER) AS "$doc"'
    source = f'(SELECT {", ".join(names)}{numbered} FROM ({below.sql}) AS "$inner"({listed}))'
    columns = {
        column.name: ColumnInfo(
            column.name, DataType(column.type.removesuffix("_ARRAY")), not column.type.endswith("_ARRAY"),
            physical=column.name,
        )
        for column in below.columns
    }  # fmt: skip
    return Relation(table.name, table.schema, table.config, columns, source, generation=below.generation, segments=2)


def _gaps(place: int, call: exp.Anonymous) -> Gaps:
    if len(call.expressions) < 5:
        raise PinotError(QUERY_VALIDATION, f"PreAggregateGapFill does not have correct number of arguments: {USAGE}")
    texts = [_text(part) for part in call.expressions[1:5]]
    fills: dict[str, str] = {}
    series: tuple[str, ...] = ()
    for part in call.expressions[5:]:
        name = part.name.upper() if isinstance(part, exp.Anonymous) else ""
        if name == "FILL" and len(part.expressions) == 2:
            fills[part.expressions[0].name.lower()] = _text(part.expressions[1]).upper()
        elif name == "TIMESERIESON":
            series = tuple(column.name for column in part.expressions)
        else:
            raise PinotError(QUERY_VALIDATION, f"GAPFILL does not take {part.sql(dialect='pinot')}: {USAGE}")
    if not series:
        raise PinotError(QUERY_VALIDATION, f"There is no TimeSeriesOn expression in GAPFILL: {USAGE}")
    unknown = [how for how in fills.values() if how not in ("FILL_PREVIOUS_VALUE", "FILL_DEFAULT_VALUE")]
    if unknown:
        raise PinotError(QUERY_VALIDATION, f"FILL takes 'FILL_PREVIOUS_VALUE' or 'FILL_DEFAULT_VALUE', not {unknown}")
    try:
        step = step_of(texts[3])
        start, end = (int(converted(text, texts[0], MILLIS, FINEST)) for text in texts[1:3])
    except (ValueError, KeyError) as error:
        raise PinotError(QUERY_VALIDATION, f"GAPFILL's times cannot be read: {error}. {USAGE}") from error
    start, end = start // step * step, end // step * step
    if (end - start) // step > MOST_BUCKETS:
        raise PinotError(QUERY_VALIDATION, f"GAPFILL would make more than {MOST_BUCKETS:,} buckets of each series")
    return Gaps(place, texts[0], start, end, step, fills, series)


def _text(node: exp.Expr) -> str:
    if not isinstance(node, exp.Literal):
        raise PinotError(QUERY_VALIDATION, f"GAPFILL wants a literal in place of {node.sql(dialect='pinot')}: {USAGE}")
    return str(node.this)


def _without(select: exp.Select, place: int, call: exp.Anonymous) -> exp.Select:
    """The query with the call's first argument in its place, all rows of it."""
    base = select.copy()
    item = base.expressions[place]
    name = item.alias if isinstance(item, exp.Alias) else call.sql(dialect="pinot").lower()
    base.expressions[place].replace(exp.alias_(call.expressions[0].copy(), name, quoted=True))
    group = base.args.get("group")
    for key in group.expressions if group is not None else ():
        if key == call:
            key.replace(call.expressions[0].copy())
    for clause in ("order", "offset"):
        base.set(clause, None)
    return base.limit(2**31 - 1, copy=False)


def _tail(select: exp.Select) -> str:
    """ORDER BY of columns and LIMIT of the query around the gaps; in order of time when it asks for none."""
    order, limit, offset = (select.args.get(clause) for clause in ("order", "limit", "offset"))
    titles = [item.alias_or_name.lower() for item in select.expressions]
    keys = ['"$bucket"', '"$number"']
    if order is not None:
        keys = []
        for ordered in order.expressions:
            if ordered.this.name.lower() not in titles:
                raise PinotError(QUERY_VALIDATION, "ORDER BY of a GAPFILL query names columns of its list")
            place = titles.index(ordered.this.name.lower())
            keys.append(f'"c{place}" {"DESC" if ordered.args.get("desc") else "ASC"}')
    count = whole(limit.expression, "LIMIT") if limit is not None else 10
    text = f" ORDER BY {', '.join(keys)} LIMIT {count}"
    return text if offset is None else f"{text} OFFSET {whole(offset.expression, 'OFFSET')}"


def _filled(compiled: Compiled, gaps: Gaps) -> str:
    columns = compiled.columns
    lower = [column.name.lower() for column in columns]
    missing = [name for name in gaps.series if name.lower() not in lower]
    if missing:
        raise PinotError(QUERY_VALIDATION, f"TIMESERIESON names what is not selected: {', '.join(missing)}")
    keys = [lower.index(name.lower()) for name in gaps.series]
    extra = [f'"x{n}"' for n in range(int(compiled.counted) + compiled.ties)]
    header = ", ".join([*(f'"c{n}"' for n in range(len(columns))), *extra])
    millis = _converted(Typed(f'"c{gaps.place}"', columns[gaps.place].type), gaps.format, MILLIS)
    bucket = f"CAST(floor(({millis} - {gaps.start}) / {gaps.step}) AS BIGINT)"
    series = ", ".join(f'"c{n}"' for n in keys)
    same = " AND ".join(f'g."c{n}" IS NOT DISTINCT FROM r."c{n}"' for n in keys)
    size = (gaps.end - gaps.start) // gaps.step
    items = [_item(n, column, gaps, keys, lower[n]) for n, column in enumerate(columns)]
    return (
        f'WITH r AS (SELECT *, {bucket} AS "$bucket" FROM ({compiled.sql}) AS "$base"({header})), '
        f'kept AS (SELECT *, row_number() OVER () AS "$number" FROM r WHERE "$bucket" < {size}), '
        f"grid AS (SELECT * FROM (SELECT DISTINCT {series} FROM kept) AS s, "
        f'(SELECT unnest(range({size})) AS "$bucket") AS b), '
        f'gaps AS (SELECT g.* FROM grid AS g ANTI JOIN kept AS r ON g."$bucket" = r."$bucket" AND {same}), '
        f'every AS (SELECT *, true AS "$hit" FROM kept UNION ALL BY NAME SELECT *, false AS "$hit" FROM gaps) '
        f"SELECT {', '.join(f'{item} AS {quoted}' for item, quoted in items)} "
        f'FROM (SELECT *, {_previous(len(columns), series)} FROM every) AS e WHERE "$bucket" >= 0'
    )


def _previous(count: int, series: str) -> str:
    """Of each column its value in the last row before that there was."""
    over = f'OVER (PARTITION BY {series} ORDER BY "$bucket", "$number" ROWS UNBOUNDED PRECEDING)'
    return ", ".join(
        f'last_value(CASE WHEN "$hit" THEN "c{n}" END IGNORE NULLS) {over} AS "p{n}"' for n in range(count)
    )


def _item(number: int, column: OutputColumn, gaps: Gaps, keys: Sequence[int], name: str) -> tuple[str, str]:
    own, quoted = f'"c{number}"', f'"c{number}"'
    if number in keys:
        return own, quoted
    if number == gaps.place:
        started = Typed(f'CAST({gaps.start} + "$bucket" * {gaps.step} AS BIGINT)', "LONG")
        return f'CASE WHEN "$hit" THEN {own} ELSE {_converted(started, MILLIS, gaps.format, column.type)} END', quoted
    default = _default(column.type)
    filled = f'coalesce("p{number}", {default})' if gaps.fills.get(name) == "FILL_PREVIOUS_VALUE" else default
    return f'CASE WHEN "$hit" THEN {own} ELSE {filled} END', quoted


def _default(type_: str) -> str:
    """GapfillUtils.getDefaultValue: 0, "" or no values."""
    if type_.endswith("_ARRAY"):
        return f"CAST([] AS {duckdb_type(type_)})"
    if type_ in ("STRING", "JSON"):
        return "''"
    if type_ == "BYTES":
        return "''::BLOB"
    return "make_timestamp(0)" if type_ == "TIMESTAMP" else f"CAST(0 AS {duckdb_type(type_)})"


def _converted(value: Typed, given: str, wanted: str, type_: str = "LONG") -> str:
    """A time in another format."""
    if given == wanted or (value.type == "TIMESTAMP" and wanted == MILLIS):
        return value.cast(type_).sql
    if type_ == "TIMESTAMP":
        return value.cast(type_).sql
    convert = find_scalar("datetimeconvert")
    assert convert is not None
    texts = [Typed(literal_sql(text), "STRING", text) for text in (given, wanted, FINEST)]
    return convert.call([value, *texts]).cast(type_).sql
