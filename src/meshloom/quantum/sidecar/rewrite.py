"""A query made to see only what the decisions allow, by its syntax tree (design, "The sidecar is the only door").

Single-stage queries have their masked columns replaced wherever they stand, and the filters put in front of their own
condition. In multi-stage queries each table becomes a subquery that filters and masks. Tables are renamed on the way:
a name that was not rewritten finds no table, so that an oversight here is an error there, never a leak.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from sqlglot import exp

from meshloom.engine.sql.result_names import name_of
from meshloom.engine.sql.statement import Statement
from meshloom.errors import Refused
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.sidecar import mask
from meshloom.quantum.sidecar.decision import Decision

PREFIX = f"decided_{secrets.token_hex(8)}_"
"""Of a table that a decision has been made on; new in each process, so that no query can write it."""

BARRIER = 2**31 - 1  # a LIMIT keeps the reader's own conditions from being tried on rows that the filter takes away

ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.Select, exp.From, exp.Table, exp.TableAlias, exp.Identifier, exp.Where, exp.Group, exp.Having, exp.Order,
        exp.Ordered, exp.Limit, exp.Offset, exp.Distinct, exp.Alias, exp.Column, exp.Star, exp.Literal, exp.Boolean,
        exp.Null, exp.Paren, exp.Neg, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE,
        exp.In, exp.Between, exp.Like, exp.Is, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Case, exp.If,
        exp.Cast, exp.DataType, exp.DataTypeParam, exp.Extract, exp.Var, exp.Trim, exp.Anonymous, exp.Filter,
        exp.Join, exp.Subquery, exp.With, exp.CTE, exp.Union, exp.Intersect, exp.Except, exp.Exists, exp.Window,
        exp.WindowSpec, exp.IgnoreNulls, exp.RespectNulls, exp.Hint, exp.Array,
    }
)  # fmt: skip
OPTIONS = frozenset(
    name.lower()
    for name in (
        "timeoutMs", "useMultistageEngine", "enableNullHandling", "numGroupsLimit", "maxRowsInJoin", "joinOverflowMode",
        "maxRowsInWindow", "windowOverflowMode", "clientQueryId", "minServerGroupTrimSize", "minSegmentGroupTrimSize",
        "minBrokerGroupTrimSize", "groupTrimThreshold", "purpose", "preserveType", "maxExecutionThreads",
        "serverReturnFinalResult", "database", "applicationName",
    )
)  # fmt: skip

NOT_GOVERNED = {
    "lookup": "it reads a table that no decision was made on; join it",
    "insubquery": "it reads a table that no decision was made on; use IN (SELECT …)",
    "gapfill": "it makes rows of queries within queries, which policies do not follow",
}


def check(statement: Statement) -> None:
    """Raises Refused for a node, a name or an option that is not known to be harmless, saying which."""
    for name in statement.options:
        if name.lower() not in OPTIONS:
            raise _refused(f"the option {name}", f"options that are: {', '.join(sorted(OPTIONS))}")
    if statement.explain:
        raise _refused("EXPLAIN", "a plan may tell what the rows hold")
    for node in statement.tree.walk():
        if type(node) not in ALLOWED:
            raise _refused(f"{type(node).__name__} ({node.sql(dialect='pinot')[:80]})", "it is not on the list")
        if isinstance(node, exp.Table) and (alias := node.args.get("alias")) is not None and alias.args.get("columns"):
            raise _refused(f"other names for columns ({node.sql(dialect='pinot')[:80]})", "policies go by the table's")
        if isinstance(node, exp.Identifier) and node.name.startswith("$"):
            raise _refused(f"the virtual column {node.name}", "it numbers rows that may be hidden")
        if isinstance(node, exp.Anonymous) and (why := NOT_GOVERNED.get(node.name.replace("_", "").lower())):
            raise _refused(f"the function {node.name}", why)
    if not statement.multistage and statement.tree.find(exp.Subquery):
        raise _refused("a subquery", "it needs useMultistageEngine=true")


def _refused(what: str, why: str) -> Refused:
    return Refused(
        f"The query holds {what}, which is not understood here",
        why=why,
        remedy="Ask in another way; docs/reference/policies.md lists what is understood",
        code="not-understood",
    )


def rewrite(statement: Statement, ports: Mapping[str, tuple[DeployedPort, Decision]], secret: str) -> Statement:
    """The query as the decisions allow it. `ports` are by lower-case table name; `check` has passed.

    Raises Refused when a WITH name hides a table's.
    """
    tree = statement.tree.copy()
    for cte in tree.find_all(exp.CTE):
        if cte.alias.lower() in ports:
            raise _refused(f"WITH {cte.alias}", "a WITH name may not be a table's name")
    if statement.multistage:
        return statement.with_tree(_multi(tree, ports, secret))
    assert isinstance(tree, exp.Select)
    return statement.with_tree(_single(tree, ports, secret, nulls=statement.null_handling))


def _multi(tree: exp.Query, ports: Mapping[str, tuple[DeployedPort, Decision]], secret: str) -> exp.Query:
    for table in list(tree.find_all(exp.Table)):
        found = ports.get(table.name.lower())
        if found is None:
            continue
        port, decision = found
        masks = mask.masks_of(port, decision)
        items: list[exp.Expr] = []
        for name, type_ in mask.columns_of(port).items():
            column: exp.Expr = mask.column(name)
            if name in masks:
                column = exp.alias_(mask.mask(masks[name], type_, secret), name, quoted=True)
            items.append(column)
        inner = exp.select(*items).from_(_decided(port))
        where = mask.conditions(decision)
        if where is not None:
            inner = inner.where(where).limit(BARRIER)
        alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name, quoted=True))
        subquery = exp.Subquery(this=inner, alias=alias)
        table.replace(subquery)
    return tree


def _single(
    tree: exp.Select, ports: Mapping[str, tuple[DeployedPort, Decision]], secret: str, *, nulls: bool
) -> exp.Select:
    table = tree.find(exp.Table)
    if table is None or table.name.lower() not in ports:
        return tree
    port, decision = ports[table.name.lower()]
    columns, masks = mask.columns_of(port), mask.masks_of(port, decision)
    tree.set("expressions", [item for node in tree.expressions for item in _items(node, columns)])
    named = {column.name.lower() for column in tree.find_all(exp.Column)}
    hidden = {
        name.lower(): _stored(mask.mask(masks[name], columns[name], secret), port)
        for name in masks
        if name.lower() in named
    }
    aliases = {node.alias.lower() for node in tree.expressions if isinstance(node, exp.Alias)}
    if hidden:
        tree.set("expressions", [_named(node, columns, nulls=nulls) for node in tree.expressions])
        for column in list(tree.find_all(exp.Column)):
            if column.name.lower() in hidden and not _is_alias(column, aliases - set(hidden)):
                column.replace(hidden[column.name.lower()].copy())
        _order_by_what_differs(tree)
    table.replace(_decided(port))
    where = mask.conditions(decision)
    if where is not None:
        _filter(tree, where)
    return tree


def _order_by_what_differs(tree: exp.Select) -> None:
    """Without the keys that a mask made one constant: they order nothing, and SQL has no order by a constant."""
    order = tree.args.get("order")
    if order is None:
        return
    kept = [key for key in order.expressions if key.find(exp.Column) or key.find(exp.Cast) is None]
    order.set("expressions", kept)
    if not kept:
        tree.set("order", None)


def _decided(port: DeployedPort) -> exp.Table:
    return exp.Table(this=exp.to_identifier(f"{PREFIX}{port.table}", quoted=True))


def _stored(masked: exp.Expr, port: DeployedPort) -> exp.Expr:
    """Its columns are the table's, not the aliases of the same name that stand for them in GROUP BY and ORDER BY."""
    for column in masked.find_all(exp.Column):
        column.set("table", exp.to_identifier(f"{PREFIX}{port.table}", quoted=True))
    return masked


