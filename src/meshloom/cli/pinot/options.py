"""The commands with their options, spelt as Pinot's (a single hyphen), and the parser made of them.

Names and defaults are those of the picocli annotations in Pinot's `tools/admin/command`. A name may have others behind
a `|`. A default of True is an option that must be given, of False a flag, a list takes several words.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from meshloom import __version__
from meshloom.cli.pinot import cluster, commands, infer, quickstart, refused, segments
from meshloom.cli.pinot.words import Parser, one_of, pair

Run = Callable[[Namespace], Iterator[str]]
Options = Mapping[str, object]
SHOWN, THROWN, FALSE = 0, 1, 255  # how a command of Pinot's ends that shows an answer, throws, or gives false


class Port(int):
    """A role's default port; `meshloom engine up` takes it from the same variable of the environment."""

    def __new__(cls, role: str, number: int) -> Port:
        return super().__new__(cls, os.environ.get(f"MESHLOOM_{role}_PORT") or number)


@dataclass(frozen=True, slots=True)
class Choice:
    """An option that is an enum in Pinot."""

    names: tuple[str, ...]
    default: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what it does, its options, its help; the codes for a refusal, and for nobody who answers."""

    run: Run
    options: Options
    told: str
    refused: int = THROWN
    absent: int = THROWN


AUTH: Options = {"user": "", "password": "", "authToken": "", "authTokenUrl": ""}
EXEC: Options = {"exec": False}
START: Options = {"zkAddress": None, "clusterName": None, "configOverride|configOverrides": None}
FORMATS = ("AVRO", "GZIPPED_AVRO", "CSV", "JSON", "PINOT", "THRIFT", "PARQUET", "ORC", "PROTO", "OTHER")
UNITS = ("NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS")
MODES = ("NONE", "NON_PRIMITIVE", "ALL")


def _place() -> Options:
    return {"controllerHost": "127.0.0.1", "controllerPort": Port("CONTROLLER", 9000), "controllerProtocol": "http",
            "skipControllerCertValidation": False, "database": "", **AUTH}  # fmt: skip


def _tables() -> dict[str, Command]:
    """Commands on schemas, tables, tenants and the cluster."""
    change = {**EXEC, **_place()}
    schema = Command(commands.add_schema, {"schemaFile": True, "override": False, "force": False, **change},
                     "Add a schema from its JSON file.", FALSE, FALSE)  # fmt: skip
    return {
        "AddSchema": schema,
        "UpdateSchema": schema,
        "AddTable": Command(commands.add_table, {
            "tableConfigFile|tableConf|tableConfig|filePath": None,
            "offlineTableConfigFile|offlineTableConf|offlineTableConfig|offlineFilePath": None,
            "realtimeTableConfigFile|realtimeTableConf|realtimeTableConfig|realtimeFilePath": None,
            "schemaFile|schemaFileName|schema": None, "update": False, "validationTypesToSkip": None, **change},
            "Add a table and its schema from their JSON files.", FALSE),
        "AddTenant": Command(commands.add_tenant, {
            "name": True, "role": Choice(("BROKER", "SERVER", "MINION"), required=True), "instanceCount": int,
            "offlineInstanceCount": int, "realTimeInstanceCount": int, **change},
            "Add a broker or server tenant.", SHOWN),
        "DeleteTable": Command(commands.delete_table, {"tableName": True, "type": None, "retention": None, **change},
                               "Delete a table.", FALSE, FALSE),
        "DeleteSchema": Command(commands.delete_schema, {"schemaName": True, **change}, "Delete a schema.",
                                FALSE, FALSE),
        "ChangeTableState": Command(commands.change_table_state, {"tableName": True, "state": True, **_place()},
                                    "Enable, disable or drop a table."),
    }  # fmt: skip


def _cluster() -> dict[str, Command]:
    """Commands on the whole cluster. What Pinot's take of ZooKeeper is taken and not read."""
    old: Options = {"zkAddress": None, **_place()}
    flags = dict.fromkeys(("dryRun", "reassignInstances", "includeConsuming", "bootstrap", "downtime", "bestEfforts"),
                          False)  # fmt: skip
    return {
        "OperateClusterConfig": Command(commands.operate_cluster_config, {"operation": True, "config": "", **_place()},
                                        "Read or change the cluster's configuration.", SHOWN),
        "ShowClusterInfo": Command(cluster.show, {"clusterName": "PinotCluster", "tables": "", "tags": "", **old},
                                   "Show instances, tables and segments."),
        "ValidateConfig": Command(cluster.validate, {
            "cluster|clusterName": "PinotCluster", "tableConfig": False, "tableNames": None, "schema": False,
            "schemaNames": None, **old}, "Judge the table configs and schemas that are there."),
        "RebalanceTable": Command(cluster.rebalance, {
            "clusterName": None, "tableName": True, **flags, "minAvailableReplicas": 1,
            "externalViewCheckIntervalInMs": 1000, "externalViewStabilizationTimeoutInMs": 3600000, **old},
            "Rebalance a table: with one server nothing moves."),
        "BootstrapTable": Command(cluster.bootstrap_table, {"dir|d|directory": None, **_place()},
                                  "Add the table of a folder, with its rows."),
    }  # fmt: skip


