"""What may stand in FROM: tables, WITH names, subqueries, VALUES, UNNEST, LATERAL and joins in parentheses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import (
    QUERY_PLANNING,
    QUERY_VALIDATION,
    SEGMENTS_UNAVAILABLE,
    TABLE_DISABLED,
    TABLE_DOES_NOT_EXIST,
    PinotError,
)
from meshloom.engine.sql.multi.arithmetic import common
from meshloom.engine.sql.multi.columns import Column, check_degree, of_columns, renamed, unique
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.multi.joins import join
from meshloom.engine.sql.multi.scope import Source, quoted
from meshloom.engine.sql.nodes import inner_query
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.scope import VIRTUAL, read, virtual_column
from meshloom.engine.sql.source import source_of

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.compile import Compiler

HINT = re.compile(r"(partition_\w+)\s*=\s*'([^']*)'")


class From:
    """Turns the nodes of one FROM clause into text; the translator's sources are its scope."""

    def __init__(self, compiler: Compiler, translator: MultiTranslator) -> None:
        self.compiler, self.translator = compiler, translator

    def source(self, node: exp.Expr) -> tuple[str, list[Source]]:
        """Raises PinotError 190 for an unknown table, 700 for what cannot stand here."""
        text, sources = self._plain(node)
        nested = node.args.get("joins") or () if isinstance(node, exp.Table) else ()
        if not nested:
            return text, sources
        scope = self.translator.sources
        kept, scope.sources = scope.sources, list(sources)
        for one in nested:
            inner, added = self.source(one.this)
            text += join(self.translator, one, inner, added)
        sources, scope.sources = scope.sources, kept
        return f"({text})", sources

    def _plain(self, node: exp.Expr) -> tuple[str, list[Source]]:
        if isinstance(node, exp.Table):
            text, source = self._table(node)
            return text, [source]
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table) and not node.alias:
            return self.source(node.this)
        if isinstance(node, exp.Unnest):
            return self._unnest(node)
        if isinstance(node, exp.Values):
            return self._values(node)
        if isinstance(node, exp.Subquery):
            return self._query(node, inner_query(node), None)
        if isinstance(node, exp.Lateral):
            if isinstance(node.this, exp.Unnest):
                return self._unnest(node.this, node.args.get("alias"))
            text, sources = self._query(node, inner_query(node.this), self.translator)
            return f"LATERAL {text}", sources
        raise PinotError(QUERY_VALIDATION, f"Unsupported in FROM: {node.sql(dialect='pinot')}")

    def _query(self, node: exp.Expr, query: exp.Query, lateral: MultiTranslator | None) -> tuple[str, list[Source]]:
        outer = lateral.sources if lateral is not None else self.compiler.outer_of(self.translator)
        sql, columns = self.compiler.compile(query, outer)
        columns = renamed(columns, names_of(node))
        alias = node.alias or self.compiler.fresh("$derived")
        header = ", ".join(quoted(column.name) for column in unique(columns))
        return f"({sql}) AS {quoted(alias)}({header})", [of_columns(alias, columns)]

    def _table(self, node: exp.Table) -> tuple[str, Source]:
        alias = node.alias_or_name
        for withs in reversed(self.compiler.withs):
            if node.name.lower() in withs:
                name, columns, scans = withs[node.name.lower()]
                self.compiler.scans += scans
                columns = renamed(columns, names_of(node))
                header = ", ".join(quoted(column.name) for column in unique(columns))
                return f"{quoted(name)} AS {quoted(alias)}({header})", of_columns(alias, columns)
        relation = _relation(self.compiler.relations, node.name)
        _check_hints(node, relation)
        self.compiler.scans.append(relation.found_by or relation.name)
        nulls, prefix = self.compiler.statement.null_handling, quoted(alias)
        read_ = {name: read(info, prefix, nulls) for name, info in sorted(relation.columns.items())}
        virtual = {name: virtual_column(relation, prefix, name) for name in VIRTUAL}
        hidden = {name: value for name, value in virtual.items() if value is not None}
        by_column = relation.schema.column_based_nulls
        never = {n.lower() for n, info in relation.columns.items() if not by_column or not info.nullable}
        text = f"{source_of(relation, self.compiler.statement)} AS {prefix}"
        if names := names_of(node):
            check_degree(names, len(read_))
            never = {new.lower() for new, old in zip(names, read_, strict=True) if old.lower() in never}
            read_ = dict(zip(names, read_.values(), strict=True))
        return text, Source(alias, read_, hidden, never)

    def _values(self, node: exp.Values) -> tuple[str, list[Source]]:
        rows = [
            [self.translator.translate(value) for value in (row.expressions if isinstance(row, exp.Tuple) else [row])]
            for row in node.expressions
        ]
        if len({len(row) for row in rows}) != 1:
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: Values must all have the same number of columns")
        types = [common([value.type for value in column]) for column in zip(*rows, strict=True)]
        columns = renamed(tuple(Column(f"EXPR${n}", type_) for n, type_ in enumerate(types)), names_of(node))
        texts = [", ".join(v.cast(t).sql for v, t in zip(row, types, strict=True)) for row in rows]
        alias = node.alias or self.compiler.fresh("$values")
        header = ", ".join(quoted(column.name) for column in columns)
        body = ", ".join(f"({text})" for text in texts)
        return f"(VALUES {body}) AS {quoted(alias)}({header})", [of_columns(alias, columns)]

    def _unnest(self, node: exp.Unnest, given: exp.Expr | None = None) -> tuple[str, list[Source]]:
        """Arrays side by side as rows; WITH ORDINALITY counts them from 1."""
        arrays = [self.translator.translate(array) for array in node.expressions]
        if any(not array.array for array in arrays):
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: Cannot apply 'UNNEST' to what is no array")
        offset = node.args.get("offset")
        named = given if given is not None else node.args.get("alias")
        names = [column.name for column in named.args.get("columns") or ()] if named is not None else []
        if isinstance(offset, exp.Identifier):
            names.append(offset.name)
        if len(arrays) == 1 and not offset and not names and named is not None and named.name:
            names = [named.name]  # the one column is called as the rows are
        parts = [f"unnest({array.sql})" for array in arrays]
        columns = [Column(f"EXPR${n}" if len(arrays) > 1 else "EXPR$0", a.element) for n, a in enumerate(arrays)]
        if offset:
            longest = max(arrays, key=lambda array: len(array.sql)) if len(arrays) == 1 else None
            lengths = f"greatest({', '.join(f'coalesce(length({a.sql}), 0)' for a in arrays)})"
            count = f"coalesce(length({longest.sql}), 0)" if longest else lengths
            parts.append(f"unnest(range(1, {count} + 1))")
            columns.append(Column("ORDINALITY", "INT"))
        alias = (named.name if named is not None else "") or self.compiler.fresh("$unnest")
        done = unique(renamed(tuple(columns), names))
        header = ", ".join(quoted(column.name) for column in done)
        casts = [*parts[:-1], f"CAST({parts[-1]} AS INTEGER)"] if offset else parts
        return f"LATERAL (SELECT {', '.join(casts)}) AS {quoted(alias)}({header})", [of_columns(alias, done)]


