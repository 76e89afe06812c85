"""Pinot's server: segments in DuckDB."""
