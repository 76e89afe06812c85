"""CAST: of constants worked out, otherwise written down (RexBuilder.makeCast, RexSimplify.simplifyCast)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from meshloom.engine.errors import QUERY_PLANNING, PinotError
from meshloom.engine.sql.multi.explain.rex import FALSE, TRUE, Call, Literal, Rex, call, integer, is_null, null
from meshloom.engine.sql.multi.explain.sargs import Sarg
from meshloom.engine.sql.multi.explain.types import APPROXIMATE, INTEGRAL, SqlType

WIDE = Context(prec=4000)


def plain(type_: SqlType, node: Rex) -> Rex:
    return Call("CAST", (node,), type_)


def cast(type_: SqlType, node: Rex) -> Rex:
    """To this very type, nullability included."""
    if node.type == type_:
        return node
    if isinstance(node, Literal):
        found = _converted(type_.with_null(False), node)
        if found is not None:
            return plain(type_, found) if type_.nullable and not is_null(found) else found
    if node.type.name == "BOOLEAN" and type_.numeric:
        return call("CASE", node, integer(1), integer(0), type=type_)
    return plain(type_, node)


def coerced(type_: SqlType, node: Rex) -> Rex:
    """To this type, null where the value may be."""
    if node.type.alike(type_):
        return node
    return cast(type_.with_null(node.type.nullable), node)


def simplified_cast(node: Call) -> Rex:
    inner, type_ = node.operands[0], node.type
    if inner.type == type_ or (inner.type.alike(type_) and type_.nullable):
        return inner
    if isinstance(inner, Literal) and not inner.type.alike(type_):
        return cast(type_, inner) if not type_.nullable or is_null(inner) else node
    return node


def _converted(type_: SqlType, node: Literal) -> Literal | None:
    """The constant as another type; None where only the cast says it."""
    value = node.value
    if value is None:
        return null(type_)
    if isinstance(value, Sarg):
        return None
    if type_.text:
        return _as_text(type_, node)
    if type_.name == "BOOLEAN":
        return _as_boolean(node)
    if type_.name == "TIMESTAMP":
        return _as_moment(type_, node)
    if type_.numeric and node.type.name != "TIMESTAMP":
        return _as_number(type_, node)
    if type_.numeric:
        return Literal(int(str(value)), type_)
    return None


def _as_text(type_: SqlType, node: Literal) -> Literal:
    text = node.value if isinstance(node.value, str) else node.told(False)
    if node.type.name in APPROXIMATE:
        text = repr(float(str(node.value)))
    if type_.precision >= 0:
        text = text[: type_.precision].ljust(type_.precision) if type_.name == "CHAR" else text[: type_.precision]
    return Literal(text, type_)


def _as_boolean(node: Literal) -> Literal | None:
    if isinstance(node.value, str):
        word = node.value.strip().lower()
        return TRUE if word in ("true", "1") else FALSE
    return TRUE if node.value else FALSE


def _as_number(type_: SqlType, node: Literal) -> Literal:
    value = node.value
    if isinstance(value, bool):
        value = int(value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise PinotError(
            QUERY_PLANNING,
            "QueryPlanningError: Error optimizing query: Caught exception while invoking method: cast with arguments: "
            f'[{value}, {type_.name}]: For input string: "{value}"',
        ) from None
    if type_.name in INTEGRAL:
        return Literal(int(number.to_integral_value(ROUND_DOWN)), type_)
    if type_.name in APPROXIMATE:
        return Literal(float(number), type_)
    return Literal(number.quantize(Decimal(1).scaleb(-type_.scale), ROUND_HALF_UP, WIDE), type_)


def _as_moment(type_: SqlType, node: Literal) -> Literal | None:
    value = node.value
    if isinstance(value, int):
        return Literal(value, type_)
    try:
        moment = datetime.fromisoformat(str(value).strip()).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Literal(int(moment.timestamp() * 1000), type_)
