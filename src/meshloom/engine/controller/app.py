"""Pinot's controller over HTTP: the operations of `doors`, and queries. Shapes and texts as Pinot's."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from meshloom.engine.broker.app import Ask, answer, described
from meshloom.engine.broker.broker import Broker
from meshloom.engine.controller import console
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors import (
    brokers,
    changes,
    cluster,
    composed,
    instances,
    media,
    naming,
    periodic,
    placement,
    queries,
    quotas,
    realtime,
    replacing,
    schemas,
    segments,
    tables,
    tasks,
    tenants,
    uploads,
    zookeeper,
)
from meshloom.engine.controller.doors.insert import insert
from meshloom.engine.controller.doors.refused import REFUSED
from meshloom.engine.http import system
from meshloom.engine.http.operations import Operation
from meshloom.engine.http.operations import application as assembled

FAMILIES = (
    ("Cluster", cluster),
    ("Cluster", quotas),
    ("Cluster", zookeeper),
    ("Instance", instances),
    ("Tenant", tenants),
    ("Broker", brokers),
    ("Schema", schemas),
    ("Table", tables),
    ("Table", placement),
    ("Table", realtime),
    ("LogicalTable", composed),
    ("Segment", segments),
    ("Segment", changes),
    ("Segment", uploads),
    ("Segment", replacing),
    ("Task", tasks),
    ("Task", periodic),
)


def application(controller: Controller, broker: Broker, pages: Sequence[BaseRoute] = ()) -> Starlette:
    """The controller's door for everybody: the engine alone, without policies. It writes, too. `pages` stand before
    the cluster page's."""

    def ask(sql: str, options: dict[str, str], request: Request) -> dict[str, Any]:
        return asked(controller, broker, sql, options)

    more = [(method, path, functools.partial(handler, broker), summary, parameters)
            for method, path, handler, summary, parameters in queries.OPERATIONS]  # fmt: skip
    return routes(controller, ask, more, [*pages, *console.routes()])


def asked(controller: Controller, broker: Broker, sql: str, options: dict[str, str]) -> dict[str, Any]:
    """A query's answer, or an INSERT's."""
    inserted = insert(controller, sql)
    return broker.query(sql, options) if inserted is None else inserted


def routes(controller: Controller, ask: Ask, more: Any = (), pages: Sequence[BaseRoute] = ()) -> Starlette:
    """The door over one controller; `ask` answers `/sql`, `more` are further operations, `pages` are for people."""

    async def sql(request: Request) -> Response:
        answered = await answer(request, ask, door="controller")
        # Pinot's controller streams the broker's bytes under this type, without the broker's header.
        answered.headers["content-type"] = "application/octet-stream"
        del answered.headers["X-Pinot-Error-Code"]
        return answered

    listed = [
        Operation(method, path, functools.partial(handler, controller), summary, tag, parameters, _reads(method))
        for tag, family in (*FAMILIES, ("Query", _Family(more)))
        for method, path, handler, summary, parameters in family.OPERATIONS
    ]
    listed = [*(media.fed(naming.named(one)) for one in listed), *system.operations(), *REFUSED]
    listed += described("/sql", "Ask a broker, or INSERT INTO … FROM FILE")
    extra = [Route("/sql", sql, methods=["GET", "POST"]), *pages]
    return assembled("Pinot controller", listed, extra=extra)


class _Family:
    def __init__(self, operations: Any) -> None:
        self.OPERATIONS = operations


def _reads(method: str) -> str:
    return "application/json" if method in ("POST", "PUT") else ""
