"""`meshloom engine up`: the real-time engine alone, with Pinot's ports, and no mesh, product or policy."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from meshloom.engine.cluster import Cluster

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def engine() -> None:
    """The real-time engine alone, without a mesh: Apache Pinot's interfaces on DuckDB."""


@app.command()
def up(
    home: Annotated[
        Path, typer.Option("--home", envvar="MESHLOOM_ENGINE_HOME", help="Where tables and segments live.")
    ] = Path(".meshloom-engine"),
    host: Annotated[str, typer.Option("--host", envvar="MESHLOOM_ENGINE_HOST", help="The address.")] = "127.0.0.1",
    controller_port: Annotated[
        int, typer.Option("--controller-port", envvar="MESHLOOM_CONTROLLER_PORT", help="0: any free port.")
    ] = 9000,
    broker_port: Annotated[
        int, typer.Option("--broker-port", envvar="MESHLOOM_BROKER_PORT", help="0: any free port.")
    ] = 8099,
    server_port: Annotated[
        int, typer.Option("--server-port", envvar="MESHLOOM_SERVER_PORT", help="The server's admin port.")
    ] = 8097,
    minion_port: Annotated[
        int, typer.Option("--minion-port", envvar="MESHLOOM_MINION_PORT", help="0: any free port.")
    ] = 9514,
    pinot_ui: Annotated[
        str,
        typer.Option(
            "--pinot-ui",
            envvar="MESHLOOM_PINOT_UI",
            help="Serve Apache Pinot's own web interface: the "
            "jar of its controller, or 'download' to take it from Maven Central.",
        ),
    ] = "",
    threads: Annotated[
        int, typer.Option("--threads", envvar="MESHLOOM_ENGINE_THREADS", help="Threads of one query.")
    ] = 2,
) -> None:
    """Start controller, broker, server and minion in this process."""
    from meshloom.engine.cluster import Cluster
    from meshloom.engine.controller import webapp
    from meshloom.engine.controller.instances import Instances
    from meshloom.server.doors import Address, Doors, bind

    wanted = (
        Address("Pinot's controller", host, controller_port, "--controller-port"),
        Address("Pinot's broker", host, broker_port, "--broker-port"),
        Address("Pinot's server", host, server_port, "--server-port"),
        Address("Pinot's minion", host, minion_port, "--minion-port"),
    )
    ended = threading.Event()
    with ExitStack() as stack:
        sockets = [stack.enter_context(bind(address)) for address in wanted]
        ports = [listener.getsockname()[1] for listener in sockets]
        cluster = Cluster.open(home, {"threads": str(threads)})
        if pinot_ui:
            cluster.pages = webapp.routes(webapp.fetched(pinot_ui, home, print))
        stack.callback(cluster.close)
        cluster.instances = Instances(host, ports[0], ports[1], admin_port=ports[2], minion_port=ports[3])
        doors = Doors(list(zip(_applications(cluster), sockets, strict=True)))
        stack.callback(doors.stop)
        doors.start()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        _say(host, ports, home)
        ended.wait()
        print("\nStopping.", flush=True)


def _applications(cluster: Cluster) -> tuple[ASGIApp, ...]:
    from meshloom.engine.minion.app import application as minion
    from meshloom.engine.server.app import application as server

    return cluster.controller_app, cluster.broker_app, server(cluster.server, cluster.catalog), minion()


def _say(host: str, ports: list[int], home: Path) -> None:
    base = f"http://{host}"
    print(
        f"controller  {base}:{ports[0]}   operations at /help\n"
        f"broker      {base}:{ports[1]}   POST /query/sql\n"
        f"server      {base}:{ports[2]}\n"
        f"minion      {base}:{ports[3]}\n"
        f"Tables and segments are in {home}. Ctrl-C stops it.\n"
        f"""Try: curl {base}:{ports[1]}/query/sql -d '{{"sql":"select 1"}}'""",
        flush=True,
    )


if __name__ == "__main__":
    app()
