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
from meshloom.engine.sql.canonical import text_of
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.counts import count_of, whole
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.nodes import found, nodes_of
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.result_names import name_of
from meshloom.engine.sql.scope import Scope
from meshloom.engine.sql.single import sources
from meshloom.engine.sql.single.aggregations import AggregatingTranslator
from meshloom.engine.sql.single.coded_groups import coded_groups
from meshloom.engine.sql.single.explain import BROKER, Counting, Query, explained, told
from meshloom.engine.sql.single.gapfill import compile_gapfill, is_gapfill
from meshloom.engine.sql.source import source_of
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.ties import MOST_TIES
from meshloom.engine.sql.translate import Translator
from meshloom.engine.sql.typed import Typed

MULTI = (exp.Subquery, exp.With, exp.Join, exp.Window)
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
    if not isinstance(select, exp.Select) or any(isinstance(node, MULTI) for node in nodes_of(select)):
        raise PinotError(SQL_PARSING, MULTI_STAGE)
    unknown = sorted(key for key, value in select.args.items() if value and key not in CLAUSES)
    if unknown:
        raise PinotError(SQL_PARSING, f"Unsupported clause: {', '.join(unknown)}")
    if select.args.get("from_") is None:
        return told(BROKER, (), relations.generation) if statement.explain else literals(select, relations.generation)
    relation = table_of(select, relations)
    if statement.explain:
        offset = select.args.get("offset")
        after = whole(count_of(offset), "OFFSET") if offset is not None else 0
        return explained(Query(statement, select, relation, relations, limit_of(select), after))
    check_groovy(select, relation)
    plain = source_of(relation, statement) == relation.source  # not a subquery of it
    scope = Scope(relation, "", statement.null_handling, relations, codes=plain)
    translator = AggregatingTranslator(scope, nulls=statement.null_handling)
    return _Query(statement, select, relation, translator, relations).compile(relations.generation)


def _gapfilled(statement: Statement, select: exp.Select, relations: Relations) -> Compiled:
    nulls = statement.null_handling

    def ask(one: exp.Select, relation: Relation) -> Compiled:
        check_groovy(one, relation)
        translator = AggregatingTranslator(Scope(relation, "", nulls, relations), nulls=nulls)
        return _Query(statement, one, relation, translator, relations).compile(relations.generation)

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
    if not relation.groovy and any(call.name.lower() == "groovy" for call in found(select, exp.Anonymous)):
        raise PinotError(QUERY_VALIDATION, "Groovy transform functions are disabled for queries")


def table_of(select: exp.Select, relations: Relations) -> Relation:
    """The one table of a query. Raises PinotError 190 when there is none of its name."""
    from_ = select.args.get("from_")
    table = from_.this if from_ is not None else None
    if not isinstance(table, exp.Table):
        raise PinotError(QUERY_VALIDATION, "A query names a table in FROM")
    alias = table.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        raise PinotError(
            SQL_PARSING, "SQLParsingError: other names for a table's columns need useMultistageEngine=true"
        )
    relation = relations.find(table.name)
    if relation is None:
        raise PinotError(TABLE_DOES_NOT_EXIST, f"TableDoesNotExistError: {table.name}")
    return relation


def _aggregates(node: exp.Expr, *, itself: bool = False) -> bool:
    """Whether an aggregation stands in an expression, or is it."""
    calls = [node] if itself else node.find_all(exp.Anonymous)
    return any(isinstance(call, exp.Anonymous) and find_aggregate(call.name) is not None for call in calls)


def _constant(item: Item) -> bool:
    node = item.node
    if isinstance(node, exp.Alias | exp.Literal | exp.Null | exp.Neg) or item.value.aggregate:
        return False
    return isinstance(node, exp.Expr) and node.find(exp.Column, exp.Star) is None


