"""Which expressions Calcite types NOT NULL: columns of a table without column-based null handling, and what is made
of them alone. Tests of such a value for null are decided before a row is read, whatever the rows hold."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from meshloom.engine.sql.multi.scope import Sources

STRICT = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Paren, exp.DPipe, exp.EQ, exp.NEQ, exp.LT, exp.LTE,
    exp.GT, exp.GTE, exp.And, exp.Or, exp.Not,
)  # fmt: skip
STRICT_CALLS = frozenset(("upper", "lower", "abs", "floor", "ceil"))


def never_null(node: exp.Expr, sources: Sources) -> bool:
    """Whether Calcite would say so."""
    if isinstance(node, exp.Column):
        return sources.never_null(node.name, node.table)
    if isinstance(node, exp.Literal | exp.Boolean):
        return True
    if isinstance(node, exp.Cast):
        return never_null(node.this, sources)
    if isinstance(node, exp.Case):
        values = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default") or exp.null()]
        return all(never_null(value, sources) for value in values)
    if isinstance(node, exp.Anonymous):
        name = node.name.lower()
        if name == "coalesce":
            return any(never_null(argument, sources) for argument in node.expressions)
        if name in STRICT_CALLS:
            return all(never_null(argument, sources) for argument in node.expressions)
        return name == "count"
    if isinstance(node, STRICT):
        return all(never_null(part, sources) for part in _operands(node))
    return False


def _operands(node: exp.Expr) -> Iterator[exp.Expr]:
    """What operators that are null with their operands stand on, through all of them."""
    open_ = [node]
    while open_:
        one = open_.pop()
        if isinstance(one, STRICT):
            open_ += one.iter_expressions()
        else:
            yield one
