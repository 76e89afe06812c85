"""Pinot's broker over HTTP: `POST /query/sql` and what clients look for beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from meshloom.engine.broker import debugging
from meshloom.engine.broker.broker import Broker, failure
from meshloom.engine.broker.cursors import ROWS, Cursors
from meshloom.engine.config.documents import parse_json
from meshloom.engine.errors import JSON_PARSING, SQL_PARSING, PinotError, RestError
from meshloom.engine.http import system
from meshloom.engine.http.operations import Call, Operation, Reply, elsewhere, text, whole
from meshloom.engine.http.operations import application as assembled
from meshloom.engine.sql.statement import parse_options

ERROR_CODE = "X-Pinot-Error-Code"
ERRORS_AS_STATUS = "Pinot-Use-Http-Status-For-Errors"
# QueryErrorCode.getHttpResponseStatus; 500 for others
STATUS = dict.fromkeys((100, 150, 155, 700, 710, 720), 400) | dict.fromkeys((190, 191, 230, 235), 404)
STATUS |= dict.fromkeys((240, 250, 400), 408) | dict.fromkeys((210, 211, 245, 305, 410, 420, 425, 427, 503, 510), 503)
STATUS |= {180: 403, 429: 429}
WORKERS = 4  # two a core of the machine measured; more only lengthen the tail (p99)

# What both engines read, for the description; the routes themselves need the whole request.
QUERY = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("sql", "queryOptions")} | {"trace": {"type": "boolean"}},
    "required": ["sql"],
}


def described(path: str, summary: str) -> list[Operation]:
    """A query's operations at `path`."""
    asked = ("sql", "queryOptions", "trace")
    return [
        Operation("POST", path, elsewhere, summary, "Query", body="application/json", schema=QUERY),
        Operation("GET", path, elsewhere, summary, "Query", asked),
    ]


Ask = Callable[[str, dict[str, str], Request], dict[str, Any]]
_workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="query")


def application(broker: Broker, ask: Ask | None = None, more: Sequence[Operation] = ()) -> Starlette:
    """The broker's door for everybody: the engine alone, without policies. `ask` answers more than queries, `more` are
    further operations."""
    return routes(ask or (lambda sql, options, request: broker.query(sql, options)), broker, more)


def routes(ask: Ask, broker: Broker | None = None, more: Sequence[Operation] = ()) -> Starlette:
    """The door over any way to answer: `ask` gets the SQL, the options and the request, and gives the document.

    `broker`, when given, adds what only a door without policies may tell: routing, cursors.
    """
    cursors = Cursors()

    async def query(request: Request) -> Response:
        return await answer(request, ask, cursors=cursors if broker is not None else None)

    async def multistage(request: Request) -> Response:
        forced = {"useMultistageEngine": "true"}
        return await answer(request, ask, forced, cursors=cursors if broker is not None else None)

    extra = [
        Route("/query/sql", query, methods=["GET", "POST"]),
        Route("/query", multistage, methods=["GET", "POST"]),
    ]
    return assembled("Pinot broker", [*_operations(broker, cursors), *more], extra=extra)


def _operations(broker: Broker | None, cursors: Cursors) -> list[Operation]:
    def cancel(call: Call) -> Any:
        name, kind = call.path["name"], "client query" if call.flag("client") else "query"
        call.number("timeoutMs", 0)
        if broker is None or not broker.running.cancel(name):
            return debugging.said(f"Query: {name} not found on the broker", 404)
        responses = " with responses from servers: {}" if call.flag("verbose") else ""
        return debugging.said(f"Cancelled {kind}: {name}{responses}")

    def under_way(call: Call) -> Any:
        return broker.running.list() if broker is not None else {}  # others' queries are not for everybody's eyes

    def boundary(call: Call) -> Any:
        name = debugging.name_of(call)
        if broker is None:  # how new the rows are is not for everybody to know
            raise RestError(404, f"Cannot find time boundary for table: {name}")
        return broker.time_boundary(name)

    listed = [
        *described("/query/sql", "Ask, of the engine that the options name"),
        *described("/query", "Ask the multi-stage engine"),
        Operation("GET", "/health", lambda call: text("OK"), "Whether the broker answers", "Health"),
        Operation("GET", "/queries", under_way, "Queries under way", "Query"),
        Operation(
            "DELETE",
            "/query/{name}",
            cancel,
            "Stop a query, by the broker's id",
            "Query",
            ("client", "timeoutMs", "verbose"),
        ),
        Operation("DELETE", "/clientQuery/{name}", cancel, "Stop a query, by its clientQueryId", "Query"),
        Operation("GET", "/debug/timeBoundary/{name}", boundary, "A hybrid table's boundary", "Routing"),
        *debugging.REFUSED,
    ]
    if broker is None:
        return listed
    return [
        *listed,
        *debugging.operations(broker),
        *system.operations(),
        *_kept(cursors),
    ]


