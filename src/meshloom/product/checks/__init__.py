"""Contract rules as SQL: which row breaks which rule, in one DuckDB query per port."""

from meshloom.product.checks.compile import Checks, compile_checks

__all__ = ["Checks", "compile_checks"]
