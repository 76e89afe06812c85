"""What each administration command does. Each gets its options and gives the lines that it prints."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meshloom.cli.pinot import job
from meshloom.cli.pinot.controller import Controller, Failed, document

ROLES = "One process plays every role here: `meshloom engine up` starts controller, broker, server and minion together."


def controller(options: Namespace) -> Controller:
    address = f"{options.controllerProtocol}://{options.controllerHost}:{options.controllerPort}"
    return Controller(address, options.authToken or "", options.user or "", options.password or "")


def shown(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)


def dry(options: Namespace, what: str) -> Iterator[str]:
    yield f"Dry run: {what}. Add -exec to do it."


def add_schema(options: Namespace) -> Iterator[str]:
    schema = document(Path(options.schemaFile))
    if not options.exec:
        yield from dry(options, f"the schema {schema.get('schemaName')} would be added")
        return
    override = str(bool(options.override)).lower()
    yield shown(controller(options).ask("POST", f"/schemas?override={override}", json=schema))


def add_table(options: Namespace) -> Iterator[str]:
    """Schema and tables in one, as Pinot's own command: `-update` replaces them."""
    tables = [document(Path(path)) for path in (options.tableConfigFile or options.filePath,) if path]
    tables += [
        document(Path(path)) for path in (options.offlineTableConfigFile, options.realtimeTableConfigFile) if path
    ]
    if not tables:
        raise Failed("AddTable needs -tableConfigFile")
    name = str(tables[0].get("tableName", "")).removesuffix("_OFFLINE").removesuffix("_REALTIME")
    if not options.exec:
        yield from dry(options, f"the table {name} would be {'updated' if options.update else 'added'}")
        return
    target = controller(options)
    schema = document(Path(options.schemaFile)) if options.schemaFile else target.ask("GET", f"/schemas/{name}")
    together = {"tableName": name, "schema": schema}
    for table in tables:
        together[str(table.get("tableType", "OFFLINE")).lower()] = table
    if options.update:
        yield shown(target.ask("PUT", f"/tableConfigs/{name}", json=together))
    else:
        yield shown(target.ask("POST", "/tableConfigs", json=together))


def add_tenant(options: Namespace) -> Iterator[str]:
    role = options.role.upper()
    tenant: dict[str, Any] = {"tenantName": options.name, "tenantRole": role}
    if role == "BROKER":
        tenant["numberOfInstances"] = options.instanceCount
    else:
        tenant |= {"offlineInstances": options.offlineInstanceCount, "realtimeInstances": options.realTimeInstanceCount}
        tenant["numberOfInstances"] = options.instanceCount or (
            options.offlineInstanceCount + options.realTimeInstanceCount
        )
    if not options.exec:
        yield from dry(options, f"the {role} tenant {options.name} would be added")
        return
    yield shown(controller(options).ask("POST", "/tenants", json=tenant))


def delete_table(options: Namespace) -> Iterator[str]:
    if not options.exec:
        yield from dry(options, f"the table {options.tableName} would be deleted")
        return
    type_ = f"?type={options.type}" if options.type else ""
    yield shown(controller(options).ask("DELETE", f"/tables/{options.tableName}{type_}"))


def delete_schema(options: Namespace) -> Iterator[str]:
    if not options.exec:
        yield from dry(options, f"the schema {options.schemaName} would be deleted")
        return
    yield shown(controller(options).ask("DELETE", f"/schemas/{options.schemaName}"))


def change_table_state(options: Namespace) -> Iterator[str]:
    target = controller(options)
    if options.state == "drop":
        yield shown(target.ask("DELETE", f"/tables/{options.tableName}"))
        return
    path = f"/tables/{options.tableName}/state"
    yield shown(target.ask("PUT", path, params={"state": options.state, "type": options.type or "OFFLINE"}))


def operate_cluster_config(options: Namespace) -> Iterator[str]:
    target, operation = controller(options), options.operation.upper()
    if operation == "GET":
        yield shown(target.ask("GET", "/cluster/configs"))
    elif operation == "DELETE":
        yield shown(target.ask("DELETE", f"/cluster/configs/{options.config.partition('=')[0]}"))
    elif operation in ("ADD", "UPDATE"):
        name, _, value = options.config.partition("=")
        yield shown(target.ask("POST", "/cluster/configs", json={name: value}))
    else:
        raise Failed(f"-operation is ADD, UPDATE, DELETE or GET, not {options.operation}")


def post_query(options: Namespace) -> Iterator[str]:
    address = f"{options.brokerProtocol}://{options.brokerHost}:{options.brokerPort}"
    target = Controller(address, options.authToken or "", options.user or "", options.password or "")
    body = {"sql": options.query} | ({"queryOptions": options.queryOption} if options.queryOption else {})
    yield f"Result: {shown(target.ask('POST', '/query/sql', json=body))}"


def launch_job(options: Namespace) -> Iterator[str]:
    values = dict(pair.partition("=")[::2] for pair in options.values or ())
    yield from job.run(job.read_job(Path(options.jobSpecFile), values))


def import_data(options: Namespace) -> Iterator[str]:
    """A job of one input, its specification made of the options."""
    configs = dict(pair.partition("=")[::2] for pair in options.additionalConfigs or ())
    made = {
        "inputDirURI": options.dataFilePath,
        "recordReaderSpec": {"dataFormat": options.format, "configs": configs},
        "tableSpec": {"tableName": options.table},
        "pinotClusterSpecs": [{"controllerURI": options.controllerURI}],
        "segmentNameGeneratorSpec": {"type": options.segmentNameGeneratorType or "simple"},
    }
    yield from job.run(made)


def create_segment(options: Namespace) -> Iterator[str]:
    """Here a segment is built by the controller that keeps it: the files are ingested at once."""
    table = document(Path(options.tableConfigFile))
    made = {
        "inputDirURI": options.dataDir,
        "recordReaderSpec": {"dataFormat": (options.format or "csv").lower()},
        "tableSpec": {"tableName": table["tableName"]},
        "pinotClusterSpecs": [{"controllerURI": f"http://{options.controllerHost}:{options.controllerPort}"}],
    }
    yield from job.run(made, controller(options))


def upload_segment(options: Namespace) -> Iterator[str]:
    target = controller(options)
    for path in sorted(path for path in Path(options.segmentDir).iterdir() if path.is_file()):
        with path.open("rb") as content:
            table = {"tableName": options.tableName} if options.tableName else {}
            answer = target.ask("POST", "/v2/segments", params=table, files={"file": (path.name, content)})
        yield f"{path.name}: {shown(answer)}"


def start(options: Namespace) -> Iterator[str]:
    """A role that has no process of its own: told, with the engine that has it."""
    yield ROLES
    try:
        found = controller(options).ask("GET", "/version")
    except Exception as error:  # whatever keeps it from answering, the role is not there
        raise Failed(f"No engine runs at {options.controllerHost}:{options.controllerPort}: {error}") from error
    yield f"The engine at {options.controllerHost}:{options.controllerPort} is up: {shown(found)}"


def start_controller(options: Namespace) -> Iterator[str]:
    from meshloom.cli.engine import up

    yield ROLES
    up(home=Path(options.dataDir), host="127.0.0.1", controller_port=options.controllerPort)
