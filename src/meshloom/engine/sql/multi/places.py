"""Where aggregations and windows may stand in a SELECT (SqlValidatorImpl, AggVisitor, SqlWindow)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from meshloom.engine.sql.multi.grouping import aggregates, is_aggregation
from meshloom.engine.sql.multi.operands import refused

ALWAYS_OVER = ("row_number", "rank", "dense_rank", "ntile", "lag", "lead", "first_value", "last_value")


def check(node: exp.Select) -> None:
    """Raises PinotError 700 with Calcite's words."""
    where, having = node.args.get("where"), node.args.get("having")
    if where is not None:
        _plain(where.this, "WHERE")
    group = node.args.get("group")
    for key in group.expressions if group is not None else ():
        _plain(key, "GROUP BY")
    for join in node.args.get("joins") or ():
        if join.args.get("on") is not None:
            _plain(join.args["on"], "ON")
    if having is not None and any(isinstance(one, exp.Window) for one in own(having.this)):
        raise refused("Window expressions are not permitted in the HAVING clause; use the QUALIFY clause instead")
    order, qualify = node.args.get("order"), node.args.get("qualify")
    conditions = [clause.this for clause in (having, qualify) if clause is not None]
    if qualify is not None and not any(isinstance(one, exp.Window) for one in own(qualify.this)):
        text = qualify.this.sql(dialect="pinot")
        raise refused(f"QUALIFY expression '{text}' must contain a window function")
    for part in (*node.expressions, *conditions, *([order] if order else [])):
        for one in own(part):
            _call(one)


def own(node: exp.Expr) -> Iterator[exp.Expr]:
    """An expression and its parts, without those of queries inside it."""
    open_ = [node]
    while open_:
        one = open_.pop()
        yield one
        if not isinstance(one, exp.Query):
            open_ += one.iter_expressions(reverse=True)


def _plain(node: exp.Expr, clause: str) -> None:
    if any(isinstance(one, exp.Window) for one in own(node)):
        raise refused(f"Windowed aggregate expression is illegal in {clause} clause")
    if aggregates(node):
        raise refused(f"Aggregate expression is illegal in {clause} clause")


def _call(node: exp.Expr) -> None:
    if isinstance(node, exp.Window):
        _window(node)
    elif isinstance(node, exp.Filter):
        if aggregates(node.expression):
            raise refused("FILTER must not contain aggregate expression")
    elif isinstance(node, exp.Anonymous):
        if node.name.lower() in ALWAYS_OVER and not _is_over(node):
            raise refused("OVER clause is necessary for window functions")
        inner = list(node.iter_expressions())
        nested = any(aggregates(part) or any(isinstance(one, exp.Window) for one in own(part)) for part in inner)
        if is_aggregation(node) and nested and not _is_over(node):
            raise refused("Aggregate expressions cannot be nested")


def _is_over(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter | exp.WithinGroup):
        node, parent = parent, parent.parent
    return isinstance(parent, exp.Window) and parent.this is node


def _window(node: exp.Window) -> None:
    order = node.args.get("order")
    for clause, parts in (
        ("PARTITION BY", node.args.get("partition_by") or ()),
        ("ORDER BY", [order] if order is not None else ()),
    ):
        if any(isinstance(one, exp.Window) for part in parts for one in own(part)):
            raise refused(f"{clause} expression should not contain OVER clause")
