"""SQL on this machine: DuckDB, locked down. The only place that imports it."""

from meshloom.infra.compute.duckdb import ComputeError, Database, Session, lock, open_database, open_reader

__all__ = ["ComputeError", "Database", "Session", "lock", "open_database", "open_reader"]
