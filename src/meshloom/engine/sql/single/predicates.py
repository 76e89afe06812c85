"""WHERE, HAVING and FILTER of the single-stage engine: predicates with a value on the left and literals on the right
(PredicateComparisonRewriter.java, NumericalFilterOptimizer.java), which are not what the same text is in a select list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql import casts
from meshloom.engine.sql.functions import Scalar, find_aggregate, find_scalar
from meshloom.engine.sql.functions.registry import key
from meshloom.engine.sql.scope import Scope
from meshloom.engine.sql.translate import COMPARISONS, Method, Translator
from meshloom.engine.sql.typed import NUMERIC, Typed, among, comparable, matching, options

OPPOSITE: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip
KINDS = {
    exp.EQ: "EQUALS", exp.NEQ: "NOT_EQUALS", exp.GT: "GREATER_THAN", exp.GTE: "GREATER_THAN_OR_EQUAL",
    exp.LT: "LESS_THAN", exp.LTE: "LESS_THAN_OR_EQUAL",
}  # fmt: skip
OF_NULLS = frozenset({"coalesce", "isnull", "isnotnull", "isdistinctfrom", "isnotdistinctfrom"})
ARITHMETIC = frozenset(("plus", "add", "minus", "sub", "times", "mult", "divide", "div", "mod"))
KEPT_NULLS = frozenset({"nullif", "mapvalue", "groovy"})  # no scalar functions, or answered with an object
NONE_FOUND = frozenset(
    map(
        key,
        (
            "jsonStringToMap",
            "jsonStringToArray",
            "jsonStringToListOrMap",
            "fromBytes",
            "toBytes",
            "toUUIDBytes",
            "urlDecode",
            "urlDecodeFormComponent",
            "urlDomain",
            "urlDomainWithoutWWW",
            "urlFirstSignificantSubdomain",
            "urlFragment",
            "urlNetloc",
            "urlPath",
            "urlPathWithQuery",
            "urlProtocol",
            "urlQueryString",
            "urlQueryStringAndFragment",
            "urlTopLevelDomain",
            "cutToFirstSignificantSubdomain",
            "cutToFirstSignificantSubdomainWithWWW",
            "jsonKeyValueArrayToMap",
            "jsonPathString",
        ),
    )
)  # functions that may answer null though their arguments are known
BOUNDS = {"INT": 2**31, "LONG": 2**63}


class SingleTranslator(Translator):
    """Translates the expressions of a single-stage query, its predicates with `predicate`."""

    encodes = True

    def __init__(self, scope: Scope, *, nulls: bool, knowing: bool = False) -> None:
        super().__init__(scope, single=True, nulls=nulls)
        self.scope = scope
        self.knowing = knowing

    def known(self) -> SingleTranslator:
        """Reads a null as null also without null handling, as IS NULL and COALESCE do (the null value vector)."""
        return SingleTranslator(replace(self.scope, nulls=True), nulls=self.nulls, knowing=True)

    def translate(self, node: exp.Expr) -> Typed:
        method = METHODS.get(type(node))
        return method(self, node) if method is not None else super().translate(node)

    def function(self, name: str, arguments: list[exp.Expr]) -> Typed:
        if key(name) in OF_NULLS and not self.nulls and not self.knowing and not self.aggregated(arguments):
            found = self.known().function(name, arguments)
            return self.placed(found) if key(name) == "coalesce" and not found.aggregate else found
        return super().function(name, arguments)

    @staticmethod
    def aggregated(arguments: list[exp.Expr]) -> bool:
        calls = (call for argument in arguments for call in argument.find_all(exp.Anonymous))
        return any(find_aggregate(call.name) is not None for call in calls)

    def applied(self, function: Scalar, values: list[Typed]) -> Typed:
        """What a function does not find is the placeholder of its type, also where nulls are handled: only a null among
        the arguments makes its answer one (ScalarTransformFunctionWrapper.java)."""
        name, constant = key(function.name), all(value.literal is not None or value.sql == "NULL" for value in values)
        if self.knowing or constant or any(value.aggregate for value in values):
            return super().applied(function, values)
        if self.nulls:
            found = super().applied(function, values)
            if name not in NONE_FOUND:
                return found
            known = " AND ".join(f"{value.sql} IS NOT NULL" for value in values if value.literal is None)
            return Typed(f"(CASE WHEN {known} THEN {self.placed(found).sql} END)", found.type)
        if name in ARITHMETIC:
            return super().applied(function, [Typed("0", "INT", "0") if one.sql == "NULL" else one for one in values])
        found = super().applied(function, values)
        return found if name in KEPT_NULLS else self.placed(found)

    def placed(self, value: Typed) -> Typed:
        """With the placeholder of its type for a null."""
        none = "[]" if value.array else casts.PLACEHOLDERS.get(value.type)
        return value if none is None else Typed(f"coalesce({value.sql}, {none})", value.type, values=value.values)

    def escaped(self, node: exp.Escape) -> Typed:
        """Pinot reads no ESCAPE: its pattern stands as it is written."""
        return self.translate(node.this)

    def is_null(self, node: exp.Is) -> Typed:
        if self.nulls or not isinstance(node.expression, exp.Null):
            return super().is_null(node)
        value = self.known().translate(node.this)
        return Typed(f"({value.sql} IS NULL)", "BOOLEAN", aggregate=value.aggregate)

    def predicate(self, node: exp.Expr) -> Typed:
        node = node.unnest()
        match node:
            case exp.And() | exp.Or():
                word = "AND" if isinstance(node, exp.And) else "OR"
                parts = [self.predicate(part) for part in node.flatten()]
                sql = "(" + f" {word} ".join(part.sql for part in parts) + ")"
                return Typed(sql, "BOOLEAN", aggregate=any(part.aggregate for part in parts))
            case exp.Not():
                value = self.predicate(node.this)
                return Typed(f"(NOT {value.sql})", "BOOLEAN", aggregate=value.aggregate)
            case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
                return self.compared(node)
            case exp.Between():
                return self.ranged(node)
            case exp.In():
                return self.listed(node)
        return self.truth(self.translate(node), node)

    def truth(self, value: Typed, node: exp.Expr) -> Typed:
        """What is no predicate is one by `= true`."""
        if value.type in ("BOOLEAN", "UNKNOWN"):
            return value
        if value.element in ("STRING", "JSON") and value.literal is None:
            return self.held(value, lambda one: f"({one} = 'true')")
        raise PinotError(QUERY_VALIDATION, f"A {value.type} is no condition: {node.sql(dialect='pinot')}")

    def held(self, value: Typed, condition: Callable[[str], str], *, every: bool = False) -> Typed:
        if value.array:
            return Typed(matching(value, condition, every=every), "BOOLEAN")
        value = comparable(value)
        return Typed(condition(value.sql), "BOOLEAN", aggregate=value.aggregate)

    # --- comparisons

    def compared(self, node: exp.Binary) -> Typed:
        kind = type(node)
        left, right = node.left, node.right
        if constant(left) and not constant(right):
            kind, left, right = OPPOSITE[kind], right, left
        if not constant(right):
            return self.apart(kind, self.translate(left), self.translate(right))
        if isinstance(right.unnest(), exp.Null):
            raise PinotError(QUERY_VALIDATION, f"Using NULL in {KINDS[kind]} filter is not supported")
        value, bound = self.translate(left), self.translate(right)
        decided = outside(kind, value.type, bound)
        if decided is not None:
            return Typed(str(decided).lower(), "BOOLEAN", aggregate=value.aggregate)
        value, bound = self.meeting(value, bound)
        if kind in (exp.EQ, exp.NEQ) and (told := among(value, [bound])) is not None:
            return Typed(told if kind is exp.EQ else f"(NOT {told})", "BOOLEAN")
        operator = COMPARISONS[kind]
        return self.held(value, lambda one: f"({one} {operator} {bound.sql})", every=operator == "<>")

    def apart(self, kind: type[exp.Expr], left: Typed, right: Typed) -> Typed:
        """Two texts compare as texts (StringPredicateFilterOptimizer.java), other values by their difference."""
        aggregate = left.aggregate or right.aggregate
        if left.type == right.type == "STRING" or (aggregate and left.type in NUMERIC and right.type in NUMERIC):
            return Typed(f"({left.sql} {COMPARISONS[kind]} {right.sql})", "BOOLEAN", aggregate=aggregate)
        if left.array or right.array:
            raise PinotError(QUERY_VALIDATION, "A multi-value column compares with literals only")
        minus = find_scalar("minus", single=True)
        assert minus is not None
        sides = [side.cast("LONG") if side.type in ("BOOLEAN", "TIMESTAMP") else side for side in (left, right)]
        sides = [side.cast("DOUBLE") if side.type in ("STRING", "JSON") else side for side in sides]
        difference, zero = self.alike(minus.call(sides, stored=True), Typed("0", "INT", "0"))
        return Typed(f"({difference.sql} {COMPARISONS[kind]} {zero.sql})", "BOOLEAN", aggregate=aggregate)

    def meeting(self, value: Typed, literal: Typed) -> tuple[Typed, Typed]:
        """Both as one type; a literal that meets a FLOAT is one: 0.1 is the column's 0.1."""
        value, literal = self.alike(value, literal)
        return value, literal.cast("FLOAT") if value.element == "FLOAT" and literal.type != "FLOAT" else literal

    def ranged(self, node: exp.Between) -> Typed:
        value = self.translate(node.this)
        bounds = [self.literal_of(part, "BETWEEN") for part in (node.args["low"], node.args["high"])]
        first, last = (as_number(bound) for bound in bounds)
        if value.element in NUMERIC and first is not None and last is not None and first > last:
            return Typed("false", "BOOLEAN", aggregate=value.aggregate)
        low, high = (self.meeting(value, bound)[1].sql for bound in bounds)
        return self.held(value, lambda one: f"({one} BETWEEN {low} AND {high})")

    def listed(self, node: exp.In) -> Typed:
        if node.args.get("query") is not None:
            return self.membership(node)
        value = self.translate(node.this)
        literals = [self.meeting(value, self.literal_of(one, "IN"))[1] for one in node.expressions]
        if (told := among(value, literals)) is not None:
            return Typed(told, "BOOLEAN")
        listed = ", ".join(literal.sql for literal in literals) if value.array else options(literals)
        return self.held(value, lambda one: f"({one} IN ({listed}))")

    def literal_of(self, node: exp.Expr, kind: str) -> Typed:
        if not constant(node):
            raise PinotError(
                QUERY_VALIDATION,
                f"For {kind} predicate, the operands except for the first one must be literal, got: "
                f"{node.sql(dialect='pinot')}",
            )
        return self.translate(node)


def constant(node: exp.Expr) -> bool:
    """Known before any row is read."""
    return type(node) is exp.Literal or node.find(exp.Column, exp.Star, exp.Subquery) is None


def as_number(literal: Typed) -> Decimal | None:
    if literal.type not in NUMERIC or literal.literal is None:
        return None
    try:
        return Decimal(literal.literal)
    except InvalidOperation:
        return None


def outside(kind: type[exp.Expr], type_: str, literal: Typed) -> bool | None:
    """What a comparison of whole numbers with a number that none of them is or reaches answers for every row, also
    for one with a null; None when it depends on the row."""
    bound, number = BOUNDS.get(type_), as_number(literal)
    if bound is None or number is None:
        return None
    if kind in (exp.EQ, exp.NEQ):
        whole = number == number.to_integral_value() and -bound <= number < bound
        return None if whole else kind is exp.NEQ
    if number >= bound:
        return kind in (exp.LT, exp.LTE)
    return kind in (exp.GT, exp.GTE) if number < -bound else None


METHODS: dict[type, Method] = {exp.Is: SingleTranslator.is_null, exp.Escape: SingleTranslator.escaped}
