"""Names in a query: what columns of FROM and of the queries around are called, and where they stand in the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from meshloom.engine.errors import QUERY_PLANNING, QUERY_VALIDATION, UNKNOWN_COLUMN, PinotError
from meshloom.engine.sql.multi.explain.rel import Column, Columns, Rel
from meshloom.engine.sql.multi.explain.rex import Field, Ref, Rex

HIDDEN = "$"  # with this begin the names of virtual columns


@dataclass
class Source:
    """One table, query or WITH name in FROM: its alias and columns. `places` are theirs in the row."""

    alias: str
    columns: Columns
    places: tuple[int, ...]

    def find(self, name: str) -> int | None:
        """The place of a column: of one written so, else ignoring case."""
        for exact in (True, False):
            for column, place in zip(self.columns, self.places, strict=True):
                if column.name == name or (not exact and column.name.lower() == name.lower()):
                    return place
        return None


@dataclass
class Correlations:
    """Numbers the rows of outer queries that inner ones read."""

    last: int = -1

    def fresh(self) -> str:
        self.last += 1
        return f"$cor{self.last}"


@dataclass
class Scope:
    """One SELECT's names. `row` are the columns that the row has now; `correlation` is what inner queries call it,
    "" as long as none reads it. `merged` are the columns that USING made one."""

    outer: Scope | None
    correlations: Correlations
    sources: list[Source] = field(default_factory=list)
    row: Columns = ()
    correlation: str = ""
    merged: dict[str, Rex] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    placed: Callable[[int], Ref] | None = None  # a column of FROM as inner queries read it once the rows are grouped

    def add(self, alias: str, columns: Columns, offset: int) -> Source:
        source = Source(alias, columns, tuple(range(offset, offset + len(columns))))
        self.sources.append(source)
        return source

    def owners(self, name: str, table: str) -> list[int]:
        found = [s.find(name) for s in self.sources if not table or s.alias.lower() == table.lower()]
        return [place for place in found if place is not None]

    def column(self, name: str, table: str) -> Rex:
        """Raises PinotError 710 for an unknown column, 700 for one that several sources have."""
        if not table and name.lower() in self.merged:
            return self.merged[name.lower()]
        found = self.owners(name, table)
        if len(found) > 1:
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{name}' is ambiguous")
        if found:
            return Ref(found[0], self.row[found[0]].type)
        if self.outer is not None:
            return self.outer.outside(name, table)
        if table and not any(source.alias.lower() == table.lower() for source in self.sources):
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Table '{table}' not found")
        raise PinotError(UNKNOWN_COLUMN, f"UnknownColumnError: Column '{name}' not found in any table")

    def outside(self, name: str, table: str) -> Rex:
        """The column as a query inside this one reads it."""
        found = self.owners(name, table)
        if not found and self.outer is not None:
            return self.outer.outside(name, table)
        if not found:
            raise PinotError(UNKNOWN_COLUMN, f"UnknownColumnError: Column '{name}' not found in any table")
        self.correlation = self.correlation or self.correlations.fresh()
        ref = self.placed(found[0]) if self.placed is not None else Ref(found[0], self.row[found[0]].type)
        self.used.add(ref.index)
        return Field(self.correlation, ref.index, self.row[found[0]].name, ref.type)

    def inner(self) -> Scope:
        return Scope(self, self.correlations)


def named(rel: Rel, names: list[str]) -> Columns:
    """A source's columns under the names that its alias lists."""
    titles = [*names, *rel.names[len(names) :]]
    return tuple(Column(title, column.type) for title, column in zip(titles, rel.columns, strict=False))


def untold(node: exp.Expr, why: str = "") -> PinotError:
    """What this engine runs, but tells no plan of."""
    text = node.sql(dialect="pinot")
    reason = f" ({why})" if why else ""
    return PinotError(
        QUERY_VALIDATION,
        f"EXPLAIN PLAN FOR tells no plan of this yet{reason}: {text[:120]}; see docs/reference/pinot-differences.md",
    )


def unplanned(node: exp.Expr, why: str) -> PinotError:
    """What this engine runs, but Pinot's planner does not convert (QueryEnvironment.toRelation)."""
    query = node.root().sql(dialect="pinot")
    return PinotError(
        QUERY_PLANNING,
        "QueryPlanningError: Error converting query to relational expression: Failed to convert query to relational "
        f"expression:\n{query[:400]}\n{why}",
    )
