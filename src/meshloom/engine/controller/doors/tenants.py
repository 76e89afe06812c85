"""Tenants over REST: names in the tags of the one server and the one broker."""

from __future__ import annotations

import uuid
from typing import Any

from meshloom.engine.config.documents import parse_json
from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.instances import set_enabled, tags_of
from meshloom.engine.controller.doors.placement import unmoved
from meshloom.engine.controller.instances import TENANT
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call


def tenants_of(controller: Controller) -> dict[str, set[str]]:
    """Tenants of servers and of brokers, by the tags of the instances."""
    found: dict[str, set[str]] = {"SERVER": set(), "BROKER": set()}
    for name in controller.instances.names():
        for tag in tags_of(controller, name):
            tenant, _, kind = tag.rpartition("_")
            if kind in ("OFFLINE", "REALTIME"):
                found["SERVER"].add(tenant)
            elif kind == "BROKER":
                found["BROKER"].add(tenant)
    return found


def names(controller: Controller, call: Call) -> Any:
    found, kind = tenants_of(controller), call.query.get("type", "").upper()
    return {f"{role}_TENANTS": sorted(found[role]) for role in ("SERVER", "BROKER") if kind in ("", role)}


def _having(controller: Controller, tag: str) -> list[str]:
    return [name for name in controller.instances.names() if tag in tags_of(controller, name)]


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
    if kind == "SERVER":
        only = {"OFFLINE": "OfflineServerInstances", "REALTIME": "RealtimeServerInstances"}
        shown = only.get(call.query.get("tableType", "").upper(), "ServerInstances")
        return {"ServerInstances": _some(found[shown], f"server tenant: {name}"), "tenantName": name}
    if kind == "BROKER":
        return {"BrokerInstances": _some(found["BrokerInstances"], f"broker tenant: {name}"), "tenantName": name}
    _some(found["ServerInstances"] + found["BrokerInstances"], f"broker and server tenants: {name}")
    return {key: found[key] for key in ("ServerInstances", "BrokerInstances")} | {"tenantName": name}


def _some(instances: list[str], whose: str) -> list[str]:
    if not instances:
        raise RestError(404, f"Failed to find any instances for {whose}")
    return instances


def metadata(controller: Controller, call: Call) -> Any:
    return _of(controller, call.path["name"]) | {"tenantName": call.path["name"]}


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
    if role == "broker":
        return {"tables": sorted({raw_name(physical) for physical in found})}
    if not call.flag("withTableProperties"):
        return {"tables": found}
    properties = ("tenants", "instanceAssignmentConfigMap", "instancePartitionsMap", "segmentAssignmentConfigMap")
    kept = {physical: controller.table(physical) for physical in found}
    placed = [{"tableName": p, **{k: v for k, v in kept[p].items() if k in properties}} for p in found]
    return {"tables": found, "tablesWithProperties": placed}


# --- changes


def _count(document: dict[str, Any], name: str) -> int:
    """How many instances a document asks for. Raises RestError 400 for what is no number."""
    value = document.get(name) or 0
    if isinstance(value, int | str) and str(value).isdecimal():
        return int(value)
    raise RestError(400, f"Cannot deserialize value of {name}: a number is expected")


def _asked(call: Call) -> tuple[dict[str, Any], str, str]:
    document = parse_json(call.body)
    role, name = str(document.get("tenantRole", "")).upper(), document.get("tenantName")
    if role not in ("BROKER", "SERVER") or not isinstance(name, str) or not name:
        raise RestError(400, "tenantRole (BROKER or SERVER) and tenantName are required")
    return document, role, name


def _tag(controller: Controller, document: dict[str, Any], role: str, name: str, failed: str, *, ours: bool) -> None:
    """Give the tenant the instance that it asks for, if that is free or (`ours`) belongs to the tenant."""
    instance = controller.instances.broker if role == "BROKER" else controller.instances.server
    held = tags_of(controller, instance)
    free = any(tag.endswith("_untagged") for tag in held) or (ours and any(t.startswith(f"{name}_") for t in held))
    if role == "BROKER":
        if not free:
            raise RestError(500, failed)
        controller.keep("tags", instance, {"tags": [f"{name}_BROKER"]})
        return
    offline, realtime = _count(document, "offlineInstances"), _count(document, "realtimeInstances")
    if not free or max(offline, realtime) > 1:
        raise RestError(
            400,
            f"Cannot request more offline instances: {offline} or realtime instances: {realtime} than total "
            f"instances: {int(free)}",
        )
    tags = [f"{name}_{kind}" for kind, count in (("OFFLINE", offline), ("REALTIME", realtime)) if count]
    controller.keep("tags", instance, {"tags": tags})
    controller.keep("server-tenant", name, {})


def add(controller: Controller, call: Call) -> Any:
    """The one server and the one broker belong to the default tenant; a free one does not exist here."""
    document, role, name = _asked(call)
    _tag(controller, document, role, name, "Failed to create tenant", ours=False)
    return {"status": "Successfully created tenant"}


def update(controller: Controller, call: Call) -> Any:
    document, role, name = _asked(call)
    _tag(controller, document, role, name, "Failed to update tenant", ours=True)
    return {"status": "Updated tenant"}


def drop(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if _tables(controller, name):
        raise RestError(400, f"Cannot delete tenant {name}: tables use it")
    controller.forget("server-tenant", name)
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
