"""From a query's tree to its plan, clause by clause, in the shapes that Pinot's planner makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.errors import TABLE_DOES_NOT_EXIST, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.multi.explain import joins
from meshloom.engine.sql.multi.explain.plan import Plan, aggregated, exchange, filtered, ordered, project, scan
from meshloom.engine.sql.multi.explain.rex import Field, Fields, place, rex, untold
from meshloom.engine.sql.multi.grouping import is_aggregation
from meshloom.engine.sql.relation import Relations
from meshloom.engine.sql.translate import inner_query

SETS: dict[type[exp.Expr], str] = {exp.Union: "Union", exp.Intersect: "Intersect", exp.Except: "Minus"}


class Planner:
    """Raises PinotError 700 from its methods for what no plan is told of."""

    def __init__(self, relations: Relations, nulls: bool) -> None:
        self.relations, self.nulls = relations, nulls
        self.withs: dict[str, exp.Query] = {}

    def query(self, node: exp.Query) -> Plan:
        for cte in node.args["with_"].expressions if node.args.get("with_") is not None else ():
            self.withs[cte.alias.lower()] = inner_query(cte.this)
        if isinstance(node, exp.Subquery):
            return self.query(inner_query(node))
        if isinstance(node, exp.Select):
            return self._select(node)
        if isinstance(node, exp.SetOperation):
            return self._set(node)
        raise untold(node)

    def _set(self, node: exp.SetOperation) -> Plan:
        sides = [self.query(inner_query(side)) for side in (node.this, node.expression)]
        sent = tuple(exchange(side, range(len(side.fields))) for side in sides)
        name = SETS[type(node)]
        every = "false" if node.args.get("distinct") and name != "Union" else "true"
        plan = Plan(f"Logical{name}(all=[{every}])", sides[0].fields, sent, f"SET_{name.upper()}")
        if name == "Union" and node.args.get("distinct"):
            plan = aggregated(plan, range(len(plan.fields)), (), plan.fields)
        return self._tail(node, plan, [])

    def source(self, node: exp.Expr) -> Plan:
        """What stands in FROM, its fields under its alias."""
        if isinstance(node, exp.Table) and not node.args.get("joins"):
            alias = node.alias_or_name
            if node.name.lower() in self.withs:
                return _named(self.query(self.withs[node.name.lower()]), alias)
            relation = self.relations.find(node.name)
            if relation is None:
                raise PinotError(TABLE_DOES_NOT_EXIST, f"TableDoesNotExistError: Object '{node.name}' not found")
            types = {name: info.stored_type for name, info in relation.columns.items()}
            return scan(relation.name, list(relation.columns), types, alias)
        if isinstance(node, exp.Subquery):
            return _named(self.query(inner_query(node)), node.alias)
        raise untold(node)

    def _select(self, node: exp.Select) -> Plan:
        if node.find(exp.Window, exp.Unnest, exp.Lateral, exp.Exists) or _scalar_query(node):
            raise untold(node)
        where = node.args.get("where")
        conditions = list(where.this.flatten()) if where and isinstance(where.this, exp.And) else []
        conditions = conditions or ([where.this] if where else [])
        plan, conditions = joins.source(self, node, conditions)
        plain = [c for c in conditions if not _in_query(c)]
        if plain:
            texts = [rex(condition, plan.fields) for condition in plain]
            plan = filtered(plan, texts[0] if len(texts) == 1 else f"AND({', '.join(texts)})")
        for condition in conditions:
            if _in_query(condition):
                plan = joins.semi_join(self, plan, condition)
        items = _items(node, plan.fields)
        fields, shown = [Field(_title(item, n)) for n, item in enumerate(items)], [item.unalias() for item in items]
        group, having = node.args.get("group"), node.args.get("having")
        if group or having or any(_calls(item) for item in items):
            plan, shown = self._grouped(node, plan, items)
        plan = project(plan, fields, [rex(item, plan.fields) for item in shown])
        if node.args.get("distinct"):
            columns = plan.stage == "PROJECT" and bool(plan.origins)
            inner, keys = (plan.inputs[0], plan.origins) if columns else (plan, range(len(plan.fields)))
            places = sorted(set(keys))
            plan = aggregated(inner, places, (), [inner.fields[place] for place in places])
            plan = project(plan, fields, [f"${places.index(key)}" for key in keys])
        return self._tail(node, plan, items)

    def _grouped(self, node: exp.Select, plan: Plan, items: Sequence[exp.Expr]) -> tuple[Plan, list[exp.Expr]]:
        """The aggregation, and the items as they stand above it."""
        group, having = node.args.get("group"), node.args.get("having")
        if group is not None and any(group.args.get(kind) for kind in ("rollup", "cube", "grouping_sets")):
            raise untold(group)
        keys = [_resolved(key, items) for key in group.expressions] if group is not None else []
        order = node.args.get("order")
        read = [*items, *([having.this] if having else []), *(order.expressions if order else [])]
        calls = list({call.sql(): call for item in read for call in _calls(item)}.values())
        needed = [*keys, *(argument for call in calls for argument in _arguments(call))]
        below = plan.fields
        if not all(isinstance(part.unnest(), exp.Column) for part in needed):
            texts = list(dict.fromkeys(rex(part, below) for part in needed))
            made = [Field(_source(text, below) or f"$f{n}") for n, text in enumerate(texts)]
            plan = project(plan, made, texts)
            spots = {text: n for n, text in enumerate(texts)}
        else:
            spots = {text: int(text[1:]) for text in (rex(part, below) for part in needed)}
        keys = sorted({rex(key, below): key for key in keys}.values(), key=lambda key: spots[rex(key, below)])
        listed = [(_name(call), _spots(call, below, spots, self.nulls)) for call in calls]
        above = [Field(f"$f{n}") for n in range(len(keys) + len(calls))]
        plan = aggregated(plan, [spots[rex(key, below)] for key in keys], listed, above)
        told = {rex(key, below): n for n, key in enumerate(keys)}
        told |= {call.sql(): len(keys) + n for n, call in enumerate(calls)}
        raised = [_raised(item.unalias(), told, below) for item in items]
        if having is not None:
            plan = filtered(plan, rex(_raised(having.this, told, below), plan.fields))
        return plan, raised

    def _tail(self, node: exp.Query, plan: Plan, items: Sequence[exp.Expr]) -> Plan:
        order, limit, offset = (node.args.get(clause) for clause in ("order", "limit", "offset"))
        if order is None and limit is None and offset is None:
            return plan
        texts, keys = [item.unalias().sql() for item in items], []
        for one in order.expressions if order is not None else ():
            by = one.this
            if isinstance(by, exp.Literal) and not by.is_string:
                number = int(by.this) - 1
            elif by.sql() in texts:
                number = texts.index(by.sql())
            elif isinstance(by, exp.Column):
                number = place(exp.column(by.this), plan.fields)
            else:
                raise untold(one)
            keys.append((number, bool(one.args.get("desc"))))
        skipped = whole(offset.expression, "OFFSET") if offset is not None else None
        return ordered(plan, keys, skipped, whole(limit.expression, "LIMIT") if limit is not None else None)


def _named(plan: Plan, alias: str) -> Plan:
    return replace(plan, fields=tuple(replace(field, alias=alias) for field in plan.fields))


def _in_query(node: exp.Expr) -> bool:
    return isinstance(node.unnest(), exp.In) and node.unnest().args.get("query") is not None


def _scalar_query(node: exp.Select) -> bool:
    """Whether an expression of the SELECT holds a query in place of a value."""
    parts = [*node.expressions, *(node.args[c] for c in ("where", "having", "order", "group") if node.args.get(c))]
    return any(not isinstance(query.parent, exp.In) for part in parts for query in part.find_all(exp.Subquery))


def _items(node: exp.Select, fields: Fields) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    for item in node.expressions:
        if not item.is_star:
            found.append(item)
            continue
        table = item.table if isinstance(item, exp.Column) else ""
        for field in fields:
            if not field.name.startswith("$") and table.lower() in ("", field.alias.lower()):
                found.append(exp.column(exp.to_identifier(field.name, quoted=True), field.alias or None))
    return found


def _title(item: exp.Expr, number: int) -> str:
    return item.alias_or_name if isinstance(item, exp.Alias | exp.Column) else f"EXPR${number}"


def _source(text: str, fields: Fields) -> str:
    return fields[int(text[1:])].name if text.startswith("$") and text[1:].isdigit() else ""


def _resolved(key: exp.Expr, items: Sequence[exp.Expr]) -> exp.Expr:
    """A key of GROUP BY: an ordinal or an alias is the item's expression."""
    if isinstance(key, exp.Literal) and not key.is_string:
        return items[int(key.this) - 1].unalias()
    if isinstance(key, exp.Column) and not key.table:
        aliased = (item for item in items if isinstance(item, exp.Alias) and item.alias.lower() == key.name.lower())
        return next((item.this for item in aliased), key)
    return key