def _relation(relations: Relations, name: str) -> Relation:
    """Raises PinotError: 190 no such table; 235 for a disabled one, whose segments this engine finds unavailable."""
    try:
        relation = relations.find(name)
    except PinotError as error:
        if error.error_code != TABLE_DISABLED:
            raise
        raise PinotError(
            SEGMENTS_UNAVAILABLE, f"Found unavailable segments for table {name}: it is disabled"
        ) from error
    if relation is None:
        raise PinotError(TABLE_DOES_NOT_EXIST, f"TableDoesNotExistError: Object '{name}' not found")
    return relation


def names_of(node: exp.Expr) -> list[str]:
    """The columns that an alias lists."""
    given = node.args.get("alias")
    return [column.name for column in given.args.get("columns") or ()] if given is not None else []


def _check_hints(node: exp.Table, relation: Relation) -> None:
    """tableOptions must fit the table's partitioning. Raises PinotError 720."""
    hints = dict(HINT.findall(" ".join(node.comments or ())))
    if not hints:
        return
    index = relation.config.document.get("tableIndexConfig") or {}
    partitions = (index.get("segmentPartitionConfig") or {}).get("columnPartitionMap") or {}
    key, problem = hints.get("partition_key", ""), ""
    if key and key not in partitions:
        problem = f"Failed to find partition info for table: {relation.name}, partition key: {key}"
    elif key and hints.get("partition_size", "").isdigit() and int(hints["partition_size"]) <= 0:
        problem = f"'partition_size' must be positive, got: {hints['partition_size']}"
    elif key and hints.get("partition_function", "").lower() not in ("", str(partitions[key]["functionName"]).lower()):
        problem = f"Partition function mismatch for table: {relation.name}: {hints['partition_function']}"
    if problem:
        raise PinotError(
            QUERY_PLANNING, f"QueryPlanningError: Error composing query plan for '{relation.name}': {problem}"
        )
