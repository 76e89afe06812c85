"""Queries in place of values and conditions, as joins (SqlToRelConverter.substituteSubQuery): `x IN (SELECT …)` joins
the query's distinct rows, EXISTS and a scalar query are joined on the left's side, with its row where they read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.sql.counts import count_of, whole
from meshloom.engine.sql.multi.explain import builder, joining
from meshloom.engine.sql.multi.explain.casting import coerced, plain
from meshloom.engine.sql.multi.explain.expressions import Expressions, alike
from meshloom.engine.sql.multi.explain.rel import (
    AggCall,
    Aggregate,
    Correlate,
    Filter,
    Join,
    Project,
    Rel,
    Values,
)
from meshloom.engine.sql.multi.explain.rex import (
    COMPARISONS,
    FALSE,
    TRUE,
    Call,
    Field,
    Ref,
    Rex,
    call,
    conjunction,
    conjunctions,
    integer,
    negation,
    null,
    rewritten,
    shifted,
    walk,
)
from meshloom.engine.sql.multi.explain.scope import Scope, untold
from meshloom.engine.sql.multi.explain.simplify import filtering
from meshloom.engine.sql.multi.explain.types import BIGINT, BOOLEAN, least_restrictive
from meshloom.engine.sql.multi.grouping import is_aggregation
from meshloom.engine.sql.nodes import inner_query

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.explain.queries import Queries

# What an unknown result counts as where the condition stands.
AS_FALSE, THREE = "unknown as false", "true, false or unknown"


class Subqueries:
    """`known` is what a node of the tree has become, by its identity; `kept` holds nodes made here, so that no other
    gets theirs."""

    def __init__(self, queries: Queries, scope: Scope) -> None:
        self.queries, self.scope = queries, scope
        self.known: dict[int, Rex] = {}
        self.kept: list[exp.Expr] = []

    def found(self, node: exp.Expr) -> Rex | None:
        return self.known.get(id(node))

    def replace(
        self, rel: Rel, node: exp.Expr, expressions: Expressions, *, filtering: bool, grouped: bool = False
    ) -> Rel:
        """The rows with those of each query in `node` joined to them. `grouped`: they are those of an aggregation."""
        row = self.scope.row
        for inner, logic in _queries(node, AS_FALSE if filtering else THREE):
            if id(inner) in self.known:
                continue
            if isinstance(inner, exp.Exists):
                rel = self._exists(rel, inner)
            elif isinstance(inner, exp.Subquery):
                rel = self._scalar(rel, inner)
            else:
                rel = self._member(rel, inner, logic, expressions)
            if not grouped:
                self.scope.row = (*row, *rel.columns[len(row) :])
        return rel

    def _query(self, node: exp.Expr) -> tuple[Rel, str, list[int]]:
        """A query's rows, the name of the row of this one that it reads ("" when it reads none), and its columns."""
        before, self.scope.correlation, self.scope.used = self.scope.correlation, "", set()
        rel = self.queries.query(inner_query(node), self.scope)
        name, used = self.scope.correlation, sorted(self.scope.used)
        self.scope.correlation, self.scope.used = before, set()
        return rel, name, used

    def _exists(self, rel: Rel, node: exp.Exists) -> Rel:
        inner, name, used = self._query(node.this)
        if isinstance(inner, Aggregate) and not inner.groups and not inner.sets:
            self.known[id(node)] = TRUE
            return rel
        flag = builder.project(inner, [TRUE], [None])
        right = Aggregate(flag, (), (AggCall("MIN", (0,), BOOLEAN.with_null(True)),))
        joined = _attached(rel, right, name, used, TRUE, "left")
        last = len(joined.columns) - 1
        self.known[id(node)] = call("IS NOT NULL", builder.ref(joined, last))
        return joined

    def _scalar(self, rel: Rel, node: exp.Subquery) -> Rel:
        inner, name, used = self._query(node)
        if len(inner.columns) != 1:
            raise untold(node, "a query of several columns in place of a value")
        if not _single(inner_query(node), inner):
            type_ = inner.columns[0].type.with_null(True)
            inner = Aggregate(inner, (), (AggCall("SINGLE_VALUE", (0,), type_),))
        joined = _attached(rel, inner, name, used, TRUE, "left")
        self.known[id(node)] = builder.ref(joined, len(joined.columns) - 1)
        return joined

    def _member(self, rel: Rel, node: exp.Expr, logic: str, expressions: Expressions) -> Rel:
        denied = isinstance(node, exp.Not)
        member = node.this.unnest() if isinstance(node, exp.Not) else node
        assert isinstance(member, exp.In)
        left = member.this.unnest()
        parts = left.expressions if isinstance(left, exp.Tuple) else [left]
        keys = [expressions.rex(part) for part in parts]
        inner, name, used = self._query(member.args["query"])
        if len(inner.columns) != len(keys):
            raise untold(member, "as many columns on both sides")
        keys, inner = _alike(keys, inner)
        certain = not any(column.type.nullable for column in inner.columns)
        if logic == AS_FALSE and not denied:
            right = Aggregate(inner, tuple(range(len(keys))))
            joined, _ = self._keyed(rel, right, keys, name, used, "inner")
            self.known[id(node)] = TRUE
            return joined
        counted = not (denied and all(_never_null(inner, place) for place in range(len(keys))))
        flagged = builder.project(inner, [*builder.references(inner), TRUE], [*inner.names, None])
        right = Aggregate(flagged, tuple(range(len(keys))), (AggCall("MIN", (len(keys),), BOOLEAN),))
        width = len(rel.columns)
        if counted:
            counts = (AggCall("COUNT", (), BIGINT), AggCall("COUNT", _nullable(flagged, len(keys)), BIGINT))
            rel = Join(rel, Aggregate(flagged, (), counts), TRUE)
        joined, places = self._keyed(rel, right, keys, name, used, "left")
        tested = _counted(joined, width, places) if counted else _flagged(joined, places)
        if counted and certain and tested.type.nullable and not any(key.type.nullable for key in keys):
            tested = plain(BOOLEAN, tested)
        self.known[id(node)] = negation(tested) if denied else tested
        return joined

    def _keyed(
        self, rel: Rel, right: Rel, keys: list[Rex], name: str, used: list[int], kind: str
    ) -> tuple[Rel, list[int]]:
        """The join on equal keys, and where they stand on the left: in a LEFT join they are columns of their own."""
        exprs = builder.references(rel)
        places = []
        for key in keys:
            if key in exprs and kind != "left":
                places.append(exprs.index(key))
            else:
                places.append(len(exprs))
                exprs.append(key)
        left = builder.project(rel, exprs) if len(exprs) > len(rel.columns) else rel
        width = len(left.columns)
        tests = []
        for number, place in enumerate(places):
            column = Ref(width + number, right.columns[number].type)
            tests.append(call("=", *alike(builder.ref(left, place), column)))
        return _attached(left, right, name, used, conjunction(tests), kind), places


