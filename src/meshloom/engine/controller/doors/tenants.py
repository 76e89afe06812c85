"""Tenants over REST: names in the tags of the one server and the one broker."""

from __future__ import annotations

import uuid
from typing import Any

from meshloom.engine.config.documents import parse_json
from meshloom.engine.config.table import TYPES, TableConfig
from meshloom.engine.config.validate_stream import replication
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.instances import set_enabled
from meshloom.engine.controller.doors.placement import unmoved
from meshloom.engine.controller.instances import TENANT
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.server.facts import size_of


def tenants_of(controller: Controller) -> dict[str, set[str]]:
    """Tenants of servers and of brokers, by the tags of the instances."""
    found: dict[str, set[str]] = {"SERVER": set(), "BROKER": set()}
    for name in controller.instances.names():
        for tag in controller.tags(name):
            tenant, _, kind = tag.rpartition("_")
            if kind in ("OFFLINE", "REALTIME"):
                found["SERVER"].add(tenant)
            elif kind == "BROKER":
                found["BROKER"].add(tenant)
    return found


def names(controller: Controller, call: Call) -> Any:
    found, kind = tenants_of(controller), call.query.get("type", "").upper()
    return {f"{role}_TENANTS": sorted(found[role]) if kind in ("", role) else None for role in ("SERVER", "BROKER")}


def _having(controller: Controller, tag: str) -> list[str]:
    return [name for name in controller.instances.names() if tag in controller.tags(name)]


def _of(controller: Controller, name: str) -> dict[str, list[str]]:
    """A tenant's instances by role."""
    offline, realtime = (_having(controller, f"{name}_{kind}") for kind in ("OFFLINE", "REALTIME"))
    return {
        "ServerInstances": sorted({*offline, *realtime}),
        "OfflineServerInstances": offline,
        "RealtimeServerInstances": realtime,
        "BrokerInstances": _having(controller, f"{name}_BROKER"),
    }


def one(controller: Controller, call: Call) -> Any:
    """A tenant's instances, of one role with `type`, of one kind of tables with `tableType`."""
    name, found, kind = call.path["name"], _of(controller, call.path["name"]), call.query.get("type", "").upper()
    shown: dict[str, Any] = {}
    if "type" not in call.query:
        _some(found["ServerInstances"] + found["BrokerInstances"], f"broker and server tenants: {name}")
        shown = {key: found[key] for key in ("ServerInstances", "BrokerInstances")}
    elif kind == "SERVER":
        shown = _servers(found, call, name)
    elif kind == "BROKER":
        shown = {"BrokerInstances": _some(found["BrokerInstances"], f"broker tenant: {name}")}
    return shown | {"tenantName": name}


def _servers(found: dict[str, list[str]], call: Call, name: str) -> dict[str, Any]:
    """A tenant's servers by type of tables, and all of those. Raises RestError 500 for an unknown type, 404."""
    wanted = call.query.get("tableType", "").upper()
    if wanted and wanted not in TYPES:
        raise RestError(500, f"No enum constant org.apache.pinot.spi.config.table.TableType.{wanted}")
    shown = {kind: found[f"{kind.title()}ServerInstances"] for kind in TYPES if wanted in ("", kind)}
    every = sorted({instance for instances in shown.values() for instance in instances})
    _some(every, f"server tenant: {name}_{wanted}" if wanted else f"server tenant: {name}")
    return {f"{kind.title()}ServerInstances": instances for kind, instances in shown.items()} | {
        "ServerInstances": every
    }


def _some(instances: list[str], whose: str) -> list[str]:
    if not instances:
        raise RestError(404, f"Failed to find any instances for {whose}")
    return instances


def metadata(controller: Controller, call: Call) -> Any:
    """Of the roles that are asked for; Pinot leaves the servers by type empty."""
    found, kind = _of(controller, call.path["name"]), call.query.get("type", "").upper()
    keys = ("ServerInstances", "OfflineServerInstances", "RealtimeServerInstances", "BrokerInstances")
    shown = {f"{role.title()}Instances" for role in ("SERVER", "BROKER") if kind in ("", role)}
    return {key: found[key] if key in shown else None for key in keys} | {"tenantName": call.path["name"]}


def _tables(controller: Controller, name: str, role: str = "server") -> list[str]:
    return [
        physical
        for physical in controller.tables()
        if (controller.table(physical).get("tenants") or {}).get(role, TENANT) == name
    ]


