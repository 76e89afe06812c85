"""Query options whose values are checked before anything runs."""

from __future__ import annotations

from meshloom.engine.errors import QUERY_EXECUTION, SQL_PARSING, PinotError
from meshloom.engine.sql.planning_time import TIMEOUT_MS
from meshloom.engine.sql.statement import Statement

INDEXES = frozenset(
    {"INVERTED", "SORTED", "TEXT", "FST", "IFST", "H3", "JSON", "TIMESTAMP", "VECTOR", "RANGE", "MULTI_COL_TEXT"}
)  # FieldConfig.IndexType


def check_indexes(statement: Statement) -> None:
    """`skipIndexes='column=inverted,range&other=…'`. Raises PinotError 200 for an index that is none."""
    for pair in filter(None, statement.option("skipIndexes").split("&")):
        for name in filter(None, pair.partition("=")[2].split(",")):
            if name.strip().upper() not in INDEXES:
                kind = "org.apache.pinot.spi.config.table.FieldConfig.IndexType"
                why = f"Query execution error: No enum constant {kind}.{name.strip().upper()}"
                raise PinotError(QUERY_EXECUTION, why)


def timeout_of(statement: Statement) -> int:
    """Milliseconds. Raises PinotError 150 when the option is no number above zero."""
    text = statement.option("timeoutMs", str(TIMEOUT_MS))
    if not text.isdigit() or int(text) == 0:
        why = f"SQLParsingError: Caught exception while parsing query: {statement.text}: timeoutMs is {text!r}"
        raise PinotError(SQL_PARSING, why)
    return int(text)