def _calls(item: exp.Expr) -> list[exp.Expr]:
    """The aggregations of an expression. Raises PinotError 700 for one with a FILTER or WITHIN GROUP."""
    if is_aggregation(item):
        if not isinstance(item, exp.Anonymous):
            raise untold(item)
        return [item]
    return [call for part in item.iter_expressions() for call in _calls(part)]


def _arguments(call: exp.Expr) -> list[exp.Expr]:
    parts = call.expressions[0].expressions if _distinct(call) else call.expressions
    return [part for part in parts if not isinstance(part, exp.Star | exp.Literal)]


def _distinct(call: exp.Expr) -> bool:
    return bool(call.expressions) and isinstance(call.expressions[0], exp.Distinct)


def _name(call: exp.Expr) -> str:
    found = find_aggregate(call.name)
    assert found is not None
    name = found.name.upper() + ("MV" if call.name.lower().endswith("mv") else "")
    return f"DISTINCT{name}" if _distinct(call) else name


def _spots(call: exp.Expr, fields: Fields, spots: dict[str, int], nulls: bool) -> list[int]:
    """COUNT of what is never null reads nothing."""
    if call.name.lower() == "count" and not nulls and not _distinct(call):
        return []
    return [spots[rex(argument, fields)] for argument in _arguments(call)]


def _raised(item: exp.Expr, told: dict[str, int], below: Fields) -> exp.Expr:
    """An expression over the aggregation's rows: keys and calls are read at their places there."""
    number = told.get(item.sql())
    if number is None and not is_aggregation(item) and not isinstance(item, exp.Literal) and not _calls(item):
        number = told.get(rex(item, below))
    if number is not None:
        return exp.column(exp.to_identifier(f"${number}", quoted=True))
    copy = item.copy()
    for part in list(copy.iter_expressions()):
        part.replace(_raised(part, told, below))
    return copy
