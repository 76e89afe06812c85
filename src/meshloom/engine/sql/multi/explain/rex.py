"""Expressions in Calcite's notation: columns by their place in the row (`$3`), operators in front."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, UNKNOWN_COLUMN, PinotError
from meshloom.engine.sql.multi.names import calcite_name
from meshloom.engine.sql.translate import COMPARISONS, TYPE_NAMES

PLACE = re.compile(r"\$\d+")  # a column that is told by its place already
INFIX: dict[type[exp.Expr], str] = {
    **COMPARISONS, exp.And: "AND", exp.Or: "OR", exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "MOD",
    exp.DPipe: "||",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a plan's rows. `alias` is the table's in the query at hand, "" where it has none."""

    name: str
    alias: str = ""
    type: str = ""


Fields = Sequence[Field]


def place(node: exp.Column, fields: Fields) -> int:
    """Where a column stands. Raises PinotError 710."""
    for number, field in enumerate(fields):
        if field.name.lower() == node.name.lower() and node.table.lower() in ("", field.alias.lower()):
            return number
    raise PinotError(UNKNOWN_COLUMN, f"UnknownColumnError: Column '{node.name}' not found in any table")


def rex(node: exp.Expr, fields: Fields) -> str:
    """Raises PinotError: 710 for an unknown column, 700 for what no plan is told of."""
    node = node.unnest()
    operator = INFIX.get(type(node))
    if operator:
        parts = node.flatten() if isinstance(node, exp.Connector) else node.iter_expressions()
        return _call(operator, list(parts), fields)
    match node:
        case exp.Alias():
            return rex(node.this, fields)
        case exp.Column():
            return node.name if PLACE.fullmatch(node.name) else f"${place(node, fields)}"
        case exp.Literal():
            return f"_UTF-8'{node.this}'" if node.is_string else str(node.this)
        case exp.Boolean():
            return "true" if node.this else "false"
        case exp.Null():
            return "null"
        case exp.Neg():
            inner = rex(node.this, fields)
            return f"-{inner}" if isinstance(node.this, exp.Literal) else f"-({inner})"
        case exp.Anonymous():
            return _call(node.name.replace("_", "").upper(), node.expressions, fields)
        case exp.Cast():
            return f"CAST({rex(node.this, fields)}):{_type(node)} NOT NULL"
    return _special(node, fields)


def _special(node: exp.Expr, fields: Fields) -> str:
    match node:
        case exp.Not():
            return f"NOT({rex(node.this, fields)})"
        case exp.Is():
            word = "NULL" if isinstance(node.expression, exp.Null) else rex(node.expression, fields).upper()
            return f"IS {word}({rex(node.this, fields)})"
        case exp.Like():
            return _call("LIKE", [node.this, node.expression], fields)
        case exp.Between():
            value = rex(node.this, fields)
            low, high = rex(node.args["low"], fields), rex(node.args["high"], fields)
            return f"AND(>=({value}, {low}), <=({value}, {high}))"
        case exp.In() if node.args.get("query") is None:
            value = rex(node.this, fields)
            tests = [f"=({value}, {rex(item, fields)})" for item in node.expressions]
            return tests[0] if len(tests) == 1 else f"OR({', '.join(tests)})"
        case exp.Case() if node.this is None:
            parts = [part for branch in node.args["ifs"] for part in (branch.this, branch.args["true"])]
            parts.append(node.args.get("default") or exp.null())
            return _call("CASE", parts, fields)
        case exp.Extract():
            return f"EXTRACT(FLAG({node.name.upper()}), {rex(node.expression, fields)})"
    raise untold(node)


def _call(name: str, parts: Sequence[exp.Expr], fields: Fields) -> str:
    return f"{name}({', '.join(rex(part, fields) for part in parts)})"


def _type(node: exp.Cast) -> str:
    name = node.to.this.name if isinstance(node.to.this, exp.DataType.Type) else str(node.to.this)
    type_ = TYPE_NAMES.get(name.upper(), name.upper())
    return "VARCHAR" if type_ == "STRING" else calcite_name(type_)


def untold(node: exp.Expr) -> PinotError:
    """What this engine runs, but tells no plan of."""
    text = node.sql(dialect="pinot")
    return PinotError(
        QUERY_VALIDATION,
        f"EXPLAIN PLAN FOR tells no plan of this yet: {text[:120]}; see docs/reference/pinot-differences.md",
    )
