"""Rules on the whole table: one SELECT each, giving the figure measured and whether it keeps the promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshloom.product.checks.conditions import Scope, condition
from meshloom.product.checks.values import identifier, text
from meshloom.product.sql.guard import guard_query
from meshloom.spec.contract import Contract, Rule

UNITS = {
    "s": "second", "sec": "second", "second": "second", "seconds": "second", "min": "minute", "minute": "minute",
    "minutes": "minute", "h": "hour", "hour": "hour", "hours": "hour", "d": "day", "day": "day", "days": "day",
    "w": "week", "week": "week", "weeks": "week", "m": "month", "month": "month", "months": "month",
    "y": "year", "yr": "year", "year": "year", "years": "year",
}  # fmt: skip


def count(rule: Rule, scope: Scope) -> str:
    """SELECT rule VARCHAR, measured DOUBLE, kept BOOLEAN over a table `rows` that holds what would be published.

    Raises ValueError when the rule cannot be understood.
    """
    if rule.kind == "freshness":
        return _freshness(rule)
    if rule.kind == "row-count":
        measured = "SELECT count(*) FROM rows"
    elif rule.kind == "sql":
        measured = guarded_measure(rule, scope.contract)
    else:
        measured = _broken_rows(rule, scope)
    return _judged(rule, measured)


def guarded_measure(rule: Rule, contract: Contract) -> str:
    """The owner's query with the port's rows under the schema's name. Raises ValueError when it is refused."""
    guarded = guard_query(str(rule.arguments["query"]), [contract.table], f"a rule reads {contract.table!r} only")
    if guarded.findings:
        raise ValueError("; ".join(finding.what for finding in guarded.findings))
    return f"WITH {identifier(contract.table)} AS (SELECT * FROM rows) SELECT * FROM ({guarded.sql})"


def _broken_rows(rule: Rule, scope: Scope) -> str:
    """How many rows break the rule, or what part of them in percent."""
    percent = rule.arguments["threshold"]["percent"]
    if rule.kind == "unique":
        key = ", ".join(identifier(name) for name in rule.columns)
        present = " AND ".join(f"{identifier(name)} IS NOT NULL" for name in rule.columns)
        broken = f"coalesce(sum(n) FILTER (n > 1 AND {present}), 0)"
        measured = f"100.0 * {broken} / nullif(sum(n), 0)" if percent else broken
        return f"SELECT {measured} FROM (SELECT {key}, count(*) AS n FROM rows GROUP BY {key})"
    as_stored = Scope(scope.contract, {name: scope.stored(name) for name in rule.columns})
    found = condition(rule, as_stored)
    broken = f"count(*) FILTER ({found})" if found else "0"
    return f"SELECT {f'100.0 * {broken} / nullif(count(*), 0)' if percent else broken} FROM rows AS t"


def _freshness(rule: Rule) -> str:
    """Age of the newest value in the promise's unit, at the moment of the check."""
    unit = UNITS.get(str(rule.arguments["unit"]).lower())
    if unit is None:
        raise ValueError(f"unknown unit of time {rule.arguments['unit']!r}")
    amount = float(str(rule.arguments["amount"]))
    newest = f"max(CAST({identifier(rule.columns[0])} AS TIMESTAMP))"
    age = f"epoch(CAST(get_current_timestamp() AS TIMESTAMP) - {newest})"
    limit = f"epoch(to_{unit}s(CAST(1 AS INTEGER)))"
    return (
        f"SELECT {text(rule.name)} AS rule, {age} / {limit} AS measured, {age} / {limit} <= {amount} AS kept FROM rows"
    )


def _judged(rule: Rule, measured: str) -> str:
    threshold: Mapping[str, Any] = rule.arguments["threshold"]
    value, operator = threshold["value"], threshold["operator"]
    if operator in ("between", "not between"):
        kept = f"m.v {operator.upper()} {float(value[0])!r} AND {float(value[1])!r}"
    else:
        kept = f"m.v {'<>' if operator == '!=' else operator} {float(value)!r}"
    figure = f"SELECT CAST(v AS DOUBLE) AS v FROM ({measured}) AS q(v)"
    return f"SELECT {text(rule.name)} AS rule, m.v AS measured, coalesce({kept}, FALSE) AS kept FROM ({figure}) AS m"
