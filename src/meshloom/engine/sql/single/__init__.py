"""The single-stage engine: one table, an implicit LIMIT 10, default values in place of nulls."""

from meshloom.engine.sql.single.compile import compile_single

__all__ = ["compile_single"]