def _kept(cursors: Cursors) -> list[Operation]:
    """What tells of kept answers, pages through them and forgets them."""

    def forget(call: Call) -> Any:
        if not cursors.forget(call.path["name"]):
            return _unknown(call)
        return debugging.said(f"Query Results for {call.path['name']} deleted.")

    def told(call: Call) -> Any:
        return cursors.told(call.path["name"]) if call.path["name"] in cursors else _unknown(call)

    def page(call: Call) -> Any:
        if call.path["name"] not in cursors:
            return _unknown(call)
        offset, size = call.number("offset", 0), call.number("numRows", ROWS)
        try:
            return cursors.page(call.path["name"], offset, size)
        except RestError as error:
            return debugging.said(error.what, error.status)

    return [
        Operation("GET", "/responseStore", lambda call: cursors.all(), "Kept answers", "Cursor"),
        Operation("GET", "/responseStore/{name}", told, "One", "Cursor"),
        Operation("DELETE", "/responseStore/{name}", forget, "Forget a kept answer", "Cursor"),
        Operation("GET", "/responseStore/{name}/results", page, "A page of rows", "Cursor", ("offset", "numRows")),
    ]


def _unknown(call: Call) -> Reply:
    return debugging.said(f"Query results for {call.path['name']} not found.", 404)


async def answer(
    request: Request,
    ask: Ask,
    more: dict[str, str] | None = None,
    *,
    cursors: Cursors | None = None,
    door: str = "broker",
) -> Response:
    """One query request: the JSON body {"sql", "queryOptions", "trace"}, or the same in the URL.

    A body without SQL is Pinot's HTTP 500 with plain text at the broker, code 100 at the controller.
    """
    try:
        sql, options = await asked(request)
    except PinotError as error:
        if door == "broker" and error.error_code == JSON_PARSING:
            return PlainTextResponse(error.what.removeprefix("JsonParsingError: "), 500, media_type="application/json")
        return _response(failure(error), request)
    if request.method == "GET" and door == "broker" and debugging.DML.match(sql):
        refusal = "SQLParsingError: Unsupported SQL type - DML, this API only supports DQL."
        return _response(failure(PinotError(SQL_PARSING, refusal)), request)
    paged = cursors is not None and request.query_params.get("getCursor", "").lower() == "true"
    size = (whole(request.query_params.get("numRows"), "numRows", 0) or ROWS) if paged else ROWS
    loop = asyncio.get_running_loop()
    try:
        document = await loop.run_in_executor(_workers, ask, sql, {**options, **(more or {})}, request)
    except PinotError as error:
        document = failure(error)
    if paged and cursors is not None and "resultTable" in document:
        document = cursors.begin(document, size)
    return _response(document, request)


def _response(document: dict[str, Any], request: Request) -> Response:
    exceptions = document.get("exceptions") or []
    code = int(exceptions[0]["errorCode"]) if exceptions else -1
    status = 200
    if code > 0 and request.headers.get(ERRORS_AS_STATUS, "").lower() == "true":
        status = STATUS.get(code, 500)
    body = json.dumps(document, ensure_ascii=False).encode()
    return Response(body, status, {ERROR_CODE: str(code)}, media_type="application/json")


async def asked(request: Request) -> tuple[str, dict[str, str]]:
    """The SQL and the options of a request. Raises PinotError 100 when it holds none, 150 for a GET without."""
    if request.method == "GET":
        document: Any = {"sql": ""} | dict(request.query_params)
    else:
        body = await request.body()
        try:
            document = json.loads(body) if body.strip() else {}
        except ValueError as error:
            raise PinotError(JSON_PARSING, f"JsonParsingError: {_jackson(body)}") from error
        except RecursionError as error:
            raise PinotError(JSON_PARSING, "JsonParsingError: the document is nested too deeply") from error
    if not isinstance(document, dict) or "sql" not in document:
        raise PinotError(JSON_PARSING, "JsonParsingError: Payload is missing the query string field 'sql'")
    sql = document["sql"]
    if not isinstance(sql, str):  # as Jackson makes text of it
        sql = "" if isinstance(sql, (dict, list)) else json.dumps(sql)
    options = parse_options(str(document.get("queryOptions") or ""))
    if database := request.headers.get("Database"):
        options.setdefault("database", database)
    return sql, options


def _jackson(body: bytes) -> str:
    """What Jackson says to a text that is no JSON."""
    try:
        parse_json(body)
    except RestError as error:
        return error.what
    return "the text is no JSON"