def tables(controller: Controller, call: Call) -> Any:
    """Tables of a tenant of servers, or of brokers. With `withTableProperties` the properties that place a table."""
    role = call.query.get("type", "server").lower()
    if role not in ("server", "broker"):
        raise RestError(400, f"Invalid tenant type: {call.query.get('type')}")
    found = _tables(controller, call.path["name"], role)
    if role == "broker" or not call.flag("withTableProperties"):
        return {"tables": found}
    return {"tables": found, "tablesWithProperties": [_properties(controller, physical) for physical in found]}


def _properties(controller: Controller, physical: str) -> dict[str, Any]:
    config, held = TableConfig.of(controller.table(physical)), controller.segments(physical)
    return {
        "tableNameWithType": physical,
        "tableType": config.table_type,
        "isDimTable": config.is_dimension_table,
        "replication": replication(config),
        "totalSegments": len(held),
        "estimatedTableSizeInBytes": sum(map(size_of, held)),
        "isUpsertEnabled": bool(config.upsert),
        "isDedupEnabled": bool(config.section("dedupConfig").get("dedupEnabled")),
    }


# --- changes


def _count(document: dict[str, Any], name: str) -> int:
    """How many instances a document asks for. Raises RestError 400 for what is no number."""
    value = document.get(name) or 0
    if isinstance(value, int | str) and str(value).isdecimal():
        return int(value)
    raise RestError(400, f"Cannot deserialize value of {name}: a number is expected")


def _asked(call: Call, verb: str) -> tuple[dict[str, Any], str, str]:
    """A request's document, role and name. Raises RestError 400, and 500 for minions, which have no tenants."""
    document = parse_json(call.body, kind="TableConfig")
    role, name = str(document.get("tenantRole", "")), document.get("tenantName")
    if role == "MINION":
        raise RestError(500, f"Not a valid tenant {verb} call")
    if role not in ("BROKER", "SERVER") or not isinstance(name, str):
        raise RestError(400, "tenantRole (BROKER or SERVER) and tenantName are required")
    return document, role, name


def _tag(controller: Controller, document: dict[str, Any], role: str, name: str, failed: str, *, ours: bool) -> None:
    """Give the tenant the one instance that it may ask for, if that is free or (`ours`) belongs to the tenant.

    Raises RestError 400 for a part that is more than the whole, 500 when there are not as many instances.
    """
    instance = controller.instances.broker if role == "BROKER" else controller.instances.server
    held, total = controller.tags(instance), _count(document, "numberOfInstances")
    offline, realtime = _count(document, "offlineInstances"), _count(document, "realtimeInstances")
    if role == "SERVER" and not ours and total < max(offline, realtime):
        raise RestError(
            400,
            f"Cannot request more offline instances: {offline} or realtime instances: {realtime} than total "
            f"instances: {total}",
        )
    mine = ours and any(tag.rpartition("_")[0] == name for tag in held)
    free = mine or any(tag.endswith("_untagged") for tag in held)
    if total > int(free) or (mine and not total) or max(offline, realtime) > max(total, int(mine)):
        raise RestError(500, failed)
    if not total:
        return
    tags = [f"{name}_{kind}" for kind, count in (("OFFLINE", offline), ("REALTIME", realtime)) if count]
    controller.keep("tags", instance, {"tags": [f"{name}_BROKER"] if role == "BROKER" else tags})


def add(controller: Controller, call: Call) -> Any:
    """The one server and the one broker belong to the default tenant; a free one does not exist here."""
    document, role, name = _asked(call, "creation")
    _tag(controller, document, role, name, "Failed to create tenant", ours=False)
    return {"status": "Successfully created tenant"}


def update(controller: Controller, call: Call) -> Any:
    document, role, name = _asked(call, "update")
    _tag(controller, document, role, name, "Failed to update tenant", ours=True)
    return {"status": "Updated tenant"}


