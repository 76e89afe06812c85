"""The marketplace: search by words and facets, with the reason of each hit's rank."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from meshloom.portal.rendering import FACETS
from meshloom.portal.visitor import of

PAGE = 20


def show(request: Request) -> Response:
    """The page, or its results alone when htmx asks for them. Raises Unauthenticated."""
    portal = of(request)
    portal.require(request)
    query = request.query_params
    chosen = {facet: values for facet in (*FACETS, "column") if (values := query.getlist(facet))}
    start = int(query["from"]) if query.get("from", "").isdigit() else 0
    found = portal.mesh.search(query.get("q", "").strip(), chosen, limit=PAGE, offset=start)
    shown = {"found": found, "chosen": chosen, "page": PAGE}
    part = request.headers.get("hx-target") == "results"
    return portal.page(request, "parts/results.html" if part else "market.html", shown)
