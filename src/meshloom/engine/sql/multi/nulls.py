"""Which expressions Calcite types NOT NULL: columns of a table without column-based null handling, and what is made
of them alone. Tests of such a value for null are decided before a row is read, whatever the rows hold."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.sql.multi.scope import Sources

STRICT = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Paren)


def never_null(node: exp.Expr, sources: Sources) -> bool:
    """Whether Calcite would say so."""
    if isinstance(node, exp.Column):
        return sources.never_null(node.name, node.table)
    if isinstance(node, exp.Literal | exp.Boolean):
        return True
    if isinstance(node, exp.Anonymous):
        return node.name.lower() == "count"
    if isinstance(node, STRICT):
        return all(never_null(part, sources) for part in node.iter_expressions())
    return False
