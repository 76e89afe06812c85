"""Names and values of a contract as SQL text, and when a stored value is not of its column's type."""

from __future__ import annotations

import math
import re

from sqlglot import exp

INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_NESTED = re.compile(r"(\[\d*\]$)|^(STRUCT|MAP|UNION)\b")


def identifier(name: str) -> str:
    """A quoted name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A quoted text literal."""
    return exp.Literal.string(value).sql("duckdb")


def literal(value: object, stored: str) -> str:
    """A contract's value as a literal of a column's type. Raises ValueError when it is none."""
    if value is None:
        return "NULL"
    if stored == "BOOLEAN" and isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, bool | list | dict | tuple):
        raise ValueError(f"{value!r} is no {stored}")
    if stored in INTEGERS or stored in ("DOUBLE", "FLOAT") or stored.startswith("DECIMAL"):
        return _number(value, stored)
    quoted = text(str(value))
    return quoted if stored == "VARCHAR" else f"CAST({quoted} AS {stored})"


def _number(value: object, stored: str) -> str:
    try:
        number = value if isinstance(value, int | float) else float(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is no number") from None
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(f"{value!r} cannot be compared with")
    if isinstance(number, float) and number.is_integer() and abs(number) < 2**63:
        number = int(number)
    return repr(number) if isinstance(number, int) else f"CAST({number!r} AS DOUBLE)"


def is_nested(source: str) -> bool:
    """Whether a DuckDB type is a list, a struct or a map, which no column can hold yet."""
    return _NESTED.search(source.upper()) is not None


def convert(raw: str, source: str, stored: str) -> str:
    """The value in its column's type; NULL when it is not of that type."""
    return raw if source == stored else f"TRY_CAST({raw} AS {stored})"


def misfit(raw: str, source: str, stored: str) -> str:
    """A condition that holds when a value that is there cannot become the column's type without loss; "" for never."""
    if source == stored or stored == "VARCHAR" or source == '"NULL"':
        return ""
    failed = f"({raw} IS NOT NULL AND TRY_CAST({raw} AS {stored}) IS NULL)"
    if stored in INTEGERS and source not in INTEGERS and source != "BOOLEAN":
        # DuckDB rounds 1.5 to 2; a contract that says integer means that 1.5 is wrong
        lossy = f"(TRY_CAST({raw} AS DOUBLE) <> CAST(TRY_CAST({raw} AS {stored}) AS DOUBLE))"
        return f"({failed} OR {lossy})"
    if stored == "DATE" and (source == "VARCHAR" or source.startswith("TIMESTAMP")):
        # DuckDB cuts a time of day off; a contract that says date means that there is none
        return f"({failed} OR (TRY_CAST({raw} AS TIMESTAMP) <> CAST(TRY_CAST({raw} AS DATE) AS TIMESTAMP)))"
    return failed
