"""The places where pages run: the example mesh, an empty folder, the engine alone."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from .pages import ROOT
from .places import Place

DOORS = ("8800", "9000", "8099", "8097", "9514")


def free_ports() -> dict[str, str]:
    """A free port for each door's own."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.create_server(("127.0.0.1", 0)))) for _ in DOORS]
        return {door: str(one.getsockname()[1]) for door, one in zip(DOORS, sockets, strict=True)}


def variables(ports: dict[str, str], home: str) -> dict[str, str]:
    return {
        "MESHLOOM_PORT": ports["8800"],
        "MESHLOOM_CONTROLLER_PORT": ports["9000"],
        "MESHLOOM_BROKER_PORT": ports["8099"],
        "MESHLOOM_SERVER_PORT": ports["8097"],
        "MESHLOOM_MINION_PORT": ports["9514"],
    } | ({"MESHLOOM_HOME": home} if home else {})


@pytest.fixture(scope="module")
def place_of() -> Iterator[dict[str, Place]]:
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="meshloom-docs-"))
        market = Place(
            ROOT / "examples/market", variables(market_ports := free_ports(), f"{home}/market"), market_ports
        )
        meshloom = [sys.executable, "-m", "meshloom"]
        subprocess.run(
            [*meshloom, "up", "--apply", "--detach"], cwd=market.folder, env=_env(market), check=True, timeout=300,
            capture_output=True,
        )  # fmt: skip
        stack.callback(subprocess.run, [*meshloom, "down"], cwd=market.folder, env=_env(market), check=True, timeout=60)
        engine = Place(None, variables(engine_ports := free_ports(), ""), engine_ports)
        stack.enter_context(_engine([*meshloom, "engine", "up", "--home", f"{home}/engine"], engine))
        yield {"market": market, "engine": engine, "empty": Place(None, variables(empty := free_ports(), ""), empty)}


class _engine:
    """An engine that is up as long as the block lasts."""

    def __init__(self, command: list[str], place: Place) -> None:
        self._command, self._place = command, place

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._command, env=_env(self._place), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("Try"):
                return

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=30)


def _env(place: Place) -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if not name.startswith("MESHLOOM_")} | place.environment
