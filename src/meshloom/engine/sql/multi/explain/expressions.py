"""SQL's expressions to those of a plan, with the casts that Calcite's validator puts around operands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.multi.explain import functions
from meshloom.engine.sql.multi.explain.casting import cast, coerced
from meshloom.engine.sql.multi.explain.rex import (
    Call,
    Literal,
    Rex,
    call,
    conjunction,
    disjunction,
    integer,
    negation,
    null,
)
from meshloom.engine.sql.multi.explain.scope import Scope, unplanned, untold
from meshloom.engine.sql.multi.explain.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    NULL,
    TIMESTAMP,
    VARCHAR,
    SqlType,
    arithmetic,
    comparable,
    least_restrictive,
    named,
    of_pinot,
)
from meshloom.engine.sql.translate import TYPE_NAMES

COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
}  # fmt: skip
COMPUTED: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "MOD"}
OPERATORS = {"add": "+", "plus": "+", "sub": "-", "minus": "-", "mult": "*", "times": "*"}
SYMBOLS = ("timestampadd", "timestampdiff", "extract")
Special = Callable[[exp.Expr], Rex | None]


class Expressions:
    """`special` is asked first of each part: it knows what an aggregation, a query or a window has become. Raises
    PinotError from its methods: 710 for an unknown column, 700 for what no plan is told of."""

    def __init__(self, scope: Scope, special: Special) -> None:
        self.scope, self.special = scope, special

    def rex(self, node: exp.Expr) -> Rex:
        while isinstance(node, exp.Paren):
            node = node.this
        found = self.special(node)
        if found is not None:
            return found
        if type(node) in COMPARED:
            return self.compared(COMPARED[type(node)], self.rex(node.this), self.rex(node.expression))
        if type(node) in COMPUTED:
            return computed(COMPUTED[type(node)], self.rex(node.this), self.rex(node.expression))
        match node:
            case exp.Alias():
                return self.rex(node.this)
            case exp.Column():
                return self.scope.column(node.name, node.table)
            case exp.Literal():
                return literal(node)
            case exp.Boolean():
                return Literal(bool(node.this), BOOLEAN)
            case exp.Null():
                return Literal(None, NULL)
            case exp.Anonymous():
                return self._function(node)
            case exp.Neg():
                return _negative(self.rex(node.this))
        return self._logical(node)

    def _logical(self, node: exp.Expr) -> Rex:
        match node:
            case exp.And() | exp.Or():
                parts = [self.truth(part) for part in node.flatten()]
                return call("AND" if isinstance(node, exp.And) else "OR", *parts)
            case exp.Not():
                return negation(self.truth(node.this))
            case exp.Is():
                return self._is(node)
            case exp.Between():
                return self._between(node)
            case exp.In() if node.args.get("query") is None and node.args.get("unnest") is None:
                return self._member(node)
            case exp.Like():
                return call("LIKE", self.rex(node.this), self.rex(node.expression))
            case exp.NullSafeEQ() | exp.NullSafeNEQ():
                op = "IS NOT DISTINCT FROM" if isinstance(node, exp.NullSafeEQ) else "IS DISTINCT FROM"
                return Call(op, (self.rex(node.this), self.rex(node.expression)), BOOLEAN)
        return self._other(node)

    def _other(self, node: exp.Expr) -> Rex:
        match node:
            case exp.Case():
                return self._case(node)
            case exp.Cast():
                return self._cast(node)
            case exp.DPipe():
                sides = [_text(self.rex(side)) for side in (node.this, node.expression)]
                nullable = any(side.type.nullable for side in sides)
                return Call("||", tuple(sides), VARCHAR.with_null(nullable))
            case exp.Extract():
                unit = Literal(node.name.upper(), named("SYMBOL"))
                value = self.rex(node.expression)
                return Call("EXTRACT", (unit, value), BIGINT.with_null(value.type.nullable))
            case exp.Bracket():
                return self._item(node)
            case exp.Array():
                return self._array(node)
            case exp.Trim():
                return self._trim(node)
            case exp.Escape() if isinstance(node.this, exp.Like):
                parts = (node.this.this, node.this.expression, node.expression)
                return call("LIKE", *map(self.rex, parts))
            case exp.Any() | exp.All():
                word = "SOME" if isinstance(node, exp.Any) else "ALL"
                raise unplanned(node, f"{word} is only supported if expand = false")
        raise untold(node)

    def truth(self, node: exp.Expr) -> Rex:
        """A condition; a bare NULL is one, too."""
        found = self.rex(node)
        return null(BOOLEAN) if found.type.name == "NULL" else found

    def compared(self, op: str, left: Rex, right: Rex) -> Rex:
        left, right = alike(left, right)
        return call(op, left, right)

    def _is(self, node: exp.Is) -> Rex:
        value, other = self.rex(node.this), node.expression
        if isinstance(other, exp.Null):
            return call("IS NULL", value)
        if isinstance(other, exp.Boolean):
            return call(f"IS {'TRUE' if other.this else 'FALSE'}", value)
        raise untold(node)

    def _between(self, node: exp.Between) -> Rex:
        value, low, high = (self.rex(part) for part in (node.this, node.args["low"], node.args["high"]))

        def within(least: Rex, most: Rex) -> Rex:
            return call("AND", self.compared(">=", value, least), self.compared("<=", value, most))

        return call("OR", within(low, high), within(high, low)) if node.args.get("symmetric") else within(low, high)

    def _member(self, node: exp.In) -> Rex:
        left = node.this.unnest()
        if isinstance(left, exp.Tuple):
            return disjunction([self._row(left, item.unnest(), node) for item in node.expressions])
        value = self.rex(node.this)
        items = [self.rex(item) for item in node.expressions]
        wanted = least_restrictive([value.type, *(item.type for item in items)])
        if wanted is not None and wanted.text and value.type.text:
            wanted = value.type
        tests = []
        for item in items:
            if wanted is not None and not item.type.alike(wanted) and item.type.name != "NULL":
                item = coerced(wanted, item)
            tests.append(self.compared("=", value, item))
        return disjunction(tests)

    def _row(self, left: exp.Tuple, right: exp.Expr, node: exp.Expr) -> Rex:
        if not isinstance(right, exp.Tuple) or len(right.expressions) != len(left.expressions):
            raise untold(node)
        pairs = zip(left.expressions, right.expressions, strict=True)
        return conjunction([self.compared("=", self.rex(a), self.rex(b)) for a, b in pairs])

    def _case(self, node: exp.Case) -> Rex:
        operand = self.rex(node.this) if node.this is not None else None
        conditions, values = [], []
        for branch in node.args["ifs"]:
            test = self.rex(branch.this)
            conditions.append(test if operand is None else self.compared("=", operand, test))
            values.append(self.rex(branch.args["true"]))
        default = node.args.get("default")
        values.append(self.rex(default) if default is not None else Literal(None, NULL))
        type_ = least_restrictive([value.type for value in values])
        if type_ is None:
            raise untold(node, "its branches have no common type")
        values = [_as_branch(type_, value) for value in values]
        parts = [part for pair in zip(conditions, values, strict=False) for part in pair]
        return Call("CASE", (*parts, values[-1]), type_)

    def _cast(self, node: exp.Cast) -> Rex:
        value, type_ = self.rex(node.this), cast_type(node)
        if value.type.alike(type_):
            return value
        if value.type.name == "NULL":
            return null(type_)
        if value.type.name == "BOOLEAN" and type_.numeric:
            return cast(type_.with_null(value.type.nullable), value)
        return Call("CAST", (value,), type_.with_null(value.type.nullable))

    def _item(self, node: exp.Bracket) -> Rex:
        value, index = self.rex(node.this), self.rex(node.expressions[0])
        if isinstance(index, Literal) and isinstance(index.value, int) and value.type.element is not None:
            index = integer(index.value + 1)
        element = value.type.element or named("ANY")
        return Call("ITEM", (value, index), element.with_null(True))

    def _array(self, node: exp.Array) -> Rex:
        items = [self.rex(item) for item in node.expressions]
        element = least_restrictive([item.type for item in items])
        if element is None:
            raise untold(node)
        return Call("ARRAY", tuple(coerced(element, item) for item in items), SqlType("ARRAY", element=element))

    def _trim(self, node: exp.Trim) -> Rex:
        where = Literal(str(node.args.get("position") or "BOTH").upper(), named("SYMBOL"))
        what = self.rex(node.expression) if node.expression is not None else Literal(" ", SqlType("CHAR", precision=1))
        value = self.rex(node.this)
        return Call("TRIM", (where, what, value), VARCHAR.with_null(value.type.nullable))

    def _function(self, node: exp.Anonymous) -> Rex:
        plain = functions.key(node.name)
        if plain in ("and", "or"):
            return call(plain.upper(), *map(self.truth, node.expressions))
        if plain == "not":
            return negation(self.truth(node.expressions[0]))
        if plain in SYMBOLS and isinstance(node.expressions[0], exp.Column):
            unit = Literal(node.expressions[0].name.upper(), named("SYMBOL"))
            rest = [self.rex(argument) for argument in node.expressions[1:]]
            type_ = TIMESTAMP if plain == "timestampadd" else INTEGER
            return Call(plain.upper(), (unit, *rest), type_.with_null(any(part.type.nullable for part in rest)))
        operands = [self.rex(argument) for argument in node.expressions]
        if plain == "coalesce":
            return _coalesce(operands)
        if plain == "mod" and len(operands) == 2:
            return computed("MOD", *operands)
        return functions.function(node.name, operands)


def _text(value: Rex) -> Rex:
    return value if value.type.text or value.type.name == "NULL" else coerced(VARCHAR, value)


def _coalesce(operands: list[Rex]) -> Rex:
    """Its operands stay what they are (PinotSqlCoalesceFunction)."""
    type_ = least_restrictive([operand.type for operand in operands])
    if type_ is None:
        kinds = ", ".join(operand.type.name for operand in operands)
        why = f"Cannot infer return type for COALESCE; operand types: [{kinds}]"
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: {why}")
    nullable = all(operand.type.nullable for operand in operands)
    return Call("COALESCE", tuple(operands), type_.with_null(nullable))


def _as_branch(type_: SqlType, value: Rex) -> Rex:
    if value.type.name == "NULL":
        return null(type_)
    if value.type.alike(type_):
        return value
    return cast(type_.with_null(value.type.nullable), value)


def alike(left: Rex, right: Rex) -> tuple[Rex, Rex]:
    """Both sides of a comparison as one type."""
    if left.type.name == "NULL":
        left = null(right.type)
    if right.type.name == "NULL":
        right = null(left.type)
    common = comparable(left.type, right.type)
    if common is None:
        return left, right
    return _to(common, left), _to(common, right)


def _to(type_: SqlType, node: Rex) -> Rex:
    if node.type.alike(type_):
        return node
    if isinstance(node, Literal):
        return coerced(type_, node)
    return Call("CAST", (node,), type_.with_null(node.type.nullable))


def computed(op: str, left: Rex, right: Rex) -> Rex:
    for one, other, turn in ((left, right, False), (right, left, True)):
        if one.type.name == "TIMESTAMP" and (other.type.numeric or other.type.name == "TIMESTAMP"):
            one = _to(BIGINT, one)
            left, right = (other, one) if turn else (one, other)
        if one.type.text and other.type.numeric:
            one = _to(other.type, one)
            left, right = (other, one) if turn else (one, other)
    return Call(op, (left, right), arithmetic(op, left.type, right.type))


def _negative(value: Rex) -> Rex:
    if isinstance(value, Literal) and isinstance(value.value, int | float | Decimal):
        return Literal(-value.value, value.type)
    return Call("-", (value,), value.type)


def literal(node: exp.Literal) -> Literal:
    """An exact number without a point is INTEGER or BIGINT, with one DECIMAL; with an exponent DOUBLE."""
    text = str(node.this)
    if node.is_string:
        return Literal(text, SqlType("CHAR", precision=len(text)))
    if "e" in text.lower():
        return Literal(float(text), DOUBLE)
    if "." in text:
        number = Decimal(text)
        scale = -int(number.as_tuple().exponent)
        digits = len(text.partition(".")[0].lstrip("-") or "0") + scale
        return Literal(number, SqlType("DECIMAL", False, digits, scale))
    value = int(text)
    return Literal(value, INTEGER if -(2**31) <= value < 2**31 else BIGINT)


def cast_type(node: exp.Cast) -> SqlType:
    data = node.to
    name = data.this.name if isinstance(data.this, exp.DataType.Type) else str(data.this)
    if name.upper() in ("VARCHAR", "CHAR", "TEXT", "DECIMAL") and data.expressions:
        numbers = [int(part.name) for part in data.expressions]
        if name.upper() == "DECIMAL":
            return SqlType("DECIMAL", False, numbers[0], numbers[1] if len(numbers) > 1 else 0)
        return SqlType("CHAR" if name.upper() == "CHAR" else "VARCHAR", precision=numbers[0])
    if name.upper() in ("FLOAT", "DATE"):
        return named("TIMESTAMP" if name.upper() == "DATE" else "FLOAT")
    if data.args.get("nested") or name.upper() == "ARRAY":
        raise untold(node)
    return of_pinot(TYPE_NAMES.get(name.upper(), name.upper()))
