"""The start page: what is here, in real figures, and what to try in three steps."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from meshloom.portal.mesh_map import picture_of_mesh
from meshloom.portal.pages.product import tables
from meshloom.portal.questions import questions
from meshloom.portal.visitor import of

PEOPLE = 4


def show(request: Request) -> Response:
    """For everybody; figures of the mesh, no rows. What is in it, a stranger sees where anybody may be a persona."""
    portal = of(request)
    found = portal.mesh.search(limit=100)
    spec = portal.mesh.spec
    visitor = portal.visitor(request)
    others = [one for one in spec.personas if visitor is None or one.name != visitor.principal.name]
    shown = visitor is not None or spec.identity is None
    graph = portal.mesh.graph()
    values = {
        "hits": found.hits,
        "served": [hit for hit in found.hits if hit.deployed],
        "rows": sum(hit.rows or 0 for hit in found.hits),
        "columns": sum(len(contract.columns) for product in spec.products for contract in product.contracts),
        "links": sum(1 for edge in graph.edges if edge.kind == "reads"),
        "tests": len(spec.policies.tests),
        "others": others[:PEOPLE],
        "broken": portal.mesh.ready(),
        "picture": picture_of_mesh(graph) if shown else "",
        "questions": questions(tables(portal)) if shown else (),
    }
    return portal.page(request, "start.html", values)
