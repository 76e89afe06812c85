"""GROUP BY and aggregations (SqlToRelConverter.AggConverter): a projection of keys and arguments, the aggregation, and
what the SELECT's expressions are above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.multi.explain import builder, functions
from meshloom.engine.sql.multi.explain.expressions import Expressions
from meshloom.engine.sql.multi.explain.rel import AggCall, Rel
from meshloom.engine.sql.multi.explain.rex import Literal, Order, Ref, Rex, call
from meshloom.engine.sql.multi.explain.scope import untold
from meshloom.engine.sql.multi.explain.types import BIGINT, DOUBLE, INTEGER, SqlType
from meshloom.engine.sql.multi.grouping import aggregates, is_aggregation

STANDARD = {
    "count": "COUNT", "sum": "SUM", "min": "MIN", "max": "MAX", "avg": "AVG", "mode": "MODE", "sum0": "$SUM0",
    "stddevpop": "STDDEV_POP", "stddevsamp": "STDDEV_SAMP", "varpop": "VAR_POP", "varsamp": "VAR_SAMP",
    "covarpop": "COVAR_POP", "covarsamp": "COVAR_SAMP", "listagg": "LISTAGG",
}  # fmt: skip


class Aggregation:
    """`base` reads the rows below. `keys` and `calls` are collected while expressions are read; `finish` makes the
    operator."""

    def __init__(self, base: Expressions, rel: Rel, titles: dict[str, str]) -> None:
        self.base, self.rel, self.titles = base, rel, titles
        self.inputs: list[tuple[Rex, str | None]] = []
        self.keys: list[Rex] = []
        self.sets: list[list[int]] = []
        self.calls: list[AggCall] = []
        self.sources: list[AggCall] = []

    def group(self, group: exp.Group | None, items: Sequence[exp.Expr]) -> None:
        if group is None:
            return
        parts: list[list[list[int]]] = [[[self._key(node, items)]] for node in group.expressions if not _sets(node)]
        nested = [node for node in group.expressions if _sets(node)]
        nested += [node for name in ("rollup", "cube", "grouping_sets") for node in group.args.get(name) or ()]
        for node in nested:
            parts.append(self._sets_of(node, items))
        if not nested:
            return
        found: list[list[int]] = [[]]
        for part in parts:
            found = [[*one, *other] for one in found for other in part]
        self.sets = [sorted(set(one)) for one in found]

    def _sets_of(self, node: exp.Expr, items: Sequence[exp.Expr]) -> list[list[int]]:
        elements = [self._element(part, items) for part in node.expressions]
        if isinstance(node, exp.GroupingSets):
            return elements
        if isinstance(node, exp.Rollup):
            prefixes = [elements[:length] for length in range(len(elements), -1, -1)]
            return [[key for one in prefix for key in one] for prefix in prefixes]
        count = 2 ** len(elements)
        chosen = [[one for n, one in enumerate(elements) if not mask >> n & 1] for mask in range(count)]
        return [[key for one in subset for key in one] for subset in chosen]

    def _element(self, node: exp.Expr, items: Sequence[exp.Expr]) -> list[int]:
        if isinstance(node, exp.Tuple):
            return [self._key(part, items) for part in node.expressions]
        return [self._key(node.this if isinstance(node, exp.Paren) else node, items)]

    def _key(self, node: exp.Expr, items: Sequence[exp.Expr]) -> int:
        expr = resolved(node, items, self.base)
        key = self.base.rex(expr)
        if key not in self.keys:
            self.keys.append(key)
            self._input(key, self.titles.get(expr.sql()))
        return self.keys.index(key)

    def _input(self, expr: Rex, title: str | None = None) -> int:
        for place, (known, _) in enumerate(self.inputs):
            if known == expr:
                return place
        self.inputs.append((expr, title))
        return len(self.inputs) - 1

    def special(self, node: exp.Expr) -> Rex | None:
        """What an expression is above the aggregation: a key or a call, if it is one."""
        if is_aggregation(node):
            return self._call(node)
        if isinstance(node, exp.Literal | exp.Query | exp.Subquery | exp.Window | exp.Star) or not self.keys:
            return None
        if aggregates(node) or node.find(exp.Query, exp.Window):
            return None
        try:
            found = self.base.rex(node)
        except PinotError:
            return None
        if found in self.keys:
            place = self.keys.index(found)
            return Ref(place, self._key_type(place))
        if isinstance(node, exp.Column) and isinstance(found, Ref):
            text = node.sql(dialect="pinot")
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Expression '{text}' is not being grouped")
        return None

    def placed(self, place: int) -> Ref:
        """A column of FROM above the aggregation. Raises PinotError 700 where it is not grouped by."""
        key = Ref(place, self.base.scope.row[place].type)
        if key not in self.keys:
            name = self.base.scope.row[place].name
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Expression '{name}' is not being grouped")
        number = self.keys.index(key)
        return Ref(number, self._key_type(number))

    def _key_type(self, place: int) -> SqlType:
        type_ = self.keys[place].type
        return type_.with_null(True) if any(place not in one for one in self.sets) else type_

    def _call(self, node: exp.Expr) -> Rex:
        filter_: exp.Expr | None = None
        order: list[exp.Expr] = []
        if isinstance(node, exp.Filter):
            filter_, node = node.expression.this, node.this
        if isinstance(node, exp.WithinGroup):
            order, node = node.expression.expressions, node.this
        if not isinstance(node, exp.Anonymous):
            raise untold(node)
        args, distinct = list(node.expressions), False
        if args and isinstance(args[0], exp.Distinct):
            args, distinct = [*args[0].expressions, *args[1:]], True
        if functions.key(node.name) in ("grouping", "groupingid"):
            return self._made(self._grouping(node, args))
        rexes = [self.base.rex(arg) for arg in args if not isinstance(arg, exp.Star)]
        if functions.key(node.name) == "count" and not distinct:
            places = [self._input(rex) for rex in rexes]
            places = [place for place in places if self.inputs[place][0].type.nullable]
        else:
            places = [self._input(rex) for rex in rexes]
        flag = self._flag(filter_) if filter_ is not None else -1
        keys = tuple(self._order(one) for one in order)
        type_ = self._type(node.name, rexes, flag >= 0)
        op = _op(node.name)
        made = AggCall(op, tuple(places), type_, "", distinct and op not in ("MIN", "MAX"), flag, keys)
        return self._made(made)

    def _grouping(self, node: exp.Anonymous, args: list[exp.Expr]) -> AggCall:
        places = tuple(self._input(self.base.rex(arg)) for arg in args)
        return AggCall(functions.told(node.name), places, BIGINT)

    def _flag(self, condition: exp.Expr) -> int:
        found = self.base.truth(condition)
        return self._input(call("IS TRUE", found) if found.type.nullable else found)

    def _order(self, node: exp.Expr) -> Order:
        assert isinstance(node, exp.Ordered)
        place = self._input(self.base.rex(node.this))
        down = bool(node.args.get("desc"))
        return Order(Ref(place, self.inputs[place][0].type), down, not down)

    def _type(self, name: str, args: Sequence[Rex], filtered: bool) -> SqlType:
        """SUM of whole numbers is BIGINT; what may have no row may be null."""
        plain, missing = functions.key(name), not self.keys or filtered
        if plain == "count":
            return BIGINT
        if plain in ("sum", "sum0") and args:
            one = args[0].type
            found = BIGINT if one.name in ("INTEGER", "BIGINT") else one
            return found.with_null(plain == "sum" and (one.nullable or missing))
        if plain in ("min", "max", "mode", "stddevpop", "stddevsamp", "varpop", "varsamp") and args:
            return args[0].type.with_null(args[0].type.nullable or missing)
        if plain == "avg" and args:
            one = args[0].type
            return (one if one.name == "DECIMAL" else DOUBLE).with_null(missing)
        if plain == "listagg":
            return args[0].type.with_null(missing or args[0].type.nullable)
        if plain == "arrayagg" and args:
            return SqlType("ARRAY", missing, element=args[0].type)
        return functions.result(name, args)

    def _made(self, made: AggCall) -> Ref:
        if made not in self.calls:
            self.calls.append(made)
        return Ref(len(self.keys) + self.calls.index(made), made.type)

    def finish(self, names: dict[int, str]) -> Rel:
        """The operators. `names` are those of calls, by their number, that the select list gives."""
        exprs: list[Rex] = [expr for expr, _ in self.inputs] or [Literal(0, INTEGER)]
        titles = [title for _, title in self.inputs]
        below = builder.project(self.rel, exprs, titles)
        calls = []
        for number, one in enumerate(self.calls):
            calls.append(replace(one, name=names.get(number, "")))
        return builder.aggregate(below, range(len(self.keys)), calls, self.sets)


def _sets(node: exp.Expr) -> bool:
    return isinstance(node, exp.Rollup | exp.Cube | exp.GroupingSets)


def _op(name: str) -> str:
    plain = functions.key(name)
    return STANDARD.get(plain, functions.told(name))


def resolved(node: exp.Expr, items: Sequence[exp.Expr], base: Expressions) -> exp.Expr:
    """A key of GROUP BY or DISTINCT: an ordinal or an alias is the item's expression."""
    if isinstance(node, exp.Literal) and not node.is_string:
        number = whole(node, "an ordinal")
        if not 1 <= number <= len(items):
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: Ordinal out of range")
        return items[number - 1].unalias()
    if isinstance(node, exp.Column) and not node.table and not base.scope.owners(node.name, ""):
        for item in items:
            if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower():
                return item.unalias()
    if isinstance(node, exp.Column) and not node.table:
        for item in items:
            if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower() and not aggregates(item.this):
                return item.unalias()
    return node
