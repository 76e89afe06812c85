"""A query as its plan needs it (QueryContext): select list, filter, keys, aggregations with their filters, orders;
aliases and ordinals replaced, constants computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.dialect import NULLS_TOLD
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.relation import ColumnInfo, Relation
from meshloom.engine.sql.result_names import PAIRS, WHOLE
from meshloom.engine.sql.single.aggregations import OVER_VALUES
from meshloom.engine.sql.single.explain.arithmetic import rewritten
from meshloom.engine.sql.single.explain.condition import Condition, condition_of
from meshloom.engine.sql.single.explain.expression import Call, Column, Expression, Reader
from meshloom.engine.sql.single.explain.optimizing import compared, optimized, strings
from meshloom.engine.sql.statement import Statement

OF_SEVERAL = {**dict.fromkeys(PAIRS, 2), **dict.fromkeys(WHOLE, None), "firstwithtime": 2, "lastwithtime": 2}
FUNNEL = ("steps", "correlateby")
TOLD = {"booland": "boolAnd", "boolor": "boolOr"}


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`name` is the canonical one in lower case, `told` the one that plans show; `inputs` are its expressions, `more`
    its other arguments."""

    name: str
    told: str
    inputs: tuple[Expression, ...]
    filter: Condition | None = None
    more: tuple[Expression, ...] = ()

    def __str__(self) -> str:
        return f"{self.told}({', '.join(map(str, self.inputs)) or '*'})"

    @property
    def column(self) -> str:
        """The column that it aggregates; "" where something is computed."""
        first = self.inputs[0] if len(self.inputs) == 1 else None
        return first.name if isinstance(first, Column) else ""


@dataclass(frozen=True, slots=True)
class Ordering:
    expression: Expression
    descending: bool
    nulls_last: bool | None  # as written

    def __str__(self) -> str:
        """OrderByExpressionContext.toString."""
        nulls = "" if self.nulls_last is None else f" NULLS {'LAST' if self.nulls_last else 'FIRST'}"
        return f"{self.expression} {'DESC' if self.descending else 'ASC'}{nulls}"


@dataclass(frozen=True, slots=True)
class Asked:
    items: tuple[Expression, ...]
    filter: Condition | None
    keys: tuple[Expression, ...]
    orders: tuple[Ordering, ...]
    having: Condition | None
    aggregations: tuple[Aggregation, ...]
    distinct: bool
    limit: int
    offset: int

    @property
    def selection(self) -> bool:
        return not self.aggregations and not self.distinct


def asked(
    statement: Statement, select: exp.Select, relation: Relation, folded: Callable[[exp.Expr], exp.Expr],
    limit: int, offset: int,
) -> Asked:  # fmt: skip
    """`folded` computes constants. Raises PinotError as the query itself would where a call is none."""
    reader = Reader({name.lower(): name for name in relation.columns})
    columns = relation.columns
    items = tuple(over_values(one, columns) for one in _items(select, relation, reader, folded))
    aliases = {n.alias: reader.read(folded(n.this)) for n in select.expressions if isinstance(n, exp.Alias)}

    def read(node: exp.Expr) -> Expression:
        if isinstance(node, exp.Literal) and not node.is_string and 1 <= int(node.name) <= len(items):
            return items[int(node.name) - 1]
        return over_values(_resolved(reader.read(folded(node)), aliases), columns)

    group, order = select.args.get("group"), select.args.get("order")
    where, having = select.args.get("where"), select.args.get("having")
    filter_ = None
    if where is not None:
        filter_ = condition_of(optimized(compared(reader.read(folded(where.this))), columns))
    keys = tuple(read(node) for node in group.expressions) if group is not None else ()
    orders = tuple(_orders(order, read)) if order is not None else ()
    held = None
    if having is not None:
        resolved = _resolved(reader.read(folded(having.this)), aliases)
        held = condition_of(strings(compared(over_values(resolved, columns)), columns))
    aggregations = tuple(_all(items, held, orders, statement.null_handling))
    distinct = bool(select.args.get("distinct")) or (bool(keys) and not aggregations)
    if distinct and not limit:
        raise PinotError(QUERY_VALIDATION, "DISTINCT must have positive LIMIT")
    return Asked(items, filter_, keys, orders, held, aggregations, distinct, limit, offset)


