"""An expression as Pinot's planner has it (ExpressionContext): a column, a literal, or a call of a canonical name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlglot import exp

from meshloom.engine.sql.canonical import CASTS, OF_UNITS, OPERATORS, condition_of, connected, parts_of, text_of
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.decimal_rows import java_number

MOST_LONG = 2**63


@dataclass(frozen=True, slots=True)
class Column:
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """`value` is None, a bool, an int, a float or a text; other constants are their text."""

    value: Any

    def __eq__(self, other: object) -> bool:  # true is not 1
        return isinstance(other, Literal) and (type(self.value), self.value) == (type(other.value), other.value)

    def __hash__(self) -> int:
        return hash(self.value)

    @property
    def text(self) -> str:
        """RequestUtils.getLiteralString."""
        if isinstance(self.value, bool):
            return str(self.value).lower()
        if self.value is None:
            return "null"
        return java_number(repr(self.value)) if isinstance(self.value, float) else str(self.value)

    def __str__(self) -> str:
        return f"'{self.text}'"


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Expression, ...]

    def __str__(self) -> str:
        return f"{self.name}({','.join(map(str, self.arguments))})"


Expression: TypeAlias = "Column | Literal | Call"


def columns_in(expression: Expression) -> Iterator[str]:
    """The columns that it reads, again and again."""
    if isinstance(expression, Column) and expression.name != "*":
        yield expression.name
    elif isinstance(expression, Call):
        for argument in expression.arguments:
            yield from columns_in(argument)


def calls_in(expression: Expression) -> Iterator[Call]:
    if isinstance(expression, Call):
        yield expression
        for argument in expression.arguments:
            yield from calls_in(argument)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads syntax trees. `names` are the table's columns by their lower-case names."""

    names: Mapping[str, str]

    def read(self, node: exp.Expr) -> Expression:
        node = node.unnest()
        if (condition := condition_of(node)) is not None:
            return self._call(*condition)
        match node:
            case exp.Column() | exp.Identifier():
                return Column(self.names.get(node.name.lower(), node.name))
            case exp.Star():
                return Column("*")
            case exp.Literal() | exp.Boolean() | exp.Null():
                return literal_of(node)
            case exp.Neg() if isinstance(node.this, exp.Literal):
                found = literal_of(node.this)
                return Literal(-found.value if not isinstance(found.value, str) else f"-{found.value}")
            case exp.Filter():
                return self._call("filter", [node.this, node.expression.this])
            case exp.Anonymous():
                return self._anonymous(node)
            case exp.Cast():
                type_ = node.to.sql().upper()
                return Call("cast", (self.read(node.this), Literal(CASTS.get(type_, type_))))
            case exp.Case():
                return self._case(node)
            case exp.Trim():
                kept = node.args.get("expression")
                kept = self.read(kept) if kept is not None else Literal(" ")
                where = str(node.args.get("position") or "BOTH").upper()
                return Call("trim", (Literal(where), kept, self.read(node.this)))
            case exp.Extract():
                return Call("extract", (Literal(node.name.upper()), self.read(node.expression)))
            case exp.Bracket():
                return self._call("item", [node.this, *node.expressions])
            case exp.Array():
                return self._call("arrayvalueconstructor", node.expressions)
        operator = OPERATORS.get(type(node))
        if operator is None:
            return Literal(text_of(node))
        return self._call(operator, connected(node) if isinstance(node, exp.Connector) else node.iter_expressions())

    def _call(self, name: str, nodes: Any) -> Call:
        return Call(name, tuple(map(self.read, nodes)))

    def _anonymous(self, node: exp.Anonymous) -> Call:
        name, nodes = parts_of(node)
        arguments = list(map(self.read, nodes))
        if name in OF_UNITS and arguments and isinstance(arguments[0], Column):
            arguments[0] = Literal(arguments[0].name.upper())
        if not arguments and find_aggregate(node.name) is not None:
            arguments = [Column("*")]
        return Call(name, tuple(arguments))

    def _case(self, node: exp.Case) -> Call:
        read: list[Expression] = []
        for branch in node.args["ifs"]:
            test = self.read(branch.this)
            read.append(Call("equals", (self.read(node.this), test)) if node.this else test)
            read.append(self.read(branch.args["true"]))
        default = node.args.get("default")
        return Call("case", (*read, self.read(default) if default is not None else Literal(None)))


def literal_of(node: exp.Expr) -> Literal:
    if isinstance(node, exp.Null):
        return Literal(None)
    if isinstance(node, exp.Boolean):
        return Literal(bool(node.this))
    if node.is_string:
        return Literal(node.name)
    if not node.name.isdigit():
        return Literal(float(node.name))
    return Literal(int(node.name)) if int(node.name) < MOST_LONG else Literal(node.name)
