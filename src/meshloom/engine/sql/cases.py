"""CASE of the single-stage engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.sql import casts
from meshloom.engine.sql.functions.numbers import selected
from meshloom.engine.sql.typed import NUMERIC, Typed

if TYPE_CHECKING:
    from meshloom.engine.sql.translate import Translator


def case(translator: Translator, node: exp.Case) -> Typed:
    """Of the type of its values: numbers widen, whatever else differs is text."""
    operand = node.this
    branches = []
    for branch in node.args["ifs"]:
        test = exp.EQ(this=operand.copy(), expression=branch.this.copy()) if operand else branch.this
        branches.append((translator.condition(test), translator.translate(branch.args["true"])))
    default = node.args.get("default")
    other = translator.translate(default) if default is not None else Typed("NULL", "UNKNOWN")
    known = [value for value in (*(value for _, value in branches), other) if value.sql != "NULL"]
    kinds = {value.type for value in known} or {"STRING"}
    type_ = kinds.pop() if len(kinds) == 1 else selected(known) if kinds <= set(NUMERIC) else "STRING"

    def taken(value: Typed) -> str:
        if value.sql == "NULL":  # as a literal of the type, where no null is told from a value (LiteralContext)
            return casts.PLACEHOLDERS.get(type_, "NULL") if translator.single and not translator.nulls else "NULL"
        return value.cast(type_).sql

    body = " ".join(f"WHEN {test.sql} THEN {taken(value)}" for test, value in branches)
    aggregate = any(test.aggregate or value.aggregate for test, value in branches) or other.aggregate
    return Typed(f"(CASE {body} ELSE {taken(other)} END)", type_, aggregate=aggregate)
