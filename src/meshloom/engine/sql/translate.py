"""Expressions from Pinot's tree to DuckDB's text, with Pinot's types. What has no translation here is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql import casts
from meshloom.engine.sql.aggregation import rendered
from meshloom.engine.sql.cases import case
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions import Scalar, find_aggregate, find_scalar
from meshloom.engine.sql.functions.logic import truth
from meshloom.engine.sql.functions.registry import as_stored, key
from meshloom.engine.sql.functions.transforms import decimal
from meshloom.engine.sql.like import like
from meshloom.engine.sql.lookup import lookup
from meshloom.engine.sql.maps import item
from meshloom.engine.sql.nodes import inner_query
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.typed import (
    NUMERIC,
    Typed,
    cast_sql,
    comparable,
    duckdb_type,
    literal_sql,
    matching,
    meeting,
    options,
    wide_literal,
)
from meshloom.engine.sql.windows import window


class Columns(Protocol):
    """Where column names are looked up."""

    def column(self, name: str, table: str = "") -> Typed:
        """Raises PinotError 710 when there is none of the name, 700 when there are several."""

    def subquery(self, query: exp.Query) -> tuple[str, tuple[OutputColumn, ...]]:
        """A query inside an expression, which may name columns of the query around it. Raises PinotError 700."""

    def table(self, name: str) -> Relation | None:
        """Another table that a function names; None when there is none, or none may be read here."""


COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "plus",
    exp.Sub: "minus",
    exp.Mul: "times",
    exp.Div: "divide",
    exp.Mod: "mod",
}
OF_UNITS = frozenset({"timestampadd", "timestampdiff", "dateadd", "datediff"})  # their first argument may be a word
UNITS = frozenset(("MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"))
TYPE_NAMES = {
    "INT": "INT", "INTEGER": "INT", "BIGINT": "LONG", "LONG": "LONG", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE",
    "DECIMAL": "BIG_DECIMAL", "BOOLEAN": "BOOLEAN", "TIMESTAMP": "TIMESTAMP", "TEXT": "STRING", "VARCHAR": "STRING",
    "CHAR": "STRING", "VARBINARY": "BYTES", "JSON": "JSON", "BIGDECIMAL": "BIG_DECIMAL",
}  # fmt: skip


class Translator:
    """Translates the expressions of one SELECT. `single` chooses the single-stage engine's semantics."""

    encodes = False  # whether a text that is read for bytes is its UTF-8

    def __init__(self, columns: Columns, *, single: bool, nulls: bool) -> None:
        self.columns = columns
        self.single = single
        self.nulls = nulls

    def translate(self, node: exp.Expr) -> Typed:
        """Raises PinotError: 710 for an unknown column, 700 for what is not understood."""
        for kind in type(node).__mro__:
            method = METHODS.get(kind)
            if method is not None:
                return method(self, node)
        raise PinotError(QUERY_VALIDATION, f"Unsupported expression: {node.sql(dialect='pinot')}")

    # --- leaves

    def column(self, node: exp.Column) -> Typed:
        return self.columns.column(node.name, node.table)

    def literal(self, node: exp.Literal) -> Typed:
        text = str(node.this)
        if node.is_string:
            return Typed(literal_sql(text), "STRING", text)
        if "." in text or "e" in text.lower():
            return Typed(f"CAST({text} AS DOUBLE)", "DOUBLE", text)
        if len(text) > 28:
            return Typed(wide_literal(text), WIDE, text)
        type_ = "INT" if -(2**31) <= int(text) < 2**31 else "LONG" if -(2**63) <= int(text) < 2**63 else "BIG_DECIMAL"
        return Typed(f"CAST({text} AS {duckdb_type(type_)})", type_, text)

    def boolean(self, node: exp.Boolean) -> Typed:
        return Typed("true" if node.this else "false", "BOOLEAN", str(bool(node.this)).lower())

    def null(self, node: exp.Null) -> Typed:
        return Typed("NULL", "STRING")

    def paren(self, node: exp.Paren) -> Typed:
        return self.translate(node.this)

    # --- operators

    def arithmetic(self, node: exp.Binary) -> Typed:
        left, right = self.translate(node.left), self.translate(node.right)
        name = ARITHMETIC[type(node)]
        function = find_scalar(name, single=self.single)
        assert function is not None
        if self.single or not (left.numeric and right.numeric) or name in ("divide", "mod"):
            return function.call([left, right], stored=self.single)
        type_ = max(left.type, right.type, key=NUMERIC.index)
        operator = {"plus": "+", "minus": "-", "times": "*"}[name]
        sql = f"({left.cast(type_).sql} {operator} {right.cast(type_).sql})"
        return Typed(sql, type_, aggregate=left.aggregate or right.aggregate)

    def negative(self, node: exp.Neg) -> Typed:
        value = self.translate(node.this)
        literal = None if value.literal is None else f"-{value.literal}"
        negated = f"(- {value.sql})" if literal is not None else casts.negative(value.sql, value.type)
        return Typed(negated, value.type, literal, value.aggregate)

    def comparison(self, node: exp.Binary) -> Typed:
        operator = COMPARISONS[type(node)]
        left, right = self.alike(self.translate(node.left), self.translate(node.right))
        aggregate = left.aggregate or right.aggregate
        if left.array and not right.array:
            return Typed(matching(left, lambda one: f"{one} {operator} {right.sql}", every=operator == "<>"), "BOOLEAN")
        return Typed(f"({left.sql} {operator} {right.sql})", "BOOLEAN", aggregate=aggregate)

    def alike(self, left: Typed, right: Typed) -> tuple[Typed, Typed]:
        """Both sides as one type: a literal takes the other side's, numbers widen, times meet as what they are."""
        a, b = left.element, right.element
        if WIDE in (a, b):
            return meeting(left, right)
        if a == b:
            return left, right
        if right.literal is not None and not (a in NUMERIC and b in NUMERIC):
            return left, self.constant(right, a)
        if left.literal is not None and not (a in NUMERIC and b in NUMERIC):
            return self.constant(left, b), right
        if a in NUMERIC and b in NUMERIC:
            return left, right
        if "STRING" in (a, b) and not left.array and not right.array:
            return left.cast("STRING"), right.cast("STRING")
        return left, right if left.array else right.cast(a)

    def constant(self, literal: Typed, type_: str) -> Typed:
        """A literal as a value of a column's type. Raises PinotError 200 when it cannot be one."""
        text = literal.literal or ""
        if type_ in NUMERIC:
            try:
                float(text)
            except ValueError:
                raise PinotError(QUERY_VALIDATION, f"Cannot convert value: '{text}' to type: {type_}") from None
            return Typed(text if literal.type != "STRING" else f"CAST({literal.sql} AS DOUBLE)", "DOUBLE", text)
        if type_ == "BYTES":
            try:
                return Typed(f"from_hex('{bytes.fromhex(text).hex()}')", "BYTES", text)
            except ValueError:
                raise PinotError(QUERY_VALIDATION, f"Cannot convert value: '{text}' to type: BYTES") from None
        return Typed(cast_sql(literal.sql, literal.type, type_), type_, text)

    def connector(self, node: exp.Connector) -> Typed:
        word = "AND" if isinstance(node, exp.And) else "OR"
        parts = [self.condition(part) for part in node.flatten()]
        sql = "(" + f" {word} ".join(part.sql for part in parts) + ")"
        return Typed(sql, "BOOLEAN", aggregate=any(part.aggregate for part in parts))

    def condition(self, node: exp.Expr) -> Typed:
        value = self.translate(node)
        if self.single and value.numeric and value.literal is None:
            return Typed(truth(value), "BOOLEAN", aggregate=value.aggregate)
        return value if value.type == "BOOLEAN" else value.cast("BOOLEAN")

    def predicate(self, node: exp.Expr) -> Typed:
        """A condition as it stands in WHERE, HAVING and FILTER."""
        return self.condition(node)

    def negation(self, node: exp.Not) -> Typed:
        inner = node.this.unnest()
        if isinstance(inner, exp.In):
            return self.membership(inner, negated=True)
        value = self.condition(node.this)
        return Typed(f"(NOT {value.sql})", "BOOLEAN", aggregate=value.aggregate)

    def membership(self, node: exp.In, negated: bool = False) -> Typed:
        value = comparable(self.translate(node.this))
        query = node.args.get("query")
        if query is not None:
            sql, _ = self.columns.subquery(inner_query(query))
            return Typed(f"({value.sql} {'NOT IN' if negated else 'IN'} ({sql}))", "BOOLEAN")
        literals = [self.alike(value, self.translate(item))[1] for item in node.expressions]
        word = "NOT IN" if negated else "IN"
        if value.array:
            listed = ", ".join(literal.sql for literal in literals)
            return Typed(matching(value, lambda one: f"{one} {word} ({listed})", every=negated), "BOOLEAN")
        return Typed(f"({value.sql} {word} ({options(literals)}))", "BOOLEAN", aggregate=value.aggregate)

    def between(self, node: exp.Between) -> Typed:
        value = comparable(self.translate(node.this))
        low = self.alike(value, self.translate(node.args["low"]))[1]
        high = self.alike(value, self.translate(node.args["high"]))[1]
        if value.array:
            return Typed(matching(value, lambda one: f"{one} BETWEEN {low.sql} AND {high.sql}"), "BOOLEAN")
        return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", "BOOLEAN", aggregate=value.aggregate)

    def like(self, node: exp.Like) -> Typed:
        value, pattern = self.translate(node.this), self.translate(node.expression)
        if value.type == "STRING_ARRAY":
            return Typed(matching(value, lambda one: like(one, pattern)), "BOOLEAN")
        value = value.cast("STRING")
        return Typed(like(value.sql, pattern), "BOOLEAN", aggregate=value.aggregate)

    def is_null(self, node: exp.Is) -> Typed:
        value = self.translate(node.this)
        if isinstance(node.expression, exp.Null):
            return Typed(f"({value.sql} IS NULL)", "BOOLEAN", aggregate=value.aggregate)
        if isinstance(node.expression, exp.Boolean):
            word = "TRUE" if node.expression.this else "FALSE"
            tested = truth(value) if self.single else value.cast("BOOLEAN").sql
            return Typed(f"({tested} IS {word})", "BOOLEAN", aggregate=value.aggregate)
        raise PinotError(QUERY_VALIDATION, f"Unsupported expression: {node.sql(dialect='pinot')}")

    def case(self, node: exp.Case) -> Typed:
        return case(self, node)

    def distinct_from(self, node: exp.NullSafeNEQ | exp.NullSafeEQ) -> Typed:
        name = "isDistinctFrom" if isinstance(node, exp.NullSafeNEQ) else "isNotDistinctFrom"
        return self.function(name, [node.this, node.expression])

    def target(self, node: exp.DataType) -> str:
        """Pinot's type that CAST names. Raises PinotError 700."""
        name = node.this.name if isinstance(node.this, exp.DataType.Type) else str(node.this)
        type_ = TYPE_NAMES.get(name.upper())
        if type_ is None:
            raise PinotError(QUERY_VALIDATION, f"Unable to cast expression to type - {name}")
        return type_

    def cast(self, node: exp.Cast) -> Typed:
        type_ = self.target(node.to)
        value = self.translate(node.this)
        if type_ == "BIG_DECIMAL" and value.type not in ("INT", "LONG", type_):
            type_ = WIDE  # who knows what fits
        if self.single and type_ == WIDE and value.literal is None and value.type in ("STRING", "FLOAT", "DOUBLE"):
            return Typed(decimal(value), WIDE, aggregate=value.aggregate)
        return value.cast(type_)

    def extract(self, node: exp.Extract) -> Typed:
        return self.function(node.name.lower(), [node.expression])

    def array(self, node: exp.Array) -> Typed:
        return self.function("arrayValueConstructor", node.expressions)

    def trim(self, node: exp.Trim) -> Typed:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
        characters = node.args.get("expression") or exp.Literal.string(" ")
        value, kept = (as_stored(self.translate(part), self.single).cast("STRING") for part in (node.this, characters))
        return Typed(f"{name}({value.sql}, {kept.sql})", "STRING", aggregate=value.aggregate)

    def element(self, node: exp.Bracket) -> Typed:
        """`column['key']` of a map."""
        return item(self.translate(node.this), node.expressions[0])

    # --- functions

    def anonymous(self, node: exp.Anonymous) -> Typed:
        return self.function(node.name, node.expressions)

    def function(self, name: str, arguments: list[exp.Expr]) -> Typed:
        aggregate = find_aggregate(name)
        if aggregate is not None:
            return self.aggregation(name, arguments)
        if key(name) == "lookup":
            return lookup(arguments, self.columns.table, self.translate, self.nulls)
        if key(name) == "item" and len(arguments) == 2:
            return item(self.translate(arguments[0]), arguments[1])
        function = find_scalar(name, single=self.single)
        if function is None:
            raise PinotError(QUERY_VALIDATION, f"Unsupported function: {name.lower()}")
        if key(name) in OF_UNITS and arguments and is_unit(arguments[0]):
            arguments = [exp.Literal.string(arguments[0].name), *arguments[1:]]
        return self.applied(function, [self.translate(argument) for argument in arguments])

    def applied(self, function: Scalar, values: list[Typed]) -> Typed:
        return function.call(values, stored=self.single, encoded=self.encodes)

    def aggregation(self, name: str, arguments: list[exp.Expr], where: str = "") -> Typed:
        found = find_aggregate(name)
        assert found is not None
        suffix = f" FILTER (WHERE {where})" if where else ""
        if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
            return self.distinct(name, arguments[0], suffix)
        if found.name == "count" and (not arguments or isinstance(arguments[0], exp.Star)):
            return Typed(f"count(*){suffix}", "LONG", aggregate=True)
        if len(arguments) < found.least or (found.most >= 0 and len(arguments) > found.most):
            raise PinotError(QUERY_VALIDATION, f"Invalid number of arguments for aggregation {name.lower()}")
        if found.rewrite is not None:
            arguments = found.rewrite(arguments)
        values = [self.translate(argument) for argument in arguments]
        if found.by_segment and not values[0].array:
            values.append(self.segment(arguments[0]))
        if found.by_row:
            values += [self.segment(arguments[0]), self.virtual("$docId", arguments[0], Typed("0", "INT"))]
        return rendered(found, values, where, single=self.single, nulls=self.nulls)

    def segment(self, tree: exp.Expr) -> Typed:
        """In which segment the row of a value lies; one for all where that is not known any more, of a subquery."""
        return self.virtual("$segmentName", tree, Typed("''", "STRING"))

    def virtual(self, name: str, tree: exp.Expr, otherwise: Typed) -> Typed:
        """A virtual column of the table that a value comes from."""
        column = tree.find(exp.Column)
        try:
            return self.columns.column(name, column.table if column is not None else "")
        except PinotError:
            return otherwise

    def distinct(self, name: str, node: exp.Distinct, suffix: str) -> Typed:
        value = self.translate(node.expressions[0])
        if name.lower() == "count":
            type_ = "INT" if self.single else "LONG"
            return Typed(f"CAST(count(DISTINCT {value.sql}){suffix} AS {duckdb_type(type_)})", type_, aggregate=True)
        if name.lower() in ("sum", "avg"):
            number = value.cast("DOUBLE").sql
            return Typed(f"coalesce({name.lower()}(DISTINCT {number}){suffix}, 0)", "DOUBLE", aggregate=True)
        raise PinotError(QUERY_VALIDATION, f"Function '{name.lower()}' on DISTINCT is not supported.")

    def filtered(self, node: exp.Filter) -> Typed:
        call = node.this
        if not isinstance(call, exp.Anonymous) or find_aggregate(call.name) is None:
            raise PinotError(QUERY_VALIDATION, "FILTER stands behind an aggregation only")
        where = self.predicate(node.expression.this).sql
        return self.aggregation(call.name, call.expressions, where)

    # --- what only the multi-stage engine has

    def scalar_query(self, node: exp.Subquery) -> Typed:
        sql, columns = self.columns.subquery(inner_query(node))
        if len(columns) != 1:
            raise PinotError(QUERY_VALIDATION, "A subquery in place of a value has one column")
        return Typed(f"({sql})", columns[0].type)

    def exists(self, node: exp.Exists) -> Typed:
        sql, _ = self.columns.subquery(inner_query(node.this))
        return Typed(f"EXISTS ({sql})", "BOOLEAN")

    def window(self, node: exp.Window) -> Typed:
        if self.single:
            raise PinotError(QUERY_VALIDATION, "Window functions need useMultistageEngine=true")
        return window(self, node)


