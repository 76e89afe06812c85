"""funnelCount(STEPS(condition, …), CORRELATE_BY(column, …)[, SETTINGS('bitmap')]): how many of what the rows belong to
made the first step, the first two, and so on (FunnelCountAggregationFunctionFactory).

Every strategy that SETTINGS can name counts exactly here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import gathering, key
from meshloom.engine.sql.functions.sketches.values import narrowed
from meshloom.engine.sql.typed import Typed

OPTIONS = ("steps", "correlateby", "settings")
SETTINGS = ("set", "bitmap", "partitioned", "sorted", "theta_sketch")


def flat(arguments: list[exp.Expr]) -> list[exp.Expr]:
    """How many steps, the steps, and the columns. Raises PinotError 700 for other options."""
    found: dict[str, list[exp.Expr]] = {}
    for argument in arguments:
        name = key(argument.name) if isinstance(argument, exp.Anonymous) else ""
        if name not in OPTIONS:
            raise PinotError(QUERY_VALIDATION, f"Invalid FUNNELCOUNT options: {argument.sql(dialect='pinot')}")
        found.setdefault(name, argument.expressions)
    for name in OPTIONS[:2]:
        if not found.get(name):
            raise PinotError(QUERY_VALIDATION, f"FUNNELCOUNT requires {name}")
    for setting in found.get("settings", []):
        text = setting.name.replace(" ", "").lower() if isinstance(setting, exp.Literal) else ""
        if text not in SETTINGS and not text.startswith("nominalentries="):
            raise PinotError(QUERY_VALIDATION, f"Invalid FUNNELCOUNT SETTINGS: {setting.name}")
    return [exp.Literal.number(len(found["steps"])), *found["steps"], *found["correlateby"]]


def counted(arguments: Sequence[Typed], where: str) -> str:
    size = int(arguments[0].literal or 0)
    steps, columns = arguments[1 : 1 + size], arguments[1 + size :]
    which = columns[0].sql if len(columns) == 1 else f"row({', '.join(column.sql for column in columns)})"
    sets = [
        f"coalesce(list(DISTINCT {which}){narrowed(where, step.cast('BOOLEAN').sql)}, [])" for step in steps
    ]  # fmt: skip
    kept, counts = sets[0], [f"len({sets[0]})"]
    for following in sets[1:]:
        kept = f"list_intersect({following}, {kept})"
        counts.append(f"len({kept})")
    return f"[{', '.join(counts)}]"


gathering("funnelCount", counted, "LONG_ARRAY", (1, -1), rewrite=flat)