def _never_null(rel: Rel, place: int) -> bool:
    """Whether a column holds no null: by its type, or since a condition on it lets none through
    (RelOptUtil.containsNullableFields)."""
    if not rel.columns[place].type.nullable:
        return True
    if isinstance(rel, Aggregate):
        return place < len(rel.groups) and not rel.sets and _never_null(rel.input, rel.groups[place])
    column: Rex = builder.ref(rel, place)
    if isinstance(rel, Project):
        column, rel = rel.exprs[place], rel.input
    if not isinstance(rel, Filter):
        return False
    tests = [one for one in conjunctions(filtering([rel.condition])) if isinstance(one, Call)]
    return any(one.op in (*COMPARISONS, "IS NOT NULL", "LIKE", "SEARCH") and column in one.operands for one in tests)


def _alike(keys: list[Rex], rel: Rel) -> tuple[list[Rex], Rel]:
    """Both sides of IN as one type, column by column (TypeCoercionImpl.inOperationCoercion)."""
    common = [least_restrictive([key.type, column.type]) for key, column in zip(keys, rel.columns, strict=True)]
    if all(type_ is None or (type_.text and key.type.text) for type_, key in zip(common, keys, strict=True)):
        return keys, rel
    columns = builder.references(rel)
    left = [
        key if type_ is None or key.type.text else coerced(type_, key) for type_, key in zip(common, keys, strict=True)
    ]
    right = [
        column if type_ is None or column.type.text else coerced(type_, column)
        for type_, column in zip(common, columns, strict=True)
    ]
    return left, builder.project(rel, right, list(rel.names))


def _nullable(rel: Rel, count: int) -> tuple[int, ...]:
    return tuple(range(count))


def _attached(left: Rel, right: Rel, name: str, used: list[int], condition: Rex, kind: str) -> Rel:
    if not name:
        return joining.join(left, right, condition, kind)
    width = len(left.columns)
    required = set(used)
    if condition != TRUE:

        def inner(part: Rex) -> Rex | None:
            if not isinstance(part, Ref):
                return None
            if part.index >= width:
                return shifted(part, -width)
            required.add(part.index)
            return Field(name, part.index, left.columns[part.index].name, part.type)

        right = Filter(right, rewritten(condition, inner))
    return Correlate(left, right, name, kind, tuple(sorted(required)))


