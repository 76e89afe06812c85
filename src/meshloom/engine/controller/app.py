"""Pinot's controller over HTTP: schemas, tables, segments, files into tables. Shapes and texts as Pinot's."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from meshloom.engine.broker.app import Ask, answer
from meshloom.engine.broker.broker import Broker
from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError

Handler = Callable[[Controller, Request], Awaitable[Response]]


def application(controller: Controller, broker: Broker) -> Starlette:
    """The controller's door for everybody: the engine alone, without policies."""
    return routes(controller, lambda sql, options, request: broker.query(sql, options))


def routes(controller: Controller, ask: Ask) -> Starlette:
    """The door over one controller; `ask` answers `POST /sql`."""

    async def sql(request: Request) -> Response:
        return await answer(request, ask)

    table = [Route(path, _endpoint(controller, handler), methods=[method]) for method, path, handler in OPERATIONS]
    return Starlette(routes=[Route("/sql", sql, methods=["GET", "POST"]), *table])


def _endpoint(controller: Controller, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(controller, request)
        except RestError as error:
            return JSONResponse({"code": error.status, "error": error.what}, error.status)

    return endpoint


async def _document(request: Request, what: str) -> dict[str, Any]:
    """The JSON of a request, as body or as the one part of a form. Raises RestError 400."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        async with request.form() as form:
            part = next(iter(form.values()), "")
            body: Any = await part.read() if isinstance(part, UploadFile) else part
    else:
        body = await request.body()
    try:
        document = json.loads(body)
    except ValueError as error:
        text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
        raise RestError(400, f"Invalid {what} config json string: {text[:200]}. Reason: {error}") from error
    if not isinstance(document, dict):
        raise RestError(400, f"Invalid {what} config json string: it is no object")
    return document


def _status(text: str) -> JSONResponse:
    return JSONResponse({"unrecognizedProperties": {}, "status": text})


async def health(controller: Controller, request: Request) -> Response:
    return PlainTextResponse("OK")


async def schemas(controller: Controller, request: Request) -> Response:
    return JSONResponse(controller.schemas())


async def add_schema(controller: Controller, request: Request) -> Response:
    document = await _document(request, "schema")
    if not document.get("schemaName"):
        raise RestError(400, "Invalid schema. Reason: 'schemaName' should not be null or empty")
    try:
        await run_in_threadpool(controller.put_schema, document)
    except (KeyError, ValueError, TypeError) as error:
        raise RestError(400, f"Invalid schema. Reason: {error}") from error
    return _status(f"{document['schemaName']} successfully added")


async def schema(controller: Controller, request: Request) -> Response:
    return JSONResponse(controller.schema(raw_name(request.path_params["name"])))


async def drop_schema(controller: Controller, request: Request) -> Response:
    name = request.path_params["name"]
    await run_in_threadpool(controller.drop_schema, name)
    return JSONResponse({"status": f"Schema {name} deleted"})


async def tables(controller: Controller, request: Request) -> Response:
    return JSONResponse({"tables": sorted({raw_name(name) for name in controller.tables()})})


async def add_table(controller: Controller, request: Request) -> Response:
    document = await _document(request, "table")
    try:
        config = await run_in_threadpool(controller.put_table, document)
    except (KeyError, ValueError, TypeError) as error:
        raise RestError(400, f"Invalid table config. Reason: {error}") from error
    return _status(f"Table {config.name} successfully added")


async def table(controller: Controller, request: Request) -> Response:
    raw, kind = raw_name(request.path_params["name"]), request.query_params.get("type", "").upper()
    found = {
        name.rpartition("_")[2]: controller.table(name)
        for name in controller.tables()
        if raw_name(name) == raw and (not kind or name.endswith(f"_{kind}"))
    }
    return JSONResponse(found)


async def drop_table(controller: Controller, request: Request) -> Response:
    name, kind = request.path_params["name"], request.query_params.get("type", "")
    dropped = await run_in_threadpool(controller.drop_table, name, kind)
    return JSONResponse({"status": f"Tables: {dropped} deleted"})


async def size(controller: Controller, request: Request) -> Response:
    name = request.path_params["name"]
    segments = [s for physical in controller.tables() if raw_name(physical) == raw_name(name)
                for s in controller.segments(physical)]  # fmt: skip
    total = sum(Path(path).stat().st_size for segment in segments for path in segment.paths)
    return JSONResponse(
        {"tableName": raw_name(name), "reportedSizeInBytes": total or -1, "estimatedSizeInBytes": total or -1}
    )


async def metadata(controller: Controller, request: Request) -> Response:
    name = raw_name(request.path_params["name"])
    segments = [s for p in controller.tables() if raw_name(p) == name for s in controller.segments(p)]
    return JSONResponse(
        {
            "tableName": name,
            "diskSizeInBytes": sum(Path(path).stat().st_size for segment in segments for path in segment.paths),
            "numSegments": len(segments),
            "numRows": sum(segment.rows for segment in segments),
        }
    )


async def segments(controller: Controller, request: Request) -> Response:
    raw = raw_name(request.path_params["name"])
    found = [
        {name.rpartition("_")[2]: [segment.name for segment in controller.segments(name)]}
        for name in controller.tables()
        if raw_name(name) == raw
    ]
    return JSONResponse(found)


async def external_view(controller: Controller, request: Request) -> Response:
    raw = raw_name(request.path_params["name"])
    view: dict[str, Any] = {"OFFLINE": None, "REALTIME": None}
    for name in controller.tables():
        if raw_name(name) == raw:
            server = {"Server_127.0.0.1_8098": "ONLINE"}
            view[name.rpartition("_")[2]] = {segment.name: server for segment in controller.segments(name)}
    return JSONResponse(view)


async def reload(controller: Controller, request: Request) -> Response:
    name = request.path_params["name"]
    found = [physical for physical in controller.tables() if physical == name or raw_name(physical) == name]
    for physical in found:
        await run_in_threadpool(controller.reload, physical)
    return JSONResponse({"status": json.dumps({name: {"numMessagesSent": "1"} for name in found})})


async def ingest(controller: Controller, request: Request) -> Response:
    """POST /ingestFromFile: the file is the form's part, its format in `batchConfigMapStr`."""
    physical = request.query_params.get("tableNameWithType", "")
    try:
        options: Mapping[str, str] = json.loads(request.query_params.get("batchConfigMapStr") or "{}")
    except ValueError as error:
        raise RestError(400, f"batchConfigMapStr is no JSON: {error}") from error
    async with request.form() as form:
        part = next(iter(form.values()), b"")
        content = await part.read() if isinstance(part, UploadFile) else str(part).encode()
    with tempfile.NamedTemporaryFile(prefix="meshloom-", suffix=".upload") as file:
        file.write(content)
        file.flush()
        name = await run_in_threadpool(controller.ingest_file, physical, Path(file.name), options)
    return JSONResponse({"status": f"Successfully ingested file into table: {physical} as segment: {name}"})


OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/health", health),
    ("GET", "/schemas", schemas),
    ("POST", "/schemas", add_schema),
    ("GET", "/schemas/{name}", schema),
    ("DELETE", "/schemas/{name}", drop_schema),
    ("GET", "/tables", tables),
    ("POST", "/tables", add_table),
    ("GET", "/tables/{name}", table),
    ("DELETE", "/tables/{name}", drop_table),
    ("GET", "/tables/{name}/schema", schema),
    ("GET", "/tables/{name}/size", size),
    ("GET", "/tables/{name}/metadata", metadata),
    ("GET", "/tables/{name}/externalview", external_view),
    ("GET", "/segments/{name}", segments),
    ("POST", "/segments/{name}/reload", reload),
    ("POST", "/ingestFromFile", ingest),
)
