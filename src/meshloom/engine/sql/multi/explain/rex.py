"""Expressions over a row, as Calcite has them (RexNode): frozen, typed, printed in its notation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from meshloom.engine.sql.multi.explain.sargs import Bound, Sarg
from meshloom.engine.sql.multi.explain.types import BOOLEAN, INTEGER, SqlType

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
BINARY = ("+", "-", "*", "/", *COMPARISONS)
REVERSED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
NEGATED = {
    "=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "IS NULL": "IS NOT NULL",
    "IS NOT NULL": "IS NULL", "IS TRUE": "IS NOT TRUE", "IS NOT TRUE": "IS TRUE", "IS FALSE": "IS NOT FALSE",
    "IS NOT FALSE": "IS FALSE",
}  # fmt: skip
Value = str | int | float | bool | Decimal | Sarg | None


@dataclass(frozen=True, slots=True)
class Ref:
    """A column of the row, by its place."""

    index: int
    type: SqlType

    def __str__(self) -> str:
        return f"${self.index}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. The value of a TIMESTAMP is its milliseconds since 1970; a SYMBOL's is its name."""

    value: Value
    type: SqlType

    def __str__(self) -> str:
        return self.told(self._tells_type())

    def told(self, with_type: bool) -> str:
        text = _value(self.value, self.type, with_type)
        return f"{text}:{self.type}" if with_type else text

    def _tells_type(self) -> bool:
        if self.type.nullable:
            return True
        if isinstance(self.value, Sarg):
            return self.type.name not in ("BOOLEAN", "INTEGER", "TIMESTAMP")
        if self.type.name == "CHAR":
            return len(str(self.value)) != self.type.precision
        return self.type.name not in ("BOOLEAN", "INTEGER", "SYMBOL", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the row of an outer query (`$cor0.col1`)."""

    correlation: str
    index: int
    name: str
    type: SqlType

    def __str__(self) -> str:
        return f"{self.correlation}.{self.name}"


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function over operands; `op` is the name that is printed."""

    op: str
    operands: tuple[Rex, ...]
    type: SqlType
    deterministic: bool = True

    def __str__(self) -> str:
        text = f"{self.op}({', '.join(self._operand(n) for n in range(len(self.operands)))})"
        return f"{text}:{self.type.digest}" if self.op == "CAST" else text

    def _operand(self, number: int) -> str:
        operand = self.operands[number]
        if not isinstance(operand, Literal):
            return str(operand)
        if self.op in ("AND", "OR") and operand.type.name == "BOOLEAN":
            return operand.told(False)
        if self.op in BINARY and len(self.operands) == 2:
            other = self.operands[1 - number]
            bare = not isinstance(other, Literal) or not other._tells_type()
            if bare and operand.type.alike(other.type):
                return operand.told(False)
        return str(operand)


@dataclass(frozen=True, slots=True)
class Frame:
    """A window's rows: `rows` or else range; bounds are "UNBOUNDED PRECEDING", "CURRENT ROW", or a number of rows and
    a direction."""

    rows: bool = False
    start: tuple[Rex | None, str] = (None, "UNBOUNDED PRECEDING")
    end: tuple[Rex | None, str] = (None, "CURRENT ROW")


@dataclass(frozen=True, slots=True)
class Order:
    """One key of a sort, over a place or, in a window, over an expression. `last` says where nulls stand."""

    key: Rex
    descending: bool = False
    last: bool = True

    def direction(self) -> str:
        """As LogicalSort tells it: where nulls stand is told when it is not what the direction would give."""
        word = "DESC" if self.descending else "ASC"
        if self.last == self.descending:
            word += "-nulls-last" if self.last else "-nulls-first"
        return word


@dataclass(frozen=True, slots=True)
class Over:
    """A window function that stands in a projection."""

    op: str
    operands: tuple[Rex, ...]
    type: SqlType
    partition: tuple[Rex, ...]
    order: tuple[Order, ...]
    frame: Frame
    distinct: bool = False
    ignore_nulls: bool = False

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.operands))}) OVER ({', '.join(map(str, self.partition))})"


Rex = Ref | Literal | Field | Call | Over
TRUE, FALSE = Literal(True, BOOLEAN), Literal(False, BOOLEAN)


def _value(value: Value, type_: SqlType, with_type: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, Sarg):
        return value.told(lambda bound: _endpoint(bound, type_, with_type))
    if isinstance(value, bool):
        return "true" if value else "false"
    if type_.name == "TIMESTAMP":
        return _moment(int(str(value)))
    if type_.name in ("REAL", "FLOAT", "DOUBLE"):
        return scientific(float(str(value)))
    if type_.name == "SYMBOL":
        return f"FLAG({value})"
    if type_.name in ("BINARY", "VARBINARY"):
        return f"X'{value}'"
    if isinstance(value, str):
        return "_UTF-8'" + value.replace("'", "''") + "'"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _endpoint(bound: Bound, type_: SqlType, with_type: bool) -> str:
    value: Value = bound
    if type_.name == "BIGINT":
        return f"{bound}L:BIGINT"
    text = _value(value, type_, with_type)
    same = type_.name == "CHAR" and len(str(bound)) == type_.precision
    return f"{text}:{type_}" if with_type and not same else text


