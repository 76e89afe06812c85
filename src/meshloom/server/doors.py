"""The doors of one process: several ASGI applications, each at its own address, on one event loop in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from meshloom.errors import Broken, CallError


@dataclass(frozen=True, slots=True)
class Address:
    """Where a door listens: TCP `host` and `port` (0: any free one), or a unix socket at `path`.

    `option` is the command-line option that changes the port; an error names it.
    """

    name: str
    host: str = "127.0.0.1"
    port: int = 0
    option: str = "--port"
    path: str = ""


def bind(address: Address) -> socket.socket:
    """A listening socket. Raises CallError: the port is busy or not allowed, the host is not this machine."""
    if address.path:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(address.path)
        Path(address.path).chmod(0o600)
        return listener
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it; asyncio sets it itself only for sockets that it made, and without it an answer in two
    # parts waits 40 ms for the other side's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((address.host, address.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise CallError(
            f"{address.name} cannot listen on {address.host}:{address.port}",
            why=(error.strerror or str(error)).lower(),
            remedy=f"Choose another one with {address.option}, or stop what listens there",
            code="port-busy",
        ) from error
    return listener


class _Door(uvicorn.Server):
    """A server that leaves signals to the process: `Doors.stop` ends it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Doors:
    """Serve applications until `stop`. Sockets are bound in the constructor's caller, so that a busy port is told
    before anything expensive begins."""

    def __init__(self, doors: list[tuple[Any, socket.socket]]) -> None:
        self._doors = [(_Door(_config(app)), listener) for app, listener in doors]
        self._thread = threading.Thread(target=self._run, name="meshloom-doors", daemon=True)
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, timeout: float = 30.0) -> None:
        """Return when every door answers; `timeout` is in seconds. Raises Broken when one does not."""
        self._thread.start()
        waited = 0.0
        while not all(server.started for server, _ in self._doors):
            if not self._thread.is_alive() or waited > timeout:
                cause = self._cause(timeout)
                self.stop()
                raise Broken("The server did not start", why=cause, remedy="The server's log has the cause")
            self._thread.join(0.01)
            waited += 0.01

    def stop(self, timeout: float = 15.0) -> None:
        """Finish the requests under way (at most `timeout` seconds), then close. A second call does nothing."""
        for server, _ in self._doors:
            server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout)
        for server, listener in self._doors:
            server.force_exit = True
            listener.close()
        self._join_workers(timeout)

    def _join_workers(self, timeout: float) -> None:
        """Wait for the loop's worker threads, which are told to end but not waited for: one that still lets go of its
        database when the interpreter is gone would take the process down with it."""
        for thread in threading.enumerate():
            if self._loop is not None and getattr(thread, "loop", None) is self._loop:
                thread.join(timeout)

    def wait(self) -> None:
        """Return when the doors have closed."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def _cause(self, timeout: float) -> str:
        if self._thread.is_alive():
            return f"It does not answer after {timeout:.0f} seconds"
        failure = self._failure
        return "" if failure is None or isinstance(failure, SystemExit) else f"{type(failure).__name__}: {failure}"

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # the starting thread reads it
            self._failure = error

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in self._doors))


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="auto", proxy_headers=False, timeout_graceful_shutdown=10
    )
