"""A time column's values: as milliseconds, within the range that Pinot allows, and never missing."""

from __future__ import annotations

import time
from typing import Any

from meshloom.engine.config.schema import FieldSpec
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.sql.functions import find_scalar
from meshloom.engine.sql.functions.time_formats import converted, format_of
from meshloom.engine.sql.typed import Typed, literal_sql

# TimeUtils.VALID_TIME_INTERVAL: from 1971 to 2071.
FIRST_MS, LAST_MS = 31_536_000_000, 3_187_296_000_000
RANGE = "1971-01-01T00:00:00.000Z/2071-01-01T00:00:00.000Z"
MILLIS = "1:MILLISECONDS:EPOCH"


def millis(column: str, field: FieldSpec) -> str:
    """DuckDB text for a stored time value as milliseconds since 1970. Raises PinotError for an unknown format."""
    value = Typed(column, field.data_type.value)
    if value.type == "TIMESTAMP":
        return f"epoch_ms({column})"
    convert = find_scalar("dateTimeConvert")
    assert convert is not None
    texts = (_format(field), MILLIS, "1:MILLISECONDS")
    return convert.call([value, *(Typed(literal_sql(text), "STRING", text) for text in texts)]).sql


def _format(field: FieldSpec) -> str:
    return field.format or MILLIS


def in_time(text: str, field: FieldSpec, *, lenient: bool) -> str:
    """A time column whose values were checked as `rowTimeValueCheck` asks (TimeValidationTransformer).

    With `lenient` a value out of range becomes null. Raises PinotError for an unknown format.
    """
    at = f"TRY({millis(text, field)})" if lenient else millis(text, field)
    message = f"'Time value: ' || CAST({text} AS VARCHAR) || ' is not in valid range: {RANGE}'"
    instead = "NULL" if lenient else f"error({message})"
    inside = f"{at} BETWEEN {FIRST_MS} AND {LAST_MS}"
    return f"(CASE WHEN {text} IS NULL THEN NULL WHEN {inside} THEN {text} ELSE {instead} END)"


def filled(text: str, field: FieldSpec) -> str:
    """A time column without nulls: where the column's default value is out of range, the present time stands for them
    (NullValueTransformerUtils)."""
    if not field.single_value or in_range(default_ms(field)):
        return text
    return f"coalesce({text}, CAST({literal_sql(_now(field))} AS {field.data_type.duckdb}))"


def default_ms(field: FieldSpec) -> int | None:
    """The column's default null value as milliseconds; None when it is none of the column's format."""
    if field.data_type == "TIMESTAMP":
        return int(field.default_null_value)
    try:
        return int(converted(str(field.default_null_value), _format(field), MILLIS, "1:MILLISECONDS"))
    except (ValueError, OverflowError, PinotError):
        return None


def in_range(at: int | None) -> bool:
    return at is not None and FIRST_MS <= at <= LAST_MS


def _now(field: FieldSpec) -> str:
    now = int(time.time() * 1000)
    if field.data_type == "TIMESTAMP" or format_of(_format(field)).kind == "TIMESTAMP":
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now / 1000))
    return converted(str(now), MILLIS, _format(field), "1:MILLISECONDS")


def check_segment(config: TableConfig, start: Any, end: Any, first: int | None, last: int | None) -> None:
    """`segmentTimeValueCheck`, which is on unless a table turns it off. Raises RestError 400."""
    if not config.ingestion.get("segmentTimeValueCheck", True) or (first is None and last is None):
        return
    if not (in_range(first) and in_range(last)):
        raise RestError(
            400,
            f"The file's rows do not fit the table: Invalid segment start/end time: {start}/{end} (in millis: "
            f"{first}/{last}) for time column: {config.time_column}, must be between: {RANGE}",
        )