def over_values(expression: Expression, columns: Mapping[str, ColumnInfo]) -> Expression:
    """With the aggregations of multi-value columns by their own names (handleAggFunctionMVOverride)."""
    if not isinstance(expression, Call):
        return expression
    if expression.name not in OVER_VALUES:
        return Call(expression.name, tuple(over_values(one, columns) for one in expression.arguments))
    first = expression.arguments[0] if expression.arguments else None
    info = columns.get(first.name) if isinstance(first, Column) else None
    return expression if info is None or info.single_value else Call(f"{expression.name}mv", expression.arguments)


def _resolved(expression: Expression, aliases: Mapping[str, Expression]) -> Expression:
    if isinstance(expression, Column):
        return aliases.get(expression.name, expression)
    if isinstance(expression, Call):
        return Call(expression.name, tuple(_resolved(one, aliases) for one in expression.arguments))
    return expression


def _items(
    select: exp.Select, relation: Relation, reader: Reader, folded: Callable[[exp.Expr], exp.Expr]
) -> Iterator[Expression]:
    for item in select.expressions:
        if isinstance(item, exp.Star):
            yield from (Column(name) for name in sorted(relation.columns) if name[0] != "$")
        else:
            read = reader.read(folded(item.unalias()))
            yield read if isinstance(item, exp.Alias) else rewritten(read)


def _orders(order: exp.Order, read: Callable[[exp.Expr], Expression]) -> Iterator[Ordering]:
    """What is ordered by again tells nothing (the first one stands)."""
    seen = set()
    for node in order.expressions:
        expression, first = read(node.this), node.args.get("nulls_first")
        if expression not in seen:
            seen.add(expression)
            told = node.meta.get(NULLS_TOLD)
            yield Ordering(expression, bool(node.args.get("desc")), not first if told else None)


# --- aggregations


def _all(
    items: tuple[Expression, ...], having: Condition | None, orders: tuple[Ordering, ...], nulls: bool
) -> Iterator[Aggregation]:
    """Those of the select list each time, then others of HAVING and ORDER BY (generateAggregationFunctions)."""
    known = set()
    for item in items:
        for call, filter_ in _aggregations(item):
            known.add((call, filter_))
            yield aggregation(call, nulls, filter_)
    behind = [one.left for part in [having] if part is not None for one in part.everywhere()]
    for expression in [*behind, *(one.expression for one in orders)]:
        for call, filter_ in _aggregations(expression):
            if (call, filter_) not in known:
                yield aggregation(call, nulls, filter_)
                known.add((call, filter_))


def _aggregations(expression: Expression) -> Iterator[tuple[Call, Condition | None]]:
    if not isinstance(expression, Call):
        return
    if find_aggregate(expression.name) is not None:
        yield expression, None
    elif expression.name == "filter":
        call, condition = expression.arguments
        assert isinstance(call, Call)
        yield call, condition_of(condition)
    else:
        for argument in expression.arguments:
            yield from _aggregations(argument)


def aggregation(call: Call, nulls: bool, filter_: Condition | None = None) -> Aggregation:
    found = find_aggregate(call.name)
    told = TOLD.get(call.name, found.name if found is not None else call.name)
    arguments = call.arguments
    if call.name == "count":
        counted = tuple(one for one in arguments if isinstance(one, Column | Call) and one != Column("*"))
        return Aggregation("count", "count", counted if nulls else (), filter_)
    if call.name == "funnelcount":
        steps, by = ([a for c in arguments if isinstance(c, Call) and c.name == n for a in c.arguments] for n in FUNNEL)
        return Aggregation(call.name, told, (*by, *steps), filter_)
    most = OF_SEVERAL.get(call.name.removesuffix("mv"), 1)
    inputs = arguments if most is None else arguments[:most]
    several = "MV" if call.name.endswith("mv") else ""
    return Aggregation(call.name, told + several, inputs, filter_, arguments[len(inputs) :])
