"""What each administration command does. Each gets its options and gives the lines that it prints."""

from __future__ import annotations

import hashlib
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meshloom.cli.pinot import job
from meshloom.cli.pinot.controller import Controller, Failed, Refused, document
from meshloom.cli.pinot.job_spec import read_job
from meshloom.cli.pinot.place import at, controller, shown
from meshloom.errors import InputError, MeshloomError, Problem

ROLES = "One process plays every role here: `meshloom engine up` starts controller, broker, server and minion together."


def dry(options: Namespace, what: str) -> Iterator[str]:
    yield f"Dry run: {what}. Add -exec to do it."


def add_schema(options: Namespace) -> Iterator[str]:
    schema = document(Path(options.schemaFile))
    if not options.exec:
        yield from dry(options, f"the schema {schema.get('schemaName')} would be added")
        return
    override = str(bool(options.override)).lower()
    force = str(bool(options.force)).lower()
    yield shown(controller(options).ask("POST", f"/schemas?override={override}&force={force}", json=schema))


def add_table(options: Namespace) -> Iterator[str]:
    """Schema and tables in one, as Pinot's own command: `-update` replaces them. Without a schema file the tables are
    added to the schema that the controller has, where Pinot fails."""
    tables = _given_tables(options)
    if not tables:
        told = "-tableConfigFile, -offlineTableConfigFile, -realtimeTableConfigFile"
        raise Failed(f"Must provide at least one of {told}")
    last = list(tables.values())[-1]
    name = str(last.get("tableName", "")).removesuffix("_OFFLINE").removesuffix("_REALTIME")
    if not options.exec:
        yield from dry(options, f"the table {name} would be {'updated' if options.update else 'added'}")
        return
    target = controller(options)
    skipped = {"validationTypesToSkip": options.validationTypesToSkip} if options.validationTypesToSkip else None
    if not options.schemaFile and not options.update:
        for table in tables.values():
            yield shown(target.ask("POST", "/tables", json=table, params=skipped))
        return
    schema = document(Path(options.schemaFile)) if options.schemaFile else target.ask("GET", f"/schemas/{name}")
    together = {"tableName": name, "schema": schema, **tables}
    method, path = ("PUT", f"/tableConfigs/{name}") if options.update else ("POST", "/tableConfigs")
    yield shown(target.ask(method, path, json=together, params=skipped))


def _given_tables(options: Namespace) -> dict[str, Any]:
    """The table configs by type; those of a file for one type come last, and count. Raises InputError."""
    tables: dict[str, Any] = {}
    if options.tableConfigFile:
        table = document(Path(options.tableConfigFile))
        tables["offline" if table.get("tableType") == "OFFLINE" else "realtime"] = table
    for type_, path in (("offline", options.offlineTableConfigFile), ("realtime", options.realtimeTableConfigFile)):
        if path:
            tables.pop(type_, None)
            tables[type_] = document(Path(path))
    return tables


def add_tenant(options: Namespace) -> Iterator[str]:
    role = options.role
    tenant: dict[str, Any] = {
        "tenantName": options.name, "tenantRole": role, "numberOfInstances": options.instanceCount,
        "offlineInstances": options.offlineInstanceCount, "realtimeInstances": options.realTimeInstanceCount,
    }  # fmt: skip
    if not options.exec:
        yield from dry(options, f"the {role} tenant {options.name} would be added")
        return
    yield shown(controller(options).ask("POST", "/tenants", json=tenant))


def delete_table(options: Namespace) -> Iterator[str]:
    if not options.exec:
        yield from dry(options, f"the table {options.tableName} would be deleted")
        return
    given = {"type": options.type, "retention": options.retention}
    params = {name: value for name, value in given.items() if value}
    yield shown(controller(options).ask("DELETE", f"/tables/{options.tableName}", params=params))


def delete_schema(options: Namespace) -> Iterator[str]:
    if not options.exec:
        yield from dry(options, f"the schema {options.schemaName} would be deleted")
        return
    yield shown(controller(options).ask("DELETE", f"/schemas/{options.schemaName}"))


