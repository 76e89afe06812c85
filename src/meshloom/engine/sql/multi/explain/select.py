"""One SELECT as operators (SqlToRelConverter.convertSelectImpl): FROM, WHERE, the aggregation and its HAVING, the
select list, DISTINCT, ORDER BY with LIMIT and OFFSET."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.multi.aliases import with_aliases
from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.aggregation import Aggregation
from meshloom.engine.sql.multi.explain.expressions import Expressions
from meshloom.engine.sql.multi.explain.hints import hinted, hints_of
from meshloom.engine.sql.multi.explain.rel import Column, Filter, Project, Rel, Sort, Values, uniquified
from meshloom.engine.sql.multi.explain.rex import Call, Order, Ref, Rex, always, integer
from meshloom.engine.sql.multi.explain.scope import HIDDEN, Scope, untold
from meshloom.engine.sql.multi.explain.subqueries import Subqueries, pushed_not
from meshloom.engine.sql.multi.explain.types import INTEGER
from meshloom.engine.sql.multi.explain.windows import window
from meshloom.engine.sql.multi.grouping import aggregates, is_aggregation
from meshloom.engine.sql.multi.window_names import with_named_windows

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.explain.queries import Queries

Ordered = tuple[list[Rex], list[str | None], list[Order]]
"""The expressions of ORDER BY's keys that the select list lacks, their names, and the keys."""
NOTHING = Values((Column("ZERO", INTEGER),), ((integer(0),),))


