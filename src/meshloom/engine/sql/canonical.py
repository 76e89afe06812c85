"""The name of an unaliased select item in the single-stage engine: the expression's canonical text
(RequestUtils.prettyPrint, and each aggregation's `getResultColumnName`)."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.sql.dialect import holds_conditions
from meshloom.engine.sql.functions import find_aggregate

OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divide", exp.Mod: "mod",
    exp.EQ: "equals", exp.NEQ: "not_equals", exp.GT: "greater_than", exp.GTE: "greater_than_or_equal",
    exp.LT: "less_than", exp.LTE: "less_than_or_equal", exp.And: "and", exp.Or: "or", exp.Not: "not",
    exp.Like: "like",
}  # fmt: skip
# Aggregations whose `getResultColumnName` differs from the others'.
WINDOWED = ("funnelmaxstep", "funnelmatchstep", "funnelcompletecount", "funnelstepdurationstats")
JOINED = ("covarpop", "covarsamp", "corr", "funnelcount")
CASTS = {"BIGINT": "LONG", "INTEGER": "INT", "TEXT": "STRING", "VARCHAR": "STRING", "DECIMAL": "BIG_DECIMAL"}


def name_of(item: exp.Expr) -> str:
    """What a column of the answer is called: its alias, or its canonical text."""
    return item.alias if isinstance(item, exp.Alias) else text_of(item)


def text_of(node: exp.Expr) -> str:
    """The canonical text of an expression."""
    node = node.unnest()
    match node:
        case exp.Column() | exp.Identifier():
            return node.name
        case exp.Star():
            return "*"
        case exp.Literal():
            return f"'{node.this}'"
        case exp.Boolean():
            return f"'{str(bool(node.this)).lower()}'"
        case exp.Null():
            return "'null'"
        case exp.Neg() if isinstance(node.this, exp.Literal):
            return f"'-{node.this.this}'"
        case exp.Filter():
            return f"{text_of(node.this)} FILTER(WHERE {_condition(node.expression.this)})"
        case exp.Anonymous():
            return _call(node)
        case exp.Cast():
            type_ = node.to.sql().upper()
            return f"cast({text_of(node.this)},'{CASTS.get(type_, type_)}')"
        case exp.Case():
            return _case(node)
        case exp.Trim() if node.args.get("expression") is not None:
            where = str(node.args.get("position") or "BOTH").upper()
            return f"trim('{where}',{text_of(node.args['expression'])},{text_of(node.this)})"
        case exp.Bracket():  # of a map: column['key']
            return f"item({','.join(map(text_of, (node.this, *node.expressions)))})"
        case exp.Array():
            return f"arrayvalueconstructor({','.join(map(text_of, node.expressions))})"
    operator = OPERATORS.get(type(node))
    if operator:
        operands = node.flatten() if isinstance(node, exp.Connector) else node.iter_expressions()
        return f"{operator}({','.join(text_of(operand) for operand in operands)})"
    return node.sql(dialect="pinot").lower()


def _call(node: exp.Anonymous) -> str:
    name = node.name.lower()
    arguments = node.expressions
    found = find_aggregate(node.name)
    if arguments and isinstance(arguments[0], exp.Distinct):
        name = {"count": "distinctcount", "sum": "distinctsum", "avg": "distinctavg"}.get(name, name)
        arguments = arguments[0].expressions
    if found is None:
        return f"{name}({','.join(text_of(argument) for argument in arguments)})"
    name = name.replace("_", "")
    if holds_conditions(node):
        arguments = arguments[:1]  # getResultColumnName leaves the rest out
    if name.startswith("percentile") and len(arguments) > 1:
        return f"{name}({text_of(arguments[0])}, {float(arguments[1].name)})"
    if name in WINDOWED and len(arguments) > 3:
        steps = arguments[3 : 3 + int(arguments[2].name or 0)]
        inner = ", ".join([text_of(arguments[0]), ",".join(map(text_of, steps))])
        return f"{name}({arguments[1].name})  ({inner})"
    between = "," if name in JOINED else ", "
    return f"{name}({between.join(text_of(argument) for argument in arguments) or '*'})"


def _condition(node: exp.Expr) -> str:
    """A filter's text: literals in quotes, whatever their type."""
    quoted = node.transform(lambda part: exp.Literal.string(part.name) if isinstance(part, exp.Literal) else part)
    return str(quoted.sql(dialect="pinot"))


def _case(node: exp.Case) -> str:
    parts = [part for branch in node.args["ifs"] for part in (branch.this, branch.args["true"])]
    default = node.args.get("default")
    texts = [text_of(part) for part in parts] + [text_of(default) if default is not None else "'null'"]
    return f"case({','.join(texts)})"
