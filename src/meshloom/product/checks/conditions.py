"""One rule on rows as one SQL condition that holds where a row breaks it (NULL counts as kept, as in SQL's CHECK).

Columns are read from the alias `t`: `"a"` in the contract's type, `"$a"` as it came when that is another type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from meshloom.product.checks.values import identifier, literal, misfit, text
from meshloom.product.sql.guard import guard_condition
from meshloom.spec.contract import Contract, Rule
from meshloom.spec.types import sql_type


@dataclass(frozen=True, slots=True)
class Scope:
    """What conditions are compiled against: the contract, and the types in which its columns arrive."""

    contract: Contract
    sources: Mapping[str, str]

    def stored(self, name: str) -> str:
        """The type in which a column is kept. Raises ValueError for a column that the contract does not have."""
        column = self.contract.column(name)
        if column is None:
            raise ValueError(f"the contract has no column {name!r}")
        return sql_type(column)

    def raw(self, name: str) -> str:
        """The column as it came."""
        return typed(name) if self.sources[name] == self.stored(name) else typed(f"${name}")


def typed(name: str) -> str:
    return f"t.{identifier(name)}"


def condition(rule: Rule, scope: Scope) -> str:
    """The condition of one row rule other than keys and references, which need joins; "" when no row can break it.

    Raises ValueError when the rule's arguments do not fit its column.
    """
    return _KINDS[rule.kind](rule, scope)


def _type(rule: Rule, scope: Scope) -> str:
    name = rule.columns[0]
    return misfit(scope.raw(name), scope.sources[name], scope.stored(name))


def _required(rule: Rule, scope: Scope) -> str:
    name = rule.columns[0]
    # of a value that is not of its type the type rule speaks
    missing = f"{scope.raw(name)} IS NULL"
    values = [value for value in rule.arguments.get("values", ()) if value is not None]
    return f"({missing} OR {_in(name, values, scope)})" if values else missing


def _enum(rule: Rule, scope: Scope) -> str:
    return f"NOT {_in(rule.columns[0], rule.arguments['values'], scope)}"


def _in(name: str, values: object, scope: Scope) -> str:
    stored = scope.stored(name)
    items = ", ".join(literal(value, stored) for value in values) if isinstance(values, list | tuple) else ""
    return f"({typed(name)} IN ({items}))"


def _range(rule: Rule, scope: Scope) -> str:
    name, stored = rule.columns[0], scope.stored(rule.columns[0])
    compare = {"minimum": "<", "maximum": ">", "exclusive_minimum": "<=", "exclusive_maximum": ">="}
    parts = [
        f"{typed(name)} {compare[key]} {literal(value, stored)}"
        for key, value in rule.arguments.items()
        if key in compare
    ]
    if "multiple_of" in rule.arguments:
        step = literal(rule.arguments["multiple_of"], stored)
        quotient = f"{typed(name)} / {step}"
        parts.append(f"abs({quotient} - round({quotient})) > 1e-9")
    return "(" + " OR ".join(parts) + ")"


def _length(rule: Rule, scope: Scope) -> str:
    compare = {"minimum": "<", "maximum": ">"}
    length = f"length({typed(rule.columns[0])})"
    return "(" + " OR ".join(f"{length} {compare[key]} {int(value)}" for key, value in rule.arguments.items()) + ")"


def _regex(rule: Rule, scope: Scope) -> str:
    """The pattern is found anywhere in the value, as in JSON Schema and ECMA-262; `^…$` binds it. Syntax: RE2."""
    return f"NOT regexp_matches({typed(rule.columns[0])}, {text(str(rule.arguments['pattern']))})"


def _sql(rule: Rule, scope: Scope) -> str:
    """A condition that must hold (`condition`) or must not (`broken`, from a count that must be 0)."""
    wanted = "condition" if "condition" in rule.arguments else "broken"
    names = [column.name for column in scope.contract.columns]
    guarded = guard_condition(str(rule.arguments[wanted]), names)
    if guarded.findings or guarded.tree is None:
        raise ValueError("; ".join(finding.what for finding in guarded.findings))
    tree = guarded.tree.copy()
    for column in tree.find_all(exp.Column):
        column.set("table", exp.to_identifier("t"))
    return f"(({tree.sql('duckdb', comments=False)}) IS {'FALSE' if wanted == 'condition' else 'TRUE'})"


_KINDS: Mapping[str, Callable[[Rule, Scope], str]] = {
    "type": _type,
    "required": _required,
    "enum": _enum,
    "range": _range,
    "length": _length,
    "regex": _regex,
    "sql": _sql,
}