def is_unit(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and not node.table and node.name.upper() in UNITS


Method = Callable[..., Typed]  # each takes the kind of node that is its key
METHODS: dict[type, Method] = {
    exp.Column: Translator.column,
    exp.Literal: Translator.literal,
    exp.Boolean: Translator.boolean,
    exp.Null: Translator.null,
    exp.Paren: Translator.paren,
    exp.Neg: Translator.negative,
    exp.And: Translator.connector,
    exp.Or: Translator.connector,
    exp.Not: Translator.negation,
    exp.In: Translator.membership,
    exp.Between: Translator.between,
    exp.Like: Translator.like,
    exp.Is: Translator.is_null,
    exp.NullSafeEQ: Translator.distinct_from,
    exp.NullSafeNEQ: Translator.distinct_from,
    exp.Case: Translator.case,
    exp.Cast: Translator.cast,
    exp.Extract: Translator.extract,
    exp.Trim: Translator.trim,
    exp.Array: Translator.array,
    exp.Anonymous: Translator.anonymous,
    exp.Bracket: Translator.element,
    exp.Filter: Translator.filtered,
    exp.Subquery: Translator.scalar_query,
    exp.Exists: Translator.exists,
    exp.Window: Translator.window,
    **dict.fromkeys(ARITHMETIC, Translator.arithmetic),
    **dict.fromkeys(COMPARISONS, Translator.comparison),
}
