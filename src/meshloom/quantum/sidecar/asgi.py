"""Pinot's doors behind the sidecar: the broker answers under policies, the controller only tells what one may know.

A bearer token says who asks; the header `X-Meshloom-Purpose`, or `SET purpose='…'`, for which purpose. Ports are
read-only: every write is refused and stands in the access log (data-mesh.md, B2).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from meshloom.engine.broker.app import routes as broker_routes
from meshloom.engine.broker.broker import failure
from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.app import routes as controller_routes
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.errors import InputError, MeshloomError, Refused, Unauthenticated
from meshloom.quantum.sidecar.decision import Action
from meshloom.quantum.sidecar.sidecar import Sidecar
from meshloom.spec.identity import Principal

PURPOSE = "X-Meshloom-Purpose"
OPEN = frozenset({"/health"})
REMEDY = "Send one, as a bearer or as the password of its user: `meshloom token USER` prints it"
REFUSED = 1000  # Pinot has no code for it; its own access control answers 403 outside the document
READABLE = ("/tables/{}", "/tables/{}/schema", "/schemas/{}")
# What the engine holds, but no value of a row: numbers, names and sizes. For those who govern or run the platform,
# because a table's number of rows is more than what a reader with a row filter may know.
RUNNERS = frozenset({"governance", "platform"})
STATE = (
    "/tables/{}/size", "/tables/{}/state", "/tables/{}/metadata", "/segments/{}", "/segments/{}/zkmetadata",
)  # fmt: skip
CLUSTER = ("/version", "/cluster/info", "/instances", "/instances/*", "/tenants", "/tenants/*", "/tenants/*/tables",
           "/tasks/tasktypes", "/tasks/*/taskstates", "/tasks/*/state")  # fmt: skip


def broker_door(sidecar: Sidecar) -> ASGIApp:
    """Pinot's broker API for one mesh."""
    return _Authenticated(broker_routes(_ask(sidecar)), sidecar)


def controller_door(sidecar: Sidecar, controller: Controller) -> ASGIApp:
    """Pinot's controller API for one mesh, read-only."""
    return _Authenticated(_ReadOnly(controller_routes(controller, _ask(sidecar)), sidecar), sidecar)


def _ask(sidecar: Sidecar) -> Callable[[str, dict[str, str], Request], dict[str, Any]]:
    def ask(sql: str, options: dict[str, str], request: Request) -> dict[str, Any]:
        principal: Principal = request.scope["meshloom.principal"]
        purpose = request.headers.get(PURPOSE, "")
        try:
            return sidecar.query(principal, purpose, sql, options=options, door="pinot").document
        except InputError as error:
            code = int(error.code.removeprefix("pinot-")) if error.code.startswith("pinot-") else QUERY_VALIDATION
            return failure(PinotError(code, error.what))
        except MeshloomError as error:
            return failure(PinotError(REFUSED, f"Refused: {error}"))

    return ask


class _Authenticated:
    """Lets nobody through but principals."""

    def __init__(self, app: ASGIApp, sidecar: Sidecar) -> None:
        self._app, self._sidecar = app, sidecar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            scope["meshloom.principal"] = self._principal(request.headers.get("authorization", ""))
        except Unauthenticated as error:
            response = JSONResponse({"code": 401, "error": str(error)}, 401, {"WWW-Authenticate": "Bearer"})
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _principal(self, authorization: str) -> Principal:
        """Whom a header proves. Clients that know only a user and a password give the token as the password."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._sidecar.authenticate(given.strip())
        if scheme.lower() != "basic":
            raise Unauthenticated("The request carries no bearer token", remedy=REMEDY)
        try:
            user, _, token = base64.b64decode(given.strip(), validate=True).decode().partition(":")
        except ValueError as error:
            raise Unauthenticated("The request's Basic authorization cannot be read", remedy=REMEDY) from error
        principal = self._sidecar.authenticate(token)
        if user != principal.name:
            raise Unauthenticated(f"The user is {user!r}, but the token is another's", remedy=REMEDY)
        return principal


class _ReadOnly:
    """Of the controller only what one may know: the tables that a policy lets one read, for some purpose."""

    def __init__(self, app: ASGIApp, sidecar: Sidecar) -> None:
        self._app, self._sidecar = app, sidecar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in (*OPEN, "/sql"):
            await self._app(scope, receive, send)
            return
        await self._answer(Request(scope, receive))(scope, receive, send)

    def _answer(self, request: Request) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        principal: Principal = request.scope["meshloom.principal"]
        if request.method not in ("GET", "HEAD"):
            return self._refuse(principal, request, 403, "output ports are read-only; apply the product instead")
        known = {port.table for product in self._sidecar.deployed.products() for port in product.ports}
        path, runs = request.url.path, bool(RUNNERS & principal.groups)
        if path == "/tables" and not (runs and request.query_params):
            return JSONResponse({"tables": sorted(known)})
        if runs and (path == "/tables" or any(fnmatchcase(path, shape) for shape in CLUSTER)):
            return self._app
        if path == "/schemas":
            return JSONResponse(sorted(known))
        parts = path.strip("/").split("/")
        name = raw_name(parts[1]) if len(parts) > 1 else ""
        if name in known and path in {shape.format(parts[1]) for shape in (*READABLE, *(STATE if runs else ()))}:
            return self._app
        return self._refuse(principal, request, 403 if name in known else 404, "this door tells tables and schemas")

    def _refuse(self, principal: Principal, request: Request, status: int, why: str) -> Response:
        refused = Refused(f"{request.method} {request.url.path} is refused", why=why)
        action = Action.WRITE if request.method not in ("GET", "HEAD") else Action.ACCESS
        self._sidecar.audit.write(
            {
                "principal": principal.name,
                "purpose": request.headers.get(PURPOSE, ""),
                "port": "",
                "action": action.value,
                "door": "pinot",
                "allowed": False,
                "statement": f"{request.method} {request.url.path}",
                "reasons": [str(refused)],
            }
        )
        body = json.dumps({"code": status, "error": str(refused)})
        return Response(body, status, media_type="application/json")
