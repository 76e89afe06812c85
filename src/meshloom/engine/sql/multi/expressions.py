"""Expressions of the multi-stage engine: Calcite's types, where the single-stage engine has doubles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.errors import QUERY_PLANNING, QUERY_VALIDATION, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.functions import find_aggregate, find_scalar
from meshloom.engine.sql.maps import item
from meshloom.engine.sql.multi import aggregates, arithmetic, calcite_types, membership, operands
from meshloom.engine.sql.multi.names import calcite_name
from meshloom.engine.sql.multi.nulls import never_null
from meshloom.engine.sql.multi.scope import Sources
from meshloom.engine.sql.nodes import chain
from meshloom.engine.sql.translate import COMPARISONS, Translator
from meshloom.engine.sql.typed import NUMERIC, Typed, duckdb_type

SIGNS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-"}
INTEGRAL = {"mod", "plus", "add", "minus", "sub", "times", "mult"}  # DIV is a function of doubles


class MultiTranslator(Translator):
    """`Translator` with the multi-stage engine's rules. `sources` are the columns of the SELECT at hand.

    `rewrite` is `autoRewriteAggregationType`; `nothing` says that the one table has no segment, when aggregations
    answer null.
    """

    def __init__(self, sources: Sources, *, nulls: bool, rewrite: bool = False) -> None:
        super().__init__(sources, single=False, nulls=nulls)
        self.sources = sources
        self.rewrite = rewrite
        self.nothing = False
        self.over = False
        self.filtering = False
        self.leaf = False
        self.late: PinotError | None = None  # what is found wrong once all else is found right
        self._translated: dict[tuple[object, ...], tuple[exp.Expr, Typed]] = {}  # holds the nodes, so that ids stay
        self.exploded: dict[str, str] = {}  # an array's text and the source in FROM that has its values

    def translate(self, node: exp.Expr) -> Typed:
        """Once for each node, however many of those above it ask for its type."""
        key = (id(node), self.over, self.filtering, self.leaf)
        known = self._translated.get(key)
        if known is not None and known[0] is node:
            return known[1]
        method = METHODS.get(type(node))
        found: Typed = method(self, node) if method is not None else super().translate(node)
        self._translated[key] = node, found
        return found

    def segment(self, tree: exp.Expr) -> Typed:
        """Only the leaf stage, which reads one table, knows segments."""
        return super().segment(tree) if self.leaf else Typed("''", "STRING")

    # --- leaves

    def null(self, node: exp.Null) -> Typed:
        return Typed("NULL", "UNKNOWN")

    def hexadecimal(self, node: exp.HexString) -> Typed:
        return Typed(f"from_hex('{bytes.fromhex(str(node.this)).hex()}')", "BYTES", str(node.this))

    def negative(self, node: exp.Neg) -> Typed:
        number = node.this
        if isinstance(number, exp.Literal) and not number.is_string:  # the least INT has no positive counterpart
            return self.literal(exp.Literal(this=f"-{number.this}", is_string=False))
        return super().negative(node)

    # --- operators

    def arithmetic(self, node: exp.Binary) -> Typed:
        if terms := chain(node):
            return arithmetic.summed(
                [(SIGNS[kind], self.translate(term)) for kind, term in terms], calcite_types.operated
            )
        return calcite_types.operated(
            arithmetic.NAMES[type(node)], self.translate(node.left), self.translate(node.right)
        )

    def pipes(self, node: exp.DPipe) -> Typed:
        if terms := chain(node):
            values = [self.translate(term).cast("STRING") for _, term in terms]
            text = arithmetic.balanced([value.sql for value in values], "||")
            return Typed(text, "STRING", aggregate=any(value.aggregate for value in values))
        left, right = (self.translate(side).cast("STRING") for side in (node.left, node.right))
        return Typed(f"({left.sql} || {right.sql})", "STRING", aggregate=left.aggregate or right.aggregate)

    def texts(self, node: exp.Concat) -> Typed:
        parts = [self.translate(part).cast("STRING") for part in node.expressions]
        return Typed(f"({' || '.join(part.sql for part in parts)})", "STRING")

    def distinct_from(self, node: exp.NullSafeNEQ | exp.NullSafeEQ) -> Typed:
        left, right = self.alike(self.translate(node.left), self.translate(node.right))
        word = "IS DISTINCT FROM" if isinstance(node, exp.NullSafeNEQ) else "IS NOT DISTINCT FROM"
        return Typed(f"({left.sql} {word} {right.sql})", "BOOLEAN", aggregate=left.aggregate or right.aggregate)

    def comparison(self, node: exp.Binary) -> Typed:
        for side in (node.left, node.right):
            if isinstance(side, exp.Any | exp.All):
                return membership.quantified(self, node)
        operator = COMPARISONS[type(node)]
        self._scalars(node, operator, (node.left, node.right))
        if not isinstance(node.left.unnest(), exp.Tuple):
            types = [self.translate(side).type for side in (node.left, node.right)]
            if not any(type_.endswith("_ARRAY") for type_ in types) and not operands.comparable(operator, *types):
                raise operands.inapplicable(operator, f"{{}} {operator} {{}}", "COMPARABLE_TYPE", types)
        return super().comparison(node)

    def condition(self, node: exp.Expr, why: str = "Expected a boolean type") -> Typed:
        """Raises PinotError 700, saying `why`, for what is neither true nor false."""
        return operands.condition(self.translate(node), why)

    def connector(self, node: exp.Connector) -> Typed:
        word = "AND" if isinstance(node, exp.And) else "OR"
        parts = [self.translate(part) for part in node.flatten()]
        for place, part in enumerate(parts):
            if part.type not in ("BOOLEAN", "UNKNOWN"):
                types = ["BOOLEAN" if place > 1 else parts[0].type, parts[max(place, 1)].type]
                raise operands.inapplicable(word, f"{{}} {word} {{}}", "BOOLEAN", types)
        sql = "(" + f" {word} ".join(part.cast("BOOLEAN").sql for part in parts) + ")"
        return Typed(sql, "BOOLEAN", aggregate=any(part.aggregate for part in parts))

    def _scalars(self, node: exp.Expr, operator: str, sides: tuple[exp.Expr, ...]) -> None:
        """Calcite compares no arrays with values: multi-value columns need arrayToMv there."""
        if any(isinstance(side, exp.Anonymous) and side.name.lower() == "arraytomv" for side in sides):
            return
        kinds = [self.translate(side).type for side in sides]
        if any(kind.endswith("_ARRAY") for kind in kinds) and len(set(kinds)) > 1:
            names = " ".join((f"<{calcite_name(kinds[0])}>", operator, f"<{calcite_name(kinds[1])}>"))
            form = f"<COMPARABLE_TYPE> {operator} <COMPARABLE_TYPE>"
            error = PinotError(
                QUERY_VALIDATION,
                f"QueryValidationError: Cannot apply '{operator}' to arguments of type '{names}'. "
                f"Supported form(s): '{form}'",
            )
            if operator not in ("=", "<>") or set(kinds) != {"STRING", "STRING_ARRAY"}:
                raise error
            self.late = error  # Pinot's servers find it; what planning finds comes first

    def between(self, node: exp.Between) -> Typed:
        value, low, high = (self.translate(part) for part in (node.this, node.args["low"], node.args["high"]))
        if value.array:
            self._scalars(node, ">=", (node.this, node.args["low"]))
        aggregate = value.aggregate or low.aggregate or high.aggregate
        forms = [(low, high)] + ([(high, low)] if node.args.get("symmetric") else [])
        texts = []
        for least, most in forms:
            (a, b), (c, d) = self.alike(value, least), self.alike(value, most)
            texts.append(f"({a.sql} >= {b.sql} AND {c.sql} <= {d.sql})")
        return Typed(f"({' OR '.join(texts)})", "BOOLEAN", aggregate=aggregate)

    def membership(self, node: exp.In, negated: bool = False) -> Typed:
        if node.args.get("query") is not None:
            return membership.among_query(self, node, negated)
        if isinstance(node.this, exp.Tuple):
            return membership.among_rows(self, node, negated)
        for option in node.expressions:
            self._scalars(node, "=", (node.this, option))
        operands.listed(self.translate(node.this).type, [self.translate(option).type for option in node.expressions])
        return super().membership(node, negated)

    def negation(self, node: exp.Not) -> Typed:
        inner = node.this.unnest()
        if isinstance(inner, exp.In):
            return self.membership(inner, negated=True)
        value = self.translate(node.this)
        if value.type not in ("BOOLEAN", "UNKNOWN"):
            raise operands.inapplicable("NOT", "NOT{}", "BOOLEAN", [value.type])
        return Typed(f"(NOT {value.cast('BOOLEAN').sql})", "BOOLEAN", aggregate=value.aggregate)

    def is_null(self, node: exp.Is) -> Typed:
        if isinstance(node.expression, exp.Null) and never_null(node.this, self.sources):
            # Calcite has typed the value NOT NULL, so that the test is gone before a row is seen.
            return Typed("false", "BOOLEAN")
        if isinstance(node.expression, exp.Boolean):
            word, type_ = f"IS {str(bool(node.expression.this)).upper()}", self.translate(node.this).type
            if type_ not in ("BOOLEAN", "UNKNOWN"):
                raise operands.inapplicable(word, f"{{}} {word}", "BOOLEAN", [type_])
        return super().is_null(node)

    def escaped(self, node: exp.Escape) -> Typed:
        like = node.this
        value, pattern = self.translate(like.this).cast("STRING"), self.translate(like.expression)
        return Typed(f"({value.sql} LIKE {pattern.sql} ESCAPE {self.translate(node.expression).sql})", "BOOLEAN")

    def missing(self, node: exp.Expr) -> Typed:
        """An operator of Calcite's grammar that Pinot has no function for."""
        parts = [part for part in map(node.args.get, ("substr", "this", "expression")) if isinstance(part, exp.Expr)]
        kinds = ", ".join(f"<{calcite_name(self.translate(part).type)}>" for part in parts)
        raise operands.refused(f"No match found for function signature {MISSING[type(node)]}({kinds})")

    def interval(self, node: exp.Interval) -> Typed:
        raise operands.refused(
            f"{node.sql(dialect='pinot')} is not supported: TIMESTAMPADD({node.unit}, …, …) moves a time"
        )

    def array(self, node: exp.Array) -> Typed:
        values = [self.translate(value) for value in node.expressions]
        if not values:
            raise PinotError(QUERY_VALIDATION, "Require at least 1 argument in an array")
        type_ = arithmetic.common([value.type for value in values])
        return Typed(f"[{', '.join(value.cast(type_).sql for value in values)}]", f"{type_}_ARRAY")

    def element(self, node: exp.Bracket) -> Typed:
        """`array[i]`, counted from 1; sqlglot has taken 1 from a literal already."""
        value, index = self.translate(node.this), node.expressions[0]
        if not value.array:
            return item(value, index)
        text = (
            str(whole(index, "an array's element") + 1) if isinstance(index, exp.Literal) else self.translate(index).sql
        )
        return Typed(f"({value.sql})[{text}]", value.element)

    def case(self, node: exp.Case) -> Typed:
        operand, default = node.this, node.args.get("default")
        tests = [
            exp.EQ(this=operand.copy(), expression=branch.this.copy()) if operand else branch.this
            for branch in node.args["ifs"]
        ]
        values = [self.translate(branch.args["true"]) for branch in node.args["ifs"]]
        conditions = [self.condition(test) for test in tests]
        other = self.translate(default) if default is not None else Typed("NULL", "UNKNOWN")
        operands.alternatives([value.type for value in (*values, other)])
        *values, other = calcite_types.beside_decimals([*values, other])
        type_ = arithmetic.common([value.type for value in (*values, other)])
        branches = " ".join(
            f"WHEN {test.sql} THEN {value.cast(type_).sql}" for test, value in zip(conditions, values, strict=True)
        )
        aggregate = any(part.aggregate for part in (*conditions, *values, other))
        return Typed(f"(CASE {branches} ELSE {other.cast(type_).sql} END)", type_, aggregate=aggregate)

    def target(self, node: exp.DataType) -> str:
        return calcite_types.target(node) or super().target(node)

    def cast(self, node: exp.Cast) -> Typed:
        if node.to.this == exp.DataType.Type.TIME and isinstance(node.this, exp.Literal):
            node = exp.Cast(this=exp.Literal.string(f"1970-01-01 {node.this.this}"), to=node.to.copy())
        value = super().cast(node)
        inner = self.translate(node.this)
        if inner.type == "STRING" and inner.literal is not None and value.type in NUMERIC:
            try:
                float(inner.literal)
            except ValueError:
                raise PinotError(
                    QUERY_PLANNING,
                    "QueryPlanningError: Error optimizing query: Caught exception while invoking method: cast with "
                    f'arguments: [{inner.literal}, {value.type}]: For input string: "{inner.literal}"',
                ) from None
        return value

    def constant(self, literal: Typed, type_: str) -> Typed:
        if type_ in NUMERIC and literal.type == "STRING":
            try:
                float(literal.literal or "")
            except ValueError:
                raise PinotError(
                    QUERY_PLANNING,
                    "QueryPlanningError: Error optimizing query: Caught exception while invoking method: cast with "
                    f'arguments: [{literal.literal}, {type_}]: For input string: "{literal.literal}"',
                ) from None
        return super().constant(literal, type_)

    # --- functions

    def function(self, name: str, arguments: list[exp.Expr]) -> Typed:
        plain = name.replace("_", "").lower()
        operands.check_arity(name, arguments)
        if find_aggregate(name) is None and plain in INTEGRAL and len(arguments) == 2:
            return arithmetic.operate(plain, *(self.translate(argument) for argument in arguments))
        if plain in ("listagg", "arrayagg") or find_aggregate(name) is not None:
            return self.aggregation(name, arguments)
        if plain in ("grouping", "groupingid"):
            values = ", ".join(self.translate(argument).sql for argument in arguments)
            return Typed(f"CAST(GROUPING({values}) AS BIGINT)", "LONG", aggregate=True)
        if plain == "coalesce" and arguments:
            return self.coalesced(arguments)
        if plain == "arraytomv" and len(arguments) == 1:
            return self.flattened(arguments[0])
        known = plain in ("lookup", "item") or find_aggregate(name) is not None or find_scalar(name) is not None
        if not known or plain == "groovy":
            kinds = ", ".join(f"<{calcite_name(self.translate(argument).type)}>" for argument in arguments)
            raise PinotError(
                QUERY_VALIDATION,
                f"QueryValidationError: No match found for function signature {name}({kinds})",
            )
        found = super().function(name, arguments)
        if plain not in calcite_types.KNOWN:
            return found
        return calcite_types.retyped(plain, found, arguments, self.translate)

    def coalesced(self, arguments: list[exp.Expr]) -> Typed:
        values = calcite_types.beside_decimals([self.translate(argument) for argument in arguments])
        type_ = arithmetic.common([value.type for value in values])
        texts = ", ".join(value.cast(type_).sql for value in values)
        return Typed(f"coalesce({texts})", type_, aggregate=any(value.aggregate for value in values))

    def flattened(self, argument: exp.Expr) -> Typed:
        """arrayToMv: in a filter any value may match, elsewhere each value makes a row of its own."""
        value = self.translate(argument)
        if not value.array or self.filtering:
            return value
        name = self.exploded.setdefault(value.sql, f'"$mv{len(self.exploded)}"')
        return Typed(f'{name}."v"', value.element)

    def aggregation(self, name: str, arguments: list[exp.Expr], where: str = "") -> Typed:
        found = aggregates.aggregation(self, name, arguments, where)
        if found is None:
            found = super().aggregation(name, arguments, where)
        if self.nothing and not self.over:
            return Typed(f"any_value(CAST(NULL AS {duckdb_type(found.type)}))", found.type, aggregate=True)
        return found

    def distinct(self, name: str, node: exp.Distinct, suffix: str) -> Typed:
        return aggregates.distinct(self, name, node, suffix)

    def window(self, node: exp.Window) -> Typed:
        """A window wants the bare aggregation under OVER."""
        self.over = True
        try:
            value = super().window(node)
            return replace(value, sql=f"CAST({value.sql} AS {duckdb_type(value.type)})")
        finally:
            self.over = False

    def within_group(self, node: exp.WithinGroup) -> Typed:
        return aggregates.within_group(self, node)

    def filtered(self, node: exp.Filter) -> Typed:
        where = self.condition(node.expression.this, "FILTER clause must be a condition").sql
        if isinstance(node.this, exp.WithinGroup):
            return aggregates.within_group(self, node.this, where)
        return super().filtered(node)


