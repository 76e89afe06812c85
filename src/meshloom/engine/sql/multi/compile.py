"""Queries of the multi-stage engine to DuckDB: each SELECT with its sources, recursively."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, TABLE_DOES_NOT_EXIST, PinotError
from meshloom.engine.server.relation import Relations
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.multi.scope import Source, Sources, quoted
from meshloom.engine.sql.scope import read
from meshloom.engine.sql.source import source_of
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.translate import Translator, inner_query
from meshloom.engine.sql.typed import NUMERIC, Typed
from meshloom.engine.sql.windows import ordering

Columns = tuple[OutputColumn, ...]
CLAUSES = {
    "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "with_",
    "hint", "qualify", "kind",
}  # fmt: skip
SETS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def compile_multi(statement: Statement, relations: Relations) -> Compiled:
    """Raises PinotError: 190 no such table, 710 unknown column, 700 what is refused or not understood here."""
    query = _Compiler(statement, relations)
    sql, columns = query.compile(statement.tree, None)
    aggregates = any(isinstance(node, exp.Group) for node in statement.tree.walk())
    return Compiled(sql, columns, tuple(query.tables), relations.generation, aggregates)


@dataclass
class _Compiler:
    statement: Statement
    relations: Relations
    tables: dict[str, None] = field(default_factory=dict)
    withs: list[dict[str, Columns]] = field(default_factory=list)

    def compile(self, node: exp.Query, outer: Sources | None) -> tuple[str, Columns]:
        with_ = node.args.get("with_")
        self.withs.append({})
        try:
            prefix = self._with(with_, outer) if with_ is not None else ""
            sql, columns = self._body(node, outer)
        finally:
            self.withs.pop()
        return prefix + sql, columns

    def _with(self, with_: exp.With, outer: Sources | None) -> str:
        if with_.args.get("recursive"):
            raise PinotError(QUERY_VALIDATION, "WITH RECURSIVE is not supported")
        parts = []
        for cte in with_.expressions:
            sql, columns = self.compile(inner_query(cte.this), outer)
            names = [column.name for column in cte.args["alias"].args.get("columns") or ()]
            columns = renamed(columns, names)
            self.withs[-1][cte.alias.lower()] = columns
            header = ", ".join(quoted(column.name) for column in columns)
            parts.append(f"{quoted(cte.alias)}({header}) AS ({sql})")
        return f"WITH {', '.join(parts)} "

    def _body(self, node: exp.Query, outer: Sources | None) -> tuple[str, Columns]:
        if isinstance(node, exp.Subquery):
            return self.compile(inner_query(node), outer)
        if isinstance(node, exp.Select):
            return _Select(self, node, outer).compile()
        if isinstance(node, exp.SetOperation):
            return self._set(node, outer)
        raise PinotError(QUERY_VALIDATION, f"Unsupported query: {node.sql(dialect='pinot')}")

    def _set(self, node: exp.SetOperation, outer: Sources | None) -> tuple[str, Columns]:
        left, columns = self.compile(inner_query(node.this), outer)
        right, others = self.compile(inner_query(node.expression), outer)
        if len(columns) != len(others):
            raise PinotError(QUERY_VALIDATION, "Column count mismatch in " + SETS[type(node)])
        types = [common(a.type, b.type) for a, b in zip(columns, others, strict=True)]
        word = SETS[type(node)] + ("" if node.args.get("distinct") else " ALL")
        names = tuple(OutputColumn(column.name, type_) for column, type_ in zip(columns, types, strict=True))
        sql = f"({left}) {word} ({right})"
        scope = Sources(self.compile, outer)
        scope.sources.append(Source("", {c.name: Typed(quoted(c.name), c.type) for c in names}))
        tail = order_and_limit(node, Translator(scope, single=False, nulls=True))
        if tail:
            header = ", ".join(quoted(column.name) for column in names)
            sql = f'SELECT * FROM ({sql}) AS "$set"({header}){tail}'
        return sql, names

    def source(self, node: exp.Expr, outer: Sources | None) -> tuple[str, Source]:
        """A source of FROM: its text with alias, and its columns. Raises PinotError 190 and 700."""
        alias = node.alias_or_name
        if isinstance(node, exp.Table):
            for withs in reversed(self.withs):
                if node.name.lower() in withs:
                    columns = withs[node.name.lower()]
                    return f"{quoted(node.name)} AS {quoted(alias)}", of_columns(alias, columns)
            relation = self.relations.find(node.name)
            if relation is None:
                raise PinotError(TABLE_DOES_NOT_EXIST, f"TableDoesNotExistError: {node.name}")
            self.tables[relation.name] = None
            nulls = self.statement.null_handling
            found = {name: read(info, quoted(alias), nulls) for name, info in sorted(relation.columns.items())}
            return f"{source_of(relation, self.statement)} AS {quoted(alias)}", Source(alias, found)
        if isinstance(node, exp.Subquery):
            sql, columns = self.compile(inner_query(node), outer)
            given = node.args.get("alias")
            columns = renamed(columns, [column.name for column in given.args.get("columns") or ()] if given else [])
            alias = alias or "$derived"
            header = ", ".join(quoted(column.name) for column in columns)
            return f"({sql}) AS {quoted(alias)}({header})", of_columns(alias, columns)
        raise PinotError(QUERY_VALIDATION, f"Unsupported in FROM: {node.sql(dialect='pinot')}")


class _Select:
    def __init__(self, compiler: _Compiler, node: exp.Select, outer: Sources | None) -> None:
        unknown = sorted(key for key, value in node.args.items() if value and key not in CLAUSES)
        if unknown:
            raise PinotError(QUERY_VALIDATION, f"Unsupported clause: {', '.join(unknown)}")
        self.compiler, self.node, self.outer = compiler, node, outer
        self.scope = Sources(compiler.compile, outer)
        self.translator = Translator(self.scope, single=False, nulls=True)

    def compile(self) -> tuple[str, Columns]:
        from_ = self._from()
        items, columns = self._items()
        distinct = "DISTINCT " if self.node.args.get("distinct") else ""
        parts = [f"SELECT {distinct}{', '.join(items)}", from_]
        where = self.node.args.get("where")
        if where is not None:
            parts.append(f"WHERE {self.translator.condition(where.this).sql}")
        group = self.node.args.get("group")
        if group is not None:
            parts.append("GROUP BY " + ", ".join(self._key(key).sql for key in group.expressions))
        for clause in ("having", "qualify"):
            found = self.node.args.get(clause)
            if found is not None:
                parts.append(f"{clause.upper()} {self.translator.condition(found.this).sql}")
        return " ".join(filter(None, parts)) + order_and_limit(self.node, self.translator, self._key), columns

    def _from(self) -> str:
        from_ = self.node.args.get("from_")
        if from_ is None:
            return ""
        text, source = self.compiler.source(from_.this, self.outer)
        self.scope.sources.append(source)
        for join in self.node.args.get("joins") or ():
            text += self._join(join)
        return f"FROM {text}"

    def _join(self, join: exp.Join) -> str:
        words = " ".join(filter(None, (join.method, join.side, join.kind))).upper()
        if words not in JOINS:
            raise PinotError(QUERY_VALIDATION, f"Unsupported join: {words}")
        text, source = self.compiler.source(join.this, self.outer)
        self.scope.sources.append(source)
        on, using = join.args.get("on"), join.args.get("using")
        if using:
            names = [column.name for column in using]
            source.columns = {n: v for n, v in source.columns.items() if n.lower() not in {x.lower() for x in names}}
            return f" {words} JOIN {text} USING ({', '.join(map(quoted, names))})"
        if on is None:
            return f" CROSS JOIN {text}"
        return f" {words} JOIN {text} ON {self.translator.condition(on).sql}"

    def _items(self) -> tuple[list[str], Columns]:
        items: list[str] = []
        columns: list[OutputColumn] = []
        for node in self.node.expressions:
            star = isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))
            if star:
                table = node.table if isinstance(node, exp.Column) else ""
                for source in self.scope.sources:
                    if not table or source.alias.lower() == table.lower():
                        items += [f"{value.sql} AS {quoted(name)}" for name, value in source.columns.items()]
                        columns += [OutputColumn(name, output(value.type)) for name, value in source.columns.items()]
                continue
            value = self.translator.translate(node.this if isinstance(node, exp.Alias) else node)
            name = node.alias_or_name if isinstance(node, exp.Alias | exp.Column) else f"EXPR${len(items)}"
            items.append(f"{value.sql} AS {quoted(name)}")
            columns.append(OutputColumn(name, output(value.type)))
        return items, tuple(columns)

    def _key(self, node: exp.Expr) -> Typed:
        """A key of GROUP BY or ORDER BY: an ordinal, an alias of the select list, or an expression."""
        if isinstance(node, exp.Literal) and not node.is_string:
            return Typed(str(int(node.this)), "INT")
        if isinstance(node, exp.Column) and not node.table:
            for item in self.node.expressions:
                if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower():
                    return self.translator.translate(item.this)
        return self.translator.translate(node)


JOINS = ("", "INNER", "LEFT", "LEFT OUTER", "RIGHT", "RIGHT OUTER", "FULL", "FULL OUTER", "CROSS", "SEMI", "ANTI",
         "LEFT SEMI", "LEFT ANTI")  # fmt: skip


def order_and_limit(node: exp.Query, translator: Translator, key: object = None) -> str:
    """The tail of a query, with a blank before it; "" when there is none."""
    text = ""
    order, limit, offset = (node.args.get(name) for name in ("order", "limit", "offset"))
    if order is not None:
        keys = []
        for ordered in order.expressions:
            if callable(key):
                direction = "DESC" if ordered.args.get("desc") else "ASC"
                nulls = "NULLS FIRST" if ordered.args.get("nulls_first") else "NULLS LAST"
                keys.append(f"{key(ordered.this).sql} {direction} {nulls}")
            else:
                keys.append(ordering(translator, ordered))
        text += " ORDER BY " + ", ".join(keys)
    if limit is not None:
        text += f" LIMIT {int(limit.expression.name)}"
    if offset is not None:
        text += f" OFFSET {int(offset.expression.name)}"
    return text


def output(type_: str) -> str:
    """JSON columns are typed STRING in the multi-stage engine (pinot.md, section 7)."""
    return "STRING" if type_ == "JSON" else type_


def renamed(columns: Columns, names: list[str]) -> Columns:
    if names and len(names) != len(columns):
        raise PinotError(QUERY_VALIDATION, f"{len(names)} column names for {len(columns)} columns")
    return tuple(OutputColumn(n, c.type) for n, c in zip(names, columns, strict=True)) if names else columns


def of_columns(alias: str, columns: Columns) -> Source:
    prefix = quoted(alias)
    return Source(alias, {c.name: Typed(f"{prefix}.{quoted(c.name)}", c.type) for c in columns})


def common(left: str, right: str) -> str:
    """The type of a column of a set operation."""
    if left == right:
        return left
    if left in NUMERIC and right in NUMERIC:
        return max(left, right, key=NUMERIC.index)
    raise PinotError(QUERY_VALIDATION, f"Type mismatch in a set operation: {left} and {right}")