class Select:
    """`rel` is what has been put together so far, `scope` its names. Raises PinotError from its methods."""

    def __init__(self, queries: Queries, node: exp.Select, outer: Scope | None) -> None:
        self.queries, self.node = queries, with_aliases(with_named_windows(node))
        self.scope = Scope(outer, queries.correlations)
        self.subqueries = Subqueries(queries, self.scope)
        self.aggregation: Aggregation | None = None
        self.rel: Rel = NOTHING

    def convert(self, top: bool) -> Rel:
        self._from()
        self._where()
        items = self._items()
        order = self._order_nodes(items)
        having = self.node.args.get("having")
        group = self.node.args.get("group")
        shown = [item.unalias() for item in items]
        qualified = [self.node.args["qualify"].this] if self.node.args.get("qualify") is not None else []
        if group is not None or having is not None or any(map(aggregates, [*shown, *order, *qualified])):
            exprs, extra = self._grouped(items, order, group, having.this if having is not None else None)
        else:
            exprs, extra = self._plain(shown, order)
        titles = _titles(items)
        names = [*titles, *extra[1]]
        made = [*exprs, *extra[0]]
        rel = self._qualified(qualified[0], made, names) if qualified else self._projected(made, names)
        if self.node.args.get("distinct"):
            rel = distinct(rel)
        rel = tail(self.node, rel, extra[2], top)
        if extra[0] and not top:
            kept = builder.references(rel)[: len(exprs)]
            rel = Project(rel, tuple(kept), rel.names[: len(exprs)])
        return hinted(rel, hints_of(self.node))

    def _qualified(self, condition: exp.Expr, exprs: list[Rex], names: list[str | None]) -> Rel:
        """The condition as a column of its own, which rows are chosen by (SqlToRelConverter.convertQualify)."""
        expressions, grouped = self._expressions(self.aggregation), self.aggregation is not None
        self.rel = self.subqueries.replace(self.rel, condition, expressions, filtering=False, grouped=grouped)
        rel = self._projected([*exprs, expressions.truth(condition)], [*names, "QualifyExpression"])
        chosen = Filter(rel, builder.ref(rel, len(exprs)))
        kept = builder.references(rel)[: len(exprs)]
        return builder.project(chosen, kept, list(rel.names[: len(exprs)]), force=True)

    def _projected(self, exprs: list[Rex], names: list[str | None]) -> Rel:
        """Over an aggregation no projection stands that would only rename."""
        if self.aggregation is None:
            return builder.project(self.rel, exprs, names, force=True)
        found = builder.project(self.rel, exprs, names)
        if found is self.rel and any(a not in (None, b) for a, b in zip(names, found.names, strict=True)):
            return builder.project(self.rel, exprs, names, force=True)
        return found

    # --- the clauses

    def _from(self) -> None:
        from_ = self.node.args.get("from_")
        if from_ is None:
            self.scope.row = NOTHING.columns
            return
        self.rel = self.queries.sources(self.scope).clause(from_.this, self.node.args.get("joins") or ())
        self.scope.row = self.rel.columns

    def _expressions(self, aggregation: Aggregation | None = None) -> Expressions:
        def special(node: exp.Expr) -> Rex | None:
            found = self.subqueries.found(node)
            if found is not None:
                return found
            if isinstance(node, exp.Window):
                return window(made, node)
            meant = self._aliased(node)
            if meant is not None:
                return made.rex(meant)
            return aggregation.special(node) if aggregation is not None else None

        made = Expressions(self.scope, special)
        return made

    def _aliased(self, node: exp.Expr) -> exp.Expr | None:
        """What the select list calls so, where FROM has no such column."""
        if not isinstance(node, exp.Column) or node.table or self.scope.owners(node.name, ""):
            return None
        if node.name.lower() in self.scope.merged:
            return None
        for item in self.node.expressions:
            if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower():
                return None if any(part is node for part in item.walk()) else item.this
        return None

    def _where(self) -> None:
        where = self.node.args.get("where")
        if where is None:
            return
        condition = pushed_not(where.this)
        self.rel = self.subqueries.replace(self.rel, condition, self._expressions(), filtering=True)
        found = self._expressions().truth(condition)
        if isinstance(found, Call) and found.op == "CAST" and found.operands[0].type.alike(found.type):
            found = found.operands[0]
        if not always(found, True):
            self.rel = Filter(self.rel, found)

    def _items(self) -> list[exp.Expr]:
        items: list[exp.Expr] = []
        for item in self.node.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                items += self._star(item.table if isinstance(item, exp.Column) else "")
            else:
                items.append(item)
        return items

    def _star(self, table: str) -> list[exp.Expr]:
        found: list[exp.Expr] = []
        merged = self.scope.merged if not table else {}
        seen: set[str] = set()
        for source in self.scope.sources:
            if table and source.alias.lower() != table.lower():
                continue
            for column, place in zip(source.columns, source.places, strict=True):
                lower = column.name.lower()
                if column.name.startswith(HIDDEN) or lower in seen:
                    continue
                name = exp.to_identifier(column.name, quoted=True)
                if lower in merged:
                    seen.add(lower)
                    found.append(exp.Column(this=name))
                else:
                    made = exp.Column(this=name)
                    self.subqueries.known[id(made)] = Ref(place, self.scope.row[place].type)
                    self.subqueries.kept.append(made)
                    found.append(made)
        if not found:
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Unknown identifier '{table or '*'}'")
        return [f for f in found if f.name.lower() in merged] + [f for f in found if f.name.lower() not in merged]

    def _plain(self, shown: list[exp.Expr], order: list[exp.Expr]) -> tuple[list[Rex], Ordered]:
        for node in (*shown, *order):
            self.rel = self.subqueries.replace(self.rel, node, self._expressions(), filtering=False)
        expressions = self._expressions()
        exprs = [expressions.rex(node) for node in shown]
        return exprs, self._ordered(order, exprs, expressions)

    def _grouped(
        self, items: list[exp.Expr], order: list[exp.Expr], group: exp.Expr | None, having: exp.Expr | None
    ) -> tuple[list[Rex], Ordered]:
        titles = dict(
            reversed([(item.unalias().sql(), title) for item, title in zip(items, _titles(items), strict=True)])
        )
        base = self._expressions()
        aggregation = self.aggregation = Aggregation(base, self.rel, titles)
        assert group is None or isinstance(group, exp.Group)
        aggregation.group(group, items)
        above = self._expressions(aggregation)
        shown = [item.unalias() for item in items]
        # Calls are numbered as they are met: in the select list, in ORDER BY, in HAVING.
        qualify = self.node.args.get("qualify")
        conditions = [*([having] if having is not None else []), *([qualify.this] if qualify is not None else [])]
        nodes = [*shown, *order, *conditions]
        _collect(above, aggregation, nodes)
        names = _call_names(aggregation, titles, above, items)
        self.rel = aggregation.finish(names)
        self.scope.placed = aggregation.placed
        if having is not None:
            condition = pushed_not(having)
            self.rel = self.subqueries.replace(self.rel, condition, above, filtering=True, grouped=True)
            found = above.truth(condition)
            self.rel = builder.filtered(self.rel, [found])
        for node in (*shown, *order):
            self.rel = self.subqueries.replace(self.rel, node, above, filtering=False, grouped=True)
        exprs = [above.rex(node) for node in shown]
        return exprs, self._ordered(order, exprs, above)

    # --- ORDER BY

    def _order_nodes(self, items: list[exp.Expr]) -> list[exp.Expr]:
        """What ORDER BY's keys are, aliases and ordinals as the items that they mean."""
        order = self.node.args.get("order")
        found: list[exp.Expr] = []
        for key in order.expressions if order is not None else ():
            found.append(_meant(key.this, items))
        return found

    def _ordered(self, nodes: list[exp.Expr], exprs: list[Rex], expressions: Expressions) -> Ordered:
        order = self.node.args.get("order")
        extra: list[Rex] = []
        titles: list[str | None] = []
        keys: list[Order] = []
        for key, node in zip(order.expressions if order is not None else (), nodes, strict=True):
            found = expressions.rex(node)
            known = [*exprs, *extra]
            if found in known:
                place = known.index(found)
            else:
                extra.append(found)
                place = len(known)
                titles.append(node.name if isinstance(node, exp.Column) else f"EXPR${place}")
            keys.append(order_key(key, Ref(place, found.type)))
        return extra, titles, keys


