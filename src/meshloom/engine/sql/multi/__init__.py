"""The multi-stage engine: joins, subqueries, windows and set operations over any number of tables."""

from meshloom.engine.sql.multi.compile import compile_multi

__all__ = ["compile_multi"]
