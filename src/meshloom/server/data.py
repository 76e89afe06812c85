"""The doors to rows: POST /query and GET /ports/..., both through the sidecar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import pyarrow as pa
from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from meshloom.errors import CallError, NotFound, Refused
from meshloom.quantum.sidecar.decision import Decision
from meshloom.server.caller import Caller, Calling, mesh_of
from meshloom.server.formats import HEADER, MEDIA, chosen, stream
from meshloom.spec.time import parse_instant
from meshloom.spec.urn import Urn

router = APIRouter()


class Question(BaseModel):
    """`sql` is Apache Pinot's SQL; `asOf` a processing time (ISO 8601 or milliseconds since 1970), "" for now;
    `format` is json, arrow, csv or parquet, "" to go by the Accept header; `options` are Pinot's query options."""

    model_config = ConfigDict(populate_by_name=True)
    sql: str
    purpose: str = ""
    as_of: str = Field("", alias="asOf")
    format: str = ""
    options: dict[str, str] = {}


@router.post("/query")
def query(
    request: Request,
    caller: Calling,
    body: Question,
    accept: Annotated[str, Header()] = "",
    x_meshloom_purpose: Annotated[str, Header()] = "",
) -> Response:
    """Rows of a query under the mesh's policies, with the decision on every port that it reads."""
    kind = chosen(body.format, accept)
    answer = mesh_of(request).sidecar.query(
        _reader(caller).principal,
        body.purpose or x_meshloom_purpose,
        body.sql,
        as_of=instant(body.as_of),
        options=body.options,
    )
    table: pa.Table = answer.arrow()
    return _rows(table.schema, table.to_batches(), answer.decisions, kind)


@router.get("/ports/{domain}/{product}/{port}")
def read_port(
    request: Request,
    caller: Calling,
    domain: str,
    product: str,
    port: str,
    purpose: str = "",
    as_of: str = "",
    format: str = "",
    accept: Annotated[str, Header()] = "",
    x_meshloom_purpose: Annotated[str, Header()] = "",
) -> Response:
    """Every row of a port that the caller may see: JSON, CSV, Arrow or Parquet; as known at `as_of`."""
    mesh = mesh_of(request)
    urn = Urn(mesh.spec.name, domain, product, port)
    deployed = mesh.platform.deployed.port(urn)
    if deployed is None:
        raise NotFound(
            f"There is no port {urn}", why="It is not declared, or not applied yet", remedy="See `meshloom ls`"
        )
    kind = chosen(format, accept) if format or accept not in ("", "*/*") else _natural(str(deployed.kind))
    scan = mesh.sidecar.scan(_reader(caller).principal, purpose or x_meshloom_purpose, deployed, as_of=instant(as_of))
    return _rows(scan.schema, scan.batches, (scan.decision,), kind)


def instant(text: str) -> datetime | None:
    """A processing time as written by a caller; None for "". Raises CallError."""
    try:
        return parse_instant(text) if text else None
    except ValueError as error:
        raise CallError(str(error), code="as-of") from error


def _natural(kind: str) -> str:
    return "parquet" if kind == "files" else "json"


def _reader(caller: Caller) -> Caller:
    """Raises Refused for the operator: rows are read as somebody, for a purpose."""
    if caller.operator:
        raise Refused(
            "The operator reads no rows",
            why="A row is read by somebody for a purpose, so that a policy can decide",
            remedy="Say who asks: `--as USER`, or send a token of `meshloom token USER`",
            code="operator",
        )
    return caller


def _rows(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], decisions: Sequence[Decision], kind: str
) -> StreamingResponse:
    headers = {HEADER: ",".join(decision.id for decision in decisions)}
    return StreamingResponse(stream(schema, batches, decisions, kind), media_type=MEDIA[kind], headers=headers)
