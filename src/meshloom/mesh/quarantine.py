"""Reading quarantine: how many rows each rule held back, and the rows themselves under the sidecar's decision."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from meshloom.mesh.views import QuarantinedRow, QuarantinePage
from meshloom.product.platform import Platform
from meshloom.quantum import record
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.sidecar.sidecar import Sidecar
from meshloom.spec.identity import Principal
from meshloom.spec.product import Product

COUNTS_ONLY = "Counts only: the rows show to somebody with a purpose (--as USER --purpose P)"


def page(
    platform: Platform,
    sidecar: Sidecar,
    product: Product,
    principal: Principal | None,
    purpose: str,
    limit: int,
    offset: int,
) -> QuarantinePage:
    """What the newest run of each contract held back. Raises Refused when the policies refuse this principal."""
    held = {contract.id: _held(platform, product, contract.id) for contract in product.contracts}
    by_rule: Counter[str] = Counter()
    for document in held.values():
        by_rule.update(document.get("by_rule", {}))
    total = sum(int(document.get("rows", 0)) for document in held.values())
    rows: list[QuarantinedRow] = []
    columns: dict[str, None] = {}
    shown = COUNTS_ONLY
    if principal is not None:
        decisions = []
        for contract_id, document in held.items():
            port = _port(platform, product, contract_id)
            if port is not None and document.get("file"):
                found = sidecar.held_back(principal, purpose, port, Path(document["file"]))
                decisions.append(f"decision {found.decision.id}")
                for batch in found.batches:
                    rows += [_row(values) for values in batch.to_pylist()]
                columns |= dict.fromkeys(column.name for column in port.contract.columns)
        shown = "; ".join(decisions)
    return QuarantinePage(
        product=str(product.urn),
        total=total,
        by_rule=tuple(sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))),
        columns=tuple(columns),
        rows=tuple(rows[offset : offset + limit]),
        shown=shown,
        offset=offset,
        limit=limit,
    )


def _held(platform: Platform, product: Product, contract_id: str) -> dict[str, Any]:
    contract = product.contract(contract_id)
    assert contract is not None
    return platform.store.get("quarantine", record.name_of(product.urn, contract)) or {}


def _port(platform: Platform, product: Product, contract_id: str) -> DeployedPort | None:
    deployed = platform.deployed.product(product.urn)
    return next((port for port in deployed.ports if port.contract.id == contract_id), None) if deployed else None


def _row(values: dict[str, Any]) -> QuarantinedRow:
    rules = str(values.pop("_rules") or "")
    came = json.loads(values.pop("_raw", None) or "{}")
    for name, value in values.items():
        if value is None and came.get(name) is not None:
            values[name] = came[name]  # what is not of its column's type shows as it was read
    at = values.pop(record.PROCESSING, None)
    return QuarantinedRow(tuple(rules.split(",")) if rules else (), values, at)
