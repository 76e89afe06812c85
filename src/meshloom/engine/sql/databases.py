"""Pinot's databases in the names of tables (DatabaseUtils.java): `sales.orders` is the table `orders` of the database
`sales`, and the tables of the database `default` have nothing in front."""

from __future__ import annotations

from sqlglot import exp

from meshloom.engine.config.databases import DEFAULT
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.nodes import nodes_of


def place(tree: exp.Expr, database: str, local: frozenset[str]) -> None:
    """Give each table its whole name, in the tree itself. `database` is the request's (header or option), "" for none;
    `local` are the names of WITH. Raises PinotError 700 for a name of three parts or of another database than asked."""
    nodes = nodes_of(tree)
    for table in nodes:
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
            continue
        if table.catalog:
            whole = f"{table.catalog}.{table.db}.{table.name}"
            raise _invalid(f"Table name '{whole}' containing more than one '.' is not allowed")
        given = table.db
        if not given and (table.name.lower() in local or "." in table.name):
            continue
        if given and database and given.lower() != database.lower():
            raise _invalid(f"Database name '{given}' of table '{table.name}' is not '{database}', as the request says")
        wanted = given or database
        if not wanted:
            continue
        table.set("db", None)
        if wanted.lower() != DEFAULT:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=table.this.copy()))
            table.set("this", exp.to_identifier(f"{wanted}.{table.name}", quoted=True))
    for column in nodes:
        if isinstance(column, exp.Column) and column.args.get("db") is not None:
            column.set("db", None)


def _invalid(reason: str) -> PinotError:
    return PinotError(QUERY_VALIDATION, f"QueryValidationError: {reason}")
