"""Building a product: read its inputs, run its code, judge the rows by its contracts, publish what changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meshloom.errors import InputError, Problem
from meshloom.infra.compute import Session, lock, open_reader
from meshloom.product.checks import compile_checks
from meshloom.product.platform import Platform
from meshloom.product.sql.guard import guard_query
from meshloom.quantum import record, snapshot
from meshloom.quantum.ports.input import Source, load
from meshloom.quantum.record import Published, quoted
from meshloom.quantum.snapshot import Verdicts
from meshloom.quantum.transform import transform
from meshloom.spec.contract import Contract
from meshloom.spec.product import Language, Product, Transformation

Tell = Callable[[str, str], None]  # step, text


@dataclass(frozen=True, slots=True)
class Built:
    """One contract's rows after a build. `published` is None when nothing had changed."""

    contract: Contract
    record: str
    verdicts: Verdicts
    published: Published | None
    rows: int
    seconds: Mapping[str, float] = field(default_factory=dict)


def build(platform: Platform, product: Product, sources: Sequence[Source], run: str, tell: Tell) -> tuple[Built, ...]:
    """Build every contract of a product. All are judged before the first is published.

    Raises InputError (the code, the data or a contract is wrong; nothing was published), Broken (the disk).
    """
    with open_reader() as session:
        tell("reading", ", ".join(source.port.name for source in sources))
        load(session, sources, _wanted(product, sources), platform.root)
        lock(session, *_reach(platform, product, sources))
        judged = [_judge(session, platform, product, step, sources, tell) for step in product.transformations]
        built = []
        for step, verdicts, seconds in judged:
            if len(judged) > 1:
                _restore(session, step)
            built.append(_publish(session, platform, product, step, verdicts, seconds, sources, run, tell))
    return tuple(built)


def _wanted(product: Product, sources: Sequence[Source]) -> dict[str, list[str]]:
    """A file that is published as it is must have the contract's columns."""
    wanted: dict[str, list[str]] = {}
    for step in product.transformations:
        contract = product.contract(step.output)
        if step.language is Language.IDENTITY and contract is not None and sources:
            wanted[sources[0].port.name] = [column.name for column in contract.columns]
    return wanted


def _reach(platform: Platform, product: Product, sources: Sequence[Source]) -> tuple[list[Path], list[Path]]:
    """The files that a build may read, and the folders into which it may write."""
    records = [record.name_of(product.urn, contract) for contract in product.contracts]
    folders = [platform.lake.folder(name) for name in records]
    folders += [platform.lake.folder(record.quarantine_of(name)) for name in records]
    return [path for source in sources for path in source.files], folders


def _judge(
    session: Session,
    platform: Platform,
    product: Product,
    step: Transformation,
    sources: Sequence[Source],
    tell: Tell,
) -> tuple[Transformation, Verdicts, dict[str, float]]:
    contract = product.contract(step.output)
    assert contract is not None
    names = [source.port.name for source in sources]
    began = time.perf_counter()
    tell("running", f"{step.language.value} for {contract.id}")
    produced = transform(session, step, names, _checked_sql(step, names))
    ran = time.perf_counter()
    tell("checking", f"{len(contract.rules)} rules of {contract.id}")
    checks = compile_checks(contract, snapshot.OUT, {name: quoted(name) for name in names}, produced)
    verdicts = snapshot.audit(session, checks)
    if len(product.transformations) > 1:
        session.execute(f"CREATE TEMP TABLE {_kept(step)} AS FROM {snapshot.VERDICTS}")
    return step, verdicts, {"transform": ran - began, "check": time.perf_counter() - ran}


def _checked_sql(step: Transformation, names: Sequence[str]) -> str:
    if step.language is not Language.SQL:
        return ""
    guarded = guard_query(step.text, names)
    if guarded.findings:
        raise InputError(
            *(
                Problem(found.code, found.what, found.why, found.remedy, step.path, found.line or 1, found.column)
                for found in guarded.findings
            )
        )
    return guarded.sql


def _kept(step: Transformation) -> str:
    return quoted(f"$verdicts of {step.output}")


def _restore(session: Session, step: Transformation) -> None:
    session.execute(f"CREATE OR REPLACE TEMP TABLE {snapshot.VERDICTS} AS FROM {_kept(step)}")


def _publish(
    session: Session,
    platform: Platform,
    product: Product,
    step: Transformation,
    verdicts: Verdicts,
    seconds: dict[str, float],
    sources: Sequence[Source],
    run: str,
    tell: Tell,
) -> Built:
    contract = product.contract(step.output)
    assert contract is not None
    name = record.name_of(product.urn, contract)
    began = time.perf_counter()
    tell("publishing", f"{verdicts.rows - verdicts.held:,} rows of {contract.id}")
    history = record.publishes(platform.lake, name)
    complete = all(source.complete for source in sources)
    published = snapshot.publish(session, platform.lake, name, contract, history, verdicts, run=run, complete=complete)
    at = published.processing_time if published else record.next_processing_time(history)
    held = snapshot.quarantine(session, platform.lake, name, contract, at, run)
    platform.store.put(
        "quarantine",
        name,
        {"run": run, "file": str(held) if held else "", "rows": verdicts.held, "by_rule": dict(verdicts.by_rule)},
    )
    seconds = {**seconds, "publish": time.perf_counter() - began}
    rows = published.rows if published else (history[-1].rows if history else 0)
    return Built(contract, name, verdicts, published, rows, seconds)
