"""Applying: declared products become running quanta, upstream first; one product's failure stays its own (A1)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from meshloom.errors import InputError, MeshloomError, Problem
from meshloom.infra.metadata import exclusive
from meshloom.product.build import Built, build
from meshloom.product.classify import classify
from meshloom.product.lineage import column_lineage
from meshloom.product.plan import chosen, declaration, digest, inputs_digest
from meshloom.product.platform import Platform
from meshloom.product.validate import check_product
from meshloom.quantum import record
from meshloom.quantum.deployed import DeployedProduct, ports_of
from meshloom.quantum.ports.input import Source, resolve
from meshloom.spec.product import Product
from meshloom.spec.time import format_instant


@dataclass(frozen=True, slots=True)
class Event:
    """One step of an apply, as it happens. Steps: planned, reading, running, checking, publishing, serving, done,
    unchanged, failed, removed."""

    product: str
    step: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How one product ended. `outcome`: done, unchanged, failed, removed."""

    product: str
    outcome: str
    run: str = ""
    contracts: tuple[dict[str, Any], ...] = ()
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended; `failed` names the products that did not get through."""

    results: tuple[Result, ...] = field(default=())

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(result.product for result in self.results if result.outcome == "failed")


Progress = Callable[[Event], None]
Register = Callable[[DeployedProduct, Result], None]


def apply(
    platform: Platform,
    names: Sequence[str] = (),
    progress: Progress = lambda event: None,
    register: Register = lambda product, result: None,
) -> Applied:
    """Make what is declared run. Applying twice changes nothing (A3, D3).

    Args:
        names: products; all when none is named, and then products that are no longer declared stop serving.
        progress: called at each step.
        register: called when a product has been applied, so that the mesh plane finds it (E1).

    A product that fails keeps its last good version serving. Raises NotFound, CallError (somebody else applies).
    """
    results: list[Result] = []
    with exclusive(platform.home / "lock", "applying", wait=2.0):
        for product in chosen(platform, names):
            results.append(_one(platform, product, progress, register))
        if not names:
            results += _removed(platform, progress)
    return Applied(tuple(results))


def _one(platform: Platform, product: Product, progress: Progress, register: Register) -> Result:
    began = time.perf_counter()

    def tell(step: str, text: str = "") -> None:
        progress(Event(product.name, step, text))

    try:
        result = _apply(platform, product, tell, register)
    except InputError as error:
        result = Result(product.name, "failed", problems=error.problems)
    except MeshloomError as error:
        problem = Problem(error.code, error.what, error.why, error.remedy, product.path)
        result = Result(product.name, "failed", problems=(problem,))
    if result.outcome == "failed":
        platform.store.append("failure", str(product.urn), {"problems": [str(p) for p in result.problems]})
        last = platform.deployed.product(product.urn)
        kept = f"version {last.product.version} of {last.at} goes on serving" if last else "it does not serve yet"
        tell("failed", f"{result.problems[0]} ({kept})")
    seconds = time.perf_counter() - began
    return Result(result.product, result.outcome, result.run, result.contracts, result.problems, seconds)


def _apply(platform: Platform, product: Product, tell: Callable[..., None], register: Register) -> Result:
    problems = check_product(product, platform.spec)
    if problems:
        raise InputError(*problems)
    _sweep(platform, product)
    sources = [resolve(port, platform.root, platform.deployed, platform.lake) for port in product.inputs]
    declared, read = digest(declaration(product)), inputs_digest(sources)
    before = platform.deployed.product(product.urn)
    if before is not None and (before.digest, before.inputs) == (declared, read):
        pushed = sum(platform.container.serve(port) for port in before.ports)
        tell("unchanged", "its tables were served again" if pushed else "")
        return Result(product.name, "unchanged", before.run)
    run = uuid.uuid4().hex
    built = build(platform, product, sources, run, tell)
    now = format_instant(datetime.now(UTC))
    deployed = DeployedProduct(product, ports_of(product, *_classified(platform, product)), declared, read, run, now)
    tell("serving", ", ".join(dict.fromkeys(port.table for port in deployed.ports)))
    for port in deployed.ports:
        platform.container.serve(port)
    if before is not None:
        for table in {port.table for port in before.ports} - {port.table for port in deployed.ports}:
            platform.container.withdraw(table)
    platform.deployed.put(deployed)
    result = Result(product.name, "done", run, tuple(_summary(one) for one in built))
    _remember(platform, deployed, result, sources)
    register(deployed, result)
    tell("done", "; ".join(_sentence(one) for one in built))
    return result


def _classified(platform: Platform, product: Product) -> tuple[Any, Any]:
    return classify(product, column_lineage(product, platform.spec), platform.deployed)


def _sweep(platform: Platform, product: Product) -> None:
    """Remove what a crash left between writing a file and committing it."""
    for contract in product.contracts:
        name = record.name_of(product.urn, contract)
        platform.lake.sweep(name)
        platform.lake.sweep(record.quarantine_of(name))


def _summary(built: Built) -> dict[str, Any]:
    published = built.published
    return {
        "contract": built.contract.id,
        "record": built.record,
        "rows_in": built.verdicts.rows,
        "quarantined": built.verdicts.held,
        "rows": built.rows,
        "added": published.added if published else 0,
        "corrected": published.corrected if published else 0,
        "retracted": published.retracted if published else 0,
        "processing_time": format_instant(published.processing_time) if published else "",
        "by_rule": dict(built.verdicts.by_rule),
        "table_rules": dict(built.verdicts.tables),
        "seconds": {name: round(value, 3) for name, value in built.seconds.items()},
    }


def _sentence(built: Built) -> str:
    published = built.published
    if published is None:
        return f"{built.contract.id}: no row changed"
    parts = [f"{published.added:,} new"]
    parts += [f"{count:,} {word}" for word in ("corrected", "retracted") if (count := getattr(published, word))]
    if built.verdicts.held:
        parts.append(f"{built.verdicts.held:,} in quarantine")
    return f"{built.contract.id}: {', '.join(parts)}"


def _remember(platform: Platform, deployed: DeployedProduct, result: Result, sources: Sequence[Source]) -> None:
    """The run's entry, from which lineage events and measurements are made."""
    platform.store.append(
        "run",
        str(deployed.urn),
        {
            "run": result.run,
            "product": str(deployed.urn),
            "version": deployed.product.version,
            "at": deployed.at,
            "inputs": {source.port.name: source.digest for source in sources},
            "contracts": list(result.contracts),
        },
    )


def _removed(platform: Platform, progress: Progress) -> list[Result]:
    declared = {product.urn for product in platform.spec.products}
    results = []
    for gone in platform.deployed.products():
        if gone.urn in declared:
            continue
        for table in {port.table for port in gone.ports}:
            platform.container.withdraw(table)
        platform.deployed.remove(gone.urn)
        progress(Event(gone.urn.product, "removed", "its tables stop serving, its record stays"))
        results.append(Result(gone.urn.product, "removed"))
    return results
