"""filterMv(values, 'v > 5 AND v <> 7'): an array's values that a predicate on `v` keeps (FilterMvScalarFunction)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import scalar
from meshloom.engine.sql.typed import Typed, literal_sql

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
}  # fmt: skip


def refused(text: str) -> PinotError:
    return PinotError(QUERY_VALIDATION, f"filterMv: the predicate must be a condition on v: {text}")


def condition(node: exp.Expr, type_: str) -> str:
    """DuckDB's text of a predicate over values of a type, each called v. Raises PinotError 700 for what is none."""
    if isinstance(node, exp.Paren):
        return f"({condition(node.this, type_)})"
    if isinstance(node, exp.And | exp.Or):
        word = "AND" if isinstance(node, exp.And) else "OR"
        return f"({condition(node.left, type_)} {word} {condition(node.right, type_)})"
    if isinstance(node, exp.Not):
        return f"(NOT {condition(node.this, type_)})"
    if type(node) in COMPARISONS and is_value(node.this):
        return f"(v$ {COMPARISONS[type(node)]} {constant(node.expression, type_)})"
    if isinstance(node, exp.Between) and is_value(node.this):
        return f"(v$ BETWEEN {constant(node.args['low'], type_)} AND {constant(node.args['high'], type_)})"
    if isinstance(node, exp.In) and is_value(node.this) and node.expressions:
        return f"(v$ IN ({', '.join(constant(one, type_) for one in node.expressions)}))"
    if isinstance(node, exp.Like | exp.RegexpLike) and is_value(node.this) and type_ == "STRING":
        pattern = constant(node.expression, type_)
        test = f"(v$ LIKE {pattern})" if isinstance(node, exp.Like) else f"regexp_matches(v$, {pattern})"
        return f"(NOT {test})" if node.args.get("negate") else test
    raise refused(node.sql())


def is_value(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == "v"


def constant(node: exp.Expr, type_: str) -> str:
    sign = "-" if isinstance(node, exp.Neg) else ""
    literal = node.this if sign else node
    if not isinstance(literal, exp.Literal):
        raise refused(node.sql())
    text = sign + str(literal.this)
    if type_ not in ("STRING", "BYTES"):
        try:
            float(text)
        except ValueError:
            raise refused(node.sql()) from None
    return Typed(literal_sql(text), "STRING").cast(type_).sql


def kept(arguments: Sequence[Typed]) -> str:
    text = arguments[1].literal
    if text is None or not arguments[0].array:
        raise PinotError(QUERY_VALIDATION, "filterMv takes an array and a predicate, a literal")
    try:
        tree = parse_one(text)
    except SqlglotError:
        raise refused(text) from None
    return f"list_filter({arguments[0].sql}, lambda v$: {condition(tree, arguments[0].element)})"


scalar("filterMv", kept, lambda a: a[0].type, 2)
