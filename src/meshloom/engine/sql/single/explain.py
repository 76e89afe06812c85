"""EXPLAIN PLAN FOR a single-stage query: the operators that Pinot would use (`toExplainString` of each), told
from the table's configured indexes. DuckDB has a plan of its own; this one is what users compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from meshloom.engine.config.table import TableConfig
from meshloom.engine.sql.canonical import text_of
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.result_names import predicate
from meshloom.engine.sql.typed import literal_sql

COLUMNS = (
    OutputColumn("Operator", "STRING"),
    OutputColumn("Operator_Id", "INT"),
    OutputColumn("Parent_Id", "INT"),
)


@dataclass(slots=True)
class Operator:
    """One operator and what it reads from."""

    text: str
    inputs: list[Operator] = field(default_factory=list)


def explained(select: exp.Select, relation: Relation, limit: int, generation: int) -> Compiled:
    """The plan as an answer's rows."""
    top, combine, inner = _operators(select, relation, limit)
    rows = [(top, 1, 0), (combine, 2, 1), ("PLAN_START(numSegmentsForThisPlan:1)", -1, -1), *_numbered(inner, 2)]
    values = ", ".join(f"({literal_sql(text)}, {number}, {parent})" for text, number, parent in rows)
    sql = f"SELECT * FROM (VALUES {values}) AS plan"
    return Compiled(sql, COLUMNS, (relation.name,), generation)


def _numbered(operator: Operator, parent: int) -> Iterator[tuple[str, int, int]]:
    """Depth first for the numbers of operators with one input; siblings follow each other."""
    number = parent
    level = [(operator, parent)]
    while level:
        following = []
        for one, above in level:
            number += 1
            yield one.text, number, above
            following += [(child, number) for child in one.inputs]
        level = following


def _operators(select: exp.Select, relation: Relation, limit: int) -> tuple[str, str, Operator]:
    items = [item.unalias() for item in _items(select, relation)]
    group = select.args.get("group")
    order = select.args.get("order")
    aggregates = [call for item in items for call in _aggregates(item)]
    below = _documents(select, relation)
    if aggregates and group:
        keys = [text_of(node) for node in group.expressions]
        told = f"GROUP_BY(groupKeys:{', '.join(keys)}, aggregations:{', '.join(map(_told, aggregates))})"
        read = [*group.expressions, *_arguments(aggregates)]
        return _reduce(select, limit), "COMBINE_GROUP_BY", Operator(told, [_projected(read, below)])
    if aggregates:
        if all(_told(call) == "count(*)" for call in aggregates):
            if select.args.get("where") is None:
                return _reduce(select, limit), "COMBINE_AGGREGATE", Operator("AGGREGATE_NO_SCAN")
            return _reduce(select, limit), "COMBINE_AGGREGATE", Operator("FAST_FILTERED_COUNT", below.inputs)
        told = f"AGGREGATE(aggregations:{', '.join(map(_told, aggregates))})"
        return _reduce(select, limit), "COMBINE_AGGREGATE", Operator(told, [_projected(_arguments(aggregates), below)])
    names = ", ".join(text_of(item) for item in items)
    if select.args.get("distinct") or group:
        return (
            _reduce(select, limit),
            "COMBINE_DISTINCT",
            Operator(f"DISTINCT(keyColumns:{names})", [_projected(items, below)]),
        )
    kind = "SELECT_ORDERBY" if order else "SELECT"
    read = [*items, *(ordered.this for ordered in order.expressions)] if order else items
    return _reduce(select, limit), f"COMBINE_{kind}", Operator(f"{kind}(selectList:{names})", [_projected(read, below)])


def _items(select: exp.Select, relation: Relation) -> Iterator[exp.Expr]:
    for item in select.expressions:
        if isinstance(item, exp.Star):
            yield from (exp.column(exp.to_identifier(name, quoted=True)) for name in sorted(relation.columns))
        else:
            yield item


def _aggregates(item: exp.Expr) -> list[exp.Anonymous]:
    return [call for call in item.find_all(exp.Anonymous) if find_aggregate(call.name) is not None]


def _told(call: exp.Anonymous) -> str:
    found = find_aggregate(call.name)
    assert found is not None
    if found.name == "count" and not call.name.lower().endswith("mv"):
        return "count(*)"
    name = found.name + ("MV" if call.name.lower().endswith("mv") else "")
    return f"{name}({', '.join(text_of(argument) for argument in call.expressions)})"


def _arguments(calls: Sequence[exp.Anonymous]) -> list[exp.Expr]:
    return [
        call.expressions[0]
        for call in calls
        if call.expressions and not isinstance(call.expressions[0], exp.Star) and _told(call) != "count(*)"
    ]


