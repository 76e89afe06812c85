"""The commands with their options, spelt as Pinot's (a single hyphen), and the parser made of them.

Names and defaults are those of the picocli annotations in Pinot's `tools/admin/command`. A name may have others behind
a `|`. A default of True is an option that must be given, of False a flag, a list takes several words.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping

from meshloom.cli.pinot import commands, quickstart, segments

Run = Callable[[Namespace], Iterator[str]]
Options = Mapping[str, object]


class Port(int):
    """A role's default port; `meshloom engine up` takes it from the same variable of the environment."""

    def __new__(cls, role: str, number: int) -> Port:
        return super().__new__(cls, os.environ.get(f"MESHLOOM_{role}_PORT") or number)


AUTH: Options = {"user": "", "password": "", "authToken": "", "authTokenUrl": ""}
EXEC: Options = {"exec": False}
START: Options = {"zkAddress": None, "clusterName": None, "configOverride|configOverrides": None}


def _place() -> Options:
    return {"controllerHost": "127.0.0.1", "controllerPort": Port("CONTROLLER", 9000), "controllerProtocol": "http",
            "skipControllerCertValidation": False, "database": "", **AUTH}  # fmt: skip


def _tables() -> dict[str, tuple[Run, Options, str]]:
    """Commands on schemas, tables, tenants and the cluster."""
    change = {**EXEC, **_place()}
    return {
        "AddSchema": (commands.add_schema, {"schemaFile": True, "override": False, "force": False, **change},
                      "Add a schema from its JSON file."),
        "AddTable": (commands.add_table, {
            "tableConfigFile|tableConf|tableConfig|filePath": None,
            "offlineTableConfigFile|offlineTableConf|offlineTableConfig|offlineFilePath": None,
            "realtimeTableConfigFile|realtimeTableConf|realtimeTableConfig|realtimeFilePath": None,
            "schemaFile|schemaFileName|schema": None, "update": False, "validationTypesToSkip": None, **change},
            "Add a table and its schema from their JSON files."),
        "AddTenant": (commands.add_tenant, {"name": True, "role": True, "instanceCount": int,
                      "offlineInstanceCount": int, "realTimeInstanceCount": int, **change},
                      "Add a broker or server tenant."),
        "DeleteTable": (commands.delete_table, {"tableName": True, "type": None, "retention": None, **change},
                        "Delete a table."),
        "DeleteSchema": (commands.delete_schema, {"schemaName": True, **change}, "Delete a schema."),
        "ChangeTableState": (commands.change_table_state, {"tableName": True, "state": True, **_place()},
                             "Enable, disable or drop a table."),
        "OperateClusterConfig": (commands.operate_cluster_config, {"operation": True, "config": "", **_place()},
                                 "Read or change the cluster's configuration."),
    }  # fmt: skip


def _data() -> dict[str, tuple[Run, Options, str]]:
    """Commands on rows."""
    broker = {"brokerHost": "127.0.0.1", "brokerPort": Port("BROKER", 8099), "brokerProtocol": "http", **AUTH}
    return {
        "PostQuery": (commands.post_query, {"query": True, "o|option": [], **broker}, "Ask a broker."),
        "LaunchDataIngestionJob": (commands.launch_job, {"jobSpecFile|jobSpec": True, "values": [],
                                   "propertyFile": None, **AUTH}, "Run an ingestion job's specification."),
        "ImportData": (commands.import_data, {"dataFilePath": True, "format": True, "table": True,
                       "controllerURI": f"http://127.0.0.1:{Port('CONTROLLER', 9000)}",
                       "segmentNameGeneratorType": None, "additionalConfigs": [], "tempDir": None, **AUTH},
                       "Ingest a file or a folder of files."),
        "CreateSegment": (segments.create, {
            "dataDir": True, "format": True, "outDir": True, "overwrite": "flag", "tableConfigFile": None,
            "schemaFile": True, "readerConfigFile": None, "retry": 0, "failOnEmptySegment": False,
            "postCreationVerification": "flag", "numThreads": 1,
            # of Pinot 0.1, still sent by Airflow's hook
            "tableName": None, "segmentName": None, "timeColumnName": None, **AUTH},
            "Make segments of files, each a folder of outDir."),
        "UploadSegment": (segments.upload, {"segmentDir": True, "tableName": None, "tableType": "OFFLINE", **_place()},
                          "Upload a folder of segments."),
    }  # fmt: skip


def _roles() -> dict[str, tuple[Run, Options, str]]:
    """Commands that start something."""
    part = "Part of the engine's one process."
    return {
        "StartController": (commands.start_controller, {
            "controllerMode": None, "controllerHost": "127.0.0.1", "controllerPort": Port("CONTROLLER", 9000),
            "dataDir": ".meshloom-engine", "configFileName|config|configFile|controllerConfig|controllerConf": None,
            **START}, "Start the engine, all roles in one process."),
        "StartBroker": (commands.start, {
            "brokerHost": None, "brokerPort": 8099, "brokerGrpcPort": 0, "brokerMultiStageRunnerPort": 0,
            "configFileName|config|configFile|brokerConfig|brokerConf": None, **START}, part),
        "StartServer": (commands.start, {
            "serverHost": None, "serverPort": 8098, "serverAdminPort": 8097, "serverGrpcPort": 8090,
            "serverMultiStageServerPort": 0, "serverMultiStageRunnerPort": 0, "dataDir": None, "segmentDir": None,
            "configFileName|config|configFile|serverConfig|serverConf": None, **START}, part),
        "StartMinion": (commands.start, {"minionHost": None, "minionPort": 9514, "configFileName": None, **START},
                        part),
        "QuickStart": (quickstart.run, {
            "type": None, "bootstrapTableDir": [], "tmpDir|quickstartDir|dataDir": None,
            "zkAddress|zkUrl|zkExternalAddress": None, "configFile|configFilePath": None},
            "Start the engine with example tables."),
    }  # fmt: skip


def table() -> dict[str, tuple[Run, Options, str]]:
    """Command -> what it does, its options, its help."""
    return _tables() | _data() | _roles()


def parser() -> ArgumentParser:
    top = ArgumentParser("pinot-admin.sh", description="Apache Pinot's administration commands.", allow_abbrev=False,
                         add_help=False)  # fmt: skip
    _help(top)
    groups = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (run, options, told) in table().items():
        one = groups.add_parser(name, help=told, description=told, allow_abbrev=False, add_help=False)
        for option, default in options.items():
            _add(one, option, default)
        _help(one)
        one.set_defaults(run=run)
    return top


def _help(one: ArgumentParser) -> None:
    one.add_argument("-help", "-h", "--h", "--help", action="help", help="show this and end")


def _add(one: ArgumentParser, names: str, default: object) -> None:
    spelt = [f"-{name}" for name in names.split("|")]
    dest = names.split("|")[0]
    if default is False:
        one.add_argument(*spelt, dest=dest, action="store_true")
    elif default == "flag":  # Airflow's hook says `-overwrite true`
        one.add_argument(*spelt, dest=dest, nargs="?", const="true", default="false")
    elif default is True:
        one.add_argument(*spelt, dest=dest, required=True)
    elif default is int:
        one.add_argument(*spelt, dest=dest, required=True, type=int)
    elif isinstance(default, list):
        one.add_argument(*spelt, dest=dest, nargs="+", action="extend", default=[])
    else:
        one.add_argument(*spelt, dest=dest, type=int if isinstance(default, int) else str, default=default)
