"""The commands' options, spelt as Pinot's (a single hyphen), and the entry of `pinot-admin.sh`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import typer

from meshloom.cli.pinot import commands
from meshloom.cli.pinot.controller import Failed
from meshloom.errors import MeshloomError

Run = Callable[[Namespace], Iterator[str]]
CONTROLLER = (("controllerHost", "127.0.0.1"), ("controllerProtocol", "http"), ("authToken", ""), ("user", ""),
              ("password", ""))  # fmt: skip
# Command -> what it does, its options with their defaults (None: none, True: must be given, False: a flag), its help.
COMMANDS: dict[str, tuple[Run, dict[str, object], str]] = {
    "AddSchema": (commands.add_schema, {"schemaFile": True, "override": False, "force": False, "exec": False},
                  "Add a schema from its JSON file."),
    "AddTable": (commands.add_table, {"tableConfigFile": None, "filePath": None, "schemaFile": None,
                 "offlineTableConfigFile": None, "realtimeTableConfigFile": None, "update": False, "exec": False},
                 "Add a table and its schema from their JSON files."),
    "AddTenant": (commands.add_tenant, {"name": True, "role": True, "instanceCount": 0, "offlineInstanceCount": 0,
                  "realTimeInstanceCount": 0, "exec": False}, "Add a broker or server tenant."),
    "DeleteTable": (commands.delete_table, {"tableName": True, "type": None, "exec": False}, "Delete a table."),
    "DeleteSchema": (commands.delete_schema, {"schemaName": True, "exec": False}, "Delete a schema."),
    "ChangeTableState": (commands.change_table_state, {"tableName": True, "state": True, "type": None},
                         "Enable, disable or drop a table."),
    "OperateClusterConfig": (commands.operate_cluster_config, {"operation": True, "config": ""},
                             "Read or change the cluster's configuration."),
    "PostQuery": (commands.post_query, {"query": True, "queryOption": None, "queryType": "sql",
                  "brokerHost": "127.0.0.1", "brokerPort": 8099, "brokerProtocol": "http"}, "Ask a broker."),
    "LaunchDataIngestionJob": (commands.launch_job, {"jobSpecFile": True, "values": [], "propertyFile": None},
                               "Run an ingestion job's specification."),
    "ImportData": (commands.import_data, {"dataFilePath": True, "format": True, "table": True,
                   "controllerURI": "http://127.0.0.1:9000", "segmentNameGeneratorType": None,
                   "additionalConfigs": [], "tempDir": None}, "Ingest a file or a folder of files."),
    "CreateSegment": (commands.create_segment, {"dataDir": True, "format": None, "schemaFile": None,
                      "tableConfigFile": True, "outDir": None, "overwrite": False}, "Make segments of files."),
    "UploadSegment": (commands.upload_segment, {"segmentDir": True, "tableName": None}, "Upload segments."),
    "StartController": (commands.start_controller, {"dataDir": ".meshloom-engine", "zkAddress": None,
                        "clusterName": None, "configFileName": None}, "Start the engine, all roles in one process."),
    "StartBroker": (commands.start, {"zkAddress": None, "clusterName": None, "configFileName": None,
                    "brokerPort": 8099}, "Part of the engine's one process."),
    "StartServer": (commands.start, {"zkAddress": None, "clusterName": None, "configFileName": None, "dataDir": None,
                    "segmentDir": None}, "Part of the engine's one process."),
    "StartMinion": (commands.start, {"zkAddress": None, "clusterName": None, "configFileName": None},
                    "Part of the engine's one process."),
}  # fmt: skip
FAILED = 255  # as System.exit(-1) ends Pinot's own
app = typer.Typer(rich_markup_mode=None, add_completion=False)


def parser() -> ArgumentParser:
    top = ArgumentParser("pinot-admin.sh", description="Apache Pinot's administration commands.", allow_abbrev=False)
    groups = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, options, told) in COMMANDS.items():
        one = groups.add_parser(name, help=told, description=told, allow_abbrev=False)
        for option, default in options.items():
            _add(one, option, default)
        for option, text in CONTROLLER:
            _add(one, option, text)
        one.add_argument("-controllerPort", type=int, default=9000)
    return top


def _add(one: ArgumentParser, option: str, default: object) -> None:
    if default is False:
        one.add_argument(f"-{option}", action="store_true")
    elif default is True:
        one.add_argument(f"-{option}", required=True)
    elif isinstance(default, list):
        one.add_argument(f"-{option}", nargs="*", default=default)
    else:
        one.add_argument(f"-{option}", type=int if isinstance(default, int) else str, default=default)


def run(words: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 255 refused or failed, 2 the call is wrong."""
    options = parser().parse_args(words)
    try:
        for line in COMMANDS[options.command][0](options):
            print(line, flush=True)
    except Failed as error:
        print(error, file=sys.stderr if sys.stdout.isatty() else sys.stdout)
        return FAILED
    except MeshloomError as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


def main() -> None:
    """The console script `pinot-admin.sh`."""
    sys.exit(run(sys.argv[1:]))


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
def pinot(words: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Apache Pinot's administration commands, as `pinot-admin.sh` has them: `meshloom pinot AddTable -help`."""
    raise typer.Exit(run(words or ["--help"]))
