"""Which classification is in force on each column: policy follows the data along its lineage (data-mesh.md, I5)."""

from __future__ import annotations

from collections.abc import Mapping

from meshloom.product.lineage import Lineage
from meshloom.quantum.deployed import Deployed
from meshloom.spec.product import Product

STRICTNESS = ("public", "internal", "confidential", "restricted")

ByColumn = Mapping[tuple[str, str], str]
Origins = Mapping[tuple[str, str], tuple[str, ...]]


def strictness(classification: str) -> int:
    """Unknown names count as the strictest: what is not understood is not shown."""
    return STRICTNESS.index(classification) if classification in STRICTNESS else len(STRICTNESS)


def classify(product: Product, lineage: Lineage, deployed: Deployed) -> tuple[ByColumn, Origins]:
    """By (contract id, column): the classification in force, and the upstream columns that raised it.

    A contract that says why (`meshloom.declassified`) may stay below its sources.
    """
    inputs = {port.name: port.urn for port in product.inputs if port.urn is not None}
    in_force: dict[tuple[str, str], str] = {}
    origins: dict[tuple[str, str], tuple[str, ...]] = {}
    for contract in product.contracts:
        for column in contract.columns:
            key = (contract.id, column.name)
            in_force[key] = column.classification
            if column.declassified:
                continue
            raised: list[tuple[int, str, str]] = []
            for source, name in lineage.get(key, ()):
                upstream = deployed.port(inputs[source]) if source in inputs else None
                if upstream is None:
                    continue
                for other, classification in upstream.classifications.items():
                    if name in (other, "*") and strictness(classification) > strictness(column.classification):
                        raised.append((strictness(classification), classification, f"{upstream.urn}#{other}"))
            if raised:
                in_force[key] = max(raised)[1]
                origins[key] = tuple(sorted({origin for _, _, origin in raised}))
    return in_force, origins
