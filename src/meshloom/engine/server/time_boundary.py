"""Where a hybrid table's rows change from the offline to the realtime side (TimeBoundaryManager)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.types import DataType
from meshloom.engine.server.loading import default_sql
from meshloom.engine.server.segment_rows import literal, quoted
from meshloom.engine.sql.functions.time_formats import converted, format_of
from meshloom.engine.storage.catalog import Segment

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TIMESTAMP = "SIMPLE_DATE_FORMAT|yyyy-MM-dd HH:mm:ss.SSS|UTC"
MILLIS, ONE = "EPOCH|MILLISECONDS|1", "MILLISECONDS|1"


@dataclass(frozen=True, slots=True)
class Boundary:
    """Offline rows have `column` at most `value`, realtime ones more. `value` is text in the column's format, `ms` the
    same in milliseconds since 1970."""

    column: str
    value: str
    ms: int


def millis_of(value: object, field: FieldSpec) -> int | None:
    """A time column's value in milliseconds since 1970; None when it is not of the column's format."""
    if isinstance(value, int) and field.data_type is DataType.TIMESTAMP:
        return value
    try:
        return int(converted(str(value), field.format, MILLIS, ONE))
    except (ValueError, OverflowError):
        return None


def end_of(segments: Iterable[Segment], schema: Schema, config: TableConfig) -> int | None:
    """The greatest end time, in milliseconds since 1970, of the segments that have rows; None without any."""
    field = schema.fields.get(config.time_column)
    if field is None or not field.format:
        return None
    ends = (millis_of(segment.metadata.get("end"), field) for segment in segments if segment.rows)
    return max((end for end in ends if end is not None and end > 0), default=None)


def boundary_of(
    segments: Iterable[Segment], schema: Schema, config: TableConfig, explicit_ms: int | None = None
) -> Boundary | None:
    """A day (of a table with hourly pushes and a finer time column an hour) before the last offline row, unless it was
    set explicitly. None when no segment tells an end."""
    field = schema.fields.get(config.time_column)
    if field is None or not field.format:
        return None
    ms = explicit_ms
    if ms is None:
        end = end_of(segments, schema, config)
        ms = None if end is None else end - (HOUR_MS if _hourly(field, config) else DAY_MS)
    if ms is None or ms <= 0:
        return None
    if field.data_type is DataType.TIMESTAMP:
        text = converted(str(ms), MILLIS, TIMESTAMP, ONE).rstrip("0")  # as java.sql.Timestamp prints it
        return Boundary(field.name, f"{text}0" if text.endswith(".") else text, ms)
    value = converted(str(ms), MILLIS, field.format, ONE)
    return Boundary(field.name, value, int(converted(value, field.format, MILLIS, ONE)))


def _hourly(field: FieldSpec, config: TableConfig) -> bool:
    batch = config.ingestion.get("batchIngestionConfig") or {}
    often = batch.get("segmentIngestionFrequency") or config.segments.get("segmentPushFrequency") or ""
    known = format_of(field.format)
    return str(often).upper() == "HOURLY" and not (known.kind == "EPOCH" and known.unit == "DAYS")


def side(boundary: Boundary, schema: Schema, *, realtime: bool) -> str:
    """DuckDB's condition on a row of one side. A null time is as old as its default value says."""
    field = schema.fields[boundary.column]
    value = f"CAST({literal(boundary.value)} AS {field.data_type.duckdb})"
    return f"coalesce({quoted(field.name)}, {default_sql(field)}) {'>' if realtime else '<='} {value}"
