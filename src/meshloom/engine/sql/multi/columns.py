"""Columns of queries and sources while they are compiled: Pinot's type, and whether Calcite types them NOT NULL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import chain, count

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.compiled import OutputColumn
from meshloom.engine.sql.multi.arithmetic import common
from meshloom.engine.sql.multi.scope import Source, quoted
from meshloom.engine.sql.typed import NUMERIC, Typed


@dataclass(frozen=True, slots=True)
class Column(OutputColumn):
    """A column of a query. `never_null`: see `nulls`."""

    never_null: bool = False


Columns = tuple[Column, ...]


def output(type_: str) -> str:
    """JSON columns are typed STRING in the multi-stage engine (pinot.md, section 7)."""
    return "STRING" if type_ == "JSON" else type_


def renamed(columns: Columns, names: Sequence[str]) -> Columns:
    """With the names that an alias's column list gives. Raises PinotError 700 when it has another length."""
    if not names:
        return columns
    check_degree(names, len(columns))
    return tuple(Column(n, c.type, c.never_null) for n, c in zip(names, columns, strict=True))


def check_degree(names: Sequence[str], columns: int) -> None:
    """Raises PinotError 700 when an alias names another number of columns."""
    if len(names) != columns:
        raise PinotError(
            QUERY_VALIDATION,
            f"QueryValidationError: List of column aliases must have same degree as table; table has {columns} "
            f"columns, whereas alias list has {len(names)} columns",
        )


def suggested(name: str, taken: Container[str]) -> str:
    """`x`, or `x0`, `x1`, … where that is taken (SqlValidatorUtil.uniquify). `taken` holds lower-case names."""
    suggestions = (f"{name}{number}" for number in count())
    return next(one for one in chain((name,), suggestions) if one.lower() not in taken)


def unique(columns: Columns) -> Columns:
    """DuckDB names of a subquery's columns: the second `x` is `x0`, as Calcite names it."""
    seen: set[str] = set()
    result = []
    for column in columns:
        name = suggested(column.name, seen)
        seen.add(name.lower())
        result.append(Column(name, column.type, column.never_null))
    return tuple(result)


def of_columns(alias: str, columns: Columns) -> Source:
    """The source that has them, under names which are no two alike."""
    prefix, names = quoted(alias), Counter(column.name.lower() for column in columns)
    different = unique(columns)
    return Source(
        alias,
        {c.name: Typed(f"{prefix}.{quoted(c.name)}", c.type) for c in different},
        never_null={c.name.lower() for c in different if c.never_null},
        twice=frozenset(name for name, times in names.items() if times > 1),
    )


def meeting(left: Columns, right: Columns, word: str) -> Columns:
    """The columns of a set operation. Raises PinotError 700 when the sides do not fit."""
    if len(left) != len(right):
        raise PinotError(QUERY_VALIDATION, f"QueryValidationError: Column count mismatch in {word}")
    result: list[Column] = []
    for a, b in zip(left, right, strict=True):
        type_ = common([a.type, b.type])
        if not _fit({a.type, b.type}):
            raise PinotError(
                QUERY_VALIDATION, f"QueryValidationError: Type mismatch in column {len(result) + 1} of {word}"
            )
        result.append(Column(a.name, type_, a.never_null and b.never_null))
    return tuple(result)


def _fit(types: set[str]) -> bool:
    """Whether Calcite brings the types of a set operation together: texts take any value, nothing takes arrays."""
    kinds = {type_ for type_ in types if type_ != "UNKNOWN"}
    if len(kinds) < 2 or kinds <= set(NUMERIC) or kinds <= {"TIMESTAMP", "LONG", "INT"}:
        return True
    return bool(kinds & {"STRING", "JSON"}) and not any(kind.endswith("_ARRAY") for kind in kinds)
