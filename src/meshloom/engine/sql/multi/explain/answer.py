"""The answer to EXPLAIN: the query, its plan, and the times of planning rules (empty: there are no such rules here)."""

from __future__ import annotations

from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.multi.explain.planner import Planner
from meshloom.engine.sql.multi.explain.stages import Stages
from meshloom.engine.sql.relation import Relations
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.typed import literal_sql

COLUMNS = tuple(OutputColumn(name, "STRING") for name in ("SQL", "PLAN", "RULE_TIMINGS"))


def explained(statement: Statement, relations: Relations) -> Compiled:
    """Raises PinotError 700 for a query that no plan is told of."""
    plan = Planner(relations, statement.null_handling).query(statement.tree)
    told = Stages().told(plan) if statement.explain == "implementation" else plan.told()
    values = ", ".join(literal_sql(text) for text in (statement.text, told, ""))
    return Compiled(f"SELECT * FROM (VALUES ({values})) AS plan", COLUMNS, (), relations.generation)
