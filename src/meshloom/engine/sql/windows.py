"""Window functions of the multi-stage engine (pinot.md, section 3; Calcite's names are Pinot's)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import QUERY_EXECUTION, QUERY_PLANNING, QUERY_VALIDATION, SQL_PARSING, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.typed import Typed

if TYPE_CHECKING:
    from meshloom.engine.sql.translate import Translator

RANKS = {"row_number": "LONG", "rank": "LONG", "dense_rank": "LONG", "ntile": "LONG"}
VALUES = ("lag", "lead", "first_value", "last_value")
UNFRAMED = (*RANKS, "lag", "lead")


def window(translator: Translator, node: exp.Window) -> Typed:
    """`f(...) OVER (PARTITION BY … ORDER BY … frame)`. Raises PinotError 700 for a function that has no window."""
    call = node.this
    nulls = ""
    if isinstance(call, exp.IgnoreNulls | exp.RespectNulls):
        nulls = " IGNORE NULLS" if isinstance(call, exp.IgnoreNulls) else ""
        call = call.this
    if not isinstance(call, exp.Anonymous):
        raise PinotError(QUERY_VALIDATION, f"OVER stands behind a function, not {call.sql(dialect='pinot')}")
    name = call.name.lower()
    _check(node, name)
    if name in RANKS or name in VALUES:
        arguments = [translator.translate(argument) for argument in call.expressions]
        type_ = RANKS.get(name) or arguments[0].type
        sql = f"{name}({', '.join(argument.sql for argument in arguments)}{nulls})"
    else:
        found = translator.function(call.name, call.expressions)
        if not found.aggregate:
            raise PinotError(QUERY_VALIDATION, "QueryValidationError: OVER must be applied to aggregate function")
        # The cast around an aggregation has to stand around the window, too.
        sql, type_ = found.sql.removeprefix("CAST(").rsplit(" AS ", 1)[0], found.type
        if not found.sql.startswith("CAST("):
            sql = found.sql
    return Typed(f"({sql} OVER ({_specification(translator, node)}))", type_)


def _check(node: exp.Window, name: str) -> None:
    """What SqlWindow.validateCall refuses, and what Pinot's window operator does. Raises PinotError 150, 700, 720."""
    why = ""
    spec = node.args.get("spec")
    if spec is not None and str(spec.args["kind"]).upper() not in ("ROWS", "RANGE"):
        kind = spec.args["kind"]
        raise PinotError(
            SQL_PARSING, f'SQLParsingError: Caught exception while parsing query: Encountered "{kind}" in a window'
        )
    if spec is not None and name in UNFRAMED:
        why = "ROW/RANGE not allowed with RANK, DENSE_RANK, ROW_NUMBER, PERCENTILE_CONT/DISC or LAG/LEAD functions"
    elif name in ("rank", "dense_rank") and node.args.get("order") is None:
        why = "RANK or DENSE_RANK functions require ORDER BY clause in window specification"
    elif name in ("lag", "lead") and isinstance(node.this, exp.IgnoreNulls | exp.RespectNulls):
        why = f"Cannot specify IGNORE NULLS or RESPECT NULLS following '{name.upper()}'"
    elif spec is not None and spec.args.get("exclude"):
        why = "EXCLUDE clauses for window functions are not currently supported"
    elif spec is not None:
        why = _misplaced(spec)
    if why:
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: {why}")
    if spec is not None and str(spec.args["kind"]).upper() == "RANGE" and any(map(_offset, BOUNDS, [spec] * 2)):
        raise PinotError(
            QUERY_PLANNING,
            "QueryPlanningError: Error optimizing query: RANGE window frame with offset PRECEDING / FOLLOWING is not "
            "supported",
        )


BOUNDS = ("start", "end")


def _offset(which: str, spec: exp.WindowSpec) -> bool:
    return isinstance(spec.args.get(which), exp.Expr)


def _misplaced(spec: exp.WindowSpec) -> str:
    """What SqlWindow.checkSpecialLiterals says of the bounds; "" when nothing."""
    (start, first), (end, last) = (_kind(spec, which) for which in BOUNDS)
    if (start, first) == ("UNBOUNDED", "FOLLOWING"):
        return "UNBOUNDED FOLLOWING cannot be specified for the lower frame boundary"
    if (end, last) == ("UNBOUNDED", "PRECEDING"):
        return "UNBOUNDED PRECEDING cannot be specified for the upper frame boundary"
    order = ("PRECEDING", "CURRENT ROW", "FOLLOWING")
    if order.index(first) > order.index(last):
        return f"Upper frame boundary cannot be {last} when lower boundary is {first}"
    if start.isdigit() and end.isdigit() and first == last and (int(start) - int(end)) * (order.index(first) - 1) > 0:
        # Pinot's window operator finds it (WindowAggregateOperator).
        text = "Window frame lower bound can't be greater than upper bound"
        raise PinotError(QUERY_EXECUTION, f"QueryExecutionError: {text}")
    return ""


def _kind(spec: exp.WindowSpec, which: str) -> tuple[str, str]:
    """How far a bound is, and to which side."""
    value, side = spec.args.get(which), str(spec.args.get(f"{which}_side") or "CURRENT ROW").upper()
    far = str(whole(value, "a window's frame")) if isinstance(value, exp.Expr) else str(value or "").upper()
    return far, side


def _specification(translator: Translator, node: exp.Window) -> str:
    parts = []
    if node.args.get("partition_by"):
        keys = ", ".join(translator.translate(key).sql for key in node.args["partition_by"])
        parts.append(f"PARTITION BY {keys}")
    order = node.args.get("order")
    if order is not None:
        parts.append("ORDER BY " + ", ".join(ordering(translator, key) for key in order.expressions))
    spec = node.args.get("spec")
    if spec is not None:
        parts.append(f"{spec.args['kind']} BETWEEN {_bound(spec, 'start')} AND {_bound(spec, 'end')}")
    return " ".join(parts)


def ordering(translator: Translator, node: exp.Ordered) -> str:
    direction = "DESC" if node.args.get("desc") else "ASC"
    nulls = "NULLS FIRST" if node.args.get("nulls_first") else "NULLS LAST"
    return f"{translator.translate(node.this).sql} {direction} {nulls}"


def _bound(spec: exp.WindowSpec, which: str) -> str:
    value, side = spec.args.get(which), spec.args.get(f"{which}_side") or ""
    if value is None:
        return "CURRENT ROW"
    text = value if isinstance(value, str) else str(whole(value, "a window's frame"))
    return f"{text} {side}".strip()
