"""A filter (FilterContext): AND, OR, NOT, a constant, or a predicate of an expression and constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.result_names import regular
from meshloom.engine.sql.single.explain.expression import Call, Column, Expression, Literal

KINDS = {
    "equals": "EQ", "not_equals": "NOT_EQ", "in": "IN", "not_in": "NOT_IN", "greater_than": "RANGE",
    "greater_than_or_equal": "RANGE", "less_than": "RANGE", "less_than_or_equal": "RANGE", "between": "RANGE",
    "range": "RANGE", "regexp_like": "REGEXP_LIKE", "like": "REGEXP_LIKE", "text_contains": "TEXT_CONTAINS",
    "text_match": "TEXT_MATCH", "json_match": "JSON_MATCH", "vector_similarity": "VECTOR_SIMILARITY",
    "is_null": "IS_NULL", "is_not_null": "IS_NOT_NULL",
}  # fmt: skip
FILTERS = frozenset(("and", "or", "not", *KINDS))  # FilterKind
RANGES = frozenset(name for name, kind in KINDS.items() if kind == "RANGE")
UNBOUNDED = "*"
MATCHES = frozenset(("TEXT_CONTAINS", "TEXT_MATCH", "JSON_MATCH"))

NOTHING = Literal(None)


@dataclass(frozen=True, slots=True)
class Condition:
    """`kind` is AND, OR, NOT, TRUE, FALSE or a predicate's (Predicate.Type); a RANGE has two values, its bounds, and
    `closed` says which of them belong to it."""

    kind: str
    parts: tuple[Condition, ...] = ()
    left: Expression = NOTHING
    values: tuple[str, ...] = ()
    closed: tuple[bool, bool] = (False, False)

    @property
    def column(self) -> str:
        """The column on a predicate's left; "" where something is computed."""
        return self.left.name if isinstance(self.left, Column) else ""

    def __str__(self) -> str:
        """FilterContext.toString, Predicate.toString."""
        left, values = self.left, self.values
        match self.kind:
            case "AND" | "OR":
                return f"({f' {self.kind} '.join(map(str, self.parts))})"
            case "NOT":
                return f"(NOT {self.parts[0]})"
            case "TRUE" | "FALSE":
                return self.kind.lower()
            case "EQ" | "NOT_EQ":
                return f"{left} {'=' if self.kind == 'EQ' else '!='} '{values[0]}'"
            case "IN" | "NOT_IN":
                listed = ",".join(f"'{value}'" for value in values)
                return f"{left} {self.kind.replace('_', ' ')} ({listed})"
            case "IS_NULL" | "IS_NOT_NULL":
                return f"{left} {self.kind.replace('_', ' ')}"
            case "RANGE":
                return self._range()
        texts = "','".join(values)
        return f"{self.kind.lower()}({left},'{texts}')"

    def _range(self) -> str:
        (low, high), (from_low, to_high) = self.values, self.closed
        above = f"{self.left} {'>=' if from_low else '>'} '{low}'"
        below = f"{self.left} {'<=' if to_high else '<'} '{high}'"
        if low == UNBOUNDED or high == UNBOUNDED:
            return below if low == UNBOUNDED else above
        return f"{self.left} BETWEEN '{low}' AND '{high}'" if from_low and to_high else f"({above} AND {below})"

    def everywhere(self) -> Iterator[Condition]:
        yield self
        for part in self.parts:
            yield from part.everywhere()


TRUE, FALSE = Condition("TRUE"), Condition("FALSE")


def condition_of(expression: Expression) -> Condition:
    """RequestContextUtils.getFilter. Raises PinotError 700 where a constant is wanted and none stands."""
    if isinstance(expression, Call) and expression.name == "istrue":
        return condition_of(expression.arguments[0])
    if isinstance(expression, Literal):
        return TRUE if expression.value is True or expression.text.lower() in ("true", "1") else FALSE
    if isinstance(expression, Column) or expression.name not in FILTERS:
        return Condition("EQ", left=expression, values=("true",))
    if expression.name in ("and", "or"):
        return _joined(expression.name.upper(), [condition_of(one) for one in expression.arguments])
    if expression.name == "not":
        inner = condition_of(expression.arguments[0])
        return {"TRUE": FALSE, "FALSE": TRUE}.get(inner.kind, Condition("NOT", (inner,)))
    return _predicate(expression)


def _joined(kind: str, parts: list[Condition]) -> Condition:
    idle, decisive = (TRUE, FALSE) if kind == "AND" else (FALSE, TRUE)
    left = tuple(part for part in parts if part != idle)
    if decisive in left:
        return decisive
    if len(left) > 1:
        return Condition(kind, left)
    return left[0] if left else idle


def _predicate(call: Call) -> Condition:
    left, kind = call.arguments[0], KINDS[call.name]
    values = tuple(map(value_of, call.arguments[1:]))
    match call.name:
        case "greater_than" | "greater_than_or_equal":
            return Condition(kind, (), left, (values[0], UNBOUNDED), (call.name.endswith("equal"), False))
        case "less_than" | "less_than_or_equal":
            return Condition(kind, (), left, (UNBOUNDED, values[0]), (False, call.name.endswith("equal")))
        case "between":
            return Condition(kind, (), left, values, (True, True))
        case "range":
            low, _, high = values[0].partition("\0")
            return Condition(kind, (), left, (low[1:], high[:-1]), (low[0] == "[", high[-1] == "]"))
        case "like":
            return Condition(kind, (), left, (regular(values[0]), "i"))
    return Condition(kind, (), left, values)


def value_of(expression: Expression) -> str:
    if isinstance(expression, Literal):
        return expression.text
    if isinstance(expression, Call) and expression.name == "arrayvalueconstructor":
        return f"[{', '.join(map(value_of, expression.arguments))}]"
    raise PinotError(
        QUERY_VALIDATION, "Pinot does not support column or function on the right-hand side of the predicate"
    )
