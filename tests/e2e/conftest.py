"""A platform as a user has it: the installed command line, in processes of its own, on free ports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MARKET = Path(__file__).parents[2] / "examples/market"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Commands in a folder. `options` go before each command."""

    folder: Path
    options: tuple[str, ...] = ()

    def __call__(self, *words: str, code: int | None = 0, **variables: str) -> Done:
        """Run `meshloom words`; fails unless it exits with `code` (None: any)."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MESHLOOM_")}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "meshloom", *self.options, *words],
            cwd=self.folder,
            env=clean | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert code is None or done.returncode == code, f"meshloom {' '.join(words)}: {done.stdout}{done.stderr}"
        return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Up:
    """A platform that is up, and a shell in its mesh."""

    shell: Shell
    url: str
    controller: str
    broker: str

    def token(self, user: str) -> str:
        return self.shell("token", user).out.strip()


def free_ports(count: int) -> list[str]:
    """Ports that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="session")
def market() -> Iterator[Up]:
    """The example mesh on its samples, built and up."""
    with tempfile.TemporaryDirectory(prefix="meshloom-market-") as home:
        shell = Shell(MARKET, ("--home", home, "--sample"))
        ports = free_ports(3)
        options = ["--port", ports[0], "--controller-port", ports[1], "--broker-port", ports[2]]
        told = shell("up", "--apply", "--detach", "--json", *options).json
        try:
            yield Up(shell, told["portal"], told["controller"], told["broker"])
        finally:
            shell("down")


@pytest.fixture
def shell_in() -> Any:
    return Shell
