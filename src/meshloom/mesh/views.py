"""What the mesh experience plane answers: frozen values that the portal, the APIs and the command line all show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Hit:
    """One product of a search. `score` is higher for better; `reason` says in words why it stands where it stands."""

    urn: str
    name: str
    title: str
    domain: str
    owner: str
    archetype: str
    version: str
    status: str
    purpose: str
    tags: tuple[str, ...]
    port_kinds: tuple[str, ...]
    score: float = 0.0
    reason: str = ""
    matched_columns: tuple[str, ...] = ()
    deployed: bool = False
    rows: int | None = None
    published: datetime | None = None
    healthy: bool | None = None  # None: nothing measured yet


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of hits. `facets` count every value over all hits: {"domain": (("customer", 2), ...), ...}.

    Facets: domain, owner, archetype, port, tag, classification.
    """

    text: str
    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Measurement:
    """A promise beside what was measured. `holds` is None when there is no promise or nothing was measured."""

    name: str
    promised: str
    measured: str
    holds: bool | None
    at: datetime | None = None
    port: str = ""
    contract: str = ""


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """One column of a contract. `classification` is the one in force; `inherited_from` names upstream columns
    (`<port urn>#<column>`) when lineage raised it (data-mesh.md, I5)."""

    name: str
    type: str
    required: bool
    primary_key: bool
    description: str
    classification: str
    inherited_from: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    business_name: str = ""


@dataclass(frozen=True, slots=True)
class RuleDescription:
    """One rule of a contract and how many rows broke it at the last publish (None: not measured)."""

    name: str
    kind: str
    columns: tuple[str, ...]
    on_violation: str
    description: str
    broken: int | None = None


@dataclass(frozen=True, slots=True)
class ContractDescription:
    """A contract as consumers read it."""

    id: str
    version: str
    name: str
    description: str
    columns: tuple[ColumnDescription, ...]
    rules: tuple[RuleDescription, ...]
    service_levels: tuple[Measurement, ...]
    primary_key: tuple[str, ...]
    actual_time: str
    path: str
    semantics: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PortDescription:
    """One output port. `address` is a path below the platform's URL; `snippet` is Python that runs as it is, but
    for the token."""

    urn: str
    name: str
    kind: str
    version: str
    description: str
    contract: str  # the contract's id, see Description.contracts
    table: str  # the name to write in SQL
    address: str
    snippet: str


@dataclass(frozen=True, slots=True)
class Publish:
    """One publish of a contract's record. `processing_time` is what `--as-of` takes to read it again."""

    contract: str
    processing_time: datetime
    run: str
    version: str
    added: int
    corrected: int
    retracted: int
    quarantined: int
    rows: int  # rows that a reader without filters sees after it


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """One policy that decides about this product."""

    id: str
    title: str
    rationale: str
    scope: str
    mode: str
    owner: str
    version: str


@dataclass(frozen=True, slots=True)
class Link:
    """Another product, upstream (`port` is read by this one) or downstream."""

    urn: str
    title: str
    port: str


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that a product promises and what was measured of it (its discovery port)."""

    urn: str
    name: str
    title: str
    domain: str
    owner: str
    archetype: str
    version: str
    status: str
    deployed: bool
    purpose: str
    description: str
    limitations: str
    usage: str
    tags: tuple[str, ...]
    ports: tuple[PortDescription, ...]
    contracts: tuple[ContractDescription, ...]
    measurements: tuple[Measurement, ...]
    publishes: tuple[Publish, ...]  # newest first
    inputs: tuple[Link, ...]
    sources: tuple[str, ...]  # files and packages that it reads
    consumers: tuple[Link, ...]
    policies: tuple[PolicyInForce, ...]
    local_policies: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """Kinds: domain, product, port, column, source. `parent` is the id of the node that contains it."""

    id: str
    label: str
    kind: str
    parent: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """From upstream to downstream. Kinds: reads (product to product), derives (column to column), feeds
    (source to product)."""

    source: str
    target: str
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """A map of products or of columns; every edge's ends are among the nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the access log (data-mesh.md, H4)."""

    time: datetime
    principal: str
    purpose: str
    port: str
    action: str
    allowed: bool
    decision: str
    policy: str
    door: str = ""
    rows: int | None = None
    masked: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    statement: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that was held back, with the rules that it broke."""

    rules: tuple[str, ...]
    values: Mapping[str, Any]
    processing_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """What was held back from a product. `by_rule` counts rows over the whole quarantine, not the page.

    `shown` says under which decision the values stand here; values that the reader may not see are masked or left out.
    """

    product: str
    total: int
    by_rule: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[QuarantinedRow, ...]
    shown: str = ""
    offset: int = 0
    limit: int = 100
