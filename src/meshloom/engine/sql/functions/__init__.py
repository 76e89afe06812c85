"""Pinot's functions: one table that says for each name how DuckDB does it. What is not in it cannot be called."""

from meshloom.engine.sql.functions import aggregates, json_paths, scalars
from meshloom.engine.sql.functions.registry import Aggregate, Scalar, find_aggregate, find_scalar

__all__ = ["Aggregate", "Scalar", "aggregates", "find_aggregate", "find_scalar", "json_paths", "scalars"]
