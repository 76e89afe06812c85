"""Pinot's broker over HTTP: `POST /query/sql` and what clients look for beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from meshloom.engine.broker.broker import Broker, failure
from meshloom.engine.errors import JSON_PARSING, PinotError
from meshloom.engine.sql.statement import parse_options

ERROR_CODE = "X-Pinot-Error-Code"
ERRORS_AS_STATUS = "Pinot-Use-Http-Status-For-Errors"
STATUS = {150: 400, 190: 404, 700: 400, 710: 400, 720: 400, 429: 429, 250: 408, 400: 408}

Ask = Callable[[str, dict[str, str], Request], dict[str, Any]]


def application(broker: Broker) -> Starlette:
    """The broker's door for everybody: the engine alone, without policies."""
    return routes(lambda sql, options, request: broker.query(sql, options))


def routes(ask: Ask) -> Starlette:
    """The door over any way to answer: `ask` gets the SQL, the options and the request, and gives the document."""

    async def query(request: Request) -> Response:
        return await answer(request, ask)

    async def multistage(request: Request) -> Response:
        return await answer(request, ask, {"useMultistageEngine": "true"})

    async def health(request: Request) -> Response:
        return PlainTextResponse("OK")

    return Starlette(
        routes=[
            Route("/query/sql", query, methods=["GET", "POST"]),
            Route("/query", multistage, methods=["GET", "POST"]),
            Route("/health", health),
        ]
    )


async def answer(request: Request, ask: Ask, more: dict[str, str] | None = None) -> Response:
    """One query request: the JSON body {"sql", "queryOptions", "trace"}, or the same in the URL."""
    try:
        sql, options = await asked(request)
        document = await run_in_threadpool(ask, sql, {**options, **(more or {})}, request)
    except PinotError as error:
        document = failure(error)
    exceptions = document.get("exceptions") or []
    code = int(exceptions[0]["errorCode"]) if exceptions else -1
    status = 200
    if code > 0 and request.headers.get(ERRORS_AS_STATUS, "").lower() == "true":
        status = STATUS.get(code, 500)
    body = json.dumps(document, ensure_ascii=False).encode()
    return Response(body, status, {ERROR_CODE: str(code)}, media_type="application/json")


async def asked(request: Request) -> tuple[str, dict[str, str]]:
    """The SQL and the options of a request. Raises PinotError 100 when it holds none."""
    if request.method == "GET":
        document: Any = dict(request.query_params)
    else:
        try:
            document = json.loads(await request.body())
        except ValueError as error:
            raise PinotError(JSON_PARSING, f"JsonParsingError: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("sql"), str):
        raise PinotError(JSON_PARSING, "JsonParsingError: Payload is missing the query string field 'sql'")
    return document["sql"], parse_options(str(document.get("queryOptions") or ""))
