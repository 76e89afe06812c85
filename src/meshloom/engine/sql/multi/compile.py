"""Queries of the multi-stage engine to DuckDB: each SELECT with its sources, recursively."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from meshloom.engine.config.table import raw_name
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.multi.columns import Columns, meeting, of_columns, renamed, unique
from meshloom.engine.sql.multi.explain import explained
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.multi.scope import Sources, quoted
from meshloom.engine.sql.multi.select import Select
from meshloom.engine.sql.multi.tail import Ordering, limit
from meshloom.engine.sql.relation import Relations
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.translate import inner_query
from meshloom.engine.sql.typed import Typed, duckdb_type

SETS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def compile_multi(statement: Statement, relations: Relations) -> Compiled:
    """Raises PinotError: 190 no such table, 710 unknown column, 700 what is refused or not understood here,
    720 what Pinot's planner refuses."""
    query = Compiler(statement, relations)
    sql, columns = query.compile(statement.tree, None)
    if statement.explain:
        return explained(statement, relations)
    aggregates = any(isinstance(node, exp.Group) for node in statement.tree.walk())
    answer = tuple(OutputColumn(column.name, column.type) for column in columns)
    return Compiled(
        sql,
        answer,
        tuple(dict.fromkeys(raw_name(scan) for scan in query.scans)),
        relations.generation,
        aggregates,
        ties=query.ties,
        scans=tuple(query.scans),
    )


@dataclass
class Compiler:
    """One query's translation. `scans` are the tables that Pinot would read, as often as it would. `withs` are the
    WITH names in sight, innermost last, with what DuckDB calls them, and the scans of each: Pinot puts the query in
    the place of its name. `ties` counts the further columns of the text that settle the order of equal rows."""

    statement: Statement
    relations: Relations
    scans: list[str] = field(default_factory=list)
    withs: list[dict[str, tuple[str, Columns, list[str]]]] = field(default_factory=list)
    names: int = 0
    ties: int = 0

    def fresh(self, prefix: str) -> str:
        """A name that nothing else has."""
        self.names += 1
        return f"{prefix}{self.names}"

    def translator(self, scope: Sources) -> MultiTranslator:
        rewrite = self.statement.flag("autoRewriteAggregationType")
        return MultiTranslator(scope, nulls=self.statement.null_handling, rewrite=rewrite)

    @staticmethod
    def outer_of(translator: MultiTranslator) -> Sources | None:
        """What a subquery in FROM sees: not its neighbours, only the query around."""
        return translator.sources.outer

    def compile(self, node: exp.Query, outer: Sources | None) -> tuple[str, Columns]:
        """DuckDB's text and the columns. Raises PinotError."""
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
            before = len(self.scans)
            sql, columns = self.compile(inner_query(cte.this), outer)
            scans = self.scans[before:]
            del self.scans[before:]
            names = [column.name for column in cte.args["alias"].args.get("columns") or ()]
            columns = renamed(columns, names)
            name = self.fresh("$with")  # a WITH name may hide a table that its own query reads
            self.withs[-1][cte.alias.lower()] = (name, columns, scans)
            header = ", ".join(quoted(column.name) for column in unique(columns))
            parts.append(f"{quoted(name)}({header}) AS ({sql})")
        return f"WITH {', '.join(parts)} "

    def _body(self, node: exp.Query, outer: Sources | None) -> tuple[str, Columns]:
        if isinstance(node, exp.Subquery):
            return self.compile(inner_query(node), outer)
        if isinstance(node, exp.Select):
            return Select(self, node, outer).compile()
        if isinstance(node, exp.SetOperation):
            return self._set(node, outer)
        raise PinotError(QUERY_VALIDATION, f"Unsupported query: {node.sql(dialect='pinot')}")

    def _set(self, node: exp.SetOperation, outer: Sources | None) -> tuple[str, Columns]:
        word = SETS[type(node)] + ("" if node.args.get("distinct") else " ALL")
        left, columns = self.compile(inner_query(node.this), outer)
        right, others = self.compile(inner_query(node.expression), outer)
        both = meeting(columns, others, word)
        sides = [_as_types(sql, side, both) for sql, side in ((left, columns), (right, others))]
        sql = f" {word} ".join(sides)
        scope = Sources(self.compile, outer)
        scope.sources.append(of_columns("$set", both))
        translator = self.translator(scope)

        def key(by: exp.Expr) -> Typed:
            ordinal = isinstance(by, exp.Literal) and not by.is_string
            return Typed(str(whole(by, "an ordinal")), "INT") if ordinal else translator.translate(by)

        tail = Ordering(translator, key, both, node).text() + limit(node)
        if tail:
            header = ", ".join(quoted(column.name) for column in unique(both))
            sql = f'SELECT * FROM ({sql}) AS "$set"({header}){tail}'
        return sql, both


def _as_types(sql: str, columns: Columns, wanted: Columns) -> str:
    """One side of a set operation with the types of both."""
    if all(a.type == b.type for a, b in zip(columns, wanted, strict=True)):
        return f"({sql})"
    names = [f"c{place}" for place in range(len(columns))]
    casts = [
        Typed(name, have.type).cast(want.type).sql if have.type != "UNKNOWN" else f"NULL::{duckdb_type(want.type)}"
        for name, have, want in zip(names, columns, wanted, strict=True)
    ]
    return f"(SELECT {', '.join(casts)} FROM ({sql}) AS s({', '.join(names)}))"
