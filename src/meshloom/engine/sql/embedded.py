"""Conditions that Pinot has inside string literals, as trees: a policy that masks a column has to see it there too.

`distinctCountThetaSketch(id, '', 'dim = ''a''', 'SET_INTERSECT($0, $1)')` holds a filter in its third argument.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.dialect import THETA, holds_conditions
from meshloom.engine.sql.nodes import found


def spelled_out(tree: exp.Query) -> exp.Query:
    """The query with each such literal parsed, in parentheses. Raises PinotError 700 for one that is no condition."""
    for call in found(tree, exp.Anonymous):
        if not holds_conditions(call):
            continue
        arguments = call.expressions
        call.set("expressions", [
            *arguments[:2], *(_condition(argument) for argument in arguments[2:-1]), arguments[-1],
        ])  # fmt: skip
    return tree


def _condition(argument: exp.Expr) -> exp.Expr:
    if not (isinstance(argument, exp.Literal) and argument.is_string):
        raise PinotError(
            QUERY_VALIDATION, f"Third to second last argument of {THETA} aggregation function must be literal (filter)"
        )
    query: exp.Expr | None
    try:
        query = exp.maybe_parse(f"SELECT 1 WHERE {argument.this}", dialect="pinot")
    except (SqlglotError, RecursionError):
        query = None
    where = query.args.get("where") if isinstance(query, exp.Select) else None
    if where is None or any(value for name, value in query.args.items() if name not in ("where", "expressions")):
        raise PinotError(QUERY_VALIDATION, f"{THETA}: not a filter expression: {argument.this}")
    return exp.Paren(this=where.this)
