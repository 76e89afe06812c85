"""FROM: tables, WITH names, queries, VALUES, UNNEST, LATERAL, and the joins between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, TABLE_DOES_NOT_EXIST, PinotError
from meshloom.engine.sql.multi.explain import joining
from meshloom.engine.sql.multi.explain.expressions import Expressions, alike
from meshloom.engine.sql.multi.explain.rel import (
    Column,
    Columns,
    Correlate,
    Filter,
    Join,
    Project,
    Rel,
    Scan,
    Uncollect,
    Values,
)
from meshloom.engine.sql.multi.explain.rex import (
    TRUE,
    Call,
    Field,
    Ref,
    Rex,
    always,
    call,
    conjunction,
    integer,
    rewritten,
    shifted,
)
from meshloom.engine.sql.multi.explain.scope import Scope, Source, named, unplanned, untold
from meshloom.engine.sql.multi.explain.types import INTEGER, of_pinot
from meshloom.engine.sql.multi.joins import KINDS
from meshloom.engine.sql.multi.sources import names_of
from meshloom.engine.sql.nodes import inner_query
from meshloom.engine.sql.relation import Relation

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.explain.queries import Queries

VIRTUAL = {"$docId": "INT", "$hostName": "STRING", "$partitionId": "STRING", "$segmentName": "STRING"}
"""The planner gives these columns to every table."""


class Sources:
    """FROM of one SELECT; the sources are put into `scope`. Raises PinotError from its methods."""

    def __init__(self, queries: Queries, scope: Scope) -> None:
        self.queries, self.scope = queries, scope

    def clause(self, node: exp.Expr, joins: Sequence[exp.Expr]) -> Rel:
        rel = self._source(node, 0)
        self.scope.row = rel.columns
        for join in joins:
            rel = self._joined(rel, join)
            self.scope.row = rel.columns
        return rel

    def _source(self, node: exp.Expr, offset: int) -> Rel:
        nested = node.args.get("joins") or () if isinstance(node, exp.Table | exp.Subquery) else ()
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table) and not node.alias:
            nested, node = node.this.args.get("joins") or nested, node.this
        if nested and offset:
            return self._apart(node, nested, offset)
        rel = self._plain(node, offset)
        if not nested:
            return rel
        self.scope.row = rel.columns
        for join in nested:
            rel = self._joined(rel, join)
            self.scope.row = rel.columns
        return rel

    def _apart(self, node: exp.Expr, nested: Sequence[exp.Expr], offset: int) -> Rel:
        """Joins in parentheses, which see nothing of what stands before them."""
        inner = Scope(self.scope.outer, self.scope.correlations)
        apart = Sources(self.queries, inner)
        rel = apart._plain(node, 0)
        inner.row = rel.columns
        for join in nested:
            rel = apart._joined(rel, join)
            inner.row = rel.columns
        for source in inner.sources:
            places = tuple(place + offset for place in source.places)
            self.scope.sources.append(Source(source.alias, source.columns, places))
        return rel

    def _plain(self, node: exp.Expr, offset: int) -> Rel:
        match node:
            case exp.Table():
                rel = self._table(node)
                alias = node.alias_or_name
            case exp.Values():
                rel, alias = _renamed(self.queries.values(node, self.scope.inner()), names_of(node)), node.alias
            case exp.Subquery():
                rel, alias = self.queries.query(inner_query(node), self.scope.outer), node.alias
            case exp.Lateral() if not isinstance(node.this, exp.Unnest):
                rel, alias = self.queries.query(inner_query(node.this), self.scope), node.alias
            case exp.Unnest():
                return self._unnest(node, node.args.get("alias"), offset)
            case exp.Lateral():
                return self._unnest(node.this, node.args.get("alias"), offset)
            case _:
                raise untold(node)
        self.scope.add(alias, named(rel, names_of(node)), offset)
        return rel

    def _table(self, node: exp.Table) -> Rel:
        with_ = self.queries.named(node.name)
        if with_ is not None:
            return _renamed(*with_)
        relation = self.queries.relations.find(node.name)
        if relation is None:
            raise PinotError(TABLE_DOES_NOT_EXIST, f"TableDoesNotExistError: Object '{node.name}' not found")
        return Scan(relation.name, columns_of(relation))

    def _unnest(self, node: exp.Unnest, alias: exp.Expr | None, offset: int) -> Rel:
        """Over a projection of the arrays, which are columns of what stands before."""
        inner = self.scope.inner()
        expressions = Expressions(inner, lambda part: None)
        arrays = [expressions.rex(array) for array in node.expressions]
        if any(array.type.element is None for array in arrays):
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: Cannot apply 'UNNEST' to what is no array")
        titles = [array.name if isinstance(array, Field) else f"EXPR${n}" for n, array in enumerate(arrays)]
        nothing = Values((Column("ZERO", INTEGER),), ((integer(0),),))
        below = Project(nothing, tuple(arrays), tuple(titles))
        given = [column.name for column in alias.args.get("columns") or ()] if alias is not None else []
        ordinality = node.args.get("offset")
        if isinstance(ordinality, exp.Identifier):
            given.append(ordinality.name)
        row = []
        for number, (array, title) in enumerate(zip(arrays, titles, strict=True)):
            assert array.type.element is not None
            name = given[number] if number < len(given) else title
            row.append(Column(name, array.type.element))
        if ordinality:
            name = given[len(arrays)] if len(arrays) < len(given) else "ORDINALITY"
            row.append(Column(name, INTEGER))
        rel = Uncollect(below, tuple(row), bool(ordinality))
        self.scope.add(alias.name if alias is not None else "", rel.columns, offset)
        return rel

    # --- joins

    def _joined(self, left: Rel, node: exp.Expr) -> Rel:
        assert isinstance(node, exp.Join)
        kind = KINDS.get(" ".join(filter(None, (node.side, node.kind))).upper())
        if kind is None:
            raise untold(node)
        offset = len(left.columns)
        before = list(self.scope.sources)
        kept, self.scope.correlation, self.scope.used = self.scope.correlation, "", set()
        right = self._source(node.this, offset)
        correlation, used = self.scope.correlation, sorted(self.scope.used)
        self.scope.correlation, self.scope.used = kept, set()
        added = self.scope.sources[len(before) :]
        whole = Join(left, right, TRUE, kind.lower().replace("cross", "inner"))
        inner = kind in ("SEMI", "ANTI") or node.args.get("on") is not None  # ON sees the sides before any is missing
        self.scope.row = (*left.columns, *right.columns) if inner else whole.columns
        on, match = self._condition(node, left, right, before, added)
        if kind in ("SEMI", "ANTI"):
            del self.scope.sources[len(before) :]
        if match is not None:
            return Join(left, right, on, "left_asof" if kind == "LEFT" else "asof", match)
        if correlation:
            return _correlated(whole, correlation, used, on)
        return joining.join(left, right, on, whole.kind)

    def _condition(
        self, node: exp.Join, left: Rel, right: Rel, before: list[Source], added: list[Source]
    ) -> tuple[Rex, Rex | None]:
        using = [column.name for column in node.args.get("using") or ()]
        if node.method.upper() == "NATURAL":
            using = [c.name for s in added for c in s.columns if any(b.find(c.name) is not None for b in before)]
            using = [name for name in using if not name.startswith("$")]
        expressions = Expressions(self.scope, lambda part: None)
        if using:
            return self._merged(node, using, before, added), None
        on = node.args.get("on")
        if on is not None and on.find(exp.Query):
            raise unplanned(on, "Calcite converts a query in ON wrongly or not at all")
        condition = expressions.truth(on) if on is not None else TRUE
        if node.method.upper() == "ASOF":
            match = node.args.get("match_condition")
            return condition, expressions.truth(match) if match is not None else TRUE
        if node.method and node.method.upper() != "NATURAL":
            raise untold(node)
        return condition, None

    def _merged(self, node: exp.Join, using: list[str], before: list[Source], added: list[Source]) -> Rex:
        tests = []
        side = " ".join(filter(None, (node.side, node.kind))).upper()
        for name in using:
            one = self.scope.merged.get(name.lower()) or self._only(name, before)
            other = self._only(name, added)
            tests.append(call("=", *alike(one, other)))
            if side.startswith("FULL"):
                common = one.type.with_null(one.type.nullable and other.type.nullable)
                chosen: Rex = Call("COALESCE", (one, other), common)
            else:
                chosen = other if side.startswith("RIGHT") else one
            self.scope.merged[name.lower()] = chosen
        return conjunction(tests)

    def _only(self, name: str, sources: list[Source]) -> Rex:
        found = [place for place in (source.find(name) for source in sources) if place is not None]
        if not found:
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{name}' not found in any table")
        return Ref(found[0], self.scope.row[found[0]].type)


def _renamed(rel: Rel, names: list[str]) -> Rel:
    """A WITH query, or one row that is computed, under the names that its alias lists."""
    titles = [*names, *rel.names[len(names) :]]
    if isinstance(rel, Project) and list(rel.titles) != titles:
        return Project(rel.input, rel.exprs, tuple(titles))
    return rel


def _correlated(whole: Join, name: str, used: list[int], on: Rex) -> Rel:
    """A right side that reads the left's row; the condition stands on it."""
    right = whole.right
    count = len(whole.left.columns)
    if not always(on, True):

        def inner(part: Rex) -> Rex | None:
            if not isinstance(part, Ref):
                return None
            if part.index >= count:
                return shifted(part, -count)
            used.append(part.index)
            return Field(name, part.index, whole.left.columns[part.index].name, part.type)

        right = Filter(right, rewritten(on, inner))
    return Correlate(whole.left, right, name, whole.kind, tuple(sorted(set(used))))


def columns_of(relation: Relation) -> Columns:
    """A table's columns as Pinot's catalog has them: in the alphabet, virtual ones among them; nullable where null
    handling is by column."""
    by_column = relation.schema.column_based_nulls
    types = {}
    for name, info in relation.columns.items():
        type_ = info.stored_type if info.single_value else f"{info.stored_type}_ARRAY"
        types[name] = of_pinot(type_, by_column and info.nullable)
    types |= {name: of_pinot(type_) for name, type_ in VIRTUAL.items()}
    return tuple(Column(name, types[name]) for name in sorted(types))
