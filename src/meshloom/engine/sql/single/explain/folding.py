"""Calls of constants as their values, before anything is planned (CompileTimeFunctionsInvoker)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from meshloom.engine.errors import PinotError
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.relation import Relation, Relations
from meshloom.engine.sql.scope import Scope
from meshloom.engine.sql.single.aggregations import AggregatingTranslator
from meshloom.engine.sql.single.explain.expression import Literal
from meshloom.engine.sql.single.explain.nodes import literal_node
from meshloom.infra.compute import ComputeError

COMPUTED = (exp.Binary, exp.Not, exp.Cast, exp.Case, exp.Anonymous, exp.Is, exp.Trim, exp.Extract)
CONSTANT = (exp.Literal, exp.Boolean, exp.Null)
KEPT = (bool, int, float, str)
NEVER = frozenset(("rand", "jsonmatch", "textmatch", "vectorsimilarity", "textcontains", "in", "regexplike"))


@dataclass(frozen=True, slots=True)
class Folder:
    relation: Relation
    relations: Relations

    def folded(self, node: exp.Expr) -> exp.Expr:
        """A copy with its constants computed; what cannot be computed stands as it is."""
        if not any(isinstance(one, COMPUTED) and self._constant(one) for one in node.walk()):
            return node
        found: exp.Expr = node.copy().transform(lambda one: self._value(one) or one)
        return found

    def _constant(self, node: exp.Expr) -> bool:
        if isinstance(node, exp.Connector | exp.Like | exp.Dot):
            return False
        if node.find(exp.Column, exp.Star, exp.Identifier, exp.Interval) is not None:
            return False
        calls = node.find_all(exp.Anonymous)
        return not any(
            find_aggregate(call.name) is not None or call.name.lower().replace("_", "") in NEVER for call in calls
        )

    def _value(self, node: exp.Expr) -> exp.Expr | None:
        if not isinstance(node, COMPUTED) or not self._constant(node):
            return None
        translator = AggregatingTranslator(Scope(self.relation, "", True, self.relations), nulls=True)
        try:
            ((value,),) = self.relations.ask(f"SELECT {translator.translate(node).sql}")
        except (PinotError, ComputeError):
            return None
        return literal_node(Literal(value)) if isinstance(value, KEPT) else None
