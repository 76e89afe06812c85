"""Pinot's functions: one table that says for each name how DuckDB does it. What is not in it cannot be called."""

from meshloom.engine.sql.functions import (
    aggregates,
    arrays,
    dates,
    hashes,
    json_paths,
    logic,
    numbers,
    text,
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
    "find_aggregate",
    "find_scalar",
    "hashes",
    "json_paths",
    "logic",
    "numbers",
    "provide",
    "text",
    "time_formats",
    "urls",
]
