"""One single-stage query to DuckDB: select list, filter, groups, order, limit, each with Pinot's rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from meshloom.engine.errors import (
    QUERY_VALIDATION,
    SQL_PARSING,
    TABLE_DOES_NOT_EXIST,
    UNKNOWN_COLUMN,
    PinotError,
)
from meshloom.engine.sql.canonical import name_of, text_of
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.counts import count_of, whole
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.scope import Scope
from meshloom.engine.sql.single.explain import explained
from meshloom.engine.sql.single.gapfill import compile_gapfill, is_gapfill
from meshloom.engine.sql.single.predicates import SingleTranslator
from meshloom.engine.sql.source import source_of
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.ties import MOST_TIES
from meshloom.engine.sql.translate import Translator
from meshloom.engine.sql.typed import Typed

MULTI_STAGE = (
    "SQLParsingError: It seems that the query is only supported by the multi-stage query engine, please retry the "
    "query using the multi-stage query engine (https://docs.pinot.apache.org/developers/advanced/v2-multi-stage-query-engine)"
)
DEFAULT_LIMIT = 10  # pinot.broker.default.query.limit
CLAUSES = {"expressions", "from_", "where", "group", "having", "order", "limit", "offset", "distinct", "kind", "hint"}


@dataclass(frozen=True, slots=True)
class Item:
    """One select item: the tree, its translation and the name of its column."""

    node: exp.Expr
    value: Typed
    name: str


def compile_single(statement: Statement, relations: Relations) -> Compiled:
    """Raises PinotError: 190 no such table, 710 unknown column, 700 what Pinot refuses or is not understood here."""
    select = statement.tree
    if isinstance(select, exp.Select) and is_gapfill(select) and not statement.explain:
        return _gapfilled(statement, select, relations)
    if not isinstance(select, exp.Select) or list(select.find_all(exp.Subquery, exp.With, exp.Join, exp.Window)):
        raise PinotError(SQL_PARSING, MULTI_STAGE)
    unknown = sorted(key for key, value in select.args.items() if value and key not in CLAUSES)
    if unknown:
        raise PinotError(SQL_PARSING, f"Unsupported clause: {', '.join(unknown)}")
    if select.args.get("from_") is None:
        return literals(select, relations.generation)
    relation = table_of(select, relations)
    if statement.explain:
        return explained(select, relation, limit_of(select), relations.generation)
    check_groovy(select, relation)
    scope = Scope(relation, "", statement.null_handling, relations)
    translator = SingleTranslator(scope, nulls=statement.null_handling)
    return _Query(statement, select, relation, translator).compile(relations.generation)


def _gapfilled(statement: Statement, select: exp.Select, relations: Relations) -> Compiled:
    nulls = statement.null_handling

    def ask(one: exp.Select, relation: Relation) -> Compiled:
        check_groovy(one, relation)
        translator = SingleTranslator(Scope(relation, "", nulls, relations), nulls=nulls)
        return _Query(statement, one, relation, translator).compile(relations.generation)

    return compile_gapfill(select, ask, lambda one: table_of(one, relations))


def limit_of(select: exp.Select) -> int:
    limit = select.args.get("limit")
    return whole(count_of(limit), "LIMIT") if limit is not None else DEFAULT_LIMIT


class NoColumns:
    """Satisfies `Columns` for a query without a table."""

    def column(self, name: str, table: str = "") -> Typed:
        raise PinotError(UNKNOWN_COLUMN, f"Unknown columnName '{name}' found in the query")

    def subquery(self, query: exp.Query) -> tuple[str, tuple[OutputColumn, ...]]:
        raise PinotError(SQL_PARSING, MULTI_STAGE)

    def table(self, name: str) -> Relation | None:
        return None


def literals(select: exp.Select, generation: int) -> Compiled:
    """`SELECT 1, 'a'`: one row; a literal is named by its text."""
    translator = Translator(NoColumns(), single=True, nulls=True)
    columns, values = [], []
    for position, node in enumerate(select.expressions):
        inner = node.unalias()
        value = translator.translate(inner)
        type_ = "UNKNOWN" if isinstance(inner, exp.Null) else value.type
        name = inner.sql(dialect="pinot").lower() if isinstance(inner, exp.Boolean | exp.Null) else text_of(inner)
        if isinstance(inner, exp.Literal) and not inner.is_string:
            name = str(inner.this)
        columns.append(OutputColumn(node.alias if isinstance(node, exp.Alias) else name, type_))
        values.append(f'{value.sql} AS "c{position}"')
    return Compiled(f"SELECT {', '.join(values)}", tuple(columns), (), generation)


def check_groovy(select: exp.Expr, relation: Relation) -> None:
    """Raises PinotError 700 for a script where none is allowed."""
    if not relation.groovy and any(call.name.lower() == "groovy" for call in select.find_all(exp.Anonymous)):
        raise PinotError(QUERY_VALIDATION, "Groovy transform functions are disabled for queries")


def table_of(select: exp.Select, relations: Relations) -> Relation:
    """The one table of a query. Raises PinotError 190 when there is none of its name."""
    from_ = select.args.get("from_")
    table = from_.this if from_ is not None else None
    if not isinstance(table, exp.Table):
        raise PinotError(QUERY_VALIDATION, "A query names a table in FROM")
    relation = relations.find(table.name)
    if relation is None:
        raise PinotError(TABLE_DOES_NOT_EXIST, f"TableDoesNotExistError: {table.name}")
    return relation


def _constant(item: Item) -> bool:
    node = item.node
    if isinstance(node, exp.Alias | exp.Literal | exp.Null | exp.Neg) or item.value.aggregate:
        return False
    return isinstance(node, exp.Expr) and node.find(exp.Column, exp.Star) is None


class _Query:
    def __init__(self, statement: Statement, select: exp.Select, relation: Relation, translator: Translator) -> None:
        self.statement, self.select, self.relation, self.translator = statement, select, relation, translator
        self.source = source_of(relation, statement)
        self.exploded: dict[str, Typed] = {}
        self.items = self._items()

    def compile(self, generation: int) -> Compiled:
        group, distinct = self._groups(), bool(self.select.args.get("distinct"))
        aggregates = any(item.value.aggregate for item in self.items)
        if group and not aggregates and not self.select.args.get("having"):
            distinct, group = True, []
        self._check(group, aggregates)
        if group or distinct:
            group = self._exploded(group, [item.value for item in self.items] if distinct else group)
        where = self.select.args.get("where")
        filtered = f" WHERE {self.translator.predicate(where.this).sql}" if where is not None else ""
        counted = aggregates and bool(filtered)
        values = [f'{item.value.sql} AS "c{position}"' for position, item in enumerate(self.items)]
        if counted:
            values.append(f'{self._documents(bool(group), filtered)} AS "$documents"')
        order = self._order(distinct)
        ties = self._ties(distinct or bool(group) or aggregates)
        values += [f'{sql} AS "$tie{number}"' for number, sql in enumerate(ties)]
        parts = ["SELECT DISTINCT" if distinct else "SELECT", ", ".join(values)]
        parts.append(f"FROM {self.source}{self._laterals()}{filtered}")
        if group:
            parts.append("GROUP BY " + ", ".join(value.sql for value in group))
        having = self.select.args.get("having")
        if having is not None:
            parts.append(f"HAVING {self.translator.predicate(self._resolved(having.this)).sql}")
        if order:
            parts.append("ORDER BY " + ", ".join(order))
        parts.append(self._limit())
        columns = tuple(OutputColumn(item.name, item.value.type, _constant(item)) for item in self.items)
        scans = (self.relation.found_by or self.relation.name,)
        return Compiled(
            " ".join(parts), columns, (self.relation.name,), generation, aggregates, bool(group), counted, len(ties),
            scans,
        )  # fmt: skip

    def _exploded(self, group: list[Typed], keys: list[Typed]) -> list[Typed]:
        """Each value of a multi-value key makes a group of its own: the keys and items as they stand behind that."""
        for value in keys:
            if value.array and value.sql not in self.exploded:
                self.exploded[value.sql] = Typed(f'"$mv{len(self.exploded)}"."v"', value.element)
        self.items = [replace(item, value=self.exploded.get(item.value.sql, item.value)) for item in self.items]
        return [self.exploded.get(value.sql, value) for value in group]

    def _laterals(self) -> str:
        pairs = enumerate(self.exploded)
        return "".join(f', (SELECT unnest({sql}) AS "v") AS "$mv{number}"' for number, sql in pairs)

    def _documents(self, grouped: bool, filtered: str) -> str:
        """How many documents the filter let through, however many groups are answered."""
        if self.exploded:
            return f"(SELECT count(*) FROM {self.source}{filtered})"
        return "sum(count(*)) OVER ()" if grouped else "count(*)"

    def _items(self) -> list[Item]:
        items: list[Item] = []
        for node in self.select.expressions:
            if isinstance(node, exp.Star):
                for name in sorted(self.relation.columns):
                    column = exp.column(exp.to_identifier(name, quoted=True))
                    items.append(Item(column, self.translator.translate(column), name))
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            items.append(Item(node, self.translator.translate(inner), self._name(node)))
        return items

    def _name(self, node: exp.Expr) -> str:
        """A plain column takes the schema's case, whatever the query's."""
        if isinstance(node, exp.Column):
            info = next((c for c in self.relation.columns if c.lower() == node.name.lower()), None)
            return info or node.name
        return name_of(node.transform(self._over_values) if not isinstance(node, exp.Alias) else node)

    def _over_values(self, node: exp.Expr) -> exp.Expr:
        """An aggregation over a multi-value column is named as if it had its MV behind it."""
        if not isinstance(node, exp.Anonymous) or not node.expressions or node.name.lower() == "count":
            return node
        if find_aggregate(node.name) is None or node.name.lower().endswith("mv"):
            return node
        first = node.expressions[0]
        if isinstance(first, exp.Column) and self.translator.translate(first).array:
            return exp.Anonymous(this=f"{node.name}MV", expressions=node.expressions)
        return node

    def _resolved(self, node: exp.Expr) -> exp.Expr:
        """Aliases and ordinals replaced by what they stand for."""
        aliases = {i.node.alias.lower(): i.node.this for i in self.items if isinstance(i.node, exp.Alias)}
        if isinstance(node, exp.Literal) and not node.is_string:
            position = whole(node, "an ordinal")
            if not 1 <= position <= len(self.items):
                raise PinotError(QUERY_VALIDATION, f"Expected Ordinal value to be between 1 and {len(self.items)}")
            item: exp.Expr = self.items[position - 1].node.unalias()
            return item
        resolved: exp.Expr = node.transform(
            lambda part: (
                aliases[part.name.lower()].copy()
                if isinstance(part, exp.Column) and not part.table and part.name.lower() in aliases
                else part
            )
        )
        return resolved

    def _groups(self) -> list[Typed]:
        group = self.select.args.get("group")
        if group is None:
            return []
        self._group_texts = {text_of(self._resolved(node)) for node in group.expressions}
        return [self.translator.translate(self._resolved(node)) for node in group.expressions]

    def _check(self, group: list[Typed], aggregates: bool) -> None:
        if not aggregates:
            return
        grouped = {value.sql for value in group}
        for item in self.items:
            if item.value.aggregate or item.value.sql in grouped or item.value.literal is not None:
                continue
            if not all(self.translator.translate(c).sql in grouped for c in item.node.find_all(exp.Column)):
                name = text_of(item.node.this if isinstance(item.node, exp.Alias) else item.node)
                raise PinotError(
                    SQL_PARSING,
                    f"SQLParsingError: '{name}' should be functionally dependent on the columns used in GROUP BY "
                    "clause.",
                )

    def _order(self, distinct: bool) -> list[str]:
        order = self.select.args.get("order")
        if order is None:
            return []
        keys = []
        for ordered in order.expressions:
            value = self.translator.translate(self._resolved(ordered.this))
            value = self.exploded.get(value.sql, value)
            position = next((n for n, item in enumerate(self.items) if item.value.sql == value.sql), None)
            if distinct and position is None:
                raise PinotError(QUERY_VALIDATION, "ORDER-BY columns should be included in the DISTINCT columns")
            sql = value.sql if position is None else f'"c{position}"'
            last = ordered.args.get("nulls_first")
            nulls = "NULLS FIRST" if last else "NULLS LAST"
            keys.append(f"{sql} {'DESC' if ordered.args.get('desc') else 'ASC'} {nulls}")
        plain = not distinct and not self.exploded and not any(item.value.aggregate for item in self.items)
        return [*keys, '"$segment"', '"$doc"'] if plain and not self.select.args.get("group") else keys

    def _ties(self, grouped: bool) -> list[str]:
        """The keys of ORDER BY and the document, where Pinot's order among equal rows can be told."""
        order = self.select.args.get("order")
        one = self.relation.segments == 1 and not self.select.args.get("offset")
        if order is None or grouped or self.exploded or not one or limit_of(self.select) > MOST_TIES:
            return []
        keys = [self.translator.translate(self._resolved(ordered.this)).sql for ordered in order.expressions]
        return [*keys, '"$doc"']

    def _limit(self) -> str:
        offset = self.select.args.get("offset")
        text = f"LIMIT {limit_of(self.select)}"
        return f"{text} OFFSET {whole(count_of(offset), 'OFFSET')}" if offset is not None else text