MISSING: dict[type[exp.Expr], str] = {
    exp.ILike: "ILIKE", exp.SimilarTo: "SIMILAR TO", exp.RegexpLike: "RLIKE", exp.StrPosition: "POSITION",
}  # fmt: skip
Method = Callable[..., Typed]
METHODS: dict[type, Method] = {
    exp.And: MultiTranslator.connector,
    exp.Or: MultiTranslator.connector,
    exp.Null: MultiTranslator.null,
    exp.Neg: MultiTranslator.negative,
    exp.HexString: MultiTranslator.hexadecimal,
    exp.DPipe: MultiTranslator.pipes,
    exp.Concat: MultiTranslator.texts,
    exp.NullSafeEQ: MultiTranslator.distinct_from,
    exp.NullSafeNEQ: MultiTranslator.distinct_from,
    exp.Between: MultiTranslator.between,
    exp.In: MultiTranslator.membership,
    exp.Not: MultiTranslator.negation,
    exp.Is: MultiTranslator.is_null,
    exp.Escape: MultiTranslator.escaped,
    exp.Array: MultiTranslator.array,
    exp.Interval: MultiTranslator.interval,
    **dict.fromkeys(MISSING, MultiTranslator.missing),
    exp.Bracket: MultiTranslator.element,
    exp.Case: MultiTranslator.case,
    exp.Cast: MultiTranslator.cast,
    exp.Window: MultiTranslator.window,
    exp.WithinGroup: MultiTranslator.within_group,
    exp.Filter: MultiTranslator.filtered,
    **dict.fromkeys(arithmetic.NAMES, MultiTranslator.arithmetic),
    **dict.fromkeys(COMPARISONS, MultiTranslator.comparison),
}
