"""Pinot's databases in the names of tables and schemas: `sales.orders` is the table `orders` of the database `sales`;
what is in the database `default` has nothing in front (DatabaseUtils.java)."""

from __future__ import annotations

from meshloom.engine.errors import RestError

DEFAULT = "default"


def qualified(name: str, database: str = "") -> str:
    """A name with its database in front, the request's ("" for none) if it has none of its own.

    Raises RestError 500, as the exception is in Pinot, for a name of three parts, or of another database.
    """
    parts = [part for part in name.split(".") if part]
    if len(parts) > 2:
        raise RestError(500, f"Table name: '{name}' containing more than one '.' is not allowed")
    if len(parts) == 2:
        if database and database != parts[0]:
            told = f"Database name '{parts[0]}' from table prefix does not match database name '{database}' from header"
            raise RestError(500, told)
        return parts[1] if parts[0].lower() == DEFAULT else name
    return name if not database or database.lower() == DEFAULT else f"{database}.{name}"


def belongs(name: str, database: str) -> bool:
    """Whether a table is one of the database; "" stands for the default one."""
    if not database or database.lower() == DEFAULT:
        return "." not in name or name.startswith(f"{DEFAULT}.")
    return name.startswith(f"{database}.")
