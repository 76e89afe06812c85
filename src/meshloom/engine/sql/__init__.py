"""Pinot's SQL, translated to DuckDB's."""
