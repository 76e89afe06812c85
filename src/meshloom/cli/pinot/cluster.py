"""Commands that look at a whole cluster. Pinot's read ZooKeeper; these ask the controller, at -controllerHost."""

from __future__ import annotations

import io
import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meshloom.cli.pinot.controller import Controller, Failed, Refused
from meshloom.cli.pinot.place import controller, shown
from meshloom.cli.pinot.quickstart import bootstrap

LIVE = "ONLINE"


def _named(text: str) -> set[str]:
    """Names of tables or tags, by commas, without type."""
    return {_raw(one.strip()) for one in text.split(",") if one.strip()}


def _raw(name: str) -> str:
    return name.replace("_OFFLINE", "").replace("_REALTIME", "")


def show(options: Namespace) -> Iterator[str]:
    """Instances, and each table's segments with their states, as YAML (ShowClusterInfoCommand)."""
    target = controller(options)
    there = target.ask("GET", "/cluster/info")["clusterName"]
    if options.clusterName != there:
        raise Failed(f"Cluster {options.clusterName} not found in {target.address}.", code=255)
    live = set(target.ask("GET", "/liveinstances")["instances"])
    names = target.ask("GET", "/instances")["instances"]
    told = {
        "brokerInfoList": [_instance(target, name, live) for name in names if name.startswith("Broker")],
        "clusterName": there,
        "controllerInfo": {"leaderName": next((name for name in names if name.startswith("Controller")), None)},
        "serverInfoList": [_instance(target, name, live) for name in names if name.startswith("Server")],
        "tableInfoList": list(_tables(target, _named(options.tables), _named(options.tags))),
    }
    yield _yaml(told)


def _instance(target: Controller, name: str, live: set[str]) -> dict[str, Any]:
    tags = target.ask("GET", f"/instances/{name}")["tags"]
    return {"name": name, "state": LIVE if name in live else "OFFLINE", "tags": tags}


def _tables(target: Controller, tables: set[str], tags: set[str]) -> Iterator[dict[str, Any]]:
    for name in target.ask("GET", "/tables")["tables"]:
        if tables and name not in tables:
            continue
        for type_, config in target.ask("GET", f"/tables/{name}").items():
            tag = f"{(config.get('tenants') or {}).get('server') or 'DefaultTenant'}_{type_}"
            if tags and _raw(tag) not in tags:
                continue
            states = target.ask("GET", f"/tables/{name}/externalview", params={"tableType": type_})[type_] or {}
            held = [{"name": segment, "segmentStateMap": servers} for segment, servers in states.items()]
            yield {"segmentInfoList": held, "tableName": f"{name}_{type_}", "tag": tag}


def _yaml(document: Any) -> str:
    from ruamel.yaml import YAML

    text = io.StringIO()
    YAML(typ="safe").dump(document, text)
    return text.getvalue().rstrip()


def validate(options: Namespace) -> Iterator[str]:
    """Judge the table configs and schemas that the controller has (ValidateConfigCommand)."""
    if not (options.tableConfig or options.schema):
        raise Failed("Need to specify at least one of -schema and -tableConfig")
    target = controller(options)
    yield "-------------------- Starting Validation --------------------"
    if options.tableConfig:
        names = _asked(options.tableNames, "table") or target.ask("GET", "/tables")["tables"]
        yield f"Validating table config for tables: [{', '.join(names)}]"
        for name in names:
            found = target.ask("GET", f"/tables/{name}")
            yield from (line for config in found.values() for line in _judged(target, "table config", name, config))
    if options.schema:
        names = _asked(options.schemaNames, "schema") or target.ask("GET", "/schemas")
        yield f"Validating schemas: [{', '.join(names)}]"
        for name in names:
            yield from _judged(target, "schema", name, target.ask("GET", f"/schemas/{name}"))


def _asked(text: str | None, what: str) -> list[str]:
    if text is not None and not text.split():
        raise Failed(f"No {what} name specified.")
    return (text or "").split()


def _judged(target: Controller, what: str, name: str, document: Any) -> Iterator[str]:
    yield f'  Validating {what}: "{name}"'
    try:
        target.ask("POST", "/schemas/validate" if what == "schema" else "/tables/validate", json=document)
    except Refused as refusal:
        yield f'    {what.capitalize()} validation failed for: "{name}": {refusal}'


def rebalance(options: Namespace) -> Iterator[str]:
    """Ask for a table's rebalance, which with one server moves nothing; whether it is done is the code."""
    raw, _, type_ = options.tableName.rpartition("_")
    if type_ not in ("OFFLINE", "REALTIME"):
        raise Failed(f"-tableName is a name with its type, myTable_OFFLINE for one, not {options.tableName}")
    flags = ("dryRun", "reassignInstances", "includeConsuming", "bootstrap", "downtime", "bestEfforts")
    params = {"type": type_, "minAvailableReplicas": options.minAvailableReplicas}
    params |= {name: str(getattr(options, name)).lower() for name in flags}
    answer = controller(options).ask("POST", f"/tables/{raw}/rebalance", params=params)
    yield f"Got rebalance result: {shown(answer)} for table: {options.tableName}"
    if answer["status"] not in ("DONE", "NO_OP"):
        raise Failed(json.dumps(answer), code=255)


def bootstrap_table(options: Namespace) -> Iterator[str]:
    """Add the table of a folder, with its rows."""
    if not options.dir:
        raise Failed("-dir names the folder that has the table's schema, config and data")
    yield from bootstrap(controller(options), Path(options.dir).absolute())
