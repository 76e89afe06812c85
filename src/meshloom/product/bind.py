"""SQL against the columns of its inputs, by DuckDB's own binder on empty, locked-down tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from meshloom.errors import InputError, Problem
from meshloom.infra.compute import ComputeError, Session, open_database
from meshloom.product.checks import compile_checks
from meshloom.product.checks.values import identifier, text
from meshloom.product.sql.guard import guard_query
from meshloom.spec.contract import Contract
from meshloom.spec.product import Transformation

Columns = Mapping[str, str]
_MEANT = re.compile(r'Candidate bindings: (.*)$|Did you mean "([^"]+)"', re.MULTILINE)


def check_sql(step: Transformation, inputs: Sequence[str]) -> tuple[Problem, ...]:
    """What the syntax tree of a step's SQL may not hold, with the place in its file."""
    guarded = guard_query(step.text, inputs)
    return tuple(
        Problem(finding.code, finding.what, finding.why, finding.remedy, step.path, finding.line or 1, finding.column)
        for finding in guarded.findings
    )


def produced_columns(step: Transformation, inputs: Mapping[str, Columns]) -> dict[str, str] | Problem:
    """Names and DuckDB types of what a checked step's SQL gives, or why DuckDB cannot run it."""
    with closing(open_database(None, threads=1)) as database, database.cursor() as session:
        _make_inputs(session, inputs)
        try:
            rows = session.execute(f"DESCRIBE ({guard_query(step.text, list(inputs)).sql})").rows()
        except ComputeError as error:
            return _cannot_bind(step, error)
    return {str(row[0]): str(row[1]) for row in rows}


def _make_inputs(session: Session, inputs: Mapping[str, Columns]) -> None:
    for name, columns in inputs.items():
        listed = ", ".join(f"{identifier(column)} {kind}" for column, kind in columns.items())
        session.execute(f"CREATE TABLE {identifier(name)} ({listed})")


def _cannot_bind(step: Transformation, error: ComputeError) -> Problem:
    """DuckDB's message with the line of the word that it complains about, as far as it says one."""
    message = " ".join(str(error).split()).split(" Candidate functions:")[0]
    what = message.split(": ", 1)[-1]
    meant = _MEANT.search(message)
    remedy = f"is {next(group for group in meant.groups() if group)} meant?" if meant else "mend the SQL"
    what = what[: what.index(meant[0])].strip() if meant and meant[0] in what else what
    words = re.findall(r'"([^"]+)"', message)
    line, column = _find(step.text, words)
    code = "unknown-column" if "not found" in what and "column" in what else "sql-bind"
    return Problem(code, f"the SQL cannot run: {what}", "", remedy, step.path, line, column)


def _find(sql: str, words: Sequence[str]) -> tuple[int, int]:
    for word in words:
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", sql, re.IGNORECASE)
        if found:
            before = sql[: found.start()]
            return before.count("\n") + 1, found.start() - before.rfind("\n")
    return 1, 1


def check_contract(
    contract: Contract, produced: Columns | None, references: Mapping[str, Columns]
) -> tuple[Problem, ...]:
    """Whether a contract's rules can be judged over what is produced (None: over its own columns).

    Compiles the checks and runs them over no rows, so that a missing column, a type that cannot become the contract's
    and a pattern or condition that DuckDB does not take are found.
    """
    sources = {name: identifier(f"in {name}") for name in references}
    # a reference to no input port is a problem of the mesh, which `spec.graph` reports
    known = tuple(rule for rule in contract.rules if rule.kind != "reference" or rule.arguments["port"] in references)
    contract = replace(contract, rules=known)
    try:
        checks = compile_checks(contract, '"out"', sources, produced)
    except InputError as error:
        return error.problems
    with closing(open_database(None, threads=1)) as database, database.cursor() as session:
        _make_inputs(session, {f"in {name}": columns for name, columns in references.items()})
        _make_inputs(session, {"out": dict(checks.scope.sources)})
        problems = _bad_patterns(contract, session)
        if problems:
            return problems
        try:
            session.execute(f"CREATE TEMP TABLE verdicts AS {checks.sql}")
            if checks.table_rules:
                session.execute(checks.table_sql("verdicts"))
        except ComputeError as error:
            message = " ".join(str(error).split())
            what, remedy = "the contract's rules cannot be judged", "compare its types and rules with what is produced"
            return (Problem("bad-rule", what, message, remedy, contract.path, 1, 1),)
    return ()


def _bad_patterns(contract: Contract, session: Session) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    for rule in (rule for rule in contract.rules if rule.kind == "regex"):
        try:
            session.execute(f"SELECT regexp_matches('', {text(str(rule.arguments['pattern']))})")
        except ComputeError as error:
            what = f"the rule {rule.name!r} has a pattern that cannot be read"
            why = f"the syntax is RE2's, without look-around and back-references: {error}"
            problems.append(Problem("bad-rule", what, why, "write it otherwise", contract.path, rule.line))
    return tuple(problems)