def change_table_state(options: Namespace) -> Iterator[str]:
    state, target = options.state.lower(), controller(options)
    if state not in ("enable", "disable", "drop"):
        raise Failed(f"Invalid value for state: {options.state}\n Value must be one of enable|disable|drop")
    if state == "drop":
        yield shown(target.ask("DELETE", f"/tables/{options.tableName}"))
        return
    for type_ in target.ask("GET", f"/tables/{options.tableName}"):  # OFFLINE, REALTIME, as far as there
        path = f"/tables/{options.tableName}/state"
        try:
            yield shown(target.ask("PUT", path, params={"state": state, "type": type_}))
        except Refused as refusal:
            raise Failed(f"Failed to change table state, error: {refusal}") from refusal


def operate_cluster_config(options: Namespace) -> Iterator[str]:
    target, operation = controller(options), options.operation.upper()
    if operation not in ("GET", "ADD", "UPDATE", "DELETE"):
        raise Failed(f"Unsupported operation: {options.operation}; it is GET, ADD, UPDATE or DELETE")
    if operation == "GET":
        yield from (f"{name}={value}" for name, value in target.ask("GET", "/cluster/configs").items())
    elif not options.config:
        raise Failed("Empty config: -config names the key to change")
    elif operation == "DELETE":
        yield shown(target.ask("DELETE", f"/cluster/configs/{options.config}"))
    else:
        parts = options.config.rstrip("=").split("=")  # as Java splits: no empty parts at the end
        if len(parts) != 2:
            raise Failed(f"Bad config: {options.config}. Please follow the pattern of [Config Key]=[Config Value]")
        yield shown(target.ask("POST", "/cluster/configs", json={parts[0]: parts[1]}))


def post_query(options: Namespace) -> Iterator[str]:
    target = at(f"{options.brokerProtocol}://{options.brokerHost}:{options.brokerPort}", options)
    body = {"sql": options.query} | dict(pair.partition("=")[::2] for pair in options.o)
    try:
        answer = target.ask("POST", "/query/sql", json=body)
    except Refused as refusal:  # a result, too: it is shown
        answer = str(refusal)
    yield f"Result: {shown(answer)}"


def launch_job(options: Namespace) -> Iterator[str]:
    values = job.properties(Path(options.propertyFile)) if options.propertyFile else {}
    if odd := [pair for pair in options.values if "=" not in pair]:
        raise InputError(Problem("wrong-value", f"-values {odd[0]} gives no value", "", "write name=value"))
    values |= dict(pair.partition("=")[::2] for pair in options.values)
    made = read_job(Path(options.jobSpecFile), values)
    options.authToken = str(made.get("authToken") or options.authToken)
    yield from job.run(made, at(str(made["pinotClusterSpecs"][0]["controllerURI"]), options))


def import_data(options: Namespace) -> Iterator[str]:
    """A job of one input, its specification made of the options. A file's segment has the same name every time."""
    configs = dict(pair.partition("=")[::2] for pair in options.additionalConfigs)
    path = options.dataFilePath
    names = options.segmentNameGeneratorType or configs.get("segmentNameGenerator.type") or (
        "simple" if Path(path).is_dir() else "fixed")  # fmt: skip
    fixed = {"segment.name": f"{options.table}_{hashlib.sha256(path.encode()).hexdigest()}"}
    prefix = "recordReader.prop."
    made = {
        "inputDirURI": path,
        "recordReaderSpec": {
            "dataFormat": options.format,
            "configs": {k.removeprefix(prefix): value for k, value in configs.items() if k.startswith(prefix)},
        },
        "tableSpec": {"tableName": options.table},
        "segmentNameGeneratorSpec": {"type": names, "configs": fixed | configs if names == "fixed" else configs},
    }
    yield from job.run(made, at(options.controllerURI, options))


def start(options: Namespace) -> Iterator[str]:
    """A role that has no process of its own: told, with the engine that has it."""
    yield ROLES
    place = f"127.0.0.1:{os.environ.get('MESHLOOM_CONTROLLER_PORT') or 9000}"
    yield from unread(options)
    try:
        found = Controller(f"http://{place}").ask("GET", "/version")
    except (Failed, MeshloomError) as error:
        raise Failed(f"No engine runs at {place}: {error}", code=255) from error
    yield f"The engine at {place} is up: {shown(found)}"


def start_controller(options: Namespace) -> Iterator[str]:
    from meshloom.cli.engine import serve

    yield ROLES
    yield from unread(options)
    serve(Path(options.dataDir), options.controllerHost, {"CONTROLLER": options.controllerPort})


def unread(options: Namespace) -> Iterator[str]:
    """A line on a configuration that does not count here."""
    if options.configFileName:
        yield f"{options.configFileName} is not read: this engine has no Java properties."