def _flagged(joined: Rel, places: list[int]) -> Rex:
    """Whether a row was found, where neither side's keys are null."""
    flag = builder.ref(joined, len(joined.columns) - 1)
    parts = [call("IS TRUE", flag), *(call("IS NOT NULL", builder.ref(joined, place)) for place in places)]
    found = parts[0]
    for part in parts[1:]:
        found = call("AND", found, part)
    return found


def _counted(joined: Rel, width: int, places: list[int]) -> Rex:
    """With the counts of rows and of keys: no row is false, a null among the keys is unknown."""
    count, keys = builder.ref(joined, width), builder.ref(joined, width + 1)
    flag, unknown = builder.ref(joined, len(joined.columns) - 1), null(BOOLEAN)
    zero = replace(integer(0), type=BIGINT)
    parts: list[Rex] = [call("=", count, zero), FALSE, call("IS NOT NULL", flag), TRUE]
    for place in places:
        parts += [call("IS NULL", builder.ref(joined, place)), unknown]
    parts += [call("<", keys, count), unknown, FALSE]
    return Call("CASE", tuple(parts), BOOLEAN.with_null(True))


def _single(query: exp.Query, rel: Rel) -> bool:
    """Whether a query gives one row for sure, as far as SqlToRelConverter looks."""
    limit = query.args.get("limit")
    if limit is not None and whole(count_of(limit), "LIMIT") < 2:
        return True
    if not isinstance(query, exp.Select) or len(query.expressions) != 1 or query.args.get("group") is not None:
        return False
    item, from_ = query.expressions[0], query.args.get("from_")
    if isinstance(item, exp.Star) and from_ is not None and isinstance(from_.this, exp.Values):
        rows = rel.input if isinstance(rel, Project) else rel
        return isinstance(rows, Values) and len(rows.tuples) == 1 and len(rows.row) == 1
    cast_ = isinstance(rel, Project) and any(
        isinstance(part, Call) and part.op == "CAST" for part in walk(rel.exprs[0])
    )
    return not isinstance(item, exp.Literal | exp.Boolean | exp.Null) and _single_value(item) and not cast_


def _single_value(node: exp.Expr) -> bool:
    """Util.isSingleValue: an aggregation, or what is called of such and of literals."""
    node = node.unnest()
    if isinstance(node, exp.Anonymous) and is_aggregation(node):
        return True
    if isinstance(node, exp.Literal | exp.Boolean | exp.Null):
        return True
    called = exp.Anonymous | exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod | exp.Neg | exp.Not | exp.DPipe | exp.Is
    return isinstance(node, called) and all(map(_single_value, node.iter_expressions()))


def _queries(node: exp.Expr, logic: str) -> list[tuple[exp.Expr, str]]:
    """The queries in an expression, innermost first, each with what unknown counts as there."""
    found: list[tuple[exp.Expr, str]] = []
    open_ = [(node, logic)]
    while open_:
        one, here = open_.pop()
        while isinstance(one, exp.Paren):
            one = one.this
        if isinstance(one, exp.Exists | exp.Subquery):
            found.append((one, here))
        elif _member_query(one):
            member = one.this.unnest() if isinstance(one, exp.Not) else one
            found += [*_queries(member.this, THREE), (one, here)]
        elif not isinstance(one, exp.Query):
            inner = here if isinstance(one, exp.And) else THREE
            open_ += [(part, inner) for part in one.iter_expressions(reverse=True)]
    return found


def _member_query(node: exp.Expr) -> bool:
    inner = node.this.unnest() if isinstance(node, exp.Not) and isinstance(node.this, exp.Expr) else node
    return isinstance(inner, exp.In) and inner.args.get("query") is not None


def pushed_not(node: exp.Expr) -> exp.Expr:
    """NOT of what holds an IN, at its parts (pushDownNotForIn)."""
    if not any(isinstance(part, exp.Not) for part in node.walk()) or node.find(exp.In) is None:
        return node
    return _pushed(node.copy())


def _pushed(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.And | exp.Or):
        node.set("this", _pushed(node.this))
        node.set("expression", _pushed(node.expression))
        return node
    inner = node.this.unnest() if isinstance(node, exp.Not) else node
    if isinstance(node, exp.Not) and isinstance(inner, exp.And | exp.Or) and inner.find(exp.In):
        other = exp.Or if isinstance(inner, exp.And) else exp.And
        sides = [_pushed(exp.Not(this=side.unnest())) for side in (inner.this, inner.expression)]
        return other(this=sides[0], expression=sides[1])
    if isinstance(node, exp.Not) and isinstance(inner, exp.Not) and inner.find(exp.In):
        return _pushed(inner.this.unnest())
    return node
