"""Names in a multi-stage query: the columns of each source under its alias, then those of the query around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, UNKNOWN_COLUMN, PinotError
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.typed import Typed

Compile = Callable[[exp.Query, "Sources | None"], tuple[str, tuple[OutputColumn, ...]]]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True)
class Source:
    """One table, subquery or WITH name in FROM. `columns` are its expressions by name, in order."""

    alias: str
    columns: dict[str, Typed]
    hidden: dict[str, Typed] = field(default_factory=dict)  # found by name, left out of `*`
    never_null: set[str] = field(default_factory=set)  # lower-case names
    twice: frozenset[str] = frozenset()  # lower-case names that several columns of a subquery have

    def find(self, name: str) -> Typed | None:
        """Raises PinotError 700 when several columns have the name."""
        if name.lower() in self.twice:
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{name}' is ambiguous")
        if name in self.columns:
            return self.columns[name]
        every = (*self.columns.items(), *self.hidden.items())
        return next((value for column, value in every if column.lower() == name.lower()), None)


class Sources:
    """Satisfies `Columns` for the translator. `outer` is the scope of the query around this one.

    `merged` are the columns that USING and NATURAL made one; `alias` finds what the select list calls a name, while
    the clause at hand may use its aliases. `scans` are the tables that FROM reads.
    """

    def __init__(self, compile_: Compile, outer: Sources | None, relations: Relations | None = None) -> None:
        self.sources: list[Source] = []
        self.merged: dict[str, Typed] = {}
        self.scans: tuple[str, ...] = ()
        self.alias: Callable[[str], Typed | None] | None = None
        self._compile, self.outer, self._relations = compile_, outer, relations

    def owners(self, name: str, table: str = "") -> list[Source]:
        """The sources of this very query that have the column."""
        return [
            source
            for source in self.sources
            if (not table or source.alias.lower() == table.lower()) and source.find(name) is not None
        ]

    def column(self, name: str, table: str = "") -> Typed:
        if not table and name.lower() in self.merged:
            return self.merged[name.lower()]
        found = self.owners(name, table)
        if len(found) > 1:
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{name}' is ambiguous")
        if found:
            value = found[0].find(name)
            assert value is not None
            return value
        if not table and self.alias is not None and (aliased := self.alias(name)) is not None:
            return aliased
        if self.outer is not None:
            return self.outer.column(name, table)
        if table and not any(source.alias.lower() == table.lower() for source in self.sources):
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Table '{table}' not found")
        where = f" in table '{table}'" if table else " in any table"
        raise PinotError(UNKNOWN_COLUMN, f"UnknownColumnError: Column '{name}' not found{where}")

    def never_null(self, name: str, table: str = "") -> bool:
        """Whether Calcite types a column NOT NULL."""
        found = self.owners(name, table)
        if not found and self.outer is not None:
            return self.outer.never_null(name, table)
        return len(found) == 1 and name.lower() in found[0].never_null

    def subquery(self, query: exp.Query) -> tuple[str, tuple[OutputColumn, ...]]:
        return self._compile(query, self)

    def table(self, name: str) -> Relation | None:
        return self._relations.find(name) if self._relations is not None else None
