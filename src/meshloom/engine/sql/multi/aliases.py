"""Aliases of the select list in HAVING, QUALIFY and ORDER BY: there an alias wins over a column of FROM that is called
the same (SqlValidatorImpl.ExtendedExpander and OrderExpressionExpander, with SqlConformanceEnum.BABEL)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.multi.grouping import aggregates, is_aggregation

CLAUSES = ("having", "qualify", "order")


def with_aliases(node: exp.Select) -> exp.Select:
    """The SELECT with the items in place of their aliases. A key of ORDER BY that is nothing but an alias is left as
    it is. Raises PinotError 700 for an alias of several items."""
    items = _items(node)
    if not items or not any(True for _ in _named(node, items)):
        return node
    node = node.copy()
    items = _items(node)
    for column in list(_named(node, items)):
        meant = items[column.name.lower()]
        if meant is None:
            raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column '{column.name}' is ambiguous")
        column.replace(exp.Paren(this=meant.copy()))
    return node


def _items(node: exp.Select) -> dict[str, exp.Expr | None]:
    """By lower-case alias: the item, None where several are called so."""
    found: dict[str, exp.Expr | None] = {}
    for item in node.expressions:
        if isinstance(item, exp.Alias):
            name = item.alias.lower()
            found[name] = None if name in found and found[name] != item.this else item.this
    return found


def _named(node: exp.Select, items: Mapping[str, exp.Expr | None]) -> Iterator[exp.Column]:
    for clause in CLAUSES:
        found = node.args.get(clause)
        if clause == "order":
            for key in found.expressions if found is not None else ():
                if not isinstance(key.this, exp.Column):
                    yield from _columns(key.this, items, within=True)
        elif found is not None:
            yield from _columns(found.this, items, within=False)


def _columns(node: exp.Expr, items: Mapping[str, exp.Expr | None], *, within: bool) -> Iterator[exp.Column]:
    """The columns that are aliases, none in queries inside; `within` aggregations only those of plain values."""
    open_ = [(node, False)]
    while open_:
        one, called = open_.pop()
        if isinstance(one, exp.Column):
            if not one.table and one.name.lower() in items and not (called and _computed(items[one.name.lower()])):
                yield one
            continue
        if isinstance(one, exp.Query | exp.Exists) or (is_aggregation(one) and not within):
            continue
        called = called or is_aggregation(one)
        open_ += [(part, called) for part in one.iter_expressions(reverse=True)]


def _computed(item: exp.Expr | None) -> bool:
    return item is not None and (aggregates(item) or item.find(exp.Window) is not None)
