"""Names in a multi-stage query: the columns of each source under its alias, then those of the query around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, UNKNOWN_COLUMN, PinotError
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.typed import Typed

Compile = Callable[[exp.Query, "Sources | None"], tuple[str, tuple[OutputColumn, ...]]]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True)
class Source:
    """One table, subquery or WITH name in FROM. `columns` are its expressions by name, in order."""

    alias: str
    columns: dict[str, Typed]

    def find(self, name: str) -> Typed | None:
        if name in self.columns:
            return self.columns[name]
        return next((value for column, value in self.columns.items() if column.lower() == name.lower()), None)


class Sources:
    """Satisfies `Columns` for the translator. `outer` is the scope of the query around this one."""

    def __init__(self, compile_: Compile, outer: Sources | None) -> None:
        self.sources: list[Source] = []
        self._compile, self._outer = compile_, outer

    def column(self, name: str, table: str = "") -> Typed:
        found = [
            value
            for source in self.sources
            if not table or source.alias.lower() == table.lower()
            if (value := source.find(name)) is not None
        ]
        if len(found) > 1:
            raise PinotError(QUERY_VALIDATION, f"Column '{name}' is ambiguous")
        if found:
            return found[0]
        if self._outer is not None:
            return self._outer.column(name, table)
        where = f" in table '{table}'" if table else " in any table"
        raise PinotError(UNKNOWN_COLUMN, f"Column '{name}' not found{where}")

    def subquery(self, query: exp.Query) -> tuple[str, tuple[OutputColumn, ...]]:
        return self._compile(query, self)
