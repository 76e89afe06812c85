"""Hash codes of Pinot's objects, which tell in the order of what it puts into a HashMap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshloom.engine.sql.functions.java_maps import string_hash
from meshloom.engine.sql.single.explain.expression import Call, Column, Expression, Literal

LITERAL = "org.apache.pinot.common.request.Literal"
# Thrift's numbers of a literal's kinds (Literal._Fields of 1.5.1).
BOOL, INT, LONG, STRING = 1, 4, 5, 7
SMALLEST = 16


def of_list(codes: Iterable[int]) -> int:
    """List.hashCode, Objects.hash."""
    found = 1
    for code in codes:
        found = (31 * found + code) & 0xFFFFFFFF
    return found


def of_boolean(value: bool) -> int:
    return 1231 if value else 1237


def signed(code: int) -> int:
    return code - (1 << 32) if code & 0x80000000 else code


def _fields(codes: Iterable[int | None]) -> int:
    """A Thrift structure's: of each field whether it is set, and its own."""
    found = 1
    for code in codes:
        found = found * 8191 + (524287 if code is None else 131071)
        if code is not None:
            found = found * 8191 + code
    return found & 0xFFFFFFFF


def of_expression(expression: Expression) -> int:
    """Expression.hashCode."""
    match expression:
        case Column(name):
            return _fields((1, None, None, _fields((string_hash(name),))))
        case Call(name, arguments):
            called = _fields((string_hash(name), of_list(map(of_expression, arguments))))
            return _fields((2, called, None, None))
        case Literal():
            return _fields((0, None, _literal(expression), None))


def _literal(literal: Literal) -> int:
    value = literal.value
    kind, code = STRING, string_hash(literal.text)
    if isinstance(value, bool):
        kind, code = BOOL, of_boolean(value)
    elif isinstance(value, int):
        small = -(2**31) <= value < 2**31
        kind, code = (INT if small else LONG), (value if small else value ^ value >> 32) & 0xFFFFFFFF
    return of_list((string_hash(LITERAL), kind, code))


def in_map(expressions: Sequence[Expression]) -> list[Expression]:
    """Expressions in the order of a HashMap that grew."""
    size = SMALLEST
    while len(expressions) > size * 3 // 4:
        size *= 2

    def slot(expression: Expression) -> int:
        code = of_expression(expression)
        return (code ^ code >> 16) & (size - 1)

    return sorted(expressions, key=slot)
