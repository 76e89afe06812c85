"""One ASGI application: the planes' APIs, the data doors, URN resolution, health and metrics, and the portal."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp

from meshloom import __version__
from meshloom.errors import NotFound
from meshloom.mesh.runtime import Mesh
from meshloom.server import data, errors, openapi
from meshloom.server.caller import mesh_of
from meshloom.server.planes import infrastructure, mesh, product
from meshloom.server.telemetry import Telemetry
from meshloom.spec.urn import PREFIX, Urn

PLANES: tuple[tuple[str, ModuleType], ...] = (
    ("/api/mesh", mesh),
    ("/api/product", product),
    ("/api/infrastructure", infrastructure),
)
DISCOVERY = "/api/mesh/products/{urn}"
PAGE = "/products/{urn}"

own = APIRouter()


def build(
    open_mesh: Mesh,
    portal: ASGIApp | None = None,
    *,
    operator: str = "",
    routers: Iterable[APIRouter] = (),
    telemetry: Telemetry | None = None,
) -> ASGIApp:
    """The platform's application.

    Args:
        portal: what answers every path that is no API; without it `/` leads to the APIs' pages.
        operator: the bearer token of whoever started this platform; "" when there is no such person.
        routers: further routes, such as the development identity provider's `/oidc`.
    """
    telemetry = telemetry or Telemetry()
    app = openapi.api("Meshloom", "Rows of any port under the mesh's policies, and the platform's own state.")
    app.include_router(own)
    app.include_router(data.router)
    for router in routers:
        app.include_router(router)
    for path, plane in PLANES:
        sub = openapi.api(plane.TITLE, plane.ABOUT)
        sub.include_router(plane.router)
        _share(sub, open_mesh, operator, telemetry)
        app.mount(path, sub)
    app.router.routes.append(openapi.assets())
    _share(app, open_mesh, operator, telemetry)
    if portal is not None:
        app.router.routes.append(Mount("/", portal, name="portal"))
    else:
        app.add_api_route("/", lambda: RedirectResponse("/docs"), include_in_schema=False)
    return telemetry.around(app, "platform")


def _share(app: FastAPI, open_mesh: Mesh, operator: str, telemetry: Telemetry) -> None:
    app.state.mesh = open_mesh
    app.state.operator = operator
    app.state.telemetry = telemetry
    errors.install(app)


@own.get("/health")
def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok", "version": __version__}


@own.get("/ready")
def ready(request: Request) -> JSONResponse:
    """The mesh can be asked; 503 with the reasons when it cannot."""
    reasons = mesh_of(request).ready()
    return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


@own.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Prometheus's text format."""
    telemetry: Telemetry = request.app.state.telemetry
    return telemetry.exposition()


@own.get("/api")
def planes() -> dict[str, object]:
    """The planes' APIs and their pages."""
    return {
        "planes": [{"title": plane.TITLE, "about": plane.ABOUT, "docs": f"{path}/docs"} for path, plane in PLANES],
        "data": "/docs",
    }


@own.get("/urn:meshloom:{rest:path}")
def resolve(request: Request, rest: str) -> RedirectResponse:
    """A product's or port's global name leads to its discovery port: a page for a browser, JSON for a program (A4)."""
    try:
        urn = Urn.parse(PREFIX + rest).of_product
    except ValueError as error:
        raise NotFound(str(error)) from error
    known = mesh_of(request).spec
    if urn.mesh != known.name or known.product(str(urn)) is None:
        raise NotFound(
            f"There is no product {urn} in the mesh {known.name}", remedy="See `meshloom ls` for those that there are"
        )
    target = PAGE if "text/html" in request.headers.get("accept", "") else DISCOVERY
    return RedirectResponse(target.format(urn=urn), status_code=303)
