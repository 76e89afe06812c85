"""Errors to HTTP, in one table. Endpoints only raise."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from meshloom.client.problems import document_of
from meshloom.errors import Broken, CallError, MeshloomError, NotFound, Outcome, Unauthenticated

LOG = logging.getLogger("meshloom.server")

STATUS: Mapping[Outcome, int] = {
    Outcome.INPUT_WRONG: 422,
    Outcome.CALL_WRONG: 400,
    Outcome.REFUSED: 403,
    Outcome.BROKEN: 500,
}
FINER: Mapping[type[MeshloomError], int] = {NotFound: 404, Unauthenticated: 401}
REMEDY = "get a token with `meshloom token USER` and send it as `Authorization: Bearer ...`"


def status_of(error: MeshloomError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in FINER.items() if isinstance(error, kind)), STATUS[error.outcome])


def answer(error: MeshloomError) -> JSONResponse:
    """The error as an answer: its document and status; a 401 says how to authenticate (RFC 9110, 11.6.1)."""
    status = status_of(error)
    headers = {"WWW-Authenticate": 'Bearer realm="meshloom"'} if status == 401 else None
    return JSONResponse(document_of(error), status, headers)


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MeshloomError)
    if error.outcome is Outcome.BROKEN:
        LOG.error("%s", error, exc_info=error)
    return answer(error)


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
    return answer(CallError("The request is malformed", why=wrong, remedy="See this plane's OpenAPI page"))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(NotFound(f"There is nothing at {request.url.path}", remedy="See /api for the planes' APIs"))
    wrong = CallError(str(error.detail), why=f"{request.method} {request.url.path}")
    return JSONResponse(document_of(wrong), error.status_code, getattr(error, "headers", None))


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    LOG.error("unexpected failure of %s %s", request.method, request.url.path, exc_info=error)
    return answer(Broken("Something broke", why=type(error).__name__, remedy="The server's log has the trace"))


def install(app: FastAPI) -> None:
    """Map every error of `app` by this table."""
    app.add_exception_handler(MeshloomError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)
