"""Constants worked out by the engine itself, as Pinot's planner does by its scalar functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlglot import exp

from meshloom.engine.sql.multi.explain import functions
from meshloom.engine.sql.multi.explain.casting import cast
from meshloom.engine.sql.multi.explain.rex import COMPARISONS, Call, Literal, Value
from meshloom.engine.sql.multi.explain.types import INTEGRAL, SqlType
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.multi.scope import Sources
from meshloom.engine.sql.relation import Relations
from meshloom.errors import MeshloomError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOLDED = (*INTEGRAL, "DOUBLE", "REAL", "VARCHAR", "CHAR", "BOOLEAN", "TIMESTAMP")
MOST = 100  # texts longer than that many thousand characters are not worked out
UNFOLDED = ("AND", "OR", "NOT", "CASE", "SEARCH", "COALESCE", "ITEM", "ARRAY", "TRIM", *COMPARISONS)


class Folding:
    def __init__(self, relations: Relations) -> None:
        self.relations = relations

    def fold(self, call: Call) -> Literal | None:
        """The value; None for what has none here."""
        if call.op == "CAST":
            found = cast(call.type, call.operands[0])
            return found if isinstance(found, Literal) else None
        if call.op in UNFOLDED or call.op.startswith("IS "):
            return None
        values = [operand.value for operand in call.operands if isinstance(operand, Literal)]
        if call.op in ("+", "-", "*", "/", "MOD") and call.type.name in INTEGRAL:
            return _whole(call, values)
        return self._asked(call)

    def _asked(self, call: Call) -> Literal | None:
        if call.type.element is not None or call.type.name not in FOLDED:
            return None
        arguments = []
        for operand in call.operands:
            one = functions.literal_of(operand)
            if one is None:
                return None
            arguments.append(one)
        node: exp.Expr = exp.Anonymous(this=call.op, expressions=arguments)
        if call.op == "||":
            node = exp.DPipe(this=arguments[0], expression=arguments[1])
        elif call.op == "EXTRACT":
            node = exp.Extract(this=exp.var(arguments[0].name), expression=arguments[1])
        try:
            translator = MultiTranslator(Sources(lambda query, outer: ("", ()), None), nulls=True)
            rows = self.relations.ask(f"SELECT {translator.translate(node).sql}")
        except MeshloomError:  # the query itself will say what is wrong with it
            return None
        value = rows[0][0] if rows else None
        return _literal(call.type, value)


def _literal(type_: SqlType, value: object) -> Literal | None:
    if value is None:
        return Literal(None, type_.with_null(True))
    if isinstance(value, datetime):
        value = (value.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, bool | int | float | Decimal):
        return Literal(value, type_.with_null(False))
    if isinstance(value, str) and len(value) < MOST * 1000:
        # A text is CHAR of its length, which the projection casts back to VARCHAR.
        return Literal(value, SqlType("CHAR", precision=len(value)))
    return None


def _whole(call: Call, values: list[Value]) -> Literal | None:
    a, b = (*values, None)[:2]
    if not isinstance(a, int) or not isinstance(b, int):
        return None
    match call.op:
        case "+":
            result = a + b
        case "-":
            result = a - b
        case "*":
            result = a * b
        case _ if b == 0:
            return None
        case "/":
            result = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        case _:
            result = a - b * (abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1))
    bits = 31 if call.type.name == "INTEGER" else 63
    return Literal(result, call.type) if -(2**bits) <= result < 2**bits else None
