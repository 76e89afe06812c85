"""A query as its plan needs it: select list, keys, aggregations with their filters, orders, aliases replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from meshloom.engine.sql.canonical import DISTINCT, text_of
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.registry import key
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.result_names import PAIRS, WHOLE
from meshloom.engine.sql.single.aggregations import OVER_VALUES

OF_SEVERAL = {**dict.fromkeys(PAIRS, 2), **dict.fromkeys(WHOLE, None), "firstwithtime": 2, "lastwithtime": 2}


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`name` is the canonical one in lower case, `told` the one that plans show; `inputs` are its expressions."""

    name: str
    told: str
    inputs: tuple[exp.Expr, ...]
    filter: exp.Expr | None = None

    @property
    def text(self) -> str:
        if self.told == "count":
            return "count(*)"
        return f"{self.told}({', '.join(map(text_of, self.inputs))})"

    @property
    def column(self) -> str:
        """The column that it aggregates; "" where something is computed."""
        return self.inputs[0].name if len(self.inputs) == 1 and isinstance(self.inputs[0], exp.Column) else ""


@dataclass(frozen=True, slots=True)
class Ordering:
    node: exp.Expr
    descending: bool
    nulls: str  # as written, "" when it is not

    @property
    def text(self) -> str:
        return f"{text_of(self.node)} {'DESC' if self.descending else 'ASC'}{self.nulls}"


@dataclass(frozen=True, slots=True)
class Asked:
    items: tuple[exp.Expr, ...]
    keys: tuple[exp.Expr, ...]
    orders: tuple[Ordering, ...]
    having: exp.Expr | None
    aggregations: tuple[Aggregation, ...]
    distinct: bool
    limit: int
    offset: int

    @property
    def selection(self) -> bool:
        return not self.aggregations and not self.distinct


def asked(select: exp.Select, relation: Relation, limit: int, offset: int) -> Asked:
    """Raises PinotError as the query itself would where a call is none."""
    items = tuple(_items(select, relation))
    aliases = {node.alias: node.this for node in select.expressions if isinstance(node, exp.Alias)}

    def resolved(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Literal) and not node.is_string and 1 <= int(node.name) <= len(items):
            return items[int(node.name) - 1]
        changed: exp.Expr = node.transform(
            lambda part: aliases[part.name] if isinstance(part, exp.Column) and part.name in aliases else part
        )
        return changed

    group, order = select.args.get("group"), select.args.get("order")
    having = select.args.get("having")
    keys = tuple(resolved(node) for node in group.expressions) if group is not None else ()
    orders = tuple(_orders(order, resolved)) if order is not None else ()
    having = resolved(having.this) if having is not None else None
    read = [*items, *(one.node for one in orders), *([having] if having is not None else [])]
    aggregations = tuple(dict.fromkeys(call for node in read for call in _aggregations(node, relation)))
    distinct = bool(select.args.get("distinct")) or (bool(keys) and not aggregations)
    return Asked(items, keys, orders, having, aggregations, distinct, limit, offset)


def _items(select: exp.Select, relation: Relation) -> Iterator[exp.Expr]:
    for item in select.expressions:
        if isinstance(item, exp.Star):
            yield from (exp.column(exp.to_identifier(name, quoted=True)) for name in sorted(relation.columns))
        else:
            yield item.unalias()


def _orders(order: exp.Order, resolved: Callable[[exp.Expr], exp.Expr]) -> Iterator[Ordering]:
    for node in order.expressions:
        descending, first = bool(node.args.get("desc")), node.args.get("nulls_first")
        default = descending if first is None else bool(first)
        nulls = "" if default == descending else f" NULLS {'FIRST' if default else 'LAST'}"
        yield Ordering(resolved(node.this), descending, nulls)


def _aggregations(node: exp.Expr, relation: Relation) -> Iterator[Aggregation]:
    """The calls in an expression, outermost first; what stands in FILTER belongs to its aggregation."""
    if isinstance(node, exp.Filter):
        yield from (_aggregation(node.this, relation, node.expression.this),)
    elif isinstance(node, exp.Anonymous) and find_aggregate(node.name) is not None:
        yield _aggregation(node, relation, None)
    else:
        for part in node.iter_expressions():
            yield from _aggregations(part, relation)


def _aggregation(node: exp.Expr, relation: Relation, where: exp.Expr | None) -> Aggregation:
    assert isinstance(node, exp.Anonymous)
    name, arguments = key(node.name), list(node.expressions)
    if arguments and isinstance(arguments[0], exp.Distinct):
        name, arguments = DISTINCT.get(name, name), list(arguments[0].expressions)
    found = find_aggregate(name)
    several = name.endswith("mv")
    told = found.name if found is not None else name
    if name == "count":
        return Aggregation(name, "count", (), where)
    most = OF_SEVERAL.get(name.removesuffix("mv"), 1)
    inputs = [one for one in arguments[:most] if not isinstance(one, exp.Star)]
    if inputs and isinstance(inputs[0], exp.Column) and not several:
        info = next((c for n, c in relation.columns.items() if n.lower() == inputs[0].name.lower()), None)
        several = info is not None and not info.single_value and name in OVER_VALUES
    return Aggregation(name, told + ("MV" if several else ""), tuple(inputs), where)
