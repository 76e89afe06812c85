"""Which parts of a syntax tree the engine reads. sqlglot parses clauses of many databases; what is not read here is
refused, since to pass it over would be a wrong answer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from meshloom.engine.errors import SQL_PARSING, PinotError

READ: dict[type[exp.Expr], frozenset[str]] = {
    exp.Table: frozenset({"this", "db", "catalog", "alias", "joins"}),
    exp.Star: frozenset(),
    exp.Distinct: frozenset({"expressions"}),
    exp.Limit: frozenset({"expression"}),
    exp.Fetch: frozenset({"direction", "count", "limit_options"}),
    exp.LimitOptions: frozenset({"rows"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Group: frozenset({"expressions", "grouping_sets", "cube", "rollup"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Like: frozenset({"this", "expression"}),
    exp.Is: frozenset({"this", "expression"}),
    exp.Trim: frozenset({"this", "expression", "position"}),
    exp.Union: frozenset({"this", "expression", "distinct", "with_", "order", "limit", "offset"}),
    exp.Intersect: frozenset({"this", "expression", "distinct", "with_", "order", "limit", "offset"}),
    exp.Except: frozenset({"this", "expression", "distinct", "with_", "order", "limit", "offset"}),
}


def check_understood(nodes: Sequence[exp.Expr]) -> None:
    """Raises PinotError 150 that names the first part which is not read."""
    for node in nodes:
        read = READ.get(type(node))
        if read is None:
            continue
        for name, value in node.args.items():
            if name not in read and value not in (None, False, [], ""):
                raise _refused(f"{name.rstrip('_').replace('_', ' ').upper()} of {_kind(node)}")
        if isinstance(node, exp.Group) and any(not one.expressions for one in _rollups(node)):
            raise _refused("WITH ROLLUP and WITH CUBE: write ROLLUP (…), CUBE (…)")
        alias = node.args.get("alias") if isinstance(node, exp.Table) else None
        if alias is not None and not isinstance(alias.this, exp.Identifier | None):
            raise _refused(f"behind a table's name, more than another name for it ({node.sql()})")


def _rollups(node: exp.Group) -> list[exp.Expr]:
    return [one for kind in ("rollup", "cube") for one in node.args.get(kind) or ()]


def _kind(node: exp.Expr) -> str:
    return "*" if isinstance(node, exp.Star) else type(node).__name__.upper()


def _refused(what: str) -> PinotError:
    return PinotError(SQL_PARSING, f"SQLParsingError: Caught exception while parsing query: not supported: {what}")
