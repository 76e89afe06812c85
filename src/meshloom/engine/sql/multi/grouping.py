"""GROUP BY: its sets, and that nothing outside an aggregation is left ungrouped."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from meshloom.engine.errors import QUERY_PLANNING, QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.nodes import chain
from meshloom.engine.sql.typed import Typed

Key = Callable[[exp.Expr], Typed]
SETS: dict[type[exp.Expr], str] = {exp.Rollup: "ROLLUP", exp.Cube: "CUBE", exp.GroupingSets: "GROUPING SETS"}
GROUPINGS = ("grouping", "groupingid")
COLLECTED = ("listagg", "arrayagg", *GROUPINGS)


def clause(group: exp.Group, key: Key) -> tuple[str, set[str]]:
    """GROUP BY's text and the texts of its keys. Raises PinotError 720 for arrays."""
    keys: set[str] = set()
    parts = [_part(node, key, keys) for node in group.expressions]
    for name, kind in (("rollup", exp.Rollup), ("cube", exp.Cube), ("grouping_sets", exp.GroupingSets)):
        parts += [_part(node, key, keys) for node in group.args.get(name) or () if isinstance(node, kind)]
    return "GROUP BY " + ", ".join(parts), keys


def _part(node: exp.Expr, key: Key, keys: set[str]) -> str:
    word = SETS.get(type(node))
    if word:
        return f"{word} ({', '.join(_part(inner, key, keys) for inner in node.expressions)})"
    if isinstance(node, exp.Tuple):
        return f"({', '.join(_part(inner, key, keys) for inner in node.expressions)})"
    value = key(node)
    if value.array:
        raise PinotError(
            QUERY_PLANNING,
            "QueryPlanningError: Multi-valued columns are not supported as a grouping key in the intermediate stage. "
            "Use ARRAY_TO_MV() to group by multi-value column",
        )
    keys.add(value.sql)
    return value.sql


def is_aggregation(node: exp.Expr) -> bool:
    """Whether the node itself is a call of an aggregation (not one under OVER)."""
    if isinstance(node, exp.WithinGroup | exp.Filter):
        return True
    if not isinstance(node, exp.Anonymous):
        return False
    return node.name.replace("_", "").lower() in COLLECTED or find_aggregate(node.name) is not None


def aggregates(node: exp.Expr) -> bool:
    """Whether an expression holds an aggregation of its own query."""
    open_ = [node]
    while open_:
        one = open_.pop()
        if isinstance(one, exp.Query | exp.Exists):
            continue
        if is_aggregation(one):
            return True
        open_ += _within(one) if isinstance(one, exp.Window) else one.iter_expressions()
    return False


def _within(node: exp.Window) -> list[exp.Expr]:
    """What a window's function is called with, and the parts of OVER."""
    call = node.this.this if isinstance(node.this, exp.IgnoreNulls | exp.RespectNulls | exp.Filter) else node.this
    rest = [part for name, part in node.args.items() if name != "this"]
    found = [*call.iter_expressions(), *(p for part in rest for p in (part if isinstance(part, list) else [part]))]
    return [part for part in found if isinstance(part, exp.Expr)]


def check(translator: MultiTranslator, node: exp.Expr, keys: set[str]) -> None:
    """Raises PinotError 700 for a column that is neither grouped nor aggregated."""
    open_ = [node]
    while open_:
        open_ += reversed(_ungrouped(translator, open_.pop(), keys))


def _ungrouped(translator: MultiTranslator, node: exp.Expr, keys: set[str]) -> list[exp.Expr]:
    """The parts of an expression that must be grouped for themselves, since the whole is not."""
    if isinstance(node, exp.Query | exp.Exists | exp.Literal | exp.Star):
        return []
    if isinstance(node, exp.Anonymous) and node.name.replace("_", "").lower() in GROUPINGS:
        _check_grouping(translator, node, keys)
    if is_aggregation(node):
        return []
    if isinstance(node, exp.Column):
        if translator.sources.owners(node.name, node.table) and translator.translate(node).sql not in keys:
            text = node.sql(dialect="pinot")
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Expression '{text}' is not being grouped")
        return []
    if not isinstance(node, exp.Ordered | exp.Order | exp.WindowSpec | exp.Window) and _grouped(translator, node, keys):
        return []
    if isinstance(node, exp.Window):
        parts = [*node.this.iter_expressions(), *(node.args.get("partition_by") or ())]
        return [*parts, node.args["order"]] if node.args.get("order") is not None else parts
    return [operand for _, operand in chain(node)] or list(node.iter_expressions())


def _check_grouping(translator: MultiTranslator, node: exp.Anonymous, keys: set[str]) -> None:
    if not keys:
        why = "GROUPING operator may only occur in an aggregate query"
    elif any(translator.translate(argument).sql not in keys for argument in node.expressions):
        why = "Argument to GROUPING operator must be a grouped expression"
    else:
        return
    raise PinotError(QUERY_VALIDATION, f"QueryValidationError: {why}")


def _grouped(translator: MultiTranslator, node: exp.Expr, keys: set[str]) -> bool:
    try:
        return translator.translate(node).sql in keys
    except PinotError:
        return False
