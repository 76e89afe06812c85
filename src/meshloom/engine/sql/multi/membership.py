"""IN and its kin over the rows of a query or over rows that are written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.multi import arithmetic, operands
from meshloom.engine.sql.nodes import inner_query
from meshloom.engine.sql.translate import COMPARISONS
from meshloom.engine.sql.typed import Typed

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.expressions import MultiTranslator


def among_query(translator: MultiTranslator, node: exp.In, negated: bool) -> Typed:
    """`x IN (SELECT …)`, `(a, b) NOT IN (SELECT …)`."""
    word = "NOT IN" if negated else "IN"
    sql, columns = translator.columns.subquery(inner_query(node.args["query"]))
    wanted = list(node.this.expressions) if isinstance(node.this, exp.Tuple) else [node.this]
    if len(columns) != len(wanted):
        raise PinotError(QUERY_VALIDATION, f"{len(wanted)} values IN a query of {len(columns)} columns")
    values = [translator.translate(value) for value in wanted]
    for value, column in zip(values, columns, strict=True):
        operands.listed(value.type, [column.type])
    values, sql = arithmetic.with_query(values, sql, [column.type for column in columns])
    text = ", ".join(value.sql for value in values)
    if len(values) > 1:
        return Typed(f"(({text}) {word} ({sql}))", "BOOLEAN")
    return Typed(f"({text} {word} ({sql}))", "BOOLEAN", aggregate=values[0].aggregate)


def among_rows(translator: MultiTranslator, node: exp.In, negated: bool) -> Typed:
    """`(a, b) IN ((1, 'x'), (2, 'y'))`: some row has all values equal."""
    rows = [item.expressions for item in node.expressions if isinstance(item, exp.Tuple)]
    columns = node.this.expressions
    if len(rows) != len(node.expressions) or any(len(row) != len(columns) for row in rows):
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Unequal numbers of values IN {len(columns)}")
    tests = [
        exp.and_(*(exp.EQ(this=one.copy(), expression=other.copy()) for one, other in zip(columns, row, strict=True)))
        for row in rows
    ]
    found = translator.condition(exp.or_(*tests))
    return replace(found, sql=f"(NOT {found.sql})") if negated else found


def quantified(translator: MultiTranslator, node: exp.Binary) -> Typed:
    """`x = ANY (SELECT …)`, `x > ALL (SELECT …)`."""
    left, right = translator.translate(node.left), node.right
    if not isinstance(right, exp.Any | exp.All):
        raise PinotError(QUERY_VALIDATION, f"Unsupported expression: {node.sql(dialect='pinot')}")
    sql, columns = translator.columns.subquery(inner_query(right.this))
    (left,), sql = arithmetic.with_query([left], sql, [column.type for column in columns])
    word = "ANY" if isinstance(right, exp.Any) else "ALL"
    return Typed(f"({left.sql} {COMPARISONS[type(node)]} {word} ({sql}))", "BOOLEAN")
