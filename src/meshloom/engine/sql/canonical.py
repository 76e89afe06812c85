"""The name of an unaliased select item in the single-stage engine: the expression's canonical text
(RequestUtils.prettyPrint). `result_names` has those of aggregations that stand alone."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.functions.decimal_rows import java_number
from meshloom.engine.sql.typed import literal_sql

OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divide", exp.Mod: "mod",
    exp.EQ: "equals", exp.NEQ: "not_equals", exp.GT: "greater_than", exp.GTE: "greater_than_or_equal",
    exp.LT: "less_than", exp.LTE: "less_than_or_equal", exp.And: "and", exp.Or: "or", exp.Not: "not",
    exp.Like: "like",
}  # fmt: skip
OF_UNITS = ("timestampadd", "timestampdiff")  # their first argument may be a word
DISTINCT = {"count": "distinctcount", "sum": "distinctsum", "avg": "distinctavg"}
CASTS = {"BIGINT": "LONG", "INT": "INTEGER", "TEXT": "STRING", "VARCHAR": "STRING"}
# Calcite's kinds of conditions, which keep their underscores (FilterKind.java).
FILTERS = {name.replace("_", ""): name for name in (
    "not_equals", "greater_than", "greater_than_or_equal", "less_than", "less_than_or_equal", "not_in", "regexp_like",
    "text_contains", "text_match", "json_match", "is_null", "is_not_null", "vector_similarity",
)}  # fmt: skip
KINDS = {"ceiling": "ceil"}  # functions that Calcite's grammar knows by another name


def called(name: str) -> str:
    """What a function is called, however it was written (RequestUtils.canonicalizeFunctionNamePreservingSpecialKey)."""
    bare = name.replace("_", "").lower()
    return KINDS.get(bare) or FILTERS.get(bare, bare)


def _number(text: str) -> str:
    """A number's text; one with a fraction or exponent as Double.toString writes it."""
    return text if text.isdigit() else java_number(repr(float(text)))


def text_of(node: exp.Expr) -> str:
    """The canonical text of an expression."""
    node = node.unnest()
    if (condition := condition_of(node)) is not None:
        return f"{condition[0]}({','.join(map(text_of, condition[1]))})"
    match node:
        case exp.Column() | exp.Identifier():
            return node.name
        case exp.Star():
            return "*"
        case exp.Literal():
            return f"'{node.this if node.is_string else _number(node.name)}'"
        case exp.Boolean():
            return f"'{str(bool(node.this)).lower()}'"
        case exp.Null():
            return "'null'"
        case exp.Neg() if isinstance(node.this, exp.Literal):
            return f"'-{_number(node.this.name)}'"
        case exp.Filter():
            return f"filter({text_of(node.this)},{text_of(node.expression.this)})"
        case exp.Anonymous():
            return _call(node)
        case exp.Cast():
            type_ = node.to.sql().upper()
            return f"cast({text_of(node.this)},'{CASTS.get(type_, type_)}')"
        case exp.Case():
            return _case(node)
        case exp.Trim():
            where, kept = str(node.args.get("position") or "BOTH").upper(), node.args.get("expression")
            return f"trim('{where}',{text_of(kept) if kept else literal_sql(' ')},{text_of(node.this)})"
        case exp.Extract():
            return f"extract('{node.name.upper()}',{text_of(node.expression)})"
        case exp.Bracket():  # of a map: column['key']
            return f"item({','.join(map(text_of, (node.this, *node.expressions)))})"
        case exp.Array():
            return f"arrayvalueconstructor({','.join(map(text_of, node.expressions))})"
    operator = OPERATORS.get(type(node))
    if operator:
        operands = connected(node) if isinstance(node, exp.Connector) else node.iter_expressions()
        return f"{operator}({','.join(text_of(operand) for operand in operands)})"
    return node.sql(dialect="pinot").lower()


def connected(node: exp.Connector) -> Iterator[exp.Expr]:
    """The operands of AND or OR, those of the same within it too."""
    open_: list[exp.Expr] = [node]
    while open_:
        one = open_.pop()
        if type(one) is type(node):
            open_ += [one.args["expression"].unnest(), one.args["this"].unnest()]
        else:
            yield one


def condition_of(node: exp.Expr) -> tuple[str, list[exp.Expr]] | None:
    """Name and operands of a condition that has a form of its own in the grammar; None for what is none."""
    inner = node.this if isinstance(node, exp.Not) else node
    negated = inner is not node
    match inner:
        case exp.Is(expression=exp.Boolean() as truth):
            return f"is{'not' if negated else ''}{'true' if truth.this else 'false'}", [inner.this]
        case exp.Is():
            return f"is_{'not_' if negated else ''}null", [inner.this]
        case exp.In() if inner.expressions:
            return f"{'not_' if negated else ''}in", [inner.this, *inner.expressions]
        case exp.Between() if not negated:
            return "between", [inner.this, inner.args["low"], inner.args["high"]]
        case exp.NullSafeEQ() | exp.NullSafeNEQ() if not negated:
            return f"is{'not' if isinstance(inner, exp.NullSafeEQ) else ''}distinctfrom", [inner.this, inner.expression]
    return None


def parts_of(node: exp.Anonymous) -> tuple[str, list[exp.Expr]]:
    """A call's name and arguments; `count(DISTINCT x)` is `distinctcount(x)`."""
    name, arguments = called(node.name), list(node.expressions)
    if arguments and isinstance(arguments[0], exp.Distinct):
        name, arguments = DISTINCT.get(name, name), list(arguments[0].expressions)
    return name, arguments


def _call(node: exp.Anonymous) -> str:
    name, arguments = parts_of(node)
    if name in OF_UNITS and arguments and isinstance(arguments[0], exp.Column):
        arguments = [exp.Literal.string(arguments[0].name.upper()), *arguments[1:]]
    if not arguments and find_aggregate(node.name) is not None:
        return f"{name}(*)"
    return f"{name}({','.join(text_of(argument) for argument in arguments)})"


def _case(node: exp.Case) -> str:
    texts = []
    for branch in node.args["ifs"]:
        test = text_of(branch.this)
        texts += [f"equals({text_of(node.this)},{test})" if node.this else test, text_of(branch.args["true"])]
    default = node.args.get("default")
    texts.append(text_of(default) if default is not None else "'null'")
    return f"case({','.join(texts)})"
