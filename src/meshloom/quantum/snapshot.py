"""Write, audit, publish: rows are judged where nobody sees them, and only then become the port's newest version (D2).

Everything happens in one DuckDB session (`infra.compute.open_reader`, locked to the files in question) that holds the
transformation's result as the relation `"$out"`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from meshloom.errors import Broken, InputError, Problem
from meshloom.infra.compute import ComputeError, Session
from meshloom.infra.lake import Lake
from meshloom.quantum import record
from meshloom.quantum.record import Published, quoted, text
from meshloom.spec.contract import Contract, OnViolation, Rule

OUT, VERDICTS, CHANGE, CURRENT = '"$out"', '"$verdicts"', '"$change"', '"$current"'


class Audit(Protocol):
    """A contract compiled into SQL (`product.checks.Checks`)."""

    @property
    def contract(self) -> Contract: ...

    @property
    def sql(self) -> str:
        """Rows of the contract's columns, then `_broken`, `_held`, `_tags`, `_raw`."""

    @property
    def table_rules(self) -> tuple[Rule, ...]: ...

    def rejecting(self) -> tuple[str, ...]: ...

    def counts_sql(self, verdicts: str) -> str: ...

    def table_sql(self, verdicts: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the audit found. `by_rule` counts the rows that break a rule; `tables` holds each table rule's measure."""

    rows: int
    held: int
    by_rule: Mapping[str, int]
    tables: Mapping[str, float]


def audit(session: Session, checks: Audit) -> Verdicts:
    """Judge every row of `"$out"`; leaves them with their verdicts in `"$verdicts"`.

    Raises InputError when a rule that rejects is broken; then nothing may be published.
    """
    session.execute(f"CREATE OR REPLACE TEMP TABLE {VERDICTS} AS {checks.sql}")
    rows, held = session.execute(f"SELECT count(*), count(*) FILTER (WHERE _held) FROM {VERDICTS}").rows()[0]
    by_rule = {str(rule): int(count) for rule, count in session.execute(checks.counts_sql(VERDICTS)).rows()}
    contract = checks.contract
    problems = [
        _broken(contract, name, f"{by_rule[name]:,} rows break it") for name in checks.rejecting() if by_rule.get(name)
    ]
    tables: dict[str, float] = {}
    sql = checks.table_sql(VERDICTS)
    for name, measured, kept in session.execute(sql).rows() if sql else []:
        tables[str(name)] = float(measured or 0)
        rule = next(rule for rule in checks.table_rules if rule.name == name)
        if not kept and rule.on_violation is not OnViolation.TAG:
            problems.append(_broken(contract, str(name), f"measured {measured}"))
    if problems:
        raise InputError(*problems)
    return Verdicts(int(rows), int(held), by_rule, tables)


def _broken(contract: Contract, name: str, why: str) -> Problem:
    rule = next((rule for rule in contract.rules if rule.name == name), None)
    return Problem(
        "contract-broken",
        f"{contract.id}: the rule {name!r} does not hold",
        why,
        "Nothing was published, the last good version goes on serving; mend the data, or the rule",
        contract.path,
        rule.line if rule else 0,
    )


def publish(
    session: Session,
    lake: Lake,
    name: str,
    contract: Contract,
    history: Sequence[Published],
    verdicts: Verdicts,
    *,
    run: str,
    complete: bool,
) -> Published | None:
    """Append what changed to the record `name`; None when nothing did (D3).

    Args:
        session: holds `"$verdicts"`.
        history: the record's publishes so far.
        complete: whether the rows are all there is, so that a key that is gone was retracted.

    Raises:
        InputError: rows are gone, but without a primary key nothing can be retracted.
        Broken: the disk is full, or the lake cannot take the file; then nothing was published.
    """
    added, corrected, retracted = _change(session, contract, history, complete=complete)
    if not added + corrected + retracted and history:
        return None
    at = record.next_processing_time(history)
    before = history[-1].rows if history else 0
    path = lake.folder(name) / f"{run}.parquet"
    _write(session, _rows(contract, at), path, order=record.ACTUAL)
    published = Published(
        name, run, contract.version, at, added, corrected, retracted, verdicts.held, before + added - retracted, path
    )
    lake.append(name, [path], published.properties())
    return published


def _change(session: Session, contract: Contract, history: Sequence[Published], *, complete: bool) -> tuple[int, ...]:
    """Put the difference to what is visible into `"$change"`; counts of added, corrected and retracted rows."""
    columns = [quoted(column.name) for column in contract.columns]
    listed, good = ", ".join(columns), f"(SELECT * FROM {VERDICTS} WHERE NOT _held)"
    if not history:
        session.execute(
            f"CREATE OR REPLACE TEMP VIEW {CHANGE} AS"
            f" SELECT {listed}, _tags, false AS _retracted, false AS _corrects FROM {good}"
        )
    else:
        session.execute(f"CREATE OR REPLACE TEMP VIEW {CURRENT} AS {record.view_sql(contract, history)}")
        key = [quoted(column) for column in contract.primary_key]
        sql = _keyed(columns, key, good, complete) if key else _unkeyed(contract, session, listed, good, complete)
        session.execute(f"CREATE OR REPLACE TEMP TABLE {CHANGE} AS {sql}")
    counts = session.execute(
        f"SELECT count(*) FILTER (WHERE NOT _retracted AND NOT _corrects), count(*) FILTER (WHERE _corrects),"
        f" count(*) FILTER (WHERE _retracted) FROM {CHANGE}"
    ).rows()[0]
    return tuple(int(count) for count in counts)


def _keyed(columns: Sequence[str], key: Sequence[str], good: str, complete: bool) -> str:
    same = " AND ".join(f"n.{column} = c.{column}" for column in key)
    differs = " OR ".join(f"n.{column} IS DISTINCT FROM c.{column}" for column in columns if column not in key)
    new = ", ".join(f"n.{column}" for column in columns)
    sql = (
        f"SELECT {new}, n._tags, false AS _retracted, c.{key[0]} IS NOT NULL AS _corrects"
        f" FROM {good} n LEFT JOIN {CURRENT} c ON {same} WHERE c.{key[0]} IS NULL"
        + (f" OR {differs}" if differs else "")
    )
    if complete:
        old = ", ".join(f"c.{column}" for column in columns)
        sql += f" UNION ALL SELECT {old}, NULL, true, false FROM {CURRENT} c ANTI JOIN {VERDICTS} n ON {same}"
    return sql


def _unkeyed(contract: Contract, session: Session, listed: str, good: str, complete: bool) -> str:
    gone = f"SELECT count(*) FROM (SELECT {listed} FROM {CURRENT} EXCEPT ALL SELECT {listed} FROM {VERDICTS})"
    if complete and session.execute(gone).rows()[0][0]:
        raise InputError(
            Problem(
                "no-primary-key",
                f"{contract.id}: rows that were published are gone from the source",
                "without a primary key they cannot be retracted",
                "declare primaryKey in the contract, or bring the rows back",
                contract.path,
            )
        )
    return (
        f"SELECT {listed}, NULL::VARCHAR AS _tags, false AS _retracted, false AS _corrects FROM"
        f" (SELECT {listed} FROM {good} EXCEPT ALL SELECT {listed} FROM {CURRENT})"
    )


def _rows(contract: Contract, at: datetime) -> str:
    moment = f"make_timestamp({record.microseconds(at)})"
    actual = f"coalesce({quoted(contract.actual_time)}::TIMESTAMP, {moment})" if contract.actual_time else moment
    listed = ", ".join(quoted(column.name) for column in contract.columns)
    return (
        f"SELECT {listed}, {actual} AS {record.ACTUAL}, {moment} AS {record.PROCESSING},"
        f" _retracted AS {record.RETRACTED}, _tags AS {record.TAGS} FROM {CHANGE}"
    )


def _write(session: Session, rows: str, path: Path, order: str = "") -> None:
    """Write a Parquet file, whole or not at all; sorted, so that time filters skip row groups (engine.md)."""
    by = f" ORDER BY {order}" if order else ""
    try:
        session.execute(
            f"COPY ({rows}{by}) TO {text(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
        )
    except ComputeError as error:
        path.unlink(missing_ok=True)
        raise Broken(
            "The rows could not be written, nothing was published",
            why=str(error),
            remedy="Make room on the disk, then apply again",
            code="write-failed",
        ) from error


def quarantine(session: Session, lake: Lake, name: str, contract: Contract, at: datetime, run: str) -> Path | None:
    """Keep the rows that were held back, with the rules that they broke; None when there are none."""
    if not session.execute(f"SELECT 1 FROM {VERDICTS} WHERE _held LIMIT 1").rows():
        return None
    name = record.quarantine_of(name)
    path = lake.folder(name) / f"{run}.parquet"
    listed = ", ".join(quoted(column.name) for column in contract.columns)
    moment = f"make_timestamp({record.microseconds(at)})"
    rules = "array_to_string(_broken, ',') AS _rules"
    _write(
        session, f"SELECT {listed}, {rules}, _raw, {moment} AS {record.PROCESSING} FROM {VERDICTS} WHERE _held", path
    )
    lake.append(name, [path], {"run": run, "processing_time_us": str(record.microseconds(at))})
    return path
