"""Window functions of the multi-stage engine (pinot.md, section 3; Calcite's names are Pinot's)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.counts import whole
from meshloom.engine.sql.typed import Typed

if TYPE_CHECKING:
    from meshloom.engine.sql.translate import Translator

RANKS = {"row_number": "LONG", "rank": "LONG", "dense_rank": "LONG", "ntile": "LONG"}
VALUES = ("lag", "lead", "first_value", "last_value")


def window(translator: Translator, node: exp.Window) -> Typed:
    """`f(...) OVER (PARTITION BY … ORDER BY … frame)`. Raises PinotError 700 for a function that has no window."""
    call = node.this
    nulls = ""
    if isinstance(call, exp.IgnoreNulls | exp.RespectNulls):
        nulls = " IGNORE NULLS" if isinstance(call, exp.IgnoreNulls) else ""
        call = call.this
    if not isinstance(call, exp.Anonymous):
        raise PinotError(QUERY_VALIDATION, f"OVER stands behind a function, not {call.sql(dialect='pinot')}")
    name = call.name.lower()
    if name in RANKS or name in VALUES:
        arguments = [translator.translate(argument) for argument in call.expressions]
        type_ = RANKS.get(name) or arguments[0].type
        sql = f"{name}({', '.join(argument.sql for argument in arguments)}{nulls})"
    else:
        found = translator.function(call.name, call.expressions)
        if not found.aggregate:
            raise PinotError(QUERY_VALIDATION, f"Unsupported window function: {name}")
        # The cast around an aggregation has to stand around the window, too.
        sql, type_ = found.sql.removeprefix("CAST(").rsplit(" AS ", 1)[0], found.type
        if not found.sql.startswith("CAST("):
            sql = found.sql
    return Typed(f"({sql} OVER ({_specification(translator, node)}))", type_)


def _specification(translator: Translator, node: exp.Window) -> str:
    parts = []
    if node.args.get("partition_by"):
        keys = ", ".join(translator.translate(key).sql for key in node.args["partition_by"])
        parts.append(f"PARTITION BY {keys}")
    order = node.args.get("order")
    if order is not None:
        parts.append("ORDER BY " + ", ".join(ordering(translator, key) for key in order.expressions))
    spec = node.args.get("spec")
    if spec is not None:
        parts.append(f"{spec.args['kind']} BETWEEN {_bound(spec, 'start')} AND {_bound(spec, 'end')}")
    return " ".join(parts)


def ordering(translator: Translator, node: exp.Ordered) -> str:
    direction = "DESC" if node.args.get("desc") else "ASC"
    nulls = "NULLS FIRST" if node.args.get("nulls_first") else "NULLS LAST"
    return f"{translator.translate(node.this).sql} {direction} {nulls}"


def _bound(spec: exp.WindowSpec, which: str) -> str:
    value, side = spec.args.get(which), spec.args.get(f"{which}_side") or ""
    if value is None:
        return "CURRENT ROW"
    text = value if isinstance(value, str) else str(whole(value, "a window's frame"))
    return f"{text} {side}".strip()
