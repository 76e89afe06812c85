"""Requests counted and logged: Prometheus metrics and one JSON line a request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshloom.server.logs import about

LOG = logging.getLogger("meshloom.access")
PLANES = ("mesh", "product", "infrastructure")
AREAS = ("query", "ports", "oidc", "health", "ready", "metrics", "docs", "openapi.json")
URN = re.compile(r"urn:meshloom:[a-z0-9:-]+")


class Telemetry:
    """The metrics of one server; each has its own registry, so that two servers in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "meshloom_requests",
            "HTTP requests by door, area (the first parts of the path), method and status",
            ("door", "area", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "meshloom_request_seconds",
            "Time from a request's head to its answer's end, in seconds",
            ("door", "area"),
            buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
            registry=self.registry,
        )

    def exposition(self) -> Response:
        """Everything in Prometheus's text format."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def seen(self, door: str, area: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(door, area, method, str(status)).inc()
        self._seconds.labels(door, area).observe(seconds)

    def around(self, app: ASGIApp, door: str) -> ASGIApp:
        """The application, with every request counted, timed and logged under a request id."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            await self._one(app, door, scope, receive, send)

        return counted

    async def _one(self, app: ASGIApp, door: str, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 500
        request = uuid.uuid4().hex[:12]

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request.encode())]
            await send(message)

        path = scope["path"]
        with about(request=request, **subject(path)):
            try:
                await app(scope, receive, noting)
            finally:
                seconds = time.perf_counter() - began
                self.seen(door, area(path), scope["method"], status, seconds)
                fields: dict[str, Any] = {
                    "door": door,
                    "method": scope["method"],
                    "path": path,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 3),
                }
                LOG.info("%s %s %s", scope["method"], path, status, extra={"fields": fields})


def area(path: str) -> str:
    """The part of a path that metrics may be counted by: few values, whatever is asked for."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return "/"
    if parts[0].startswith("urn:"):
        return "/urn"
    if parts[0] == "api":
        return "/api/" + parts[1] if len(parts) > 1 and parts[1] in PLANES else "/api"
    return f"/{parts[0]}" if parts[0] in AREAS else "/other"


def subject(path: str) -> dict[str, str]:
    """The product and port that a path names, as the log's fields."""
    found = URN.search(path)
    if found is None:
        parts = path.split("/")
        return {"port": "/".join(parts[2:5])} if path.startswith("/ports/") and len(parts) >= 5 else {}
    parts = found[0].split(":")
    product = ":".join(parts[:5])
    return {"product": product, "port": found[0]} if len(parts) > 5 else {"product": product}
