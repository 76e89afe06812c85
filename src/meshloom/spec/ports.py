"""The ports of a product, as declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from meshloom.spec.contract import Contract
from meshloom.spec.urn import Urn


class PortKind(StrEnum):
    """How an output port serves its rows."""

    TABLE = "table"  # low-latency queries, Apache Pinot's SQL and API
    FILES = "files"  # Parquet
    HTTP = "http"  # JSON and Arrow


class SourceKind(StrEnum):
    """Where an input port reads (data-mesh.md, C1)."""

    FILE = "file"  # CSV, JSON lines or Parquet beside the manifest
    PACKAGE = "package"  # a data file shipped inside an installed Python package
    PRODUCT = "product"  # another product's output port


@dataclass(frozen=True, slots=True)
class InputPort:
    """What a transformation may read, under the name that its code uses.

    `source` holds, by kind: file {path, format, mode, options}; package {package, resource, sample, format, mode};
    product {urn}. `path` and `sample` are relative to the mesh's folder, `mode` is "snapshot" or "append".
    """

    name: str
    kind: SourceKind
    source: Mapping[str, Any]
    contract_id: str = ""
    version: str = ""
    line: int = 0

    @property
    def urn(self) -> Urn | None:
        """The upstream port, when the source is a product."""
        return Urn.parse(str(self.source["urn"])) if self.kind is SourceKind.PRODUCT else None


@dataclass(frozen=True, slots=True)
class OutputPort:
    """One way to read the product. All output ports that name one contract serve the same rows (B1)."""

    name: str
    kind: PortKind
    contract: Contract
    version: str
    description: str = ""
    line: int = 0