def _data() -> dict[str, Command]:
    """Commands on rows."""
    broker = {"brokerHost": "127.0.0.1", "brokerPort": Port("BROKER", 8099), "brokerProtocol": "http", **AUTH}
    job: Options = {"jobSpecFile|jobSpec": True, "values": [], "propertyFile": None, **AUTH}
    return {
        "PostQuery": Command(commands.post_query, {"query": True, "o|option": pair, **broker}, "Ask a broker.", SHOWN),
        "LaunchDataIngestionJob": Command(commands.launch_job, job, "Run an ingestion job's specification."),
        "LaunchSparkDataIngestionJob": Command(commands.launch_job, {
            **job, "pluginsToLoad": None, "pinotBaseDir": None, "deployMode": None, "master": None,
            "sparkVersion": None, "sparkConf": []}, "Run an ingestion job's specification, without Spark."),
        "ImportData": Command(commands.import_data, {
            "dataFilePath": True, "format": Choice(FORMATS, required=True), "table": True,
            "controllerURI": f"http://127.0.0.1:{Port('CONTROLLER', 9000)}", "segmentNameGeneratorType": None,
            "additionalConfigs": [], "tempDir": None, **AUTH}, "Ingest a file or a folder of files."),
        "CreateSegment": Command(segments.create, {
            "dataDir": True, "format": Choice(FORMATS, required=True), "outDir": True, "overwrite": "flag",
            "tableConfigFile": None, "schemaFile": True, "readerConfigFile": None, "retry": 0,
            "failOnEmptySegment": False, "postCreationVerification": "flag", "numThreads": 1,
            # of Pinot 0.1, still sent by Airflow's hook
            "tableName": None, "segmentName": None, "timeColumnName": None, **AUTH},
            "Make segments of files, each a folder of outDir."),
        "UploadSegment": Command(segments.upload, {
            "segmentDir": True, "tableName": None, "tableType": Choice(("OFFLINE", "REALTIME"), "OFFLINE"),
            **_place()}, "Upload a folder of segments."),
        **_schemas(),
    }  # fmt: skip


def _schemas() -> dict[str, Command]:
    """Commands that make a schema of what there is."""
    columns: Options = {
        "outputDir": True, "pinotSchemaName": True, "dimensions": None, "metrics": None, "timeColumnName": None,
        "timeUnit": Choice(UNITS, "DAYS"), "fieldsToUnnest": None, "delimiter": None,
        "collectionNotUnnestedToJson": Choice(MODES),
    }  # fmt: skip
    return {
        "JsonToPinotSchema": Command(infer.from_json, {"jsonFile": True, **columns}, "Make a schema of a JSON file."),
        "AvroSchemaToPinotSchema": Command(infer.from_avro, {
            "avroSchemaFile": None, "avroDataFile": None, "complexType": False, **columns},
            "Make a schema of an Avro schema, or of an Avro file's."),
    }  # fmt: skip


