"""The mesh map: domains, their products, what feeds them, and who reads whom. Built from the products alone (F3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshloom.mesh.views import Edge, Graph, Link, Node
from meshloom.spec.ports import SourceKind
from meshloom.spec.product import MeshSpec, Product


def mesh_map(spec: MeshSpec, attributes: Mapping[str, Mapping[str, Any]]) -> Graph:
    """Domains contain products; an edge leads from what is read to the reader.

    `attributes` adds to a product's node by URN (rows, whether it is deployed and healthy).
    """
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    for domain in spec.domains:
        nodes[f"domain:{domain.name}"] = Node(
            f"domain:{domain.name}", domain.title, "domain", attributes={"owner": domain.owner}
        )
    for product in spec.products:
        about = {
            "archetype": product.archetype.value,
            "owner": product.owner,
            "version": product.version,
            "ports": [port.kind.value for port in product.outputs],
            "readers": len(consumers(spec, product)),
            **attributes.get(str(product.urn), {}),
        }
        urn = str(product.urn)
        nodes[urn] = Node(urn, product.title, "product", f"domain:{product.urn.domain}", about)
        for source in sources(product):
            nodes.setdefault(f"source:{source}", Node(f"source:{source}", source, "source"))
            edges.append(Edge(f"source:{source}", urn, "feeds"))
        edges += [
            Edge(str(upstream.of_product), urn, "reads", upstream.port)
            for upstream in (port.urn for port in product.inputs)
            if upstream is not None
        ]
    return Graph(tuple(nodes.values()), tuple(edge for edge in edges if edge.source in nodes))


def sources(product: Product) -> Iterator[str]:
    """The files and packages that a product reads, as text."""
    for port in product.inputs:
        if port.kind is SourceKind.FILE:
            yield str(port.source["path"])
        elif port.kind is SourceKind.PACKAGE:
            yield f"{port.source['package']}:{port.source['resource']}"


def inputs(spec: MeshSpec, product: Product) -> tuple[Link, ...]:
    """The ports of other products that a product reads."""
    return tuple(
        Link(str(urn.of_product), _title(spec, str(urn.of_product)), urn.port)
        for urn in (port.urn for port in product.inputs)
        if urn is not None
    )


def consumers(spec: MeshSpec, product: Product) -> tuple[Link, ...]:
    """The products that read a product: they said so as their input, nobody types it twice (C5)."""
    return tuple(
        Link(str(reader.urn), reader.title, urn.port)
        for reader in spec.products
        for urn in (port.urn for port in reader.inputs)
        if urn is not None and urn.of_product == product.urn
    )


def _title(spec: MeshSpec, urn: str) -> str:
    found = spec.product(urn)
    return found.title if found else urn
