"""A data product as its owner declares it: one manifest (Bitol ODPS 1.1), its contracts and its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from meshloom.spec.contract import Contract
from meshloom.spec.identity import Persona
from meshloom.spec.policy import PolicyBundle
from meshloom.spec.ports import InputPort, OutputPort
from meshloom.spec.urn import Urn


class Archetype(StrEnum):
    """The book's three kinds of product (Data Mesh, chapter 2); values are those of ODPS 1.1."""

    SOURCE_ALIGNED = "sourceAligned"
    AGGREGATE = "aggregate"
    CONSUMER_ALIGNED = "consumerAligned"


class Language(StrEnum):
    """In which a transformation is written. IDENTITY: a source-aligned product that publishes what it reads."""

    IDENTITY = "identity"
    SQL = "sql"
    PYTHON = "python"


@dataclass(frozen=True, slots=True)
class Transformation:
    """One step of a product's code: SQL whose tables are input ports, or a Python function over Arrow tables.

    `output` is the contract id that it fills. `path` is relative to the mesh's folder, `text` the file's content.
    `function` names the Python function; it takes one `pyarrow.Table` for each name in its signature.
    """

    language: Language
    output: str
    path: str = ""
    text: str = ""
    function: str = "transform"
    lineage: Mapping[str, tuple[str, ...]] | None = None  # declared: column -> "port.column"; None: nothing declared


@dataclass(frozen=True, slots=True)
class Product:
    """One data product. `folder` is relative to the mesh's folder; `raw` is the manifest as written."""

    urn: Urn
    title: str
    archetype: Archetype
    owner: str  # a user or group name; never empty (A5)
    version: str
    status: str
    purpose: str
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    transformations: tuple[Transformation, ...]
    contracts: tuple[Contract, ...]
    description: str = ""
    limitations: str = ""
    usage: str = ""
    tags: tuple[str, ...] = ()
    local_policies: Mapping[str, Any] | None = None  # locality, confidentiality, privacy, retention (A2)
    folder: str = ""
    path: str = ""
    raw: Mapping[str, Any] | None = None
    line: int = 0

    @property
    def name(self) -> str:
        return self.urn.product

    def output(self, name: str) -> OutputPort | None:
        return next((port for port in self.outputs if port.name == name), None)

    def contract(self, contract_id: str) -> Contract | None:
        return next((contract for contract in self.contracts if contract.id == contract_id), None)


@dataclass(frozen=True, slots=True)
class Domain:
    """A business domain and the team that owns its products."""

    name: str
    title: str
    owner: str
    description: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class MeshSpec:
    """Everything that a mesh's folder declares. `root` is the folder's absolute path."""

    name: str
    title: str
    root: str
    domains: tuple[Domain, ...]
    products: tuple[Product, ...]  # upstream before downstream
    personas: tuple[Persona, ...]
    purposes: Mapping[str, str]  # name -> what it means
    policies: PolicyBundle
    policy_agent: str = ""  # the address of an Open Policy Agent; "": policies are evaluated in process
    identity: Mapping[str, Any] | None = None  # {issuer, audience, jwks_url}; None: the development provider

    def product(self, name: str) -> Product | None:
        """By product name or by the text of its URN."""
        return next((p for p in self.products if name in (p.name, str(p.urn), f"{p.urn.domain}/{p.name}")), None)
