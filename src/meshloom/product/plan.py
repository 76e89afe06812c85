"""What applying would change, before it does: the declaration beside what is deployed, and the inputs beside what
was read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from meshloom.errors import InputError, NotFound
from meshloom.product.platform import Platform
from meshloom.quantum.deployed import DeployedProduct
from meshloom.quantum.ports.input import Source, resolve
from meshloom.quantum.stored import to_json
from meshloom.spec.ports import SourceKind
from meshloom.spec.product import Product


@dataclass(frozen=True, slots=True)
class Change:
    """One product that would change. `kind`: new, changed, inputs, upstream, drift, removed, blocked."""

    product: str
    kind: str
    what: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.product}: {self.kind}" + (f" ({'; '.join(self.what)})" if self.what else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order in which they would happen. The same state and declaration give the same digest (A3)."""

    changes: tuple[Change, ...]
    digest: str

    @property
    def empty(self) -> bool:
        return not self.changes


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def declaration(product: Product) -> dict[str, str]:
    """Digests of a product's parts: what a change is told by. Lines and places do not count."""
    return {
        "manifest": digest(to_json(product.raw)),
        "contracts": digest(sorted((contract.id, contract.digest) for contract in product.contracts)),
        "code": digest([(step.language, step.output, step.text, step.function) for step in product.transformations]),
    }


def inputs_digest(sources: Sequence[Source]) -> str:
    return digest(sorted((source.port.name, source.digest) for source in sources))


def chosen(platform: Platform, names: Sequence[str]) -> list[Product]:
    """The products named, upstream first; all when none is. Raises NotFound."""
    if not names:
        return list(platform.spec.products)
    found = []
    for name in names:
        product = platform.spec.product(name)
        if product is None:
            known = ", ".join(product.name for product in platform.spec.products) or "none"
            raise NotFound(f"there is no product {name!r} in this mesh", why=f"It declares {known}")
        found.append(product)
    return [product for product in platform.spec.products if product in found]


def plan(platform: Platform, names: Sequence[str] = ()) -> Plan:
    """What `apply` would do now. Reads inputs' digests, no rows; changes nothing. Raises NotFound."""
    changes: list[Change] = []
    for product in chosen(platform, names):
        change = _change(platform, product, {change.product for change in changes})
        if change is not None:
            changes.append(change)
    declared = {product.urn for product in platform.spec.products}
    if not names:
        changes += [
            Change(gone.urn.product, "removed", ("its tables stop serving, its record stays",))
            for gone in platform.deployed.products()
            if gone.urn not in declared
        ]
    detail = [(change, _detail(platform, change.product)) for change in changes]
    return Plan(tuple(changes), digest(to_json([list(pair) for pair in detail])))


def _detail(platform: Platform, name: str) -> dict[str, str]:
    product = platform.spec.product(name)
    return declaration(product) if product else {}


def _change(platform: Platform, product: Product, changing: set[str]) -> Change | None:
    before = platform.deployed.product(product.urn)
    waits = [
        port.urn.product
        for port in product.inputs
        if port.kind is SourceKind.PRODUCT and port.urn is not None and port.urn.product in changing
    ]
    if before is None:
        ports = ", ".join(f"{port.name} ({port.kind.value})" for port in product.outputs)
        return Change(product.name, "new", (f"version {product.version}", f"ports {ports}"))
    what = _declared(before, product)
    if what:
        return Change(product.name, "changed", tuple(what))
    if waits:
        return Change(product.name, "upstream", tuple(f"{name} changes" for name in waits))
    try:
        sources = [resolve(port, platform.root, platform.deployed, platform.lake) for port in product.inputs]
    except InputError as error:
        return Change(product.name, "blocked", tuple(problem.what for problem in error.problems))
    if inputs_digest(sources) != before.inputs:
        return Change(product.name, "inputs", ("what it reads has changed",))
    missing = [port.table for port in before.ports if not platform.container.serves(port)]
    if missing:
        return Change(product.name, "drift", (f"tables not served: {', '.join(dict.fromkeys(missing))}",))
    return None


def _declared(before: DeployedProduct, product: Product) -> list[str]:
    old, new = declaration(before.product), declaration(product)
    what = [f"{part} changed" for part in new if new[part] != old[part]]
    if before.product.version != product.version:
        what.insert(0, f"version {before.product.version} -> {product.version}")
    return what
