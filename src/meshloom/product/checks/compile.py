"""A contract compiled into one query that says, row by row, which rules are broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshloom.errors import InputError, Problem
from meshloom.product.checks.conditions import Scope, condition
from meshloom.product.checks.counts import count
from meshloom.product.checks.values import convert, identifier, is_nested, misfit, text
from meshloom.spec.contract import Contract, OnViolation, Rule
from meshloom.spec.shape import did_you_mean
from meshloom.spec.types import sql_type


@dataclass(frozen=True, slots=True)
class Checks:
    """The compiled rules of one port. All SQL is DuckDB's; see `compile_checks` for what `sql` gives."""

    contract: Contract
    sql: str
    row_rules: tuple[Rule, ...]
    table_rules: tuple[Rule, ...]
    scope: Scope

    def rejecting(self) -> tuple[str, ...]:
        """Names of the rules of which one broken row keeps everything from being published."""
        return tuple(rule.name for rule in self.row_rules if rule.on_violation is OnViolation.REJECT)

    def counts_sql(self, verdicts: str) -> str:
        """SELECT rule VARCHAR, rows BIGINT over a relation with the rows of `sql`; rules that no row breaks lack."""
        return (
            f"SELECT rule, count(*) AS rows FROM (SELECT unnest(_broken) AS rule FROM {verdicts})"
            " GROUP BY rule ORDER BY rows DESC, rule"
        )

    def table_sql(self, verdicts: str) -> str:
        """SELECT rule VARCHAR, measured DOUBLE, kept BOOLEAN, one row a table rule, over the rows not held back.

        `verdicts` is a relation that holds the rows of `sql`. "" when the contract has no such rule.
        """
        rows = f"WITH rows AS (SELECT * EXCLUDE (_broken, _held, _raw) FROM {verdicts} WHERE NOT _held) "
        parts = [f"SELECT * FROM ({count(rule, self.scope)})" for rule in self.table_rules]
        return rows + " UNION ALL ".join(parts) if parts else ""


def compile_checks(
    contract: Contract,
    relation: str,
    references: Mapping[str, str],
    source_types: Mapping[str, str] | None = None,
) -> Checks:
    """One query that gives each row of `relation` with the rules that it breaks.

    Args:
        contract: the port's contract.
        relation: a FROM item that is cheap to read twice: a table, a view over Parquet, a registered Arrow table.
        references: for each input port that a `reference` rule names, a FROM item with that port's current rows.
        source_types: name and DuckDB type of the relation's columns (`DESCRIBE`); None means: as in the contract.

    The query's columns: the contract's, in its order and types (a value that is not of its type is NULL); then
    `_broken` VARCHAR[] the names of the rules that the row breaks, in the contract's order, never NULL; `_held`
    BOOLEAN whether the row goes to quarantine; `_tags` VARCHAR the rules it is tagged with, comma separated, else NULL;
    `_raw` VARCHAR the row as it came, as JSON, when a value was not of its type, else NULL. No order is promised.

    Raises:
        InputError: the relation lacks a column of the contract, or a rule cannot be compiled.
    """
    problems: list[Problem] = []
    sources = _sources(contract, source_types, problems)
    scope = Scope(contract, sources)
    row_rules = tuple(rule for rule in contract.rules if rule.scope == "row")
    table_rules = tuple(rule for rule in contract.rules if rule.scope == "table")
    _try_table_rules(table_rules, scope, problems)
    joins: list[str] = []
    broken: list[tuple[Rule, str]] = []
    for rule in row_rules:
        try:
            found = _row_condition(rule, scope, relation, references, joins)
        except ValueError as error:
            problems.append(_unusable(rule, contract, str(error)))
            continue
        if found:
            broken.append((rule, found))
    if problems:
        raise InputError(*problems)
    return Checks(contract, _query(scope, relation, broken, joins), row_rules, table_rules, scope)


def _sources(contract: Contract, given: Mapping[str, str] | None, problems: list[Problem]) -> dict[str, str]:
    if given is None:
        return {column.name: sql_type(column) for column in contract.columns}
    by_name = {name.lower(): kind for name, kind in given.items()}
    sources: dict[str, str] = {}
    for column in contract.columns:
        kind = by_name.get(column.name.lower())
        if kind is None:
            what = f"the contract names the column {column.name!r}, which is not produced"
            why = f"there are {', '.join(given)}"
            remedy = did_you_mean(column.name, given)
            problems.append(Problem("missing-column", what, why, remedy, contract.path, column.line))
        elif is_nested(kind):
            what = f"the column {column.name!r} arrives as {kind}"
            problems.append(
                Problem("wrong-type", what, "nested values cannot be stored yet", "", contract.path, column.line)
            )
        sources[column.name] = kind or sql_type(column)
    return sources


def _try_table_rules(rules: tuple[Rule, ...], scope: Scope, problems: list[Problem]) -> None:
    for rule in rules:
        try:
            count(rule, scope)
        except ValueError as error:
            problems.append(_unusable(rule, scope.contract, str(error)))


def _unusable(rule: Rule, contract: Contract, why: str) -> Problem:
    what = f"the rule {rule.name!r} cannot be checked"
    return Problem("bad-rule", what, why, "docs/reference/contract-rules.md shows the forms", contract.path, rule.line)