def _items(node: exp.Expr, columns: Mapping[str, str]) -> list[exp.Expr]:
    """`*` as the columns for which it stands, in Pinot's order."""
    return [mask.column(name) for name in sorted(columns)] if isinstance(node, exp.Star) else [node]


def _named(node: exp.Expr, columns: Mapping[str, str], *, nulls: bool) -> exp.Expr:
    """An item that keeps its name whatever is put in its place."""
    if isinstance(node, exp.Alias):
        return node
    name = name_of(node, nulls=nulls)
    if isinstance(node, exp.Column):
        name = next((known for known in columns if known.lower() == node.name.lower()), name)
    return exp.alias_(node, name, quoted=True)


def _is_alias(column: exp.Column, aliases: set[str]) -> bool:
    return column.name.lower() in aliases and column.find_ancestor(exp.Order, exp.Group, exp.Having) is not None


def _filter(tree: exp.Select, condition: exp.Expr) -> None:
    """The policy's condition first; the reader's own is only tried on rows that pass it, so that not even an error
    tells of the others."""
    own = tree.args.get("where")
    if own is not None:
        guarded = exp.Case(ifs=[exp.If(this=condition.copy(), true=own.this.copy())], default=exp.Boolean(this=False))
        condition = exp.and_(condition, guarded)
    tree.set("where", exp.Where(this=condition))
