"""The portal as one ASGI application: routes, security headers, and a clear page for whatever goes wrong."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshloom.errors import InputError, MeshloomError, NotFound, Outcome, Problem, Unauthenticated
from meshloom.infra.pages import ASSETS
from meshloom.mesh.runtime import Mesh
from meshloom.portal.login import Exchange, Login, post_form
from meshloom.portal.pages import access, audit, cluster, console, map, market, policies, product, quality, start
from meshloom.portal.rendering import HERE, environment
from meshloom.portal.session import Seal
from meshloom.portal.visitor import Portal, of

STATUS = {
    Outcome.INPUT_WRONG: 400,
    Outcome.CALL_WRONG: 400,
    Outcome.REFUSED: 403,
    Outcome.BROKEN: 500,
}
TITLES = {
    400: "That does not work as asked",
    401: "Log in to go on",
    403: "Not for you, for this purpose",
    404: "There is nothing here",
    405: "That does not work as asked",
    500: "Something broke",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
log = logging.getLogger("meshloom.portal")


def build(mesh: Mesh, exchange: Exchange = post_form) -> ASGIApp:
    """The portal of an open mesh.

    Args:
        exchange: how the identity provider's token endpoint is asked.

    Raises Broken: the portal's secret in the mesh's home cannot be used.
    """
    app = Starlette(
        routes=[
            Route("/", start.show),
            Route("/market", market.show),
            Route("/products/{name}", product.show),
            Route("/products/{name}/sample", product.sample),
            Route("/products/{name}/chart", product.drawing),
            Route("/products/{name}/lineage", product.lineage),
            Route("/products/{domain}/{name}", product.in_domain),
            Route("/map", map.show),
            Route("/console", console.show),
            Route("/console/run", console.run, methods=["POST"]),
            Route("/quality", quality.overview),
            Route("/quality/{name}", quality.of_product),
            Route("/policies", policies.show),
            Route("/audit", audit.show),
            Route("/cluster", cluster.show),
            Route("/cluster/api/{path:path}", cluster.ask),
            Route("/login", access.log_in),
            Route("/login/callback", access.come_back),
            Route("/logout", access.log_out, methods=["POST"]),
            Route("/purpose", access.set_purpose, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
            Mount("/pages", StaticFiles(directory=ASSETS), name="pages"),
        ],
        middleware=[Middleware(Guarded)],
        exception_handlers={MeshloomError: _known, HTTPException: _http, Exception: _unknown},
    )
    app.state.portal = Portal(mesh, Seal.kept_in(mesh.home / "keys"), environment(), mesh.controller_door())
    app.state.login = Login(mesh, exchange)
    return app


class Guarded:
    """Adds the security headers; pages are of one visitor and are not kept, static files are kept for an hour."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                static = scope["path"].removeprefix(scope.get("root_path", "")).startswith(("/static/", "/pages/"))
                headers["Cache-Control"] = "max-age=3600" if static else "no-store"
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, MeshloomError)
    page = request.method == "GET" and not _part(request) and not request.url.path.endswith("/login/callback")
    if isinstance(error, Unauthenticated) and page:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': here})}", 303)
    if isinstance(error, NotFound):
        status = 404
    elif isinstance(error, Unauthenticated):
        status = 401
    else:
        status = STATUS[error.outcome]
    if status == 500:
        log.error("portal: %s", error, exc_info=error)
    return failure(request, error, status)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        told: MeshloomError = NotFound(f"There is no page {request.url.path}", remedy="Search the marketplace")
    else:
        told = InputError(Problem("http", str(error.detail)))
    return failure(request, told, error.status_code)


async def _unknown(request: Request, error: Exception) -> Response:
    told = MeshloomError(
        "The platform made a mistake", why="The server's log has the details", remedy="Try again, or tell the operator"
    )
    return failure(request, told, 500)


def failure(request: Request, error: MeshloomError, status: int) -> Response:
    """What went wrong, as a page, or as a part of the page that asked for a part."""
    problems = error.problems if isinstance(error, InputError) else ()
    values = {"error": error, "problems": problems, "status": status, "title": TITLES.get(status, TITLES[400])}
    return of(request).page(request, "parts/error.html" if _part(request) else "error.html", values, status)


def _part(request: Request) -> bool:
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
