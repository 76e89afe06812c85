"""A product's discovery port: what it promises, what was measured, how to read it, who answers for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from meshloom.mesh.graph import consumers, inputs, sources
from meshloom.mesh.measure import measurements
from meshloom.mesh.views import (
    AuditEntry,
    ColumnDescription,
    ContractDescription,
    Description,
    PolicyInForce,
    PortDescription,
    Publish,
    RuleDescription,
)
from meshloom.product.platform import Platform
from meshloom.quantum import record
from meshloom.quantum.deployed import DeployedPort, DeployedProduct, table_of
from meshloom.spec.contract import Contract
from meshloom.spec.policy import PolicyBundle
from meshloom.spec.ports import OutputPort, PortKind
from meshloom.spec.product import Product
from meshloom.spec.time import parse_instant

ROWS_OF_A_SAMPLE = 10


def describe(platform: Platform, product: Product, now: datetime) -> Description:
    """The whole description of a declared product, as far as it is deployed and measured at `now`."""
    spec = platform.spec
    deployed = platform.deployed.product(product.urn)
    runs = platform.store.journal("run", str(product.urn), limit=1)
    last = {one["contract"]: one for one in runs[0]["contracts"]} if runs else {}
    published = {contract.id: publishes(platform, product, contract) for contract in product.contracts}
    measured = [
        one
        for contract in product.contracts
        for one in measurements(contract, published[contract.id], last.get(contract.id), now)
    ]
    purposes = "|".join(spec.purposes)
    return Description(
        urn=str(product.urn),
        name=product.name,
        title=product.title,
        domain=product.urn.domain,
        owner=product.owner,
        archetype=product.archetype.value,
        version=product.version,
        status=product.status,
        deployed=deployed is not None,
        purpose=product.purpose,
        description=product.description,
        limitations=product.limitations,
        usage=product.usage,
        tags=product.tags,
        ports=tuple(_port(product, port, purposes) for port in product.outputs),
        contracts=tuple(
            _contract(contract, _deployed_port(deployed, contract), last.get(contract.id), measured)
            for contract in product.contracts
        ),
        measurements=tuple(measured),
        publishes=tuple(
            sorted((one for many in published.values() for one in many), key=lambda p: p.processing_time, reverse=True)
        ),
        inputs=inputs(spec, product),
        sources=tuple(sources(product)),
        consumers=consumers(spec, product),
        policies=policies_of(spec.policies, product),
        local_policies=product.local_policies or {},
    )


def publishes(platform: Platform, product: Product, contract: Contract) -> list[Publish]:
    """Every publish of a contract, newest first."""
    name = record.name_of(product.urn, contract)
    return [
        Publish(
            contract.id,
            one.processing_time,
            one.run,
            one.version,
            one.added,
            one.corrected,
            one.retracted,
            one.quarantined,
            one.rows,
        )
        for one in reversed(record.publishes(platform.lake, name))
    ]


def policies_of(bundle: PolicyBundle, product: Product | None = None) -> tuple[PolicyInForce, ...]:
    """The policies whose scope is the mesh, the product's domain or the product; all of them without a product."""
    scopes = {"global", f"domain:{product.urn.domain}", f"product:{product.name}"} if product else None
    return tuple(
        PolicyInForce(p.id, p.title, p.rationale, p.scope, p.mode, p.owner, p.version)
        for p in bundle.policies
        if scopes is None or p.scope in scopes
    )


def audit_entry(line: Mapping[str, Any]) -> AuditEntry:
    """One line of the access log."""
    return AuditEntry(
        time=parse_instant(str(line["time"])),
        principal=str(line["principal"]),
        purpose=str(line.get("purpose", "")),
        port=str(line.get("port", "")),
        action=str(line["action"]),
        allowed=bool(line["allowed"]),
        decision=str(line.get("decision", "")),
        policy=str(line.get("policy", "")),
        door=str(line.get("door", "")),
        rows=line.get("rows"),
        masked=tuple(line.get("masked", ())),
        filters=tuple(line.get("filters", ())),
        reasons=tuple(line.get("reasons", ())),
        statement=str(line.get("statement", "")),
        hash=str(line["hash"]),
    )


def snippet(product: Product, port: OutputPort, table: str, purposes: str) -> str:
    """Python that reads a port; it runs as it is where MESHLOOM_TOKEN, MESHLOOM_PURPOSE and, for a platform that is not
    at the usual address, MESHLOOM_URL are set."""
    ask = (
        f'port.query("SELECT * FROM {table} LIMIT {ROWS_OF_A_SAMPLE}")'
        if port.kind is PortKind.TABLE
        else "port.read()"
    )
    return (
        "import meshloom\n\n"
        "# export MESHLOOM_TOKEN=$(meshloom token USER)\n"
        f"# export MESHLOOM_PURPOSE={purposes}\n"
        "mesh = meshloom.connect()\n"
        f'port = mesh.product("{product.urn}").port("{port.name}")\n'
        f"result = {ask}\n"
        "print(result.arrow())\n"
        "print(result.decision)\n"
    )


def _port(product: Product, port: OutputPort, purposes: str) -> PortDescription:
    table = table_of(product, port.contract)
    return PortDescription(
        urn=str(product.urn.of_port(port.name)),
        name=port.name,
        kind=port.kind.value,
        version=port.version,
        description=port.description,
        contract=port.contract.id,
        table=table,
        address=f"/ports/{product.urn.domain}/{product.name}/{port.name}",
        snippet=snippet(product, port, table, purposes),
    )


def _deployed_port(deployed: DeployedProduct | None, contract: Contract) -> DeployedPort | None:
    return next((port for port in deployed.ports if port.contract.id == contract.id), None) if deployed else None


def _contract(
    contract: Contract, port: DeployedPort | None, run: Mapping[str, Any] | None, measured: Sequence[Any]
) -> ContractDescription:
    broken = run["by_rule"] if run else {}
    return ContractDescription(
        id=contract.id,
        version=contract.version,
        name=contract.name,
        description=contract.description,
        columns=tuple(
            ColumnDescription(
                name=column.name,
                type=column.physical or column.type,
                required=column.required,
                primary_key=column.primary_key,
                description=column.description,
                classification=port.classifications.get(column.name, column.classification)
                if port
                else column.classification,
                inherited_from=port.inherited.get(column.name, ()) if port else (),
                tags=column.tags,
                business_name=column.business_name,
            )
            for column in contract.columns
        ),
        rules=tuple(
            RuleDescription(
                rule.name,
                rule.kind,
                rule.columns,
                rule.on_violation.value,
                rule.description,
                int(broken.get(rule.name, 0)) if run and rule.scope == "row" else None,
            )
            for rule in contract.rules
        ),
        service_levels=tuple(one for one in measured if one.contract == contract.id and one.promised),
        primary_key=contract.primary_key,
        actual_time=contract.actual_time,
        path=contract.path,
        semantics=contract.semantics,
    )