def _row_condition(rule: Rule, scope: Scope, relation: str, references: Mapping[str, str], joins: list[str]) -> str:
    """The rule's condition; keys and references add the join that they need to `joins`."""
    if rule.kind in ("unique", "primary-key"):
        return _key_condition(rule, scope, relation, joins)
    if rule.kind == "reference":
        return _reference_condition(rule, references, joins)
    return condition(rule, scope)


def _typed_columns(rule: Rule, scope: Scope, alias: str) -> list[str]:
    return [convert(f"{alias}.{identifier(name)}", scope.sources[name], scope.stored(name)) for name in rule.columns]


def _key_condition(rule: Rule, scope: Scope, relation: str, joins: list[str]) -> str:
    """Every row of a key that stands twice is to blame: which of them is right cannot be known here."""
    alias = f"k{len(joins)}"
    values = _typed_columns(rule, scope, "s")
    keys = ", ".join(f"{value} AS c{number}" for number, value in enumerate(values))
    group = ", ".join(values)
    on = " AND ".join(f"{alias}.c{number} = t.{identifier(name)}" for number, name in enumerate(rule.columns))
    twice = f"SELECT {keys}, TRUE AS hit FROM {relation} AS s GROUP BY {group} HAVING count(*) > 1"
    joins.append(f"LEFT JOIN ({twice}) AS {alias} ON {on}")
    if rule.kind == "unique":
        return f"({alias}.hit IS TRUE)"
    missing = " OR ".join(f"t.{identifier(name)} IS NULL" for name in rule.columns)
    return f"({alias}.hit IS TRUE OR {missing})"


def _reference_condition(rule: Rule, references: Mapping[str, str], joins: list[str]) -> str:
    port = str(rule.arguments["port"])
    if port not in references:
        raise ValueError(f"the rows of the input port {port!r} are not at hand")
    alias = f"k{len(joins)}"
    targets: tuple[str, ...] = rule.arguments["columns"]
    keys = ", ".join(f"{identifier(name)} AS c{number}" for number, name in enumerate(targets))
    on = " AND ".join(f"{alias}.c{number} = t.{identifier(name)}" for number, name in enumerate(rule.columns))
    joins.append(f"LEFT JOIN (SELECT DISTINCT {keys}, TRUE AS hit FROM {references[port]}) AS {alias} ON {on}")
    present = " AND ".join(f"t.{identifier(name)} IS NOT NULL" for name in rule.columns)
    return f"({alias}.hit IS NULL AND {present})"


def _query(scope: Scope, relation: str, broken: list[tuple[Rule, str]], joins: list[str]) -> str:
    columns = [column.name for column in scope.contract.columns]
    names = ", ".join(identifier(name) for name in columns)
    selected = ", ".join(f"t.{identifier(name)}" for name in columns)
    # rules are joined by OR first, and named only for the few rows that break one
    any_broken = " OR ".join(part for _, part in broken) or "FALSE"
    named = ", ".join(f"CASE WHEN {part} THEN {text(rule.name)} END" for rule, part in broken)
    listed = f"list_filter([{named}], lambda x: x IS NOT NULL)" if named else "CAST([] AS VARCHAR[])"
    held = _names(broken, OnViolation.QUARANTINE)
    tags = _names(broken, OnViolation.TAG)
    is_held = f"list_has_any(_broken, {held})" if held else "FALSE"
    tagged = f"nullif(array_to_string(list_filter(_broken, lambda x: x IN {tags}), ','), '')" if tags else "NULL"
    return f"""SELECT {names}, _broken,
  CASE WHEN len(_broken) = 0 THEN FALSE ELSE {is_held} END AS _held,
  CASE WHEN len(_broken) = 0 THEN CAST(NULL AS VARCHAR) ELSE {tagged} END AS _tags,
  _raw
FROM (
  SELECT {selected},
    CASE WHEN {any_broken} THEN {listed} ELSE CAST([] AS VARCHAR[]) END AS _broken,
    {_as_came(scope)} AS _raw
  FROM ({_typed_rows(scope, relation)}) AS t
  {" ".join(joins)}
)"""


def _typed_rows(scope: Scope, relation: str) -> str:
    """The relation with each column in the contract's type, and as `$name` as it came where that differs."""
    items: list[str] = []
    for column in scope.contract.columns:
        raw, source, stored = f"s.{identifier(column.name)}", scope.sources[column.name], scope.stored(column.name)
        items.append(f"{convert(raw, source, stored)} AS {identifier(column.name)}")
        if source != stored:
            items.append(f"{raw} AS {identifier('$' + column.name)}")
    return f"SELECT {', '.join(items)} FROM {relation} AS s"


def _as_came(scope: Scope) -> str:
    """The row as JSON where a value of it was not of its type."""
    names = [column.name for column in scope.contract.columns]
    found = [misfit(scope.raw(name), scope.sources[name], scope.stored(name)) for name in names]
    unfit = " OR ".join(part for part in found if part)
    if not unfit:
        return "CAST(NULL AS VARCHAR)"
    row = ", ".join(f"{text(name)}: {scope.raw(name)}" for name in names)
    return f"CASE WHEN {unfit} THEN CAST(to_json({{{row}}}) AS VARCHAR) END"


def _names(broken: list[tuple[Rule, str]], wanted: OnViolation) -> str:
    names = [text(rule.name) for rule, _ in broken if rule.on_violation is wanted]
    return f"[{', '.join(names)}]" if names else ""
