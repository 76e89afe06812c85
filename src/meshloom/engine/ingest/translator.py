"""Expressions over a record, as Pinot's scalar functions find them (InbuiltFunctionEvaluator.java): each is called by
its name and number of arguments, every argument is evaluated and becomes what the parameter's Java class says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.ingest import object_functions
from meshloom.engine.ingest.arguments import as_argument, is_null, null, objected
from meshloom.engine.ingest.signatures import OBJECT, SIGNATURES, Signature, canonical, signature
from meshloom.engine.sql.casts import LONG_TEXT, ONCE, once
from meshloom.engine.sql.functions import find_scalar
from meshloom.engine.sql.translate import OF_UNITS, Columns, Method, Translator, is_unit
from meshloom.engine.sql.typed import Typed

OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "equals", exp.NEQ: "notEquals", exp.GT: "greaterThan", exp.GTE: "greaterThanOrEqual", exp.LT: "lessThan",
    exp.LTE: "lessThanOrEqual", exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divide", exp.Mod: "mod",
    exp.Like: "like", exp.NullSafeEQ: "isNotDistinctFrom", exp.NullSafeNEQ: "isDistinctFrom", exp.DPipe: "||",
}  # fmt: skip


class RecordTranslator(Translator):
    """Translates the functions of `transformConfigs` and `filterConfig`. `failures` are conditions under which a
    function failed, for those who go on with null."""

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns, single=True, nulls=True)
        self.failures: list[str] = []
        self.tolerant = False  # whether some function may make a value of a null

    def translate(self, node: exp.Expr) -> Typed:
        for kind in type(node).__mro__:
            method = OWN.get(kind)
            if method is not None:
                return method(self, node)
        return super().translate(node)

    def operator(self, node: exp.Binary) -> Typed:
        return self.function(OPERATORS[type(node)], [node.left, node.right])

    def negated(self, node: exp.Neg) -> Typed:
        value = self.translate(node.this)
        if value.literal is None:
            raise PinotError(QUERY_VALIDATION, "Unsupported function: minusprefix")
        return super().negative(node)

    def is_null(self, node: exp.Is) -> Typed:
        if isinstance(node.expression, exp.Null):
            return self.function("isNull", [node.this])
        raise PinotError(QUERY_VALIDATION, f"Unsupported function: is{node.expression.name.lower()}")

    def between(self, node: exp.Between) -> Typed:
        return self.function("between", [node.this, node.args["low"], node.args["high"]])

    def membership(self, node: exp.In, negated: bool = False) -> Typed:
        raise PinotError(QUERY_VALIDATION, f"Unsupported function: {'notin' if negated else 'in'}")

    def negation(self, node: exp.Not) -> Typed:
        inner = node.this.unnest()
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            return self.function("isNotNull", [inner.this])
        if isinstance(inner, exp.In):
            return self.membership(inner, negated=True)
        return Typed(f"(NOT {self.truth(node.this)})", "BOOLEAN")

    def connector(self, node: exp.Connector) -> Typed:
        return self.logic("or" if isinstance(node, exp.Or) else "and", list(node.flatten()))

    def logic(self, name: str, nodes: list[exp.Expr]) -> Typed:
        """AND and OR, whose later operands are not looked at when an earlier one decides."""
        self.tolerant = True
        word, decisive = ("OR", "TRUE") if name == "or" else ("AND", "FALSE")
        parts: list[str] = []
        for node in nodes:
            known = len(self.failures)
            parts.append(self.truth(node))
            new, earlier = self.failures[known:], f" {word} ".join(parts[:-1])
            if new and earlier:
                self.failures[known:] = [f"(({earlier}) IS NOT {decisive} AND ({' OR '.join(new)}))"]
        *first, sql = parts
        for one in reversed(first):
            sql = once(one, partial(_decided, word, decisive, sql))
        return Typed(sql, "BOOLEAN")

    def truth(self, node: exp.Expr) -> str:
        """(Boolean) of a value: what is none ends the query, unless it is null."""
        value = self.translate(node)
        if value.type == "BOOLEAN":
            return value.sql
        return (
            "CAST(NULL AS BOOLEAN)" if is_null(value) else f"px_truth_1({objected(replace(value, literal=None)).sql})"
        )

    def case(self, node: exp.Case) -> Typed:
        operand, values = node.this, []
        for branch in node.args["ifs"]:
            test = exp.EQ(this=operand.copy(), expression=branch.this.copy()) if operand else branch.this
            values += [self.translate(test), self.translate(branch.args["true"])]
        default = node.args.get("default")
        self.tolerant = True
        return object_functions.case([*values, self.translate(default) if default is not None else null(OBJECT)])

    def cast(self, node: exp.Cast) -> Typed:
        return self.applied_to(
            "cast", [self.translate(node.this), self.literal(exp.Literal.string(self.target(node.to)))]
        )

    def trim(self, node: exp.Trim) -> Typed:
        which = str(node.args.get("position") or "BOTH").upper()
        characters = node.args.get("expression") or exp.Literal.string(" ")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(which, "trim")
        value, kept = (as_argument(self.translate(part), "STRING") for part in (node.this, characters))
        return Typed(f"{name}({value.sql}, {kept.sql})", "STRING")

    def extract(self, node: exp.Extract) -> Typed:
        return self.function("extract", [exp.Literal.string(node.name), node.expression])

    def element(self, node: exp.Bracket) -> Typed:
        raise PinotError(QUERY_VALIDATION, "Unsupported function: item")

    def array(self, node: exp.Array) -> Typed:
        return object_functions.constant([self.translate(one) for one in node.expressions], several=True)

    def function(self, name: str, arguments: list[exp.Expr]) -> Typed:
        if canonical(name) in OF_UNITS and arguments and is_unit(arguments[0]):
            arguments = [exp.Literal.string(arguments[0].name), *arguments[1:]]
        if canonical(name) in ("and", "or"):
            return self.logic(canonical(name), arguments)
        if canonical(name) == "not" and len(arguments) == 1:
            return Typed(f"(NOT {self.truth(arguments[0])})", "BOOLEAN")
        return self.applied_to(name, [self.translate(argument) for argument in arguments])

    def applied_to(self, name: str, values: list[Typed]) -> Typed:
        found = signature(name, len(values))
        if found is None:
            known = f" with {len(values)} arguments" if canonical(name) in SIGNATURES else ""
            raise PinotError(QUERY_VALIDATION, f"Unsupported function: {name}{known}")
        self.tolerant = self.tolerant or found.nulls
        if unread := object_functions.unread(canonical(name), values):
            self.failures.append(unread)
        kinds = found.parameters if not found.several else (OBJECT,) * len(values)
        own = object_functions.OWN.get(canonical(name)) or partial(_called, name, found)
        return self.guarded(found, values, lambda given: own(_converted(given, kinds)))

    def guarded(self, found: Signature, values: list[Typed], render: object_functions.Own) -> Typed:
        """A call, which is null for a null among its arguments when it is not made for nulls."""
        if found.nulls:
            return render(values)
        if any(is_null(value) for value in values):
            return null(found.result)
        checked = [place for place, value in enumerate(values) if value.literal is None]
        if not checked:
            return render(values)
        if sum(len(values[place].sql) for place in checked) <= LONG_TEXT:
            made = render(values)
            test = " OR ".join(f"{values[place].sql} IS NULL" for place in checked)
            return self.noted(found, made, f"(CASE WHEN {test} THEN NULL ELSE {made.sql} END)", test)
        named = [
            replace(value, sql=f"{ONCE}.a{place}") if place in checked else value for place, value in enumerate(values)
        ]
        made = render(named)
        test = " OR ".join(f"{named[place].sql} IS NULL" for place in checked)
        bound = ", ".join(f"'a{place}': {values[place].sql}" for place in checked)
        sql = f"list_transform([{{{bound}}}], lambda {ONCE}: CASE WHEN {test} THEN NULL ELSE {made.sql} END)[1]"
        return self.noted(found, made, sql, " OR ".join(f"{values[place].sql} IS NULL" for place in checked))

    def noted(self, found: Signature, made: Typed, sql: str, unknown: str) -> Typed:
        if found.primitive:
            self.failures.append(f"(({sql}) IS NULL AND NOT ({unknown}))")
        return replace(made, sql=sql)


def _converted(values: Sequence[Typed], kinds: Sequence[str]) -> list[Typed]:
    """Arguments as the parameters' types; an Object stays what it is, a BigDecimal's digits too."""
    pairs = zip(values, kinds, strict=True)
    return [value if kind in (OBJECT, "MAP", "BIG_DECIMAL") else as_argument(value, kind) for value, kind in pairs]


def _decided(word: str, decisive: str, rest: str, one: str) -> str:
    return f"(CASE WHEN {one} IS {decisive} THEN {decisive} ELSE ({one} {word} {rest}) END)"


def _called(name: str, found: Signature, given: Sequence[Typed]) -> Typed:
    arguments = [
        objected(value) if kind == OBJECT else value for value, kind in zip(given, found.parameters, strict=True)
    ]
    function = find_scalar(name)
    if function is None:
        raise PinotError(QUERY_VALIDATION, f"Unsupported function: {name.lower()}")
    made = function.call(arguments)
    if found.result in (OBJECT, "MAP") or made.type == found.result:
        return made
    if found.result == "BIG_DECIMAL" or made.array != found.result.endswith("_ARRAY"):
        return made
    return made.cast(found.result)


OWN: dict[type, Method] = {
    **dict.fromkeys(OPERATORS, RecordTranslator.operator),
    exp.Neg: RecordTranslator.negated,
    exp.Is: RecordTranslator.is_null,
    exp.Between: RecordTranslator.between,
    exp.In: RecordTranslator.membership,
    exp.Not: RecordTranslator.negation,
    exp.And: RecordTranslator.connector,
    exp.Or: RecordTranslator.connector,
    exp.Case: RecordTranslator.case,
    exp.Cast: RecordTranslator.cast,
    exp.Trim: RecordTranslator.trim,
    exp.Extract: RecordTranslator.extract,
    exp.Bracket: RecordTranslator.element,
    exp.Array: RecordTranslator.array,
}
