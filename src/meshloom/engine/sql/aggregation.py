"""An aggregation's DuckDB text, with its FILTER and with what it answers for no rows."""

from __future__ import annotations

import re

from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.functions.multi_values import over_arrays
from meshloom.engine.sql.functions.registry import Aggregate, as_stored
from meshloom.engine.sql.typed import Typed, duckdb_type, wide_literal

CALL = re.compile(r"(?!coalesce|case)[a-z_]+\(.*\)", re.IGNORECASE | re.DOTALL)


def rendered(found: Aggregate, values: list[Typed], where: str, *, single: bool, nulls: bool) -> Typed:
    """`found` of its arguments' `values`, over the rows for which `where` holds ("" for all)."""
    suffix = f" FILTER (WHERE {where})" if where else ""
    result = found.single if single else found.multi
    type_ = result if isinstance(result, str) else result(values)
    over = over_arrays(found.name.lower()) if values[0].array else None
    if found.gather is not None:
        sql = found.gather(values, suffix)
    elif over is not None:
        sql = over(values, suffix)
    else:
        sql = found.render(values)
        if where and (" FILTER " in sql or not CALL.fullmatch(sql)):  # FILTER fits no such text: hide the rows
            hidden = Typed(f"(CASE WHEN {where} THEN {values[0].sql} END)", values[0].type)
            sql = found.render([hidden, *values[1:]])
        else:
            sql += suffix
    if single and type_ == "STRING" and found.multi != "STRING":  # the text of what the multi-stage engine answers
        kept = found.multi if isinstance(found.multi, str) else found.multi(values)
        made = Typed(f"CAST({sql} AS {duckdb_type(kept)})", kept)
        sql = as_stored(made, True).cast("STRING").sql
    if single and not nulls and found.empty:
        empty = found.empty if isinstance(found.empty, str) else found.empty(values)
        sql = f"coalesce({sql}, {wide_literal(empty) if type_ == WIDE else empty})"
    return Typed(f"CAST({sql} AS {duckdb_type(type_)})", type_, aggregate=True)
