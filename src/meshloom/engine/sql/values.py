"""VALUES in the place of a query, as SELECT * FROM (VALUES …): sqlglot reads it so only in set operations and WITH."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.sql.nodes import found

TAIL = ("with_", "order", "limit", "offset")


def selected(tree: exp.Expr) -> exp.Expr:
    """The tree with each such VALUES replaced; those in FROM stay what they are."""
    for node in found(tree, exp.Values):
        parent = node.parent
        if parent is None:
            return _query(node)
        if isinstance(parent, exp.In) and len(parent.expressions) == 1:
            parent.set("query", exp.Subquery(this=_query(node)))
            parent.set("expressions", None)
        elif isinstance(parent, exp.Subquery):
            parent.set("this", _query(node))
        elif isinstance(parent, exp.Anonymous) and parent.name.upper() == "EXISTS":
            parent.replace(exp.Exists(this=_query(node)))
    return tree


def _query(values: exp.Values) -> exp.Select:
    tail = {name: values.args.pop(name) for name in TAIL if values.args.get(name) is not None}
    rows = exp.Values(expressions=values.expressions, alias=exp.TableAlias(this=exp.to_identifier("_values")))
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=rows), **tail)
