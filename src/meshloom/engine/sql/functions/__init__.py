"""Pinot's functions: one table that says for each name how DuckDB does it. What is not in it cannot be called."""

from meshloom.engine.sql.functions import (
    aggregates,
    arrays,
    dates,
    decimal_rows,
    groovy_calls,
    hashes,
    hyperloglog,
    java_maps,
    json_match,
    json_paths,
    logic,
    multi_values,
    numbers,
    text,
    text_match,
    time_formats,
    urls,
)
from meshloom.engine.sql.functions.registry import Aggregate, Scalar, find_aggregate, find_scalar
from meshloom.engine.sql.functions.rows import provide

__all__ = [
    "Aggregate",
    "Scalar",
    "aggregates",
    "arrays",
    "dates",
    "decimal_rows",
    "find_aggregate",
    "find_scalar",
    "groovy_calls",
    "hashes",
    "hyperloglog",
    "java_maps",
    "json_match",
    "json_paths",
    "logic",
    "multi_values",
    "numbers",
    "provide",
    "text",
    "text_match",
    "time_formats",
    "urls",
]
