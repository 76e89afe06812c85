"""The cluster page of an engine that runs alone: static files; the browser itself speaks Pinot's REST interface."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshloom.infra.pages import ASSETS

PLACE = "/meshloom"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def routes() -> list[BaseRoute]:
    """The page below `/meshloom/`, and `/` leading there; whatever else shall answer at `/` is routed before."""
    page = ASSETS / "cluster/index.html"
    return [
        Route("/", _there),
        Route(PLACE, _there),
        Route(f"{PLACE}/", lambda request: FileResponse(page, headers={"Content-Security-Policy": POLICY})),
        Mount(f"{PLACE}/pages", _Kept(StaticFiles(directory=ASSETS))),
    ]


def _there(request: Request) -> Response:
    return RedirectResponse(f"{PLACE}/")


class _Kept:
    """Lets browsers ask whether a file has changed, and not keep one from before an upgrade."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = "no-cache"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, sent)
