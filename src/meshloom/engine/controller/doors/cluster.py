"""The cluster over REST: health, instances, tenants, brokers, configuration, the metadata tree."""

from __future__ import annotations

import time
from typing import Any

from meshloom.engine.config.table import raw_name
from meshloom.engine.config.validate import parse_json
from meshloom.engine.controller import metadata_tree
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import existing, physicals
from meshloom.engine.controller.instances import CLUSTER, TENANT
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply, text

CONFIGS = {
    "allowParticipantAutoJoin": "true",
    "enable.case.insensitive": "true",
    "pinot.broker.enable.query.limit.override": "true",
    "default.hyperloglog.log2m": "8",
}
PERIODIC = ("SegmentRelocator", "PinotTaskManager", "SegmentStatusChecker", "RetentionManager")


def health(controller: Controller, call: Call) -> Any:
    return text("OK")


def admin(controller: Controller, call: Call) -> Any:
    return text("GOOD")


def version(controller: Controller, call: Call) -> Any:
    from meshloom import __version__

    return {"pinot-controller": f"1.5.1 (meshloom {__version__})"}


def auth_info(controller: Controller, call: Call) -> Any:
    return {"workflow": "NONE"}


def auth_verify(controller: Controller, call: Call) -> Any:
    return True


def info(controller: Controller, call: Call) -> Any:
    return {"clusterName": CLUSTER}


def configs(controller: Controller, call: Call) -> Any:
    return CONFIGS | (controller.catalog.get("cluster", "configs") or {})


def set_configs(controller: Controller, call: Call) -> Any:
    given = {key: str(value) for key, value in parse_json(call.body).items()}
    controller.catalog.put("cluster", "configs", (controller.catalog.get("cluster", "configs") or {}) | given)
    controller.server.changed()
    return {"status": "Updated cluster config."}


def drop_config(controller: Controller, call: Call) -> Any:
    kept = controller.catalog.get("cluster", "configs") or {}
    kept.pop(call.path["name"], None)
    controller.catalog.put("cluster", "configs", kept)
    controller.server.changed()
    return {"status": f"Deleted cluster config: {call.path['name']}"}


# --- instances and tenants


def tags_of(controller: Controller, name: str) -> list[str]:
    kept = controller.catalog.get("tags", name)
    return kept["tags"] if kept else controller.instances.tags(name)


def instances(controller: Controller, call: Call) -> Any:
    return {"instances": controller.instances.names()}


def instance(controller: Controller, call: Call) -> Any:
    name, known = call.path["name"], controller.instances
    if name not in known.names():
        raise RestError(404, f"Instance {name} not found")
    server = name == known.server
    return {
        "instanceName": name,
        "hostName": known.host,
        "enabled": True,
        "port": name.rpartition("_")[2],
        "tags": tags_of(controller, name),
        "pools": None,
        "grpcPort": 8090 if server else -1,
        "adminPort": known.admin_port if server else -1,
        "queryServicePort": 8421 if server else -1,
        "queryMailboxPort": 8442 if server else -1,
        "shutdownInProgress": False,
        "systemResourceInfo": known.resources(),
    }