def _roles() -> dict[str, Command]:
    """Commands that start something."""
    part = "Part of the engine's one process."
    controller = Command(commands.start_controller, {
        "controllerMode": Choice(("DUAL", "PINOT_ONLY", "HELIX_ONLY")), "controllerHost": "127.0.0.1",
        "controllerPort": Port("CONTROLLER", 9000), "dataDir": ".meshloom-engine",
        "configFileName|config|configFile|controllerConfig|controllerConf": None, **START},
        "Start the engine, all roles in one process.", FALSE, FALSE)  # fmt: skip
    return {
        "StartController": controller,
        "StartBroker": Command(commands.start, {
            "brokerHost": None, "brokerPort": 8099, "brokerGrpcPort": 0, "brokerMultiStageRunnerPort": 0,
            "configFileName|config|configFile|brokerConfig|brokerConf": None, **START}, part, FALSE, FALSE),
        "StartServer": Command(commands.start, {
            "serverHost": None, "serverPort": 8098, "serverAdminPort": 8097, "serverGrpcPort": 8090,
            "serverMultiStageServerPort": 0, "serverMultiStageRunnerPort": 0, "dataDir": None, "segmentDir": None,
            "configFileName|config|configFile|serverConfig|serverConf": None, **START}, part, FALSE, FALSE),
        "StartMinion": Command(commands.start, {
            "minionHost": None, "minionPort": 9514, "configFileName": None, **START}, part, FALSE, FALSE),
        "StartServiceManager": Command(commands.start, {
            "port": -1, "bootstrapConfigPaths": [], "bootstrapServices": [], "configFileName": None, **START},
            part, FALSE, FALSE),
        "QuickStart": Command(quickstart.run, {
            "type": None, "bootstrapTableDir": [], "tmpDir|quickstartDir|dataDir": None,
            "zkAddress|zkUrl|zkExternalAddress": None, "configFile|configFilePath": None},
            "Start the engine with example tables."),
    }  # fmt: skip


def table() -> dict[str, Command]:
    """The commands that there are, by name."""
    return _tables() | _cluster() | _data() | _roles()


def called(words: Sequence[str]) -> Namespace:
    """A command line's options, `run` among them. Ends the process when the call is wrong, or asks for help."""
    top, known = _parsers()
    command, *rest = words or ("",)
    if command in refused.REFUSED and not set(rest) & set(HELP):
        return Namespace(command=command, run=refused.refuse, refused=THROWN, absent=THROWN)
    if command in known:
        return top.parse_args([command, *known[command].settled(rest)])
    return top.parse_args(words)


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    top = Parser("pinot-admin.sh", description="Apache Pinot's administration commands.", allow_abbrev=False,
                 add_help=False)  # fmt: skip
    _help(top)
    version = f"Package: meshloom, Version: {__version__} (the interfaces of Apache Pinot 1.5.1)"
    top.add_argument("-version", "-v", "--v", "--version", action="version", version=version, help="show the version")
    groups = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    made = {}
    for name, command in table().items():
        made[name] = one = groups.add_parser(
            name, help=command.told, description=command.told, allow_abbrev=False, add_help=False
        )
        for option, default in command.options.items():
            _add(one, option, default)
        _help(one)
        one.set_defaults(run=command.run, refused=command.refused, absent=command.absent)
    for name, why in refused.REFUSED.items():
        _help(groups.add_parser(name, description=f"Not there: {why}.", allow_abbrev=False, add_help=False))
    return top, made


HELP = ("-help", "-h", "--h", "--help")


def _help(one: Parser) -> None:
    one.add_argument(*HELP, action="help", help="show this and end")


def _add(one: Parser, names: str, default: object) -> None:
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
    elif default is pair:
        one.add_argument(*spelt, dest=dest, nargs="+", action="extend", default=[], type=pair)
    elif isinstance(default, Choice):
        one.add_argument(*spelt, dest=dest, required=default.required, default=default.default,
                         type=one_of(*default.names))  # fmt: skip
    elif isinstance(default, list):
        one.add_argument(*spelt, dest=dest, nargs="+", action="extend", default=[])
    else:
        one.add_argument(*spelt, dest=dest, type=int if isinstance(default, int) else str, default=default)
