"""Joins: which are there, what USING and NATURAL merge, and what ASOF asks of its conditions."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, SQL_PARSING, PinotError
from meshloom.engine.sql.multi.arithmetic import common
from meshloom.engine.sql.multi.expressions import MultiTranslator
from meshloom.engine.sql.multi.scope import Source
from meshloom.engine.sql.typed import Typed

KINDS = {
    "": "INNER", "INNER": "INNER", "LEFT": "LEFT", "LEFT OUTER": "LEFT", "RIGHT": "RIGHT", "RIGHT OUTER": "RIGHT",
    "FULL": "FULL", "FULL OUTER": "FULL", "OUTER": "FULL", "CROSS": "CROSS", "SEMI": "SEMI", "ANTI": "ANTI",
    "LEFT SEMI": "SEMI", "LEFT ANTI": "ANTI",
}  # fmt: skip
ORDERED = (exp.GT, exp.GTE, exp.LT, exp.LTE)


def join(translator: MultiTranslator, node: exp.Join, text: str, added: list[Source]) -> str:
    """One join's text, its sources put among the translator's. Raises PinotError 150 and 700."""
    scope = translator.sources
    words = " ".join(filter(None, (node.side, node.kind))).upper()
    kind = KINDS.get(words)
    if kind is None:
        raise PinotError(QUERY_VALIDATION, f"Unsupported join: {words}")
    before = list(scope.sources)
    scope.sources.extend(added)
    on, using = node.args.get("on"), [column.name for column in node.args.get("using") or ()]
    if node.method.upper() == "ASOF":
        return _as_of(translator, node, kind, text, before, added)
    if node.method.upper() == "NATURAL":
        using = [name for source in added for name in source.columns if any(s.find(name) for s in before)]
        on = None if using else exp.true()
    if using:
        condition = _merge(translator, using, kind, before, added)
    elif on is not None:
        condition = translator.condition(on, "ON clause must be a condition").sql
    elif kind in ("INNER", "CROSS"):
        return f" CROSS JOIN {text}"
    else:
        raise PinotError(SQL_PARSING, f"SQLParsingError: {kind} JOIN needs ON or USING")
    _forget_nulls(kind, before, added)
    if kind in ("SEMI", "ANTI"):
        del scope.sources[len(before) :]
    return f" {kind} JOIN {text} ON {condition}" if kind != "CROSS" else f" CROSS JOIN {text}"


def _forget_nulls(kind: str, before: list[Source], added: list[Source]) -> None:
    """The side that an outer join fills up with nulls is nullable from here on."""
    for source in (added if kind in ("LEFT", "FULL") else []) + (before if kind in ("RIGHT", "FULL") else []):
        source.never_null = set()


def _merge(translator: MultiTranslator, names: list[str], kind: str, before: list[Source], added: list[Source]) -> str:
    """USING's condition; each of its columns becomes one."""
    tests = []
    for name in names:
        left = translator.sources.merged.get(name.lower()) or _only(name, before)
        right = _only(name, added)
        a, b = translator.alike(left, right)
        tests.append(f"{a.sql} = {b.sql}")
        type_ = common([left.type, right.type])  # Calcite merges by COALESCE, whatever the join
        left, right = left.cast(type_), right.cast(type_)
        one = right if kind == "RIGHT" else left
        if kind == "FULL":
            one = Typed(f"coalesce({left.sql}, {right.sql})", type_)
        translator.sources.merged[name.lower()] = one
    return " AND ".join(tests)


def _only(name: str, sources: list[Source]) -> Typed:
    """The column, the first where tables to the left have several (their row names the others `k0`, `k1`, …)."""
    found = [value for source in sources if (value := source.find(name)) is not None]
    if not found:
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{name}' not found in any table")
    return found[0]


def _as_of(
    translator: MultiTranslator, node: exp.Join, kind: str, text: str, before: list[Source], added: list[Source]
) -> str:
    match, on = node.args.get("match_condition"), node.args.get("on")
    if match is None or on is None or kind not in ("INNER", "LEFT"):
        raise PinotError(
            SQL_PARSING,
            "SQLParsingError: Caught exception while parsing query: ASOF JOIN wants MATCH_CONDITION(...) and ON",
        )
    compared = match.unnest()
    columns = isinstance(compared, exp.Binary) and all(
        isinstance(side.unnest(), exp.Column) for side in (compared.left, compared.right)
    )
    sides = _two_inputs(translator, match, ORDERED, before, added) if columns else None
    if sides is None:
        message = "ASOF JOIN MATCH_CONDITION must be a comparison between columns from the two inputs"
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: {message}")
    if not (isinstance(on, exp.Boolean) and on.this):
        for part in on.flatten() if isinstance(on, exp.And) else [on]:
            if _two_inputs(translator, part, (exp.EQ,), before, added) is None:
                message = "ASOF JOIN condition must be a conjunction of equality comparisons"
                raise PinotError(QUERY_VALIDATION, f"QueryValidationError: {message}")
    if sides[0].type != sides[1].type:
        message = "ASOF_JOIN only supports match conditions with a comparison between two columns of the same type"
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: {message}")
    condition = translator.condition(match).sql
    if not isinstance(on, exp.Boolean):
        condition = f"{translator.condition(on).sql} AND {condition}"
    _forget_nulls(kind, before, added)
    return f" ASOF {kind} JOIN {text} ON {condition}"


def _two_inputs(
    translator: MultiTranslator,
    node: exp.Expr,
    kinds: tuple[type[exp.Expr], ...],
    before: list[Source],
    added: list[Source],
) -> tuple[Typed, Typed] | None:
    """Both sides of a comparison when each is of another input, else None."""
    node = node.unnest()
    if not isinstance(node, kinds) or not isinstance(node, exp.Binary):
        return None
    homes = []
    for side in (node.left, node.right):
        columns = list(side.find_all(exp.Column))
        owners = [owner for c in columns for owner in translator.sources.owners(c.name, c.table)]
        if not owners:
            return None
        homes.append({any(owner is source for source in added) for owner in owners})
    if homes not in ([{True}, {False}], [{False}, {True}]):
        return None
    return translator.translate(node.left), translator.translate(node.right)
