"""ODCS's SQL rules: their placeholders, and the condition inside a count of rows that must be 0."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_CLAUSES = (
    "group",
    "having",
    "qualify",
    "distinct",
    "limit",
    "offset",
    "joins",
    "with_",
    "windows",
    "laterals",
    "into",
)


def expand(query: str, table: str, column: str = "") -> str:
    """Fill ODCS's placeholders: `{object}` and `{property}`, with or without a dollar sign, and their older names."""
    for word in ("object", "schema", "model", "table"):
        query = query.replace(f"${{{word}}}", table).replace(f"{{{word}}}", table)
    for word in ("property", "column", "field"):
        query = query.replace(f"${{{word}}}", column).replace(f"{{{word}}}", column)
    return query


def count_condition(query: str, table: str) -> str | None:
    """Of `SELECT COUNT(*) FROM <table> WHERE <condition>` the condition; None for every other form.

    A count that must be 0 blames exactly the rows for which its condition holds, so the rule can be judged row by row.
    """
    try:
        tree = sqlglot.parse_one(query, dialect="duckdb")
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or any(tree.args.get(part) for part in _CLAUSES):
        return None
    counted = tree.expressions[0].unalias()
    source = tree.args.get("from_")
    where = tree.args.get("where")
    if not isinstance(counted, exp.Count) or not isinstance(counted.this, exp.Star) or source is None or where is None:
        return None
    named = source.this
    if not isinstance(named, exp.Table) or named.name.lower() != table.lower() or named.db or named.args.get("joins"):
        return None
    if where.find(exp.Query, exp.AggFunc, exp.Window) is not None:
        return None
    return str(where.this.sql("duckdb", comments=False))
