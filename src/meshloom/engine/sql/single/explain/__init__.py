"""EXPLAIN PLAN FOR a single-stage query: the operators that Pinot would use, told from the table's indexes and what
its segments hold, as Pinot's plan nodes decide (org.apache.pinot.core.plan of 1.5.1). DuckDB has a plan of its own."""

from meshloom.engine.sql.single.explain.answer import BROKER, explained, told
from meshloom.engine.sql.single.explain.counting import Counting
from meshloom.engine.sql.single.explain.planned import Query

__all__ = ["BROKER", "Counting", "Query", "explained", "told"]
