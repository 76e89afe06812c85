"""Queries of the multi-stage engine to DuckDB: each SELECT with its sources, recursively."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from meshloom.engine.config.table import raw_name
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.multi.arithmetic import balanced
from meshloom.engine.sql.multi.columns import Columns, meeting, of_columns, renamed, unique
from meshloom.engine.sql.multi.explain import explained
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.multi.scope import Sources, quoted
from meshloom.engine.sql.multi.select import Select
from meshloom.engine.sql.multi.tail import Ordering, limit
from meshloom.engine.sql.nodes import LONG_CHAIN, inner_query
from meshloom.engine.sql.relation import Relations
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.typed import Typed, duckdb_type

SETS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}
TAIL = ("with_", "order", "limit", "offset")  # what makes a set operation within another a query of its own


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
        """A chain of them from its left end, as the parser has built it: no deeper however long it is."""
        links = _links(node)
        text, both = self.compile(inner_query(links[0].this), outer)
        sides, last = [text], ""
        for link in links:
            word = SETS[type(link)] + ("" if link.args.get("distinct") else " ALL")
            right, others = self.compile(inner_query(link.expression), outer)
            columns, both = both, meeting(both, others, word)
            if word != last or not _alike(columns, both):
                sides, last = [_as_types(_combined(last, sides), columns, both)], word
            sides.append(_as_types(right, others, both))
        text = _combined(last, sides)
        tail = self._tail(node, both, outer)
        if tail:
            header = ", ".join(quoted(column.name) for column in unique(both))
            text = f'SELECT * FROM ({text}) AS "$set"({header}){tail}'
        return text, both

    def _tail(self, node: exp.SetOperation, columns: Columns, outer: Sources | None) -> str:
        """ORDER BY and LIMIT of a set operation."""
        scope = Sources(self.compile, outer)
        scope.sources.append(of_columns("$set", columns))
        translator = self.translator(scope)

        def key(by: exp.Expr) -> Typed:
            ordinal = isinstance(by, exp.Literal) and not by.is_string
            return Typed(str(whole(by, "an ordinal")), "INT") if ordinal else translator.translate(by)

        return Ordering(translator, key, columns, node).text() + limit(node)


def _links(node: exp.SetOperation) -> list[exp.SetOperation]:
    """The operations of a chain without parentheses, the first one first."""
    found = [node]
    while isinstance(inner := found[-1].this, exp.SetOperation) and not any(map(inner.args.get, TAIL)):
        found.append(inner)
    return found[::-1]


def _combined(word: str, sides: list[str]) -> str:
    """Many of one operation, no deeper than need be: what is taken away one after the other may be taken at once."""
    if len(sides) <= LONG_CHAIN or word.startswith("UNION"):
        return f" {word} ".join(sides)
    if word.startswith("EXCEPT"):
        return f"{sides[0]} {word} ({' UNION ALL '.join(sides[1:])})"
    return balanced(sides, word)


def _alike(columns: Columns, wanted: Columns) -> bool:
    return all(a.type == b.type for a, b in zip(columns, wanted, strict=True))


def _as_types(sql: str, columns: Columns, wanted: Columns) -> str:
    """One side of a set operation with the types of both."""
    if _alike(columns, wanted):
        return f"({sql})"
    names = [f"c{place}" for place in range(len(columns))]
    casts = [
        Typed(name, have.type).cast(want.type).sql if have.type != "UNKNOWN" else f"NULL::{duckdb_type(want.type)}"
        for name, have, want in zip(names, columns, wanted, strict=True)
    ]
    return f"(SELECT {', '.join(casts)} FROM ({sql}) AS s({', '.join(names)}))"
