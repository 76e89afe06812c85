"""Queries as operators: SELECT, set operations, WITH, VALUES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.casting import cast
from meshloom.engine.sql.multi.explain.expressions import Expressions
from meshloom.engine.sql.multi.explain.rel import Column, Project, Rel, SetOp, Values
from meshloom.engine.sql.multi.explain.rex import Literal, Order, Ref, Rex
from meshloom.engine.sql.multi.explain.scope import Correlations, Scope, untold
from meshloom.engine.sql.multi.explain.select import NOTHING, Select, order_key, tail
from meshloom.engine.sql.multi.explain.sources import Sources
from meshloom.engine.sql.multi.explain.types import SqlType, least_restrictive
from meshloom.engine.sql.nodes import inner_query
from meshloom.engine.sql.relation import Relations

SETS: dict[type[exp.Expr], str] = {exp.Union: "Union", exp.Intersect: "Intersect", exp.Except: "Minus"}
MOST = 200  # queries of one plan, WITH names counted as often as they are read


@dataclass(frozen=True, slots=True)
class With:
    """What a WITH name stands for; its own query sees the names before it."""

    query: exp.Query
    names: list[str]
    visible: dict[str, With]


class Queries:
    """`withs` are the WITH names in sight. Raises PinotError 700 from its methods for what no plan is told of."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.correlations = Correlations()
        self.withs: dict[str, With] = {}
        self.count = 0

    def query(self, node: exp.Query, outer: Scope | None = None, *, top: bool = False) -> Rel:
        """`top` is whether the query's rows are the answer, whose order counts."""
        self.count += isinstance(node, exp.Select)
        if self.count > MOST:
            raise untold(node, f"more than {MOST} queries in one plan")
        with_ = node.args.get("with_")
        before = self.withs
        try:
            for cte in with_.expressions if with_ is not None else ():
                names = [column.name for column in cte.args["alias"].args.get("columns") or ()]
                self.withs = {**self.withs, cte.alias.lower(): With(inner_query(cte.this), names, self.withs)}
            return self._body(node, outer, top)
        finally:
            self.withs = before

    def _body(self, node: exp.Query, outer: Scope | None, top: bool) -> Rel:
        if isinstance(node, exp.Subquery):
            return self.query(inner_query(node), outer, top=top)
        if isinstance(node, exp.Select):
            return Select(self, node, outer).convert(top)
        if isinstance(node, exp.SetOperation):
            return self._set(node, outer, top)
        if isinstance(node, exp.Values):
            return self.values(node, Scope(outer, self.correlations))
        raise untold(node)

    def sources(self, scope: Scope) -> Sources:
        return Sources(self, scope)

    def named(self, name: str) -> tuple[Rel, list[str]] | None:
        """The rows of a WITH name, and the names that it lists for its columns."""
        found = self.withs.get(name.lower())
        if found is None:
            return None
        before, self.withs = self.withs, found.visible
        try:
            return self.query(found.query), found.names
        finally:
            self.withs = before

    def _set(self, node: exp.SetOperation, outer: Scope | None, top: bool) -> Rel:
        sides = [self.query(inner_query(side), outer) for side in (node.this, node.expression)]
        kind = SETS[type(node)]
        if len(sides[0].columns) != len(sides[1].columns):
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column count mismatch in {kind.upper()}")
        types = [_common(a, b, node) for a, b in zip(sides[0].columns, sides[1].columns, strict=True)]
        both = tuple(_as_types(side, types) for side in sides)
        every = not node.args.get("distinct")
        merged = _merged(both, every) if kind == "Union" else None
        rel: Rel = merged or SetOp(both, kind, every)
        scope = Scope(None, self.correlations, row=rel.columns)
        scope.add("", rel.columns, 0)
        order = node.args.get("order")
        keys = [self._key(scope, key, rel) for key in (order.expressions if order is not None else ())]
        return tail(node, rel, keys, top)

    def _key(self, scope: Scope, key: exp.Expr, rel: Rel) -> Order:
        node = key.this
        if isinstance(node, exp.Literal) and not node.is_string:
            place = whole(node, "an ordinal") - 1
            if not 0 <= place < len(rel.columns):
                raise PinotError(QUERY_VALIDATION, "QueryValidationError: Ordinal out of range")
            return order_key(key, builder.ref(rel, place))
        found = Expressions(scope, lambda part: None).rex(node)
        if not isinstance(found, Ref):
            raise untold(node, "ORDER BY of a set operation by an expression")
        return order_key(key, found)

    def values(self, node: exp.Values, scope: Scope) -> Rel:
        """Constants are rows; anything else is computed over one row, for each row of the list
        (SqlToRelConverter.convertValuesImpl)."""
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        if len({len(row) for row in rows}) != 1:
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: Values must all have the same number of columns")
        sides = [self._row(row, scope) for row in rows]
        types = [
            least_restrictive([column.type for column in columns])
            for columns in zip(*(side.columns for side in sides), strict=True)
        ]
        if None in types:
            raise untold(node, "its rows have no common type")
        if all(isinstance(side, Values) for side in sides):
            sides = [_as_types(side, [type_ for type_ in types if type_ is not None]) for side in sides]
        if len(sides) == 1:
            return sides[0]
        return _merged(sides, True) or SetOp(tuple(sides), "Union", True)

    def _row(self, items: Sequence[exp.Expr], scope: Scope) -> Rel:
        if any(item.find(exp.Query) for item in items):
            raise untold(items[0], "a query in VALUES")
        expressions = Expressions(scope, lambda part: None)
        exprs = [expressions.rex(item) for item in items]
        return builder.project(NOTHING, exprs, [f"EXPR${number}" for number in range(len(exprs))])


def _common(a: Column, b: Column, node: exp.Expr) -> SqlType:
    found = least_restrictive([a.type, b.type])
    if found is None:
        raise untold(node, f"columns {a.name} and {b.name} have no common type")
    return found


def _as_types(rel: Rel, types: Sequence[SqlType]) -> Rel:
    """One side of a set operation with the types of both."""
    if all(column.type.alike(type_) for column, type_ in zip(rel.columns, types, strict=True)):
        return rel
    wanted = [type_.with_null(column.type.nullable) for column, type_ in zip(rel.columns, types, strict=True)]
    if isinstance(rel, Values):
        columns = tuple(Column(name, type_) for name, type_ in zip(rel.names, wanted, strict=True))
        rows = [[cast(type_, item) for item, type_ in zip(row, wanted, strict=True)] for row in rel.tuples]
        literals = [tuple(item for item in row if isinstance(item, Literal)) for row in rows]
        if all(len(row) == len(columns) for row in literals):
            return Values(columns, tuple(literals))
    exprs = [_to(type_, builder.ref(rel, place), rel) for place, type_ in enumerate(wanted)]
    return builder.project(rel, exprs, list(rel.titles if isinstance(rel, Project) else rel.names))


def _to(type_: SqlType, column: Ref, rel: Rel) -> Rex:
    """A text of the query stands as it is where any length will do."""
    written = isinstance(rel, Project) and isinstance(rel.exprs[column.index], Literal)
    free = column.type.name == "CHAR" and type_.name == "VARCHAR" and type_.precision < 0
    return column if written and free else cast(type_, column)


def _merged(sides: Sequence[Rel], every: bool) -> Values | None:
    """The rows of both, where they are written in the query."""
    rows: list[tuple[Literal, ...]] = []
    for side in sides:
        if not isinstance(side, Values):
            return None
        rows += side.tuples
    columns = SetOp(tuple(sides), "Union", every).columns
    return Values(columns, tuple(rows if every else dict.fromkeys(rows)))
