"""Operations in a table: each a method, a path, a handler. One function turns the table into an ASGI application."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import QueryParams, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from meshloom.engine.errors import RestError
from meshloom.errors import MeshloomError

Handler = Callable[["Call"], Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read whole. `files` are the parts of a form that came as files, `form` the other parts."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, BinaryIO] = field(default_factory=dict)

    @property
    def database(self) -> str:
        """The database of the request's header, "" for none."""
        return self.headers.get("database", "")

    def several(self, name: str) -> list[str]:
        """The values of a query parameter that may be given more than once, or as a list with commas."""
        given = self.query.getlist(name) if isinstance(self.query, QueryParams) else [self.query.get(name, "")]
        return [value for values in given for value in values.split(",") if value]

    def values(self, name: str) -> list[str]:
        """The values of a query parameter that may be given more than once."""
        return self.query.getlist(name) if isinstance(self.query, QueryParams) else [self.query[name]]

    def flag(self, name: str, default: bool = False) -> bool:
        return self.query.get(name, str(default)).lower() == "true"

    def required(self, name: str) -> str:
        """A query parameter. Raises RestError 400 when it is not there."""
        value = self.query.get(name)
        if not value:
            raise RestError(400, f"Missing required query parameter: {name}")
        return value

    def number(self, name: str, default: int) -> int:
        """A query parameter that is a whole number. Raises RestError 404 when it is something else, as JAX-RS does."""
        return whole(self.query.get(name), name, default)


def whole(value: str | None, name: str, default: int) -> int:
    """`value` as a number of 64 bits, `default` for none. Raises RestError 404."""
    try:
        found = int(value) if value else default
    except ValueError:
        found = None
    if found is None or not -(2**63) <= found < 2**63:
        raise RestError(404, f"HTTP 404 Not Found: query parameter {name} is a whole number, not {value}")
    return found


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than JSON and 200: text, another status, headers of its own. A content that is a path is a
    temporary file: it is sent and then removed."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of a role's interface; `parameters` are its query parameters, `body` says what it reads, `schema` how
    that looks as JSON Schema, `consumes` which media types it takes (all when empty). One with a `refusal` answers 501
    with it: Pinot has the operation, this engine not."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    parameters: tuple[str, ...] = ()
    body: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    refusal: str = ""
    consumes: tuple[str, ...] = ()


def refused(method: str, path: str, summary: str, tag: str, refusal: str) -> Operation:
    """An operation of Pinot's that this engine does not have, with the sentence that says why."""

    def refuse(call: Call) -> Any:
        raise RestError(501, refusal)

    return Operation(method, path, refuse, summary, tag, refusal=refusal)


def elsewhere(call: Call) -> Any:
    """The handler of an operation that is only described: one of the extra routes answers it, and `application` makes
    none that would call this."""
    raise AssertionError(f"an extra route answers this request, not {call.path}")


def text(content: str) -> Reply:
    return Reply(content, media_type="text/plain")


def application(
    title: str, operations: list[Operation], workers: ThreadPoolExecutor | None = None, extra: Sequence[BaseRoute] = ()
) -> Starlette:
    """The operations as an application, with OpenAPI at /swagger.json and a page for it at /help. The table stays
    readable as `state.operations`.

    Handlers run in threads: those of `workers`, which bounds how many run at a time, or Starlette's.
    """
    from meshloom.engine.http.openapi import document, page

    by_path: dict[str, dict[str, Operation]] = {}
    # What is spelled out stands before what is open.
    for operation in sorted(operations, key=lambda operation: operation.path.replace("{", "~")):
        if operation.handler is elsewhere:
            continue
        by_path.setdefault(operation.path, {})[operation.method] = operation
    routes: list[BaseRoute] = [_route(path, found, workers) for path, found in by_path.items()]
    described = document(title, operations)
    routes += [
        Route("/swagger.json", lambda request: JSONResponse(described), methods=["GET"]),
        Route("/help", lambda request: page(title), methods=["GET"]),
        *extra,
    ]
    made = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _http_error, MeshloomError: _known, Exception: _unknown},
    )
    made.state.operations = list(operations)
    return made


def _route(path: str, found: Mapping[str, Operation], workers: ThreadPoolExecutor | None) -> Route:
    """An address and the same with a slash behind it, as JAX-RS has them."""
    made = Route(path, _endpoint(found, workers), methods=list(found))
    made.path_regex = re.compile(made.path_regex.pattern.removesuffix("$") + "/?$")
    return made


def _endpoint(found: Mapping[str, Operation], workers: ThreadPoolExecutor | None) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        operation = found["GET" if request.method == "HEAD" and "HEAD" not in found else request.method]
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media and operation.consumes and media not in operation.consumes:
            return error(415, "HTTP 415 Unsupported Media Type")
        form: dict[str, str] = {}
        files: dict[str, BinaryIO] = {}
        body = b""
        if media == "multipart/form-data":
            async with request.form() as parts:
                for name, part in parts.multi_items():
                    if isinstance(part, UploadFile):
                        files[name] = part.file
                    else:
                        form[name] = str(part)
                return await _run(operation, _call(request, body, form, files), workers)
        body = await request.body()
        return await _run(operation, _call(request, body, form, files), workers)

    return endpoint


def _call(request: Request, body: bytes, form: dict[str, str], files: dict[str, BinaryIO]) -> Call:
    return Call(request.path_params, request.query_params, request.headers, body, form, files)


async def _run(operation: Operation, call: Call, workers: ThreadPoolExecutor | None) -> Response:
    handler = functools.partial(operation.handler, call)
    if workers is None:
        result = await anyio.to_thread.run_sync(handler)
    else:
        import asyncio

        result = await asyncio.get_running_loop().run_in_executor(workers, handler)
    return response(result)


def response(result: Any) -> Response:
    """A handler's result as HTTP."""
    reply = result if isinstance(result, Reply) else Reply(result)
    content = reply.content
    if isinstance(content, Path):
        length = {"content-length": str(content.stat().st_size)}
        chunks = _sent(content.open("rb"))
        content.unlink()  # open files stay readable, and nobody has to remember this one
        return StreamingResponse(chunks, reply.status, {**reply.headers, **length}, media_type=reply.media_type)
    if reply.media_type != "text/plain" and not isinstance(content, bytes):
        content = json.dumps(content, ensure_ascii=False, default=str)
    made = Response(content, reply.status, dict(reply.headers), media_type=None)
    made.headers["content-type"] = reply.media_type
    return made


def _sent(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(1 << 20), b"")


def error(status: int, message: str) -> Response:
    return response(Reply({"code": status, "error": message}, status))


async def _http_error(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)
    return error(failure.status_code, f"HTTP {failure.status_code} {failure.detail}")


async def _known(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, MeshloomError)
    return error(failure.status if isinstance(failure, RestError) else 500, failure.what)


async def _unknown(request: Request, failure: Exception) -> Response:
    """A fault of ours: the kind of it, but no path and no trace."""
    return error(500, f"Internal error: {type(failure).__name__}")
