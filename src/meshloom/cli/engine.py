"""`meshloom engine up`: the real-time engine alone, with Pinot's ports, and no mesh, product or policy."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    pass

PORTS = {"CONTROLLER": 9000, "BROKER": 8099, "SERVER": 8097, "MINION": 9514}
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
    ports = {"CONTROLLER": controller_port, "BROKER": broker_port, "SERVER": server_port, "MINION": minion_port}
    serve(home, host, ports, pinot_ui=pinot_ui, threads=threads)


def serve(
    home: Path,
    host: str,
    ports: Mapping[str, int],
    *,
    pinot_ui: str = "",
    threads: int = 2,
    then: Callable[[list[int]], None] = lambda ports: None,
) -> None:
    """Serve until SIGINT or SIGTERM. Ports that are not given are the environment's or Pinot's.

    `then` is called when the doors are open, with the ports of controller, broker, server and minion.
    """
    from meshloom.engine.cluster import Cluster
    from meshloom.engine.controller import webapp
    from meshloom.engine.controller.instances import Instances
    from meshloom.server.doors import Address, Doors, bind

    wanted = [
        Address(f"Pinot's {role.lower()}", host, ports.get(role, port_of(role)), f"--{role.lower()}-port")
        for role in PORTS
    ]
    ended = threading.Event()
    with ExitStack() as stack:
        sockets = [stack.enter_context(bind(address)) for address in wanted]
        bound = [listener.getsockname()[1] for listener in sockets]
        cluster = Cluster.open(home, {"threads": str(threads)})
        if pinot_ui:
            cluster.pages = webapp.routes(webapp.fetched(pinot_ui, home, print))
        stack.callback(cluster.close)
        cluster.instances = Instances(host, bound[0], bound[1], admin_port=bound[2], minion_port=bound[3])
        applications = (cluster.controller_app, cluster.broker_app, cluster.server_app, cluster.minion_app)
        doors = Doors(list(zip(applications, sockets, strict=True)))
        stack.callback(doors.stop)
        doors.start()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        then(bound)
        _say(host, bound, home)
        ended.wait()
        print("\nStopping.", flush=True)


def port_of(role: str, default: int = 0) -> int:
    """A role's port: of the environment, else `default`, else Pinot's."""
    return int(os.environ.get(f"MESHLOOM_{role}_PORT") or default or PORTS[role])


def build_segment(
    file: Path,
    folder: Path,
    schema: Mapping[str, Any],
    table: Mapping[str, Any],
    batch: Mapping[str, str],
    sequence: int,
    name: str = "",
) -> tuple[str, int]:
    """Make `folder/SEGMENT` of a data file, in Pinot's own form; the segment's name and its number of rows.

    `schema` and `table` are Pinot's JSON, `batch` its batch config map. Without `name` the segment has the one of
    Pinot's simple generator. Raises RestError for what is wrong with any of them.
    """
    from meshloom.engine.config.documents import schema_document, table_document
    from meshloom.engine.config.schema import Schema
    from meshloom.engine.config.table import TableConfig
    from meshloom.engine.config.validate import check_schema
    from meshloom.engine.ingest.segments import build
    from meshloom.engine.server.indexes import without_dictionary
    from meshloom.engine.server.loading import nullable
    from meshloom.engine.storage.pinot_segment.folder import Told, write

    kept = schema_document(schema)[0]
    check_schema(kept)
    config = TableConfig.of(table_document(table)[0])
    partial = folder / f".{sequence}.partial"
    columns = Schema.of(kept)
    built = build(file, partial, columns, config, batch)
    span = [str(value) for value in (built.start, built.end) if value is not None]
    name = name or "_".join([config.raw_name, *span, str(sequence)])
    column = config.time_column if config.time_column in columns.fields else ""
    told = Told(name, config.raw_name, int(time.time() * 1000), column, built.start_ms, built.end_ms,
                {"input.data.file.uri": file.name})  # fmt: skip
    nulls = {field.name: nullable(field, config, columns) for field in columns.fields.values()}
    shutil.rmtree(folder / name, ignore_errors=True)
    try:
        write(folder / name, [str(partial)], columns, told, nulls, without_dictionary(config))
    finally:
        partial.unlink()
    return name, built.rows


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
