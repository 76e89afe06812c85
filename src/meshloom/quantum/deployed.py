"""What is deployed: each product as it was when it was applied, and each of its ports as the sidecar knows it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from meshloom.infra.metadata import Store
from meshloom.quantum.record import name_of
from meshloom.quantum.stored import from_json, to_json
from meshloom.spec.contract import Contract
from meshloom.spec.ports import PortKind
from meshloom.spec.product import Product
from meshloom.spec.urn import Urn


@dataclass(frozen=True, slots=True)
class DeployedPort:
    """One output port that serves. `table` is its name in SQL, `record` its table in the lake.

    `classifications` are those in force by column: the contract's, or an upstream column's when that is stricter and
    the contract does not declassify it (data-mesh.md, I5). `inherited` says from which columns (`<port urn>#<column>`).
    """

    urn: Urn
    kind: PortKind
    table: str
    record: str
    contract: Contract
    version: str
    owner: str
    domain: str
    classifications: Mapping[str, str]
    inherited: Mapping[str, tuple[str, ...]]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeployedProduct:
    """One product that was applied. `digest` is of its declaration, `inputs` of what it read; `at` is ISO 8601."""

    product: Product
    ports: tuple[DeployedPort, ...]
    digest: str
    inputs: str
    run: str
    at: str

    @property
    def urn(self) -> Urn:
        return self.product.urn


def table_of(product: Product, contract: Contract) -> str:
    """The name of a contract's rows in SQL: the product's, or `<product>_<port>` for its further contracts."""
    name = product.name.replace("-", "_")
    first = next(port for port in product.outputs if port.contract.id == contract.id)
    return name if product.outputs[0].contract.id == contract.id else f"{name}_{first.name.replace('-', '_')}"


def ports_of(
    product: Product,
    classifications: Mapping[tuple[str, str], str],
    inherited: Mapping[tuple[str, str], tuple[str, ...]],
) -> tuple[DeployedPort, ...]:
    """The ports that a product will serve. The mappings are by (contract id, column)."""
    return tuple(
        DeployedPort(
            urn=product.urn.of_port(port.name),
            kind=port.kind,
            table=table_of(product, port.contract),
            record=name_of(product.urn, port.contract),
            contract=port.contract,
            version=port.version,
            owner=product.owner,
            domain=product.urn.domain,
            classifications={
                column.name: classifications.get((port.contract.id, column.name), column.classification)
                for column in port.contract.columns
            },
            inherited={
                column.name: found
                for column in port.contract.columns
                if (found := inherited.get((port.contract.id, column.name), ()))
            },
            tags=product.tags,
        )
        for port in product.outputs
    )


class Deployed:
    """The registry of deployed products, kept in the metadata store. Safe for threads; reads are cached."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._seen: tuple[tuple[int, int], int] = ((-1, -1), 0)
        self._tables: dict[str, tuple[DeployedPort, ...]] = {}
        self._cached: tuple[int, dict[Urn, DeployedProduct]] = (-1, {})

    @property
    def generation(self) -> int:
        """Grows with every change, also by another process."""
        version = self._store.version()
        seen, generation = self._seen
        if seen != version:
            generation = int(self._store.get("counter", "deployed") or 0)
            self._seen = (version, generation)
        return generation

    def _all(self) -> dict[Urn, DeployedProduct]:
        with self._lock:
            generation = self.generation
            if self._cached[0] != generation:
                found = [from_json(DeployedProduct, document) for document in self._store.all("deployed").values()]
                self._cached = (generation, {product.urn: product for product in found})
                self._tables = _by_table(sorted(found, key=lambda product: product.urn))
            return self._cached[1]

    def products(self) -> tuple[DeployedProduct, ...]:
        """Sorted by URN."""
        return tuple(product for _, product in sorted(self._all().items()))

    def product(self, urn: Urn) -> DeployedProduct | None:
        return self._all().get(urn.of_product)

    def port(self, urn: Urn) -> DeployedPort | None:
        found = self.product(urn)
        return next((port for port in found.ports if port.urn == urn), None) if found else None

    def by_table(self, name: str) -> tuple[DeployedPort, ...]:
        """The ports whose rows have this name in SQL, ignoring case and Pinot's type suffix."""
        self._all()
        return self._tables.get(name.lower().removesuffix("_offline").removesuffix("_realtime"), ())

    def put(self, product: DeployedProduct) -> None:
        """Add or replace a product."""
        with self._store.transaction():
            self._store.put("deployed", str(product.urn), to_json(replace(product)))
            self._store.count("deployed")

    def remove(self, urn: Urn) -> None:
        with self._store.transaction():
            self._store.remove("deployed", str(urn.of_product))
            self._store.count("deployed")


def _by_table(products: Iterable[DeployedProduct]) -> dict[str, tuple[DeployedPort, ...]]:
    found: dict[str, tuple[DeployedPort, ...]] = {}
    for port in (port for product in products for port in product.ports):
        found[port.table.lower()] = (*found.get(port.table.lower(), ()), port)
    return found
