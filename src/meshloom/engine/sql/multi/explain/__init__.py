"""EXPLAIN of multi-stage queries: the plan that Pinot's planner (Calcite) would tell, and its stages."""

from meshloom.engine.sql.multi.explain.answer import explained

__all__ = ["explained"]
