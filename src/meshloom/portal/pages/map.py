"""The mesh map: domains, their products, what feeds them and who reads whom."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from meshloom.portal.mesh_map import picture_of_mesh
from meshloom.portal.visitor import of


def show(request: Request) -> Response:
    """Raises Unauthenticated."""
    portal = of(request)
    portal.require(request)
    graph = portal.mesh.graph()
    labels = {node.id: node for node in graph.nodes}
    values = {
        "picture": picture_of_mesh(graph),
        "domains": [node for node in graph.nodes if node.kind == "domain"],
        "products": [node for node in graph.nodes if node.kind == "product"],
        "reads": [(labels[edge.source], labels[edge.target], edge.label) for edge in graph.edges],
    }
    return portal.page(request, "map.html", values)
