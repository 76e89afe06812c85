"""One SELECT of the multi-stage engine, clause by clause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.multi import correlation, grouping, places
from meshloom.engine.sql.multi.aliases import with_aliases
from meshloom.engine.sql.multi.columns import Column, Columns, output, suggested
from meshloom.engine.sql.multi.joins import join
from meshloom.engine.sql.multi.nulls import never_null
from meshloom.engine.sql.multi.scope import Sources, quoted
from meshloom.engine.sql.multi.sources import From
from meshloom.engine.sql.multi.tail import Ordering, limit
from meshloom.engine.sql.multi.window_names import with_named_windows
from meshloom.engine.sql.ties import MOST_TIES
from meshloom.engine.sql.typed import Typed

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.compile import Compiler

CLAUSES = {
    "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "with_",
    "hint", "qualify", "kind", "windows",
}  # fmt: skip


class Select:
    """Raises PinotError from its methods: 710 unknown column, 700 what is refused or not understood."""

    def __init__(self, compiler: Compiler, node: exp.Select, outer: Sources | None) -> None:
        unknown = sorted(key for key, value in node.args.items() if value and key not in CLAUSES)
        if unknown:
            raise PinotError(QUERY_VALIDATION, f"Unsupported clause: {', '.join(unknown)}")
        self.compiler, self.node = compiler, with_aliases(with_named_windows(node))
        self.top = node is compiler.statement.tree
        self.scope = Sources(compiler.compile, outer, compiler.relations)
        self.translator = compiler.translator(self.scope)
        self.resolving: list[str] = []
        self.selected: set[str] = set()  # the texts of what is selected

    def compile(self) -> tuple[str, Columns]:
        from_ = self._from()
        places.check(self.node)
        group, having = self.node.args.get("group"), self.node.args.get("having")
        where = self._where()
        self.scope.alias = self._alias
        nodes = [item.this if isinstance(item, exp.Alias) else item for item in self.node.expressions]
        grouped = group is not None or having is not None or any(grouping.aggregates(node) for node in nodes)
        self.translator.leaf = not self.node.args.get("joins") and self._table() is not None
        self.translator.nothing = grouped and group is None and self._no_segments()
        group_sql, keys = grouping.clause(group, self._group_key) if group is not None else ("", set())
        items, columns = self._items()
        if grouped:
            self._check_grouped(nodes, keys)
        distinct = self.node.args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            raise PinotError(QUERY_VALIDATION, "Unsupported clause: DISTINCT ON")
        tails = [
            f"{clause.upper()} "
            + self.translator.condition(found.this, f"{clause.upper()} clause must be a condition").sql
            for clause in ("having", "qualify")
            if (found := self.node.args.get(clause)) is not None
        ]
        if distinct is not None:
            self._check_selected()
        order = Ordering(self.translator, self._key, columns, self.node).text()
        if self.top and (ties := self._ties(grouped or distinct is not None)):
            order += f", {ties[-1]}"
            items += [f'{sql} AS "$tie{number}"' for number, sql in enumerate(ties)]
            self.compiler.ties = len(ties)
        if self.translator.late is not None:
            raise self.translator.late
        exploded = "".join(f", LATERAL (SELECT unnest({a})) AS {n}(v)" for a, n in self.translator.exploded.items())
        parts = [f"SELECT {'DISTINCT ' if distinct else ''}{', '.join(items)}", from_ + exploded, where, group_sql]
        return " ".join(filter(None, (*parts, *tails))) + order + limit(self.node), columns

    def _check_grouped(self, nodes: list[exp.Expr], keys: set[str]) -> None:
        """Raises PinotError 700 for a column outside aggregations that is no key, in SELECT, HAVING or ORDER BY."""
        for star in filter(_is_star, nodes):
            for name, value, _ in self._star(star.table if isinstance(star, exp.Column) else ""):
                if value.sql not in keys:
                    raise PinotError(
                        QUERY_VALIDATION, f"QueryValidationError: Expression '{name}' is not being grouped"
                    )
        nodes = [node for node in nodes if not _is_star(node)]
        having = self.node.args.get("having")
        for node in (*nodes, *([having.this] if having is not None else []), *self._sorted()):
            aliased = any(self._names(column) for column in node.find_all(exp.Column))
            if node in nodes or not aliased:
                grouping.check(self.translator, node, keys)

    def _check_selected(self) -> None:
        """SELECT DISTINCT sorts by what it selects. Raises PinotError 700."""
        for node in self._sorted():
            self._check_among(node)

    def _check_among(self, node: exp.Expr) -> None:
        if self._key(node).sql in self.selected or isinstance(node, exp.Literal | exp.Boolean | exp.Null):
            return
        parts = [] if isinstance(node, exp.Column) or grouping.is_aggregation(node) else list(node.iter_expressions())
        if not parts:
            text = node.sql(dialect="pinot")
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Expression '{text}' is not in the select clause")
        for part in parts:
            self._check_among(part)

    def _sorted(self) -> list[exp.Expr]:
        """The keys of ORDER BY that are no literals."""
        order = self.node.args.get("order")
        keys = [ordered.this for ordered in order.expressions] if order is not None else []
        return [key for key in keys if not isinstance(key, exp.Literal)]

    def _names(self, column: exp.Expr) -> bool:
        """Whether the select list gives something this name."""
        items = (item for item in self.node.expressions if isinstance(item, exp.Alias))
        return any(item.alias.lower() == column.name.lower() for item in items)

    def _from(self) -> str:
        from_ = self.node.args.get("from_")
        if from_ is None:
            return ""
        before = len(self.compiler.scans)
        clause = From(self.compiler, self.translator)
        text, sources = clause.source(from_.this)
        self.scope.sources.extend(sources)
        for node in self.node.args.get("joins") or ():
            inner, added = clause.source(node.this)
            text += join(self.translator, node, inner, added)
        self.scope.scans = tuple(self.compiler.scans[before:])
        return f"FROM {text}"

    def _where(self) -> str:
        where = self.node.args.get("where")
        if where is None:
            return ""
        if self.scope.outer is not None and correlation.generates_values(where.this, self.scope):
            self.compiler.scans += self.scope.outer.scans
        self.translator.filtering = True
        try:
            return f"WHERE {self.translator.condition(where.this, 'WHERE clause must be a condition').sql}"
        finally:
            self.translator.filtering = False

    def _ties(self, grouped: bool) -> list[str]:
        """The keys of ORDER BY and the document, where Pinot's leaf stage sorts one segment's rows in its heap."""
        order, limited, table = self.node.args.get("order"), self.node.args.get("limit"), self._table()
        relation = self.compiler.relations.find(table.name) if table is not None else None
        if order is None or limited is None or relation is None or relation.segments != 1 or grouped:
            return []
        count = limited.args.get("expression")
        if count is None or self.node.args.get("offset") or not self.translator.leaf:
            return []
        if whole(count, "LIMIT") > MOST_TIES:
            return []
        if self.translator.exploded or any(item.find(exp.Window, exp.Unnest) for item in self.node.expressions):
            return []
        keys = [self._group_key(ordered.this).sql for ordered in order.expressions]
        return [*keys, self.scope.column("$docId").sql]

    def _no_segments(self) -> bool:
        """Whether the query reads one table, and that has no segment."""
        table = self._table()
        relation = self.compiler.relations.find(table.name) if table is not None else None
        return relation is not None and relation.segments == 0 and not self.node.args.get("joins")

    def _table(self) -> exp.Table | None:
        """The table that FROM begins with, unless it is something else or a WITH name."""
        from_ = self.node.args.get("from_")
        table = from_.this if from_ is not None else None
        if not isinstance(table, exp.Table) or any(table.name.lower() in names for names in self.compiler.withs):
            return None
        return table

    def _items(self) -> tuple[list[str], Columns]:
        items: list[str] = []
        columns: list[Column] = []

        taken: set[str] = set()

        def add(name: str, value: Typed, certain: bool) -> None:
            taken.add(name.lower())
            self.selected.add(value.sql)
            items.append(f"{value.sql} AS {quoted(name)}")
            columns.append(Column(name, output(value.type), certain))

        for node in self.node.expressions:
            if _is_star(node):
                for name, value, certain in self._star(node.table if isinstance(node, exp.Column) else ""):
                    add(suggested(name, taken), value, certain)  # SqlValidatorImpl.addToSelectList
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            value = self._item(node, inner)
            name = node.alias_or_name if isinstance(node, exp.Alias | exp.Column) else f"EXPR${len(items)}"
            add(name, value, never_null(inner, self.scope))
        return items, tuple(columns)

    def _star(self, table: str) -> list[tuple[str, Typed, bool]]:
        found: list[tuple[str, Typed, bool]] = []
        matched = False
        merged = self.scope.merged if not table else {}
        for source in self.scope.sources:
            if table and source.alias.lower() != table.lower():
                continue
            matched = True
            if source.twice:
                raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{min(source.twice)}' is ambiguous")
            for name, value in source.columns.items():
                if name.lower() not in merged:
                    found.append((name, value, name.lower() in source.never_null))
                elif all(name.lower() != first[0].lower() for first in found):
                    found.append((name, merged[name.lower()], False))
        if not matched:
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Unknown identifier '{table or '*'}'")
        # What USING and NATURAL merged comes first.
        return [f for f in found if f[0].lower() in merged] + [f for f in found if f[0].lower() not in merged]

    def _item(self, node: exp.Expr, inner: exp.Expr) -> Typed:
        self.resolving.append(node.alias_or_name.lower() if isinstance(node, exp.Alias | exp.Column) else "")
        try:
            return self.translator.translate(inner)
        finally:
            self.resolving.pop()

    def _alias(self, name: str) -> Typed | None:
        """What the select list calls `name`, for clauses that may use its aliases."""
        for item in self.node.expressions:
            if not isinstance(item, exp.Alias | exp.Column) or item.alias_or_name.lower() != name.lower():
                continue
            if name.lower() in self.resolving:
                raise PinotError(
                    QUERY_VALIDATION,
                    f"QueryValidationError: The definition of column '{name}' depends on itself through the following "
                    f"columns: '{name}'",
                )
            if isinstance(item, exp.Alias):
                return self._item(item, item.this)
        return None

    def _group_key(self, node: exp.Expr) -> Typed:
        """A key of GROUP BY; an ordinal is the item that it counts to. Raises PinotError 700 beyond the list."""
        if not isinstance(node, exp.Literal) or node.is_string:
            return self._key(node)
        return self.translator.translate(self.node.expressions[self._ordinal(node) - 1].unalias())

    def _ordinal(self, node: exp.Literal) -> int:
        place = whole(node, "an ordinal")
        stars = any(map(_is_star, self.node.expressions))
        if place < 1 or (not stars and place > len(self.node.expressions)):
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: Ordinal out of range")
        return place

    def _key(self, node: exp.Expr) -> Typed:
        """A key of GROUP BY or ORDER BY: an ordinal, an alias of the select list, or an expression."""
        if isinstance(node, exp.Literal) and not node.is_string:
            return Typed(str(self._ordinal(node)), "INT")
        if isinstance(node, exp.Column) and not node.table:
            for item in self.node.expressions:
                if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower():
                    return self._item(item, item.this)
        return self.translator.translate(node)


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))
