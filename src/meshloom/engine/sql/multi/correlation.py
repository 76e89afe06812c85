"""What a correlated subquery costs in Pinot: Calcite turns it into a join, and when its filter says more of the outer
row than that a column equals one of the inner rows, the join wants the outer rows once more (RelDecorrelator's value
generator), so that their table is read twice."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.sql.multi.scope import Sources


def generates_values(condition: exp.Expr, scope: Sources) -> bool:
    """Whether a subquery's filter does so; `scope` is the subquery's."""
    condition = condition.unnest()
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return any(_outer(part, scope) and not _joins(part.unnest(), scope) for part in parts)


def _outer(node: exp.Expr, scope: Sources) -> bool:
    """Whether an expression names a column of the query around."""
    return any(_of_outer(column, scope) for column in node.find_all(exp.Column))


def _of_outer(column: exp.Column, scope: Sources) -> bool:
    if scope.owners(column.name, column.table):
        return False
    return scope.outer is not None and bool(scope.outer.owners(column.name, column.table))


def _joins(node: exp.Expr, scope: Sources) -> bool:
    """Whether it is `outer column = inner expression`."""
    if not isinstance(node, exp.EQ):
        return False
    for one, other in ((node.left, node.right), (node.right, node.left)):
        column = one.unnest()
        if isinstance(column, exp.Column) and _of_outer(column, scope) and not _outer(other, scope):
            return any(scope.owners(c.name, c.table) for c in other.find_all(exp.Column))
    return False
