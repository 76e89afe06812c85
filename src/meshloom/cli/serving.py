"""A platform in this process: the mesh opened, its applications behind their doors, run.json while it lasts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from socket import socket
from typing import Any

from meshloom.cli.place import Place
from meshloom.cli.running import Running
from meshloom.mesh.runtime import Mesh
from meshloom.portal import application as portal
from meshloom.server import application, oidc
from meshloom.server.doors import Address, Doors, bind
from meshloom.server.logs import written_to
from meshloom.server.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the platform, the controller and the broker listen. Port 0 takes any free one."""

    host: str
    port: int
    controller_port: int
    broker_port: int

    def bind(self) -> tuple[socket, ...]:
        """The listening sockets, in the order of the fields. Raises CallError: a port is busy; names its option."""
        doors = (
            Address("The platform", self.host, self.port, "--port"),
            Address("Pinot's controller API", self.host, self.controller_port, "--controller-port"),
            Address("Pinot's broker API", self.host, self.broker_port, "--broker-port"),
        )
        with ExitStack() as bound:
            sockets = tuple(bound.enter_context(bind(door)) for door in doors)
            bound.pop_all()
        return sockets


@dataclass(frozen=True, slots=True)
class Serving:
    """A platform that answers. `operator` is the operator's token; `running` is None behind a unix socket."""

    operator: str
    doors: Doors
    running: Running | None = None


@contextmanager
def private(place: Place, path: str) -> Iterator[Serving]:
    """The platform's APIs on a unix socket, for one command. Raises as `Mesh.open`."""
    with ExitStack() as stack:
        stack.enter_context(written_to(place.home / "logs" / "commands.jsonl"))
        mesh = Mesh.open(place.mesh, place.home, sample=place.sample)
        stack.callback(mesh.close)
        operator = secrets.token_urlsafe(32)
        app = application.build(mesh, operator=operator)
        doors = Doors([(app, bind(Address("The command's own server", path=path)))])
        stack.callback(doors.stop)
        doors.start()
        yield Serving(operator, doors)


@contextmanager
def public(place: Place, addresses: Addresses, *, log: str = "") -> Iterator[Serving]:
    """The whole platform: portal and APIs, controller and broker. `log` is "-" for standard error.

    Raises CallError (a busy port, another platform on this home), and as `Mesh.open`.
    """
    with ExitStack() as stack:
        sockets = addresses.bind()
        for listener in sockets:
            stack.callback(listener.close)
        stack.enter_context(written_to(None if log == "-" else place.home / "logs" / "server.jsonl"))
        url, controller, broker = (
            f"http://{_named(host)}:{port}" for host, port, *_ in map(socket.getsockname, sockets)
        )
        mesh = Mesh.open(place.mesh, place.home, sample=place.sample, url=url)
        stack.callback(mesh.close)
        operator = secrets.token_urlsafe(32)
        doors = Doors(list(zip(_applications(mesh, operator), sockets, strict=True)))
        stack.callback(doors.stop)
        doors.start()
        started = datetime.now(UTC).isoformat(timespec="seconds")
        running = Running(os.getpid(), url, controller, broker, operator, str(place.mesh), started)
        running.write(place.home)
        stack.callback(running.remove, place.home)
        yield Serving(operator, doors, running)


def _applications(mesh: Mesh, operator: str) -> tuple[Any, Any, Any]:
    telemetry = Telemetry()
    routers = [oidc.router()] if mesh.issuer is not None else []
    platform = application.build(mesh, portal.build(mesh), operator=operator, routers=routers, telemetry=telemetry)
    controller = telemetry.around(mesh.controller_door(), "controller")
    return platform, controller, telemetry.around(mesh.broker_door(), "broker")


def _named(host: str) -> str:
    """The host to write into a URL: one that listens everywhere is reached here, IPv6 stands in brackets."""
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
