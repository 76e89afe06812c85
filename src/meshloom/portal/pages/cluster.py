"""The cluster page inside a mesh: what the engine holds, for governance and the platform's people, never its rows.

The page speaks Pinot's REST interface as everybody does; the portal hands its questions to the controller's door, with
the visitor's own token, so that the sidecar decides what is told. Rows are asked in the query console.
"""

from __future__ import annotations

import httpx
from starlette.requests import Request
from starlette.responses import Response

from meshloom.errors import Refused
from meshloom.portal.visitor import Portal, Visitor, of

INSIDE = "http://controller"


def show(request: Request) -> Response:
    """Raises Unauthenticated; Refused for visitors who neither govern nor run the platform."""
    portal = of(request)
    _required(portal, request)
    return portal.page(request, "cluster.html", {})


async def ask(request: Request) -> Response:
    """One question to the controller. Raises Unauthenticated, Refused."""
    portal = of(request)
    visitor = _required(portal, request)
    transport = httpx.ASGITransport(portal.controller)
    path = request.path_params["path"]
    async with httpx.AsyncClient(transport=transport, base_url=INSIDE) as client:
        answer = await client.get(
            f"/{path}",
            params=request.url.query,
            headers={"Authorization": f"Bearer {visitor.session.token}", "X-Meshloom-Purpose": visitor.purpose},
        )
    kind = answer.headers.get("content-type", "application/json")
    return Response(answer.content, answer.status_code, {"Content-Type": kind})


def _required(portal: Portal, request: Request) -> Visitor:
    visitor = portal.require(request)
    if not visitor.runs:
        raise Refused(
            f"{visitor.principal.name} may not see the cluster",
            why="It is for governance and the people who run the platform",
            remedy="Ask in the query console, or look at the marketplace",
        )
    return visitor