def drop(controller: Controller, call: Call) -> Any:
    """Take a tenant from its instances, which are free then; one whose tables are served stays."""
    name, role = call.path["name"], call.query.get("type", "").upper()
    if not role:
        raise RestError(500, "Tenant type (BROKER | SERVER) is required as query parameter")
    if role not in ("BROKER", "SERVER"):
        raise RestError(500, f"No enum constant org.apache.pinot.spi.config.tenant.TenantRole.{role}")
    tables = _tables(controller, name, role.lower())
    if tables and (role == "BROKER" or any(map(controller.segments, tables))):
        raise RestError(400, f"{role.title()} tenant is not null, can not delete it")
    instance = controller.instances.broker if role == "BROKER" else controller.instances.server
    kept = [tag for tag in controller.tags(instance) if tag.rpartition("_")[0] != name]
    if kept != controller.tags(instance):
        controller.keep("tags", instance, {"tags": kept or [f"{role.lower()}_untagged"]})
    return {"status": f"Successfully deleted tenant {name}"}


def set_state(controller: Controller, call: Call) -> Any:
    """Enable or disable a tenant's instances; `drop` is refused while they live."""
    name, state = call.path["name"], call.required("state").lower()
    kind = call.query.get("type", "").upper()
    found = _of(controller, name)
    chosen = [found[f"{role.title()}Instances"] for role in ("SERVER", "BROKER") if kind in ("", role)]
    instances = [instance for group in chosen for instance in group]
    if state not in ("enable", "disable", "drop"):
        raise RestError(400, f"Error: State mentioned {state} is wrong. Valid States: Enable, Disable")
    if not instances:
        raise RestError(404, f"Failed to find any instances for broker and server tenants: {name}")
    if state == "drop":
        raise RestError(400, f"Tenant {name} has live instance")
    for instance in instances:
        set_enabled(controller, instance, state == "enable")
    return {"status": f"Changed state of tenant {name} to {state} successfully."}


# --- rebalance


def rebalance(controller: Controller, call: Call) -> Any:
    """Of each table of the tenant the same answer as alone: nothing moves."""
    found = _tables(controller, call.path["name"])
    include, exclude = (
        {part for part in call.query.get(key, "").split(",") if part} for key in ("includeTables", "excludeTables")
    )
    found = [physical for physical in found if (not include or physical in include) and physical not in exclude]
    return {
        "jobId": str(uuid.uuid4()),
        "totalTables": len(found),
        "statusSummary": {"NO_OP": len(found)} if found else {},
        "rebalanceTableResults": {physical: unmoved(controller, physical) for physical in found},
    }


def no_job(controller: Controller, call: Call) -> Any:
    """What moves nothing leaves no job behind, as in Pinot."""
    raise RestError(404, f"Failed to find controller job id: {call.path['job']}")


def no_tenant_job(controller: Controller, call: Call) -> Any:
    raise RestError(404, f"Tenant rebalance job: {call.path['job']} not found")


def jobs(controller: Controller, call: Call) -> Any:
    return {}


def partitions(controller: Controller, call: Call) -> Any:
    kind = call.query.get("instancePartitionType", "OFFLINE")
    raise RestError(404, f"Failed to find the instance partitions for {call.path['name']}_{kind}")


OPERATIONS = (
    ("GET", "/tenants", names, "Names of all tenants", ("type",)),
    ("POST", "/tenants", add, "Add a tenant", ()),
    ("PUT", "/tenants", update, "Change a tenant", ()),
    ("GET", "/tenants/{name}", one, "One tenant", ("type", "tableType")),
    ("POST", "/tenants/{name}", set_state, "Enable or disable a tenant's instances", ("type", "state")),
    ("DELETE", "/tenants/{name}", drop, "Delete a tenant", ("type",)),
    ("GET", "/tenants/{name}/metadata", metadata, "A tenant's instances by kind", ("type",)),
    ("POST", "/tenants/{name}/metadata", set_state, "Enable or disable a tenant's instances", ("type", "state")),
    ("GET", "/tenants/{name}/tables", tables, "A tenant's tables", ("type", "withTableProperties")),
    ("GET", "/tenants/{name}/instancePartitions", partitions, "None is kept", ("instancePartitionType",)),
    ("POST", "/tenants/{name}/rebalance", rebalance, "Nothing to move with one server", ("includeTables",)),
    ("GET", "/tenants/{name}/rebalanceJobs", jobs, "Rebalances under way: none", ()),
    ("GET", "/tenants/rebalanceStatus/{job}", no_job, "How far a rebalance is", ()),
    ("DELETE", "/tenants/rebalance/{job}", no_tenant_job, "Stop a rebalance", ()),
)
