"""Logging in and out, and saying for which purpose one reads."""

from __future__ import annotations

import secrets
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from meshloom.errors import CallError, Refused
from meshloom.portal import session
from meshloom.portal.login import Login, local
from meshloom.portal.session import Session
from meshloom.portal.visitor import of, text

MINUTES_10 = 600


def log_in(request: Request) -> Response:
    """Send the browser to the identity provider."""
    target, hint = request.query_params.get("next", "/"), request.query_params.get("as", "")
    url, kept = cast("Login", request.app.state.login).begin(request, target, hint)
    response = RedirectResponse(url, 303)
    session.put(request, response, session.LOGIN, of(request).seal.close(session.LOGIN, kept, MINUTES_10), MINUTES_10)
    return response


def come_back(request: Request) -> Response:
    """Take the identity provider's answer. Raises Refused, Unauthenticated, Broken."""
    portal = of(request)
    kept = portal.seal.open(session.LOGIN, request.cookies.get(session.LOGIN, ""))
    if kept is None:
        raise Refused(
            "This login was not begun in this browser",
            why="Its cookie is missing or older than ten minutes",
            remedy="Log in again",
            code="login-state",
        )
    token = cast("Login", request.app.state.login).finish(request, kept)
    principal = portal.mesh.sidecar.authenticate(token)
    persona = next((one for one in portal.mesh.spec.personas if one.name == principal.name), None)
    purpose = persona.purposes[0] if persona and persona.purposes else next(iter(portal.mesh.spec.purposes), "")
    response = RedirectResponse(local(kept["target"]), 303)
    session.write(request, response, portal.seal, Session(secrets.token_urlsafe(16), token, purpose))
    response.delete_cookie(session.LOGIN)
    return response


async def log_out(request: Request) -> Response:
    """Forget the session. The token itself ends when it expires."""
    of(request).require_form(request, await request.form())
    response = RedirectResponse("/", 303)
    response.delete_cookie(session.SESSION)
    return response


async def set_purpose(request: Request) -> Response:
    """Say for what one reads from now on. Raises CallError for a purpose that the mesh does not declare."""
    portal, form = of(request), await request.form()
    visitor = await run_in_threadpool(portal.require_form, request, form)
    purpose = text(form, "purpose")
    if purpose and purpose not in portal.mesh.spec.purposes:
        raise CallError(
            f"There is no purpose {purpose!r}",
            remedy=f"Declared: {', '.join(portal.mesh.spec.purposes)}",
            code="purpose",
        )
    response = RedirectResponse(local(text(form, "next")), 303)
    session.write(request, response, portal.seal, Session(visitor.session.id, visitor.session.token, purpose))
    return response
