"""Expressions over a record (InbuiltFunctionEvaluator.java). A record's values come as they stand in the source, and a
function finds them converted: a function of one value takes the first of several, one of an array a list of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from meshloom.engine.ingest.readers import Source, quoted
from meshloom.engine.ingest.values import json_column
from meshloom.engine.sql.functions import Scalar
from meshloom.engine.sql.functions.registry import key
from meshloom.engine.sql.translate import COMPARISONS, Columns, Method, Translator
from meshloom.engine.sql.typed import NUMERIC, Typed

NUMBERS = frozenset(
    {
        "equals",
        "notequals",
        "greaterthan",
        "greaterthanorequal",
        "lessthan",
        "lessthanorequal",
        "between",
        "least",
        "greatest",
    }
)  # found by their number of arguments, they are those of doubles
ARRAYS = frozenset({"arraylength", "cardinality", "arraysoverlap", "arraytostring"})

OF_ANY = ("array", "case", "coalesce", "filter", "json", "mapvalue", "tojson", "valuein")  # take what comes


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def first_of(value: Typed) -> Typed:
    return Typed(f"({value.sql})[1]", value.element) if value.array else value


def listed(value: Typed) -> Typed:
    if value.array:
        return value
    return Typed(f"(CASE WHEN {value.sql} IS NOT NULL THEN [{value.sql}] END)", f"{value.type}_ARRAY")


def numbers_of(values: Sequence[Typed]) -> list[Typed]:
    """As doubles, unless one of them is a literal that is no number: such texts and truths compare as what they are."""
    plain = [first_of(value) for value in values]
    if any(value.literal is not None and not is_number(value.literal) for value in plain):
        return plain
    if not all(value.type in ("STRING", *NUMERIC) for value in plain):
        return plain
    return [number(value).cast("DOUBLE") for value in plain]


def number(value: Typed) -> Typed:
    """A truth, which came as text, is 1 or 0."""
    if value.type != "STRING" or value.literal is not None or value.sql == "NULL":
        return value
    sql = f"(CASE {value.sql} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {value.sql} END)"
    return replace(value, sql=sql)


class RecordTranslator(Translator):
    """Translates the functions of `transformConfigs` and `filterConfig`. `made` are the columns that they made."""

    def __init__(self, columns: Columns, source: Source, made: frozenset[str]) -> None:
        super().__init__(columns, single=True, nulls=True)
        self.source = source
        self.made = made

    def translate(self, node: exp.Expr) -> Typed:
        for kind in type(node).__mro__:
            method = OWN.get(kind)
            if method is not None:
                return method(self, node)
        return super().translate(node)

    def function(self, name: str, arguments: list[exp.Expr]) -> Typed:
        if key(name) == "jsonformat" and len(arguments) == 1:
            text = self.formatted(arguments[0])
            if text is not None:
                return text
        return super().function(name, arguments)

    def formatted(self, node: exp.Expr) -> Typed | None:
        """A column or literal as JSON: a text is quoted, what is nested stays. None for what a function made."""
        if isinstance(node, exp.Literal) and node.is_string:
            return Typed(f"CAST(to_json({self.literal(node).sql}) AS VARCHAR)", "STRING")
        if not isinstance(node, exp.Column) or node.name in self.made:
            return None
        source, name = self.source, node.name
        if not source.json or source.types.get(name) == "VARCHAR":
            value = self.translate(node)
            sql = f"CAST(to_json({value.sql}) AS VARCHAR)"
            return Typed(f"(CASE WHEN {value.sql} IS NOT NULL THEN {sql} END)", "STRING")
        column = json_column(source, name) if source.kind == "record" or name in source.types else quoted(name)
        text, nested = f"({column} ->> '$')", f"px_nested_1(CAST({column} AS VARCHAR))"
        cases = f"WHEN 'VARCHAR' THEN CAST(to_json({text}) AS VARCHAR) WHEN 'NULL' THEN NULL"
        return Typed(f"(CASE json_type({column}) {cases} WHEN 'OBJECT' THEN {nested} WHEN 'ARRAY' THEN {nested} "
                     f"ELSE {text} END)", "STRING")  # fmt: skip

    def applied(self, function: Scalar, values: list[Typed]) -> Typed:
        name = key(function.name)
        if name in NUMBERS:
            return super().applied(function, numbers_of(values))
        if name in ARRAYS:
            lists = 2 if name == "arraysoverlap" else 1
            return super().applied(function, [*map(listed, values[:lists]), *values[lists:]])
        return super().applied(function, [self.shaped(function, value, at) for at, value in enumerate(values)])

    def shaped(self, function: Scalar, value: Typed, at: int) -> Typed:
        wanted = function.parameters[min(at, len(function.parameters) - 1)] if function.parameters else ""
        if value.literal is not None or value.sql == "NULL":
            return value
        if not wanted:
            return value if key(function.name).startswith(OF_ANY) or function.name.endswith("MV") else first_of(value)
        if wanted.endswith("_ARRAY"):
            return listed(number(value) if wanted.removesuffix("_ARRAY") in NUMERIC else value)
        value = first_of(value)
        return number(value) if wanted in NUMERIC else value

    def comparison(self, node: exp.Binary) -> Typed:
        operator = COMPARISONS[type(node)]
        left, right = self.alike(*numbers_of([self.translate(node.left), self.translate(node.right)]))
        return Typed(f"({left.sql} {operator} {right.sql})", "BOOLEAN")

    def between(self, node: exp.Between) -> Typed:
        value, low, high = numbers_of([self.translate(node.args[part]) for part in ("this", "low", "high")])
        return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", "BOOLEAN")

    def cast(self, node: exp.Cast) -> Typed:
        found = super().cast(node)
        value = self.translate(node.this)
        return number(value).cast(found.type) if found.type in NUMERIC and value.type == "STRING" else found


OWN: dict[type, Method] = {
    **dict.fromkeys(COMPARISONS, RecordTranslator.comparison),
    exp.Between: RecordTranslator.between,
    exp.Cast: RecordTranslator.cast,
}
