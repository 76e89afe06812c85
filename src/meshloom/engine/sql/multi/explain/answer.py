"""The answer to EXPLAIN: the query, its plan, and the times of planning rules (empty: they are not measured here)."""

from __future__ import annotations

from meshloom.engine.errors import PinotError
from meshloom.engine.sql.compiled import Compiled, OutputColumn
from meshloom.engine.sql.multi.explain import forms
from meshloom.engine.sql.multi.explain.decorrelate import Untold, decorrelated
from meshloom.engine.sql.multi.explain.exchanges import exchanged
from meshloom.engine.sql.multi.explain.folding import Folding
from meshloom.engine.sql.multi.explain.optimize import optimized
from meshloom.engine.sql.multi.explain.queries import Queries
from meshloom.engine.sql.multi.explain.rel import Rel
from meshloom.engine.sql.multi.explain.scope import untold
from meshloom.engine.sql.multi.explain.stages import Stages
from meshloom.engine.sql.multi.explain.trim import trimmed
from meshloom.engine.sql.relation import Relations
from meshloom.engine.sql.statement import Statement
from meshloom.engine.sql.typed import literal_sql

COLUMNS = tuple(OutputColumn(name, "STRING") for name in ("SQL", "PLAN", "RULE_TIMINGS"))

UNTOLD = {"costs": "INCLUDING ALL ATTRIBUTES: costs are not estimated", "json": "a plan AS JSON"}


def planned(statement: Statement, relations: Relations) -> Rel:
    """The plan before it is spread over stages. Raises PinotError 700 for a query that no plan is told of."""
    rel = Queries(relations).query(statement.tree, top=True)
    try:
        rel = decorrelated(rel)
    except Untold as error:
        raise untold(statement.tree, str(error)) from error
    return optimized(trimmed(rel), Folding(relations).fold)


def explained(statement: Statement, relations: Relations) -> Compiled:
    """Raises PinotError 700 for a query that no plan is told of."""
    implementation = statement.explain == "implementation"
    if not implementation and statement.form in UNTOLD:
        raise untold(statement.tree, UNTOLD[statement.form])
    if not implementation and not statement.logical and statement.flag("explainAskingServers"):
        raise untold(statement.tree, "explainAskingServers=true; WITHOUT IMPLEMENTATION does not ask them")
    try:
        rel = exchanged(planned(statement, relations))
        told = Stages().told(rel) if implementation else forms.told(rel, statement.form)
    except PinotError:
        raise
    except Exception as error:  # the query itself runs: that its plan is not known is no failure of the server
        raise untold(statement.tree, type(error).__name__) from error
    values = ", ".join(literal_sql(part) for part in (statement.text, told, ""))
    return Compiled(f"SELECT * FROM (VALUES ({values})) AS plan", COLUMNS, (), relations.generation)