def _projected(expressions: Sequence[exp.Expr], below: Operator) -> Operator:
    """PROJECT of the columns, under a TRANSFORM when something is computed from them."""
    columns = list(dict.fromkeys(column.name for node in expressions for column in node.find_all(exp.Column)))
    project = Operator(f"PROJECT({', '.join(columns)})", [below])
    computed = [text_of(node) for node in expressions if not isinstance(node, exp.Column)]
    if not computed:
        return project
    return Operator(f"TRANSFORM({', '.join(dict.fromkeys(text_of(node) for node in expressions))})", [project])


def _reduce(select: exp.Select, limit: int) -> str:
    parts = []
    having, order = select.args.get("having"), select.args.get("order")
    if having is not None:
        parts.append(f"havingFilter:{predicate(having.this)}")
    if order is not None:
        keys = [f"{text_of(key.this)} {'DESC' if key.args.get('desc') else 'ASC'}" for key in order.expressions]
        parts.append(f"sort:[{','.join(keys)}]")
    return f"BROKER_REDUCE({','.join([*parts, f'limit:{limit}'])})"


# --- the filter


def _documents(select: exp.Select, relation: Relation) -> Operator:
    where = select.args.get("where")
    if where is None:
        return Operator("DOC_ID_SET", [Operator(f"FILTER_MATCH_ENTIRE_SEGMENT(docs:{relation.rows})")])
    return Operator("DOC_ID_SET", [_filter(where.this, Indexes.of(relation.config))])


@dataclass(frozen=True, slots=True)
class Indexes:
    """The columns of a table by kind of index."""

    sorted: frozenset[str]
    inverted: frozenset[str]
    range: frozenset[str]

    @classmethod
    def of(cls, config: TableConfig) -> Indexes:
        fields = config.document.get("fieldConfigList") or ()
        kinds = {
            str(one.get("name")): {
                str(kind).lower() for kind in (one.get("indexTypes") or [one.get("indexType")]) if kind
            }
            | {kind.lower() for kind in (one.get("indexes") or {})}
            for one in fields
        }

        def named(key: str, kind: str) -> frozenset[str]:
            listed = {str(name) for name in config.indexing.get(key) or ()}
            return frozenset(listed | {name for name, found in kinds.items() if kind in found})

        sorted_ = frozenset({config.sorted_column} - {""})
        return cls(sorted_, named("invertedIndexColumns", "inverted"), named("rangeIndexColumns", "range"))


def _filter(node: exp.Expr, indexes: Indexes) -> Operator:
    node = node.unnest()
    if isinstance(node, exp.And | exp.Or):
        word = "AND" if isinstance(node, exp.And) else "OR"
        return Operator(f"FILTER_{word}", [_filter(part, indexes) for part in node.flatten()])
    if isinstance(node, exp.Not) and not isinstance(node.this.unnest(), exp.In | exp.Is):
        return Operator("FILTER_NOT", [_filter(node.this, indexes)])
    kind, column, text = _kind(node), _column(node), predicate(node)
    if kind == "JSON_MATCH":
        return Operator(f"FILTER_JSON_INDEX(indexLookUp:json_index,operator:{kind},predicate:{text})")
    if kind == "TEXT_MATCH":
        return Operator(f"FILTER_TEXT_INDEX(indexLookUp:text_index,operator:{kind},predicate:{text})")
    if not column:
        return Operator(f"FILTER_EXPRESSION(operator:{kind},predicate:{text})")
    if column in indexes.sorted:
        return Operator(f"FILTER_SORTED_INDEX(indexLookUp:sorted_index,operator:{kind},predicate:{text})")
    if kind == "RANGE" and column in indexes.range:
        return Operator(f"FILTER_RANGE_INDEX(indexLookUp:range_index,operator:{kind},predicate:{text})")
    if kind != "RANGE" and column in indexes.inverted:
        return Operator(f"FILTER_INVERTED_INDEX(indexLookUp:inverted_index,operator:{kind},predicate:{text})")
    return Operator(f"FILTER_FULL_SCAN(operator:{kind},predicate:{text})")


def _kind(node: exp.Expr) -> str:
    match node:
        case exp.EQ():
            return "EQ"
        case exp.NEQ():
            return "NOT_EQ"
        case exp.In():
            return "IN"
        case exp.Not():
            return "NOT_IN" if isinstance(node.this.unnest(), exp.In) else "IS_NOT_NULL"
        case exp.Is():
            return "IS_NULL"
        case exp.GT() | exp.GTE() | exp.LT() | exp.LTE() | exp.Between():
            return "RANGE"
        case exp.Anonymous():
            name = node.name.lower().replace("_", "")
            known = {"jsonmatch": "JSON_MATCH", "textmatch": "TEXT_MATCH", "regexplike": "REGEXP_LIKE"}
            return known.get(name, "EQ")
    return "REGEXP_LIKE" if isinstance(node, exp.Like) else "EQ"


def _column(node: exp.Expr) -> str:
    """The column on the predicate's left; "" when something is computed there."""
    inner = node.this.unnest() if isinstance(node, exp.Not) else node
    left = inner.expressions[0] if isinstance(inner, exp.Anonymous) else inner.this
    return left.name if isinstance(left, exp.Column) else ""
