"""The way of every command to the platform: the one that runs, else one of its own for as long as the command lasts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meshloom.cli.place import Place
from meshloom.cli.running import Running
from meshloom.client.connection import Connection
from meshloom.errors import MeshloomError


@contextmanager
def session(place: Place) -> Iterator[Connection]:
    """A connection with the operator's token. Raises CallError (no mesh here), InputError (the mesh's files)."""
    running = Running.find(place.home)
    if running is not None and _answers(running):
        with Connection(running.url, running.token, timeout=600) as connection:
            yield connection
        return
    place.require()
    with _own_server(place) as connection:
        yield connection


def _answers(running: Running) -> bool:
    try:
        with Connection(running.url, timeout=5) as connection:
            connection.get("/health")
    except MeshloomError:
        return False
    return True


@contextmanager
def _own_server(place: Place) -> Iterator[Connection]:
    """A platform in this process, on a unix socket that only its owner may open."""
    from meshloom.cli.serving import private

    with tempfile.TemporaryDirectory(prefix="meshloom-") as folder:
        socket = str(Path(folder) / "api")
        with (
            private(place, socket) as serving,
            Connection("http://meshloom", serving.operator, timeout=600, socket=socket) as connection,
        ):
            yield connection


def token_for(connection: Connection, user: str, token: str) -> str:
    """The token to ask with: the one given, else one of the development provider for `user`, else "" (nobody)."""
    if token or not user:
        return token
    return str(connection.post("/api/infrastructure/identities/tokens", {"user": user})["token"])