def _collect(above: Expressions, aggregation: Aggregation, nodes: Sequence[exp.Expr]) -> None:
    for node in nodes:
        for part in _calls(node):
            aggregation.special(part)


def _calls(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Query | exp.Subquery | exp.Exists):
        return []
    if is_aggregation(node):
        return [node]
    if isinstance(node, exp.Window):
        call = node.this.this if isinstance(node.this, exp.IgnoreNulls | exp.RespectNulls) else node.this
        rest = [part for name, part in node.args.items() if name != "this"]
        flat = [p for part in rest for p in (part if isinstance(part, list) else [part]) if isinstance(p, exp.Expr)]
        return [found for part in [*call.iter_expressions(), *flat] for found in _calls(part)]
    return [found for part in node.iter_expressions() for found in _calls(part)]


def _call_names(
    aggregation: Aggregation, titles: dict[str, str], above: Expressions, items: Sequence[exp.Expr]
) -> dict[int, str]:
    names: dict[int, str] = {}
    for item in items:
        node = item.unalias()
        if not is_aggregation(node):
            continue
        found = aggregation.special(node)
        if isinstance(found, Ref):
            names.setdefault(found.index - len(aggregation.keys), titles[node.sql()])
    return names


def _titles(items: Sequence[exp.Expr]) -> list[str]:
    found = [
        item.alias_or_name if isinstance(item, exp.Alias | exp.Column) else f"EXPR${number}"
        for number, item in enumerate(items)
    ]
    return uniquified(found)


def _meant(node: exp.Expr, items: Sequence[exp.Expr]) -> exp.Expr:
    if isinstance(node, exp.Literal) and not node.is_string:
        number = whole(node, "an ordinal")
        if not 1 <= number <= len(items):
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: Ordinal out of range")
        return items[number - 1].unalias()
    if isinstance(node, exp.Column) and not node.table:
        for item in items:
            if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower():
                return item.unalias()
    return node


def order_key(key: exp.Expr, ref: Ref) -> Order:
    """Nulls are last ascending and first descending unless it is said otherwise."""
    down, first = bool(key.args.get("desc")), bool(key.args.get("nulls_first"))
    return Order(ref, down, not first)


def distinct(rel: Rel) -> Rel:
    """DISTINCT: an aggregation without calls. Columns that repeat are grouped by once (distinctify)."""
    if isinstance(rel, Project):
        once = list(dict.fromkeys(rel.exprs))
        if len(once) < len(rel.exprs):
            first = [rel.exprs.index(expr) for expr in once]
            narrow = Project(rel.input, tuple(once), tuple(rel.titles[place] for place in first))
            found = builder.aggregate(narrow, range(len(once)), ())
            exprs = [builder.ref(found, once.index(expr)) for expr in rel.exprs]
            return builder.project(found, exprs, list(rel.titles))
    return builder.aggregate(rel, range(len(rel.columns)), ())


def tail(node: exp.Query, rel: Rel, keys: Sequence[Order], top: bool) -> Rel:
    """LIMIT and OFFSET, with ORDER BY's keys, which mean nothing else below the top (isRemoveSortInSubQuery)."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    fetch = node.args.get("fetch") if limit is None else None
    if fetch is not None:
        raise untold(node, "FETCH")
    skipped = whole(offset.expression, "OFFSET") if offset is not None else None
    count = limit.args.get("expression") if limit is not None else None
    if isinstance(limit, exp.Fetch):
        count = limit.args.get("count")
    most = whole(count, "LIMIT") if count is not None else None
    if most is None and not skipped and not (top and keys):
        return rel
    return Sort(rel, tuple(keys), skipped or None, most)