def update_tags(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if name not in controller.instances.names():
        raise RestError(404, f"Instance {name} not found")
    controller.catalog.put("tags", name, {"tags": [tag for tag in call.required("tags").split(",") if tag]})
    return {"status": f"Updated tags: {call.query['tags'].split(',')} for instance: {name}"}


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


def tenants(controller: Controller, call: Call) -> Any:
    found = tenants_of(controller)
    return {"SERVER_TENANTS": sorted(found["SERVER"]), "BROKER_TENANTS": sorted(found["BROKER"])}


def tenant(controller: Controller, call: Call) -> Any:
    name, found = call.path["name"], tenants_of(controller)
    if name not in found["SERVER"] | found["BROKER"]:
        raise RestError(404, f"Failed to find any instances for broker and server tenants: {name}")
    return {
        "ServerInstances": [controller.instances.server] if name in found["SERVER"] else [],
        "BrokerInstances": [controller.instances.broker] if name in found["BROKER"] else [],
        "tenantName": name,
    }


def tenant_tables(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    return {
        "tables": [
            physical
            for physical in controller.tables()
            if (controller.table(physical).get("tenants") or {}).get("server", TENANT) == name
        ]
    }


def _count(document: dict[str, Any], name: str) -> int:
    """How many instances a document asks for. Raises RestError 400 for what is no number."""
    value = document.get(name) or 0
    if isinstance(value, int | str) and str(value).isdecimal():
        return int(value)
    raise RestError(400, f"Cannot deserialize value of {name}: a number is expected")


def add_tenant(controller: Controller, call: Call) -> Any:
    """The one server and the one broker belong to the default tenant; a free one does not exist here."""
    document = parse_json(call.body)
    role, name = str(document.get("tenantRole", "")).upper(), document.get("tenantName")
    if role not in ("BROKER", "SERVER") or not isinstance(name, str) or not name:
        raise RestError(400, "tenantRole (BROKER or SERVER) and tenantName are required")
    free = [
        instance
        for instance in (controller.instances.broker, controller.instances.server)
        if any(tag.endswith("_untagged") for tag in tags_of(controller, instance))
    ]
    if role == "BROKER":
        if controller.instances.broker not in free:
            raise RestError(500, "Failed to create tenant")
        controller.catalog.put("tags", controller.instances.broker, {"tags": [f"{name}_BROKER"]})
    else:
        total = int(controller.instances.server in free)
        offline, realtime = _count(document, "offlineInstances"), _count(document, "realtimeInstances")
        if max(offline, realtime) > total or not total:
            raise RestError(
                400,
                f"Cannot request more offline instances: {offline} or realtime instances: {realtime} than total "
                f"instances: {total}",
            )
        tags = [f"{name}_{kind}" for kind, count in (("OFFLINE", offline), ("REALTIME", realtime)) if count]
        controller.catalog.put("tags", controller.instances.server, {"tags": tags})
        controller.catalog.put("server-tenant", str(name), {})
    return {"status": "Successfully created tenant"}


def drop_tenant(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if tenant_tables(controller, call)["tables"]:
        raise RestError(400, f"Cannot delete tenant {name}: tables use it")
    controller.catalog.remove("server-tenant", name)
    return {"status": f"Successfully deleted tenant {name}"}


# --- tables


def table_instances(controller: Controller, call: Call) -> Any:
    found = existing(controller, call)
    kinds = [physical.rpartition("_")[2].lower() for physical in found]
    return {
        "tableName": call.path["name"],
        "brokers": [{"tableType": kind, "instances": [controller.instances.broker]} for kind in kinds],
        "server": [{"tableType": kind, "instances": [controller.instances.server]} for kind in kinds],
    }


def stats(controller: Controller, call: Call) -> Any:
    made = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    result = {}
    for physical in existing(controller, call):
        created = min((segment.created_ms for segment in controller.segments(physical)), default=None)
        shown = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(created / 1000)) if created else made
        result[physical.rpartition("_")[2]] = {"creationTime": shown}
    return result


def status(controller: Controller, call: Call) -> Any:
    physical = existing(controller, call)[0]
    raise RestError(
        500,
        f"Failed to get status (ingestion status) for table {call.path['name']}. Reason: Cannot retrieve ingestion "
        f"status for Table : {physical} since it does not use the built-in SegmentGenerationAndPushTask task",
    )


# --- realtime tables: streams come with a later issue


def realtime_only(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if not physicals(controller, name, "REALTIME"):
        raise RestError(404, f"Table {raw_name(name)}_REALTIME not found!")
    raise RestError(501, "This engine does not consume streams yet")


def consuming(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if not physicals(controller, name, "REALTIME"):
        raise RestError(
            500,
            f"Failed to get consuming segments info for table {name}. Ideal state does not exist for table: "
            f"{raw_name(name)}_REALTIME",
        )
    return {"serversFailingToRespond": 0, "serversUnparsableRespond": 0, "_segmentToConsumingInfoMap": {}}


# --- the metadata tree


def zk_list(controller: Controller, call: Call) -> Any:
    return metadata_tree.children(controller, call.query.get("path", "/"))


def zk_get(controller: Controller, call: Call) -> Any:
    found = metadata_tree.content(controller, call.query.get("path", "/"))
    return Reply(found) if found is not None else text("")


def zk_stat(controller: Controller, call: Call) -> Any:
    return metadata_tree.stat(controller, call.query.get("path", "/"))


def zk_list_stat(controller: Controller, call: Call) -> Any:
    """The children of a node, each with its numbers."""
    path = call.query.get("path", "/")
    base = path.rstrip("/")
    return {name: metadata_tree.stat(controller, f"{base}/{name}") for name in metadata_tree.children(controller, path)}


def zk_put(controller: Controller, call: Call) -> Any:
    path = call.required("path")
    data = call.query.get("data") or call.body.decode("utf-8", "replace")
    metadata_tree.put(controller, path, parse_json(data))
    return {"status": f"Successfully updated path: {path}"}


def fixed(value: Any) -> Any:
    return lambda controller, call: value


OPERATIONS = (
    ("GET", "/health", health, "Whether the controller answers", ()),
    ("GET", "/pinot-controller/admin", admin, "Whether the controller answers", ()),
    ("GET", "/version", version, "Versions", ()),
    ("GET", "/auth/info", auth_info, "How to log in", ()),
    ("GET", "/auth/verify", auth_verify, "Whether one may", ("tableName", "accessType")),
    ("GET", "/cluster/info", info, "The cluster's name", ()),
    ("GET", "/cluster/configs", configs, "The cluster's configuration", ()),
    ("POST", "/cluster/configs", set_configs, "Change the cluster's configuration", ()),
    ("DELETE", "/cluster/configs/{name}", drop_config, "Delete a key", ()),
    ("GET", "/instances", instances, "Names of all instances", ()),
    ("GET", "/instances/{name}", instance, "One instance", ()),
    ("PUT", "/instances/{name}/updateTags", update_tags, "Change an instance's tags", ("tags",)),
    ("GET", "/tenants", tenants, "Names of all tenants", ("type",)),
    ("POST", "/tenants", add_tenant, "Add a tenant", ()),
    ("GET", "/tenants/{name}", tenant, "One tenant", ("type",)),
    ("DELETE", "/tenants/{name}", drop_tenant, "Delete a tenant", ("type",)),
    ("GET", "/tenants/{name}/tables", tenant_tables, "A tenant's tables", ()),
    ("GET", "/tables/{name}/instances", table_instances, "Who serves a table", ("type",)),
    ("GET", "/tables/{name}/stats", stats, "When a table was made", ("type",)),
    ("GET", "/tables/{name}/status", status, "How batch ingestion stands", ("type",)),
    ("GET", "/tables/{name}/pauseStatus", realtime_only, "Whether consumption is paused", ()),
    ("POST", "/tables/{name}/pauseConsumption", realtime_only, "Pause consumption", ("comment",)),
    ("POST", "/tables/{name}/resumeConsumption", realtime_only, "Resume consumption", ("consumeFrom",)),
    ("POST", "/tables/{name}/forceCommit", realtime_only, "Commit consuming segments", ()),
    ("GET", "/tables/{name}/consumingSegmentsInfo", consuming, "What is being consumed", ()),
    ("GET", "/databases", fixed(["default"]), "Names of all databases", ()),
    ("GET", "/users", fixed({"users": {}}), "Users", ()),
    ("GET", "/timeseries/languages", fixed([]), "Time series languages", ()),
    ("GET", "/queryWorkloadConfigs", fixed({}), "Workload budgets", ()),
    ("GET", "/periodictask/names", fixed(list(PERIODIC)), "Names of periodic tasks", ()),
    ("GET", "/zk/ls", zk_list, "Children of a node", ("path",)),
    ("GET", "/zk/lsl", zk_list_stat, "Children of a node with their numbers", ("path",)),
    ("GET", "/zk/get", zk_get, "A node's content", ("path",)),
    ("GET", "/zk/stat", zk_stat, "A node's numbers", ("path",)),
    ("PUT", "/zk/put", zk_put, "Change a node (an instance's TAG_LIST)", ("path", "data", "expectedVersion")),
)
