"""The places where pages run: the example mesh, an empty folder, the engine alone, the course."""

from __future__ import annotations

import functools
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from .pages import ROOT
from .places import Place

MESHLOOM = [sys.executable, "-m", "meshloom"]
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


class Places:
    """The places by name, each made when a page first asks for it."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._home, self._stack = home, stack
        self._made: dict[str, Place] = {}

    def __getitem__(self, name: str) -> Place:
        if name not in self._made:
            self._made[name] = getattr(self, name)()
        return self._made[name]

    def market(self) -> Place:
        """Beside the example mesh, which is up."""
        ports = free_ports()
        place = Place(ROOT / "examples/market", variables(ports, f"{self._home}/market"), ports)
        run = functools.partial(subprocess.run, cwd=place.folder, env=_env(place), check=True)
        run([*MESHLOOM, "up", "--apply", "--detach"], timeout=300, capture_output=True)
        self._stack.callback(run, [*MESHLOOM, "down"], timeout=60)
        return place

    def engine(self) -> Place:
        """Beside an engine that is up alone, in a folder of the page's own."""
        ports = free_ports()
        place = Place(None, variables(ports, ""), ports)
        self._stack.enter_context(_engine([*MESHLOOM, "engine", "up", "--home", f"{self._home}/engine"], place))
        return place

    def course(self) -> Place:
        """Beside another engine, in a copy of the course's folder."""
        ports = free_ports()
        place = Place(self._home / "pinot-201", variables(ports, ""), ports)
        shutil.copytree(ROOT / "examples/pinot-201", self._home / "pinot-201")
        for path in (self._home / "pinot-201").rglob("*.yaml"):
            path.write_text(place.here(path.read_text(encoding="utf-8")), encoding="utf-8")
        self._stack.enter_context(_engine([*MESHLOOM, "engine", "up", "--home", f"{self._home}/course"], place))
        return place

    def empty(self) -> Place:
        ports = free_ports()
        return Place(None, variables(ports, ""), ports)


@pytest.fixture(scope="module")
def place_of() -> Iterator[Places]:
    with tempfile.TemporaryDirectory(prefix="meshloom-docs-") as home, ExitStack() as stack:
        yield Places(Path(home), stack)


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
