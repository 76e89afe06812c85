"""QuickStart: the engine with example tables in it, and some questions answered, as Pinot's own command."""

from __future__ import annotations

import json
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meshloom.cli.pinot import job
from meshloom.cli.pinot.controller import Controller, Failed, document
from meshloom.cli.pinot.job_spec import read_job

TABLES = Path(__file__).parent / "tables"
BROKER_PORT = 8000  # of Pinot's QuickStart, unlike a broker's own
KINDS = {"BATCH": "batch", "OFFLINE": "batch", "MULTI_STAGE": "multi", "EMPTY": "empty", "DEFAULT": "empty"}
# Types of Pinot's that need what this engine has not, and what that is.
NEED = {
    **dict.fromkeys(("STREAM", "REALTIME", "HYBRID", "UPSERT", "PARTIAL-UPSERT", "REALTIME_MINION", "JSON_INDEX"),
                    "tables that consume a stream"),
    **dict.fromkeys(("GITHUB-EVENTS", "GITHUB_EVENTS", "STREAM_COMPLEX_TYPE"), "tables that consume a stream"),
    "AUTH": "a controller that asks for a password; a mesh has one, in front of the same engine",
    **dict.fromkeys(("JOIN", "LOOKUP_JOIN"), "the function lookUp"),
    **dict.fromkeys(("BATCH_MINION", "OFFLINE-MINION"), "tasks on a schedule"),
    "COLOCATED_JOIN": "several servers",
    **dict.fromkeys(("TIME_SERIES", "TIMESERIES"), "the time series engine"),
}  # fmt: skip
QUERIES = {
    "batch": (
        ("Total number of documents in the table", "select count(*) from airlineStats limit 1"),
        ("Flights and their mean distance of each carrier",
         "select Carrier, count(*), avg(Distance) from airlineStats group by Carrier order by count(*) desc limit 5"),
        ("Bills that are not paid, of each city",
         "select city, count(*), sum(totalToPay) from billing where missedPayment <> 'Paid' group by city "
         "order by count(*) desc limit 5"),
    ),
    "multi": (
        ("Days on which two carriers flew the same route, most first",
         "select a.Carrier, b.Carrier, count(*) from airlineStats a join airlineStats b on a.Origin = b.Origin and "
         "a.Dest = b.Dest and a.FlightDate = b.FlightDate where a.Carrier < b.Carrier group by a.Carrier, b.Carrier "
         "order by count(*) desc limit 5"),
    ),
    "empty": (),
}  # fmt: skip


def run(options: Namespace) -> Iterator[str]:
    """Serve until it is interrupted. Raises Failed for a type that there is not, or not here."""
    from meshloom.cli.engine import port_of, serve

    kind = _kind(options.type)
    folders = [Path(given) for given in options.bootstrapTableDir]
    if not folders and kind != "empty":
        folders = sorted(path for path in TABLES.iterdir() if path.is_dir())
    if options.zkAddress or options.configFile:
        yield "-zkAddress and -configFile are not read: there is no ZooKeeper, and no Java properties."

    def started(ports: list[int]) -> None:
        controller = Controller(f"http://127.0.0.1:{ports[0]}")
        broker = Controller(f"http://127.0.0.1:{ports[1]}")
        for folder in folders:
            for line in bootstrap(controller, folder):
                print(line, flush=True)
        for title, sql in () if options.bootstrapTableDir else QUERIES[kind]:
            print(f"\n{title}\nQuery : {sql}\n{_asked(broker, sql, kind == 'multi')}", flush=True)
        print(f"\nYou can always go to http://localhost:{ports[0]} to play around in the query console\n", flush=True)

    home = Path(options.tmpDir) if options.tmpDir else Path(tempfile.mkdtemp(prefix="meshloom-quickstart-"))
    try:
        serve(home, "127.0.0.1", {"BROKER": port_of("BROKER", BROKER_PORT)}, then=started)
    finally:
        if not options.tmpDir:
            shutil.rmtree(home, ignore_errors=True)


def _kind(type_: str | None) -> str:
    valid = ", ".join(KINDS)
    if not type_:
        raise Failed(f"No QuickStart type provided. Valid types are: [{valid}]")
    name = type_.upper()
    if name in NEED:
        raise Failed(f"QuickStart type {type_} needs what this engine does not have: {NEED[name]}. Try BATCH")
    if name not in KINDS:
        raise Failed(f"Unsupported QuickStart type: {type_}. Valid types are: [{valid}]")
    return KINDS[name]


def bootstrap(controller: Controller, folder: Path) -> Iterator[str]:
    """Add the table of a folder laid out as Pinot's examples: NAME_schema.json, NAME_offline_table_config.json, and
    with ingestionJobSpec.yaml the data in rawdata."""
    name = folder.name
    files = {part: folder / f"{name}_{part}.json" for part in ("schema", "offline_table_config")}
    if not all(path.exists() for path in files.values()):
        raise Failed(f"{folder} has no {name}_schema.json and {name}_offline_table_config.json")
    if name not in controller.ask("GET", "/tables")["tables"]:
        together = {"tableName": name, "schema": document(files["schema"]),
                    "offline": document(files["offline_table_config"])}  # fmt: skip
        controller.ask("POST", "/tableConfigs", json=together)
    yield f"***** Bootstrapping {name} table *****"
    if (folder / "ingestionJobSpec.yaml").exists() and (folder / "rawdata").is_dir():
        made = read_job(folder / "ingestionJobSpec.yaml", {})
        made["inputDirURI"] = str(folder / "rawdata")  # its own is a path of Pinot's distribution
        yield from job.run(made, controller)


def _asked(broker: Controller, sql: str, multistage: bool) -> str:
    options = {"queryOptions": "useMultistageEngine=true"} if multistage else {}
    answer: dict[str, Any] = broker.ask("POST", "/query/sql", json={"sql": sql} | options)
    if answer["exceptions"]:
        raise Failed(json.dumps(answer["exceptions"]))
    table = answer["resultTable"]
    rows = [table["dataSchema"]["columnNames"], *table["rows"]]
    return "\n".join("\t".join(str(value) for value in row) for row in rows)
