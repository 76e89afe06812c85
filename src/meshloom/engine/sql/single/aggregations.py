"""Aggregations of the single-stage engine, and what is calculated from them: the broker's own arithmetic, which is not
that of the rows (PostAggregationFunction.java)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql import casts
from meshloom.engine.sql.canonical import DISTINCT, text_of
from meshloom.engine.sql.functions.registry import key
from meshloom.engine.sql.scope import Scope
from meshloom.engine.sql.single.predicates import METHODS, SingleTranslator
from meshloom.engine.sql.typed import Typed

# What the broker gives an MV over a multi-value column (BaseSingleStageBrokerRequestHandler); others go without.
OVER_VALUES = frozenset(
    ("count", "sum", "min", "max", "avg", "minmaxrange", "distinctcount", "distinctcountbitmap", "distinctcounthll",
     "distinctcountrawhll", "distinctcounthllplus", "distinctcountrawhllplus", "distinctsum", "distinctavg")
)  # fmt: skip
# Those to which AggregationFunctionFactory does not say that nulls are handled: they see a column's default.
DEFAULTS = frozenset(
    ("distinctcountbitmap", "segmentpartitioneddistinctcount", "distinctcounthll", "distinctcountrawhll",
     "distinctcountsmarthll", "distinctcountsmarthllplus", "distinctcountsmartull", "fasthll",
     "distinctcountthetasketch", "distinctcountrawthetasketch", "idset", "sumarraylong", "sumarraydouble",
     "distinctcountmv", "distinctcountbitmapmv", "distinctcounthllmv", "distinctcountrawhllmv", "distinctcounthllplus",
     "distinctcountrawhllplus", "distinctcounthllplusmv", "distinctcountrawhllplusmv", "distinctsummv", "distinctavgmv",
     "stunion", "histogram", "covarpop", "covarsamp", "skewness", "kurtosis", "distinctcounttuplesketch",
     "distinctcountrawintegersumtuplesketch", "sumvaluesintegersumtuplesketch", "avgvalueintegersumtuplesketch",
     "funnelcount", "funnelmaxstep", "funnelmatchstep", "funnelcompletecount", "funnelstepdurationstats",
     "funneleventsfunctioneval", "frequentstringssketch", "frequentlongssketch", "distinctcountcpcsketch",
     "distinctcountrawcpcsketch", "distinctcountull", "distinctcountrawull")
)  # fmt: skip
OPERATORS: dict[str, str] = {"plus": "+", "add": "+", "minus": "-", "sub": "-", "times": "*", "mult": "*"}
WORDS: dict[type[exp.Expr], str] = {exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times"}
EXTREMES = ("greatest", "least")
OBJECTS = ("cast", "coalesce", "case", "nullif")
WHOLE = ("INT", "LONG", "BOOLEAN", "TIMESTAMP")


def sees_defaults(name: str) -> bool:
    """Of a canonical name, with its MV."""
    return name in DEFAULTS or (name.startswith("percentile") and name.endswith("mv"))


class AggregatingTranslator(SingleTranslator):
    """Translates select lists with aggregations. `keys` are the texts of the group's keys where the translation stands
    behind the aggregations; None where it stands among the rows."""

    def __init__(self, scope: Scope, *, nulls: bool, knowing: bool = False, keys: frozenset[str] | None = None) -> None:
        super().__init__(scope, nulls=nulls, knowing=knowing)
        self.keys = keys

    def known(self) -> AggregatingTranslator:
        return AggregatingTranslator(replace(self.scope, nulls=True), nulls=self.nulls, knowing=True, keys=self.keys)

    @contextmanager
    def among_rows(self) -> Iterator[None]:
        keys, self.keys = self.keys, None
        try:
            yield
        finally:
            self.keys = keys

    def translate(self, node: exp.Expr) -> Typed:
        if self.keys is not None and text_of(node) in self.keys:
            with self.among_rows():
                return super().translate(node)
        return super().translate(node)

    def function(self, name: str, arguments: list[exp.Expr]) -> Typed:
        operator = OPERATORS.get(key(name))
        if self.keys is not None and operator is not None and len(arguments) == 2:
            calculated = self.calculated(operator, *(self.translate(argument) for argument in arguments))
            if calculated is not None and not any(map(self.told, arguments)):
                return calculated
        found = super().function(name, arguments)
        return found.cast("DOUBLE") if self.keys is not None and key(name) in EXTREMES and found.numeric else found

    def arithmetic(self, node: exp.Binary) -> Typed:
        word = WORDS.get(type(node))
        if self.keys is not None and word is not None:
            return self.function(word, [node.left, node.right])
        return super().arithmetic(node)

    def calculated(self, operator: str, left: Typed, right: Typed) -> Typed | None:
        """Whole numbers stay whole; None for others."""
        if left.type not in WHOLE or right.type not in WHOLE:
            return None
        a, b = left.cast("LONG").sql, right.cast("LONG").sql
        sql = casts.low_bits(f"(CAST({a} AS HUGEINT) {operator} CAST({b} AS HUGEINT))", "LONG")
        return Typed(sql, "LONG", aggregate=left.aggregate or right.aggregate)

    def told(self, node: exp.Expr) -> str:
        """OBJECT for what is chosen or cast behind the aggregations: such a function says no type of its own."""
        node = node.unnest()
        if self.keys is None or text_of(node) in self.keys:
            return ""
        name = key(node.name) if isinstance(node, exp.Anonymous) else ""
        return "OBJECT" if isinstance(node, exp.Case | exp.Cast) or name in OBJECTS else ""

    def defaults(self) -> SingleTranslator:
        """Reads each null as its column's default."""
        return SingleTranslator(replace(self.scope, nulls=False), nulls=False)

    # --- aggregations

    def aggregation(self, name: str, arguments: list[exp.Expr], where: str = "") -> Typed:
        with self.among_rows():
            if arguments and isinstance(arguments[0], exp.Distinct):
                name, arguments = self.undistinguished(name, arguments)
            if self.nulls and (sees_defaults(self.called(name, arguments)) or self.lists_of_values(name, arguments)):
                return self.defaults().aggregation(name, arguments, where)
            return super().aggregation(name, arguments, where)

    def lists_of_values(self, name: str, arguments: Sequence[exp.Expr]) -> bool:
        """Whether it is an aggregation that handles nulls of single values only, over an array."""
        return key(name) == "distinctcountoffheap" and bool(arguments) and self.translate(arguments[0]).array

    def filtered(self, node: exp.Filter) -> Typed:
        with self.among_rows():
            return super().filtered(node)

    def undistinguished(self, name: str, arguments: Sequence[exp.Expr]) -> tuple[str, list[exp.Expr]]:
        """`count(DISTINCT x)` is `distinctCount(x)`. Raises PinotError 700 for an aggregation that has no such form."""
        found = DISTINCT.get(key(name))
        if found is None:
            raise PinotError(QUERY_VALIDATION, f"Function '{name.lower()}' on DISTINCT is not supported.")
        if len(arguments[0].expressions) != 1:
            raise PinotError(QUERY_VALIDATION, f"{found} expects 1 argument, got: {len(arguments[0].expressions)}")
        return found, list(arguments[0].expressions)

    def called(self, name: str, arguments: Sequence[exp.Expr]) -> str:
        """The canonical name, with the MV that the broker adds."""
        plain = key(name)
        if plain in OVER_VALUES and arguments and isinstance(arguments[0], exp.Column):
            return f"{plain}mv" if self.translate(arguments[0]).array else plain
        return plain

    def named(self, node: exp.Expr) -> exp.Expr:
        """Some aggregations over a multi-value column are named as if they had their MV behind them."""
        if not isinstance(node, exp.Anonymous) or not node.expressions:
            return node
        first, name = node.expressions[0], node.name
        if isinstance(first, exp.Distinct):
            first, name = first.expressions[0], DISTINCT.get(key(name), name)
        called = self.called(name, [first])
        if called == key(name):
            return node
        return exp.Anonymous(this=called, expressions=[first, *node.expressions[1:]])


METHODS.update(dict.fromkeys(WORDS, AggregatingTranslator.arithmetic))
