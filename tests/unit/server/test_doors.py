"""Doors: several at once, busy ports by name, graceful stop."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from meshloom.errors import Broken, CallError
from meshloom.server.doors import Address, Doors, bind


def saying(text: str, delay: float = 0.0) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await asyncio.sleep(delay)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})

    return app


def test_each_application_has_its_own_address() -> None:
    listeners = [bind(Address("x")) for _ in range(3)]
    doors = Doors([(saying(str(number)), listener) for number, listener in enumerate(listeners)])
    doors.start()
    try:
        for number, listener in enumerate(listeners):
            assert httpx.get(f"http://127.0.0.1:{listener.getsockname()[1]}/").text == str(number)
    finally:
        doors.stop()
    assert [listener.fileno() for listener in listeners] == [-1, -1, -1]


def test_a_busy_port_is_one_clear_sentence_with_the_option() -> None:
    with bind(Address("Somebody")) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CallError) as caught:
            bind(Address("Pinot's broker API", port=port, option="--broker-port"))
    assert str(caught.value) == (
        f"Pinot's broker API cannot listen on 127.0.0.1:{port}. address already in use. "
        "Choose another one with --broker-port, or stop what listens there."
    )
    assert caught.value.code == "port-busy"


def test_a_host_that_is_not_here() -> None:
    with pytest.raises(CallError, match="cannot assign requested address"):
        bind(Address("The platform", host="192.0.2.1", port=0))


def test_a_unix_socket_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "door"
    with bind(Address("x", path=str(path))):
        assert path.stat().st_mode & 0o777 == 0o600


def test_stopping_finishes_what_is_under_way() -> None:
    listener = bind(Address("x"))
    port = listener.getsockname()[1]
    doors = Doors([(saying("done", delay=0.5), listener)])
    doors.start()
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(httpx.get(f"http://127.0.0.1:{port}/").text))
    asking.start()
    while not socket_has_connection(port):
        pass
    doors.stop()
    asking.join()
    assert answers == ["done"]
    doors.stop()  # once more does nothing


def socket_has_connection(port: int) -> bool:
    """Whether somebody talks to this port (Linux's table of TCP connections, state 01: established)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "01" for line in lines)


def test_an_application_that_cannot_start_is_told() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no disk"})

    doors = Doors([(broken, bind(Address("x")))])
    with pytest.raises(Broken, match=r"The server did not start. The server's log has the cause"):
        doors.start(timeout=5)


def test_sockets_are_closed_when_doors_never_opened() -> None:
    listener = bind(Address("x"))
    doors = Doors([(saying("x"), listener)])
    doors.stop()
    assert listener.fileno() == -1
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
