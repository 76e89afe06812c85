"""`meshloom up`: the platform in the foreground, or with --detach in the background."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

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
from meshloom.cli.running import Running

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def up(
    context: typer.Context,
    host: Host = HOST,
    port: Port = PORT,
    controller_port: ControllerPort = CONTROLLER_PORT,
    broker_port: BrokerPort = BROKER_PORT,
    apply: Annotated[
        bool, typer.Option("--apply", envvar="MESHLOOM_APPLY", help="Build what changed before saying so.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", envvar="MESHLOOM_DETACH", help="Run in the background; `meshloom down` ends it.")
    ] = False,
    log: Annotated[
        str,
        typer.Option("--log", envvar="MESHLOOM_LOG", help="Where logs go; - is standard error. Default: HOME/logs."),
    ] = "",
    json: Json = False,
) -> None:
    """Start the platform: the portal, the planes' APIs, Pinot's controller and broker, on one mesh."""
    from meshloom.cli import background
    from meshloom.cli.serving import Addresses, public

    place: Place = context.obj.require()
    background.require_free(place)
    addresses = Addresses(host, port, controller_port, broker_port)
    if detach:
        running = background.start(place, addresses, apply=apply)
        _say(place, running, json, f"It runs in the background (process {running.pid}); `meshloom down` ends it.")
        return
    ended = threading.Event()
    with public(place, addresses, log=log) as serving:
        assert serving.running is not None
        if apply:
            _apply(serving.running, json)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        _say(place, serving.running, json, "Ctrl-C stops it.")
        ended.wait()
        if not json:
            print("\nStopping: finishing what is under way.", flush=True)
    if not json:
        print("Stopped.", flush=True)


def _apply(running: Running, json: bool) -> None:
    """Build what changed. A product that fails is said, and the others are served."""
    from meshloom.cli import applying, show
    from meshloom.client.connection import Connection

    with Connection(running.url, running.token) as connection:
        failed = applying.failures(applying.run(connection, [], quiet=json))
    if failed is not None:
        show.note(f"{failed}\nWhat was served before is served on.")


def _say(place: Place, running: Running, json: bool, hint: str) -> None:
    """Print where the platform is and what to try, or the addresses as JSON."""
    from meshloom.cli import show
    from meshloom.cli.invitation import invitation
    from meshloom.client.connection import Connection

    urls = {"portal": running.url, "controller": running.controller, "broker": running.broker}
    if json:
        show.as_json({"up": True, "pid": running.pid, **urls})
    else:
        with Connection(running.url, running.token) as connection:
            print(invitation(place, running, connection))
        print(hint, flush=True)