def _moment(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def scientific(value: float) -> str:
    """As RexLiteral tells a DOUBLE: Java's text, with an exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return f"{value:f}E0" if "e" in repr(value) else f"{value!r}E0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{len(text) - 1 + int(exponent)}"


def call(op: str, *operands: Rex, type: SqlType | None = None) -> Call:
    """A call whose type is BOOLEAN, null where an operand may be, unless it is given."""
    if type is None:
        certain = op.startswith("IS ")
        type = BOOLEAN.with_null(not certain and any(operand.type.nullable for operand in operands))
    return Call(op, operands, type)


def integer(value: int) -> Literal:
    return Literal(value, INTEGER)


def null(type_: SqlType) -> Literal:
    return Literal(None, type_.with_null(True))


def is_null(node: Rex) -> bool:
    return isinstance(node, Literal) and node.value is None


def always(node: Rex, truth: bool) -> bool:
    return isinstance(node, Literal) and node.value is truth


def walk(node: Rex) -> Iterator[Rex]:
    yield node
    for inner in children(node):
        yield from walk(inner)


def children(node: Rex) -> tuple[Rex, ...]:
    if isinstance(node, Call):
        return node.operands
    if isinstance(node, Over):
        return (*node.operands, *node.partition, *(order.key for order in node.order))
    return ()


def rewritten(node: Rex, change: Callable[[Rex], Rex | None]) -> Rex:
    """The expression with each part for which `change` gives another replaced by that, from the top."""
    found = change(node)
    if found is not None:
        return found
    if isinstance(node, Call):
        operands = tuple(rewritten(operand, change) for operand in node.operands)
        return node if operands == node.operands else replace(node, operands=operands)
    if isinstance(node, Over):
        return replace(
            node,
            operands=tuple(rewritten(operand, change) for operand in node.operands),
            partition=tuple(rewritten(key, change) for key in node.partition),
            order=tuple(replace(key, key=rewritten(key.key, change)) for key in node.order),
        )
    return node


def refs(*nodes: Rex) -> set[int]:
    return {part.index for node in nodes for part in walk(node) if isinstance(part, Ref)}


def fields(*nodes: Rex) -> list[Field]:
    return [part for node in nodes for part in walk(node) if isinstance(part, Field)]


def moved(node: Rex, places: Callable[[int], int]) -> Rex:
    """With each column at another place."""
    return rewritten(node, lambda part: Ref(places(part.index), part.type) if isinstance(part, Ref) else None)


def shifted(node: Rex, by: int) -> Rex:
    return moved(node, lambda place: place + by)


def through(node: Rex, projects: Sequence[Rex]) -> Rex:
    """An expression over a projection's rows, over the projection's input instead."""
    return rewritten(node, lambda part: projects[part.index] if isinstance(part, Ref) else None)


def deterministic(node: Rex) -> bool:
    return all(part.deterministic for part in walk(node) if isinstance(part, Call))


def has_over(*nodes: Rex) -> bool:
    return any(isinstance(part, Over) for node in nodes for part in walk(node))


def conjunctions(node: Rex | None) -> list[Rex]:
    if node is None or always(node, True):
        return []
    if isinstance(node, Call) and node.op == "AND":
        return [part for operand in node.operands for part in conjunctions(operand)]
    return [node]


def disjunctions(node: Rex) -> list[Rex]:
    if always(node, False):
        return []
    if isinstance(node, Call) and node.op == "OR":
        return [part for operand in node.operands for part in disjunctions(operand)]
    return [node]


def conjunction(nodes: Sequence[Rex]) -> Rex:
    """RexUtil.composeConjunction: flat, without repetitions, FALSE when any part is."""
    once: dict[Rex, Rex] = {}
    for part in (part for node in nodes for part in conjunctions(node)):
        once.setdefault(_normalized(part), part)
    parts = list(once.values())
    if any(always(part, False) for part in parts):
        return FALSE
    return TRUE if not parts else parts[0] if len(parts) == 1 else call("AND", *parts)


def _normalized(node: Rex) -> Rex:
    """`$1 = $0` is `$0 = $1`, `$1 > $0` is `$0 < $1` (RexNormalize)."""
    if not isinstance(node, Call) or node.op not in COMPARISONS:
        return node
    left, right = node.operands
    if isinstance(left, Ref) and isinstance(right, Ref) and right.index < left.index:
        return replace(node, op=REVERSED[node.op], operands=(right, left))
    return node


def disjunction(nodes: Sequence[Rex]) -> Rex:
    parts = list(dict.fromkeys(part for node in nodes for part in disjunctions(node)))
    if any(always(part, True) for part in parts):
        return TRUE
    return FALSE if not parts else parts[0] if len(parts) == 1 else call("OR", *parts)


def negation(node: Rex) -> Rex:
    return call("NOT", node)
