"""Window functions as they stand in a projection."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from meshloom.engine.sql.multi.explain import functions
from meshloom.engine.sql.multi.explain.expressions import Expressions
from meshloom.engine.sql.multi.explain.rex import Call, Frame, Order, Over, Rex, call, integer, null
from meshloom.engine.sql.multi.explain.scope import untold
from meshloom.engine.sql.multi.explain.types import BIGINT, DOUBLE, SqlType

RANKS = ("rownumber", "rank", "denserank", "ntile", "percentrank", "cumedist")
SHIFTS = ("lag", "lead")
ALL_ROWS = Frame(False, (None, "UNBOUNDED PRECEDING"), (None, "UNBOUNDED FOLLOWING"))


def window(expressions: Expressions, node: exp.Window) -> Rex:
    """Raises PinotError 700 for a window that no plan is told of."""
    inner, ignoring = node.this, False
    if isinstance(inner, exp.IgnoreNulls | exp.RespectNulls):
        ignoring, inner = isinstance(inner, exp.IgnoreNulls), inner.this
    if not isinstance(inner, exp.Anonymous):
        raise untold(node)
    plain = functions.key(inner.name)
    args, distinct = list(inner.expressions), False
    if args and isinstance(args[0], exp.Distinct):
        args, distinct = list(args[0].expressions), True
    operands = tuple(expressions.rex(arg) for arg in args if not isinstance(arg, exp.Star))
    partition = tuple(expressions.rex(key) for key in node.args.get("partition_by") or ())
    order_ = node.args.get("order")
    order = tuple(_key(expressions, key) for key in (order_.expressions if order_ is not None else ()))
    frame = _frame(expressions, node, plain, order)
    if plain == "count" and not distinct:
        operands = tuple(operand for operand in operands if operand.type.nullable) if len(operands) == 1 else operands
    type_ = _type(inner.name, operands, frame)
    over = Over(functions.told(inner.name), operands, type_, partition, order, frame, distinct, ignoring)
    if plain not in ("sum", "avg"):
        return over
    return _summed(over, plain, operands)


def _summed(over: Over, plain: str, operands: tuple[Rex, ...]) -> Rex:
    """AVG is SUM by COUNT; a SUM that may be null is so where nothing is counted (SqlToRelConverter.convertOver)."""
    argument = operands[0].type
    total_type = (BIGINT if argument.name in ("INTEGER", "BIGINT") else argument).with_null(False)
    total: Rex = replace(over, op="SUM", type=total_type)
    count = replace(over, op="COUNT", operands=operands, type=BIGINT)
    bounded = over.frame.start[0] is not None or over.frame.end[0] is not None
    if bounded or argument.nullable:
        total = Call("CASE", (call(">", count, integer(0)), total, null(total_type)), total_type.with_null(True))
    if plain == "sum":
        return total
    result = total_type if argument.name == "DECIMAL" else DOUBLE
    total = total if total.type.alike(result) else Call("CAST", (total,), result.with_null(total.type.nullable))
    average = Call("/", (total, count), result.with_null(total.type.nullable))
    return Call("CAST", (average,), result) if argument.nullable and not bounded else average


def _type(name: str, operands: tuple[Rex, ...], frame: Frame) -> SqlType:
    plain = functions.key(name)
    if plain in ("count", *RANKS):
        return BIGINT
    if plain in SHIFTS and operands:
        given = len(operands) == 3 and not operands[2].type.nullable
        return operands[0].type.with_null(operands[0].type.nullable or not given)
    if plain in ("sum", "avg"):
        return operands[0].type
    if plain in ("min", "max", "firstvalue", "lastvalue") and operands:
        return operands[0].type
    return functions.result(name, operands)


def _key(expressions: Expressions, node: exp.Expr) -> Order:
    down = bool(node.args.get("desc"))
    first = node.args.get("nulls_first")
    last = not down if first is None or "nulls_first" not in node.args else not first
    return Order(expressions.rex(node.this), down, last)


def _frame(expressions: Expressions, node: exp.Window, plain: str, order: tuple[Order, ...]) -> Frame:
    spec = node.args.get("spec")
    if plain == "rownumber":
        return Frame(True)
    if spec is None or plain in (*RANKS, *SHIFTS):
        return Frame() if order else ALL_ROWS
    bounds = [_bound(expressions, spec, side) for side in ("start", "end")]
    frame = Frame(str(spec.args.get("kind")).upper() == "ROWS", bounds[0], bounds[1])
    if bounds == [ALL_ROWS.start, ALL_ROWS.end]:
        return ALL_ROWS
    return frame


def _bound(expressions: Expressions, spec: exp.Expr, side: str) -> tuple[Rex | None, str]:
    value, direction = spec.args.get(side), str(spec.args.get(f"{side}_side") or "").upper()
    if value is None or value == "CURRENT ROW":
        return None, "CURRENT ROW"
    if value == "UNBOUNDED":
        return None, f"UNBOUNDED {direction}"
    return (expressions.rex(value) if isinstance(value, exp.Expr) else integer(int(value))), direction