class _Query:
    def __init__(
        self, statement: Statement, select: exp.Select, relation: Relation, translator: AggregatingTranslator,
        relations: Relations,
    ) -> None:  # fmt: skip
        self.statement, self.select, self.relation, self.translator = statement, select, relation, translator
        self.relations = relations
        self.source = source_of(relation, statement)
        self.exploded: dict[str, Typed] = {}
        self.unnested: list[str] = []  # the lists whose values `exploded` stands for
        self.aliases = {node.alias: node.this for node in select.expressions if isinstance(node, exp.Alias)}
        self.keys = self._keys()
        if self.source == relation.source and translator.scope.codes:
            self.source = sources.source_for(select, relation, self.keys)
        self.aggregates = any(
            _aggregates(part) for part in (*select.expressions, select.args.get("order")) if part is not None
        )
        having = select.args.get("having")
        if self.aggregates or (having is not None and _aggregates(having)):
            translator.keys = frozenset(map(text_of, self.keys))
        self.items = self._items()

    def compile(self, generation: int) -> Compiled:
        group, distinct = self._grouped()
        aggregates = self.aggregates
        where = self.select.args.get("where")
        with self.translator.among_rows():
            filtered = f" WHERE {self.translator.predicate(where.this).sql}" if where is not None else ""
        counted = aggregates and bool(filtered)
        values = [f'{item.value.sql} AS "c{position}"' for position, item in enumerate(self.items)]
        if counted:
            values.append(f'{self._documents(bool(group), filtered)} AS "$documents"')
        order = self._order(distinct)
        ties = self._ties(distinct or bool(group) or aggregates)
        values += [f'{sql} AS "$tie{number}"' for number, sql in enumerate(ties)]
        having = self.select.args.get("having")
        by_codes = self._by_codes(group, order) if not filtered and having is None else ""
        if by_codes:
            parts = [f"FROM ({by_codes})"]
        else:
            parts = ["SELECT DISTINCT" if distinct else "SELECT", ", ".join(values)]
            parts.append(f"FROM {self.source}{self._laterals()}{filtered}")
        if group and not by_codes:
            parts.append("GROUP BY " + ", ".join(value.sql for value in group))
        if having is not None and group:
            parts.append(f"HAVING {self.translator.predicate(self._resolved(having.this)).sql}")
        if order:
            parts.append("ORDER BY " + ", ".join(order))
        parts.append(self._limit(plain=not (distinct or group or aggregates)))
        columns = tuple(
            OutputColumn(item.name, item.value.type, _constant(item), self.translator.told(item.node.unalias()))
            for item in self.items
        )
        scans = (self.relation.found_by or self.relation.name,)
        offset = self.select.args.get("offset")
        after = whole(count_of(offset), "OFFSET") if offset is not None else 0
        query = Query(self.statement, self.select, self.relation, self.relations, limit_of(self.select), after)
        return Compiled(
            " ".join(parts), columns, (self.relation.name,), generation, aggregates, bool(group), counted, len(ties),
            scans, Counting(query),
        )  # fmt: skip

    def _by_codes(self, group: list[Typed], order: list[str]) -> str:
        """The groups made of codes, "" where they are not."""
        outputs = {f'"c{position}"' for position in range(len(self.items))}
        taken = any(f'"{name}"' in outputs for name in self.relation.columns)
        if self.source != self.relation.source or self.exploded or taken or self.relation.rows < sources.LARGE:
            return ""
        if any(key.split(" ")[0] not in outputs for key in order):
            return ""
        return coded_groups(self.source, [item.value.sql for item in self.items], group)

    def _grouped(self) -> tuple[list[Typed], bool]:
        """The keys, and whether only distinct rows are wanted. Groups of which no aggregation is asked are distinct
        rows where they are all that is selected, otherwise no groups (NonAggregationGroupByToDistinctQueryRewriter)."""
        group = [self.translator.translate(node) for node in self.keys]
        distinct = bool(self.select.args.get("distinct"))
        self._check(group)
        if group and self.translator.keys is None:
            selected = {text_of(item.node.unalias()) for item in self.items}
            distinct, group = distinct or selected == set(map(text_of, self.keys)), []
        if distinct and not limit_of(self.select):
            raise PinotError(QUERY_VALIDATION, "DISTINCT must have positive LIMIT")
        if group or distinct:
            self._explode([item.node.unalias() for item in self.items] if distinct else self.keys)
            self.items = [replace(item, value=self.exploded.get(item.value.sql, item.value)) for item in self.items]
        return [self.exploded.get(value.sql, value) for value in group], distinct

    def _explode(self, keys: list[exp.Expr]) -> None:
        """Each value of a multi-value key makes a group of its own; there a null is its column's default."""
        for node in keys:
            value = self.translator.translate(node)
            if value.array and value.sql not in self.exploded:
                self.exploded[value.sql] = Typed(f'"$mv{len(self.exploded)}"."v"', value.element)
                self.unnested.append(self.translator.defaults().translate(node).sql)

    def _laterals(self) -> str:
        pairs = enumerate(self.unnested)
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
            value = self.translator.translate(inner)
            if value.type == "TIMESTAMP" and not isinstance(node, exp.Alias) and node.find(exp.Column) is None:
                value = value.cast("LONG")  # a literal of it is one of LONG (RequestUtils.getLiteral)
            items.append(Item(node, value, self._name(node)))
        return items

    def _name(self, node: exp.Expr) -> str:
        """A plain column takes the schema's case, whatever the query's."""
        if isinstance(node, exp.Column):
            info = next((c for c in self.relation.columns if c.lower() == node.name.lower()), None)
            return info or node.name
        nulls = self.statement.null_handling
        return name_of(node.transform(self.translator.named) if not isinstance(node, exp.Alias) else node, nulls=nulls)

    def _resolved(self, node: exp.Expr) -> exp.Expr:
        """Aliases and ordinals replaced by what they stand for."""
        if isinstance(node, exp.Literal) and not node.is_string:
            position, items = whole(node, "an ordinal"), self.select.expressions
            if not 1 <= position <= len(items):
                raise PinotError(QUERY_VALIDATION, f"Expected Ordinal value to be between 1 and {len(items)}")
            item: exp.Expr = items[position - 1].unalias()
            return item
        resolved: exp.Expr = node.transform(
            lambda part: (
                self.aliases[part.name].copy()
                if isinstance(part, exp.Column) and not part.table and part.name in self.aliases
                else part
            )
        )
        return resolved

    def _keys(self) -> list[exp.Expr]:
        group = self.select.args.get("group")
        return [] if group is None else [self._resolved(node) for node in group.expressions]

    def _check(self, group: list[Typed]) -> None:
        if not self.aggregates and not self.keys:
            return
        grouped, texts = {value.sql for value in group}, set(map(text_of, self.keys))

        def depends(node: exp.Expr) -> bool:
            if text_of(node) in texts or isinstance(node, exp.Filter) or _aggregates(node, itself=True):
                return True
            if isinstance(node, exp.Column | exp.Star):
                return self.translator.translate(node).sql in grouped
            return all(depends(part) for part in node.iter_expressions())

        for item in self.items:
            if not depends(item.node.unalias()):
                text = text_of(item.node.unalias())
                raise PinotError(
                    SQL_PARSING,
                    f"SQLParsingError: '{text}' should be functionally dependent on the columns used in GROUP BY "
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
        plain = not distinct and not self.exploded and self.translator.keys is None
        return [*keys, '"$segment"', '"$doc"'] if plain else keys

    def _ties(self, grouped: bool) -> list[str]:
        """The keys of ORDER BY and the document, where Pinot's order among equal rows can be told."""
        order = self.select.args.get("order")
        one = self.relation.segments == 1 and not self.select.args.get("offset")
        if order is None or grouped or self.exploded or not one or limit_of(self.select) > MOST_TIES:
            return []
        keys = [self.translator.translate(self._resolved(ordered.this)).sql for ordered in order.expressions]
        return [*keys, '"$doc"']

    def _limit(self, *, plain: bool) -> str:
        """Only rows in an order have an offset: other rows, groups and distinct rows begin with the first."""
        offset = self.select.args.get("offset") if self.select.args.get("order") is not None else None
        text = f"LIMIT {limit_of(self.select)}"
        return f"{text} OFFSET {whole(count_of(offset), 'OFFSET')}" if offset is not None and plain else text
