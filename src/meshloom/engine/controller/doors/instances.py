"""Instances over REST: the roles of this one process. They can be disabled and tagged anew; none comes or goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meshloom.engine.config.documents import parse_json, parse_list
from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.instances import TENANT
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.server.tables import DISABLED_ROLE, QUOTAS_OFF

NO_CONFIG = "Failed to find instance config for instance: {}"
SUFFIXES = ("_OFFLINE", "_REALTIME", "_BROKER", "_untagged")


def known(controller: Controller, name: str, message: str = "Instance {} not found") -> str:
    """The name of an instance. Raises RestError 404 when there is none."""
    if name not in controller.instances.names():
        raise RestError(404, message.format(name))
    return name


def role_of(name: str) -> str:
    return name.partition("_")[0].lower()


def enabled(controller: Controller, name: str) -> bool:
    return controller.catalog.get(DISABLED_ROLE, role_of(name)) is None


def set_enabled(controller: Controller, name: str, value: bool) -> None:
    """A disabled server answers for no table, to a disabled broker none belongs."""
    if value:
        controller.forget(DISABLED_ROLE, role_of(name))
    else:
        controller.keep(DISABLED_ROLE, role_of(name), {"instance": name})


def names(controller: Controller, call: Call) -> Any:
    tag = call.query.get("tag")
    found = controller.instances.names()
    return {"instances": [name for name in found if not tag or tag in controller.tags(name)]}


def live(controller: Controller, call: Call) -> Any:
    return {"instances": controller.instances.names()}


def one(controller: Controller, call: Call) -> Any:
    name, roles = known(controller, call.path["name"]), controller.instances
    server = name == roles.server
    return {
        "instanceName": name,
        "hostName": roles.host,
        "enabled": enabled(controller, name),
        "port": name.rpartition("_")[2],
        "tags": controller.tags(name),
        "pools": None,
        "grpcPort": 8090 if server else -1,
        "adminPort": roles.admin_port if server else -1,
        "queryServicePort": 8421 if server else -1,
        "queryMailboxPort": 8442 if server else -1,
        "shutdownInProgress": False,
        "systemResourceInfo": roles.resources(),
    }


def update_tags(controller: Controller, call: Call) -> Any:
    if "tags" not in call.query:
        raise RestError(400, "Must provide tags to update")
    name = known(controller, call.path["name"], NO_CONFIG)
    tags = [tag for tag in call.query["tags"].split(",") if tag]
    _tag(controller, name, tags)
    return {"status": f"Updated tags: [{', '.join(tags)}] for instance: {name}"}


def _tag(controller: Controller, name: str, tags: Iterable[str]) -> None:
    controller.keep("tags", name, {"tags": [tag for tag in tags if tag]})


def update(controller: Controller, call: Call) -> Any:
    """Of an instance's own config only the tags can be others: where it answers is said when it starts."""
    document = parse_json(call.body)
    name = known(controller, call.path["name"], NO_CONFIG)
    tags = document.get("tags")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise RestError(400, "Failed to update instance: tags is a list of text")
    _tag(controller, name, tags)
    return {"status": f"Updated instance: {name}"}


def set_state(controller: Controller, call: Call) -> Any:
    name = known(controller, call.path["name"], "Instance '{}' does not exist")
    state = call.query.get("state", "").upper()
    if state == "DRAIN":
        return _drained(controller, name)
    if state not in ("ENABLE", "DISABLE"):
        raise RestError(400, f"Unknown state '{call.query.get('state', 'null')}'")
    set_enabled(controller, name, state == "ENABLE")
    return {"status": f"Request to {call.query['state']} instance '{name}' is successful"}


def _drained(controller: Controller, name: str) -> Any:
    if name != controller.instances.minion:
        raise RestError(400, f"DRAIN state only applies to minion instances. Instance '{name}' is not a minion.")
    _tag(controller, name, ["minion_drained"])
    return {"status": f"Request to DRAIN instance '{name}' is successful"}


def set_state_by_body(controller: Controller, call: Call) -> Any:
    """The older form: the state is the body's text."""
    given = call.body.decode("utf-8", "replace").strip().strip('"')
    name, state = known(controller, call.path["name"]), given.upper()
    if state == "DROP":
        raise RestError(409, f"Failed to drop instance {name} - Instance {name} is still live")
    if state not in ("ENABLE", "DISABLE"):
        raise RestError(400, f"Unknown state {given} for instance request")
    set_enabled(controller, name, state == "ENABLE")
    return {"status": f"Request to {given} instance {name} is successful"}


def drop(controller: Controller, call: Call) -> Any:
    name = known(controller, call.path["name"])
    raise RestError(409, f"Failed to drop instance {name} - Instance {name} is still live")


def broker_resource(controller: Controller, call: Call) -> Any:
    name = call.path["name"]
    if not name.startswith("Broker_"):
        raise RestError(400, f"Cannot update broker resource for non-broker instance: {name}")
    known(controller, name, NO_CONFIG)
    return {"status": f"Updated broker resource for broker: {name} - tables added: [], tables removed: []"}


def rate_limiting(controller: Controller, call: Call) -> Any:
    """Whether the broker keeps to the tables' quotas."""
    name = call.path["name"]
    if not name.startswith("Broker_"):
        raise RestError(400, f"'{name}' is not a valid broker instance name.")
    known(controller, name, "Instance '{}' not found.")
    state = call.query.get("state", "").upper()
    if state not in ("ENABLE", "DISABLE"):
        raise RestError(400, f"Invalid query quota state: {state}")
    if state == "ENABLE":
        controller.forget("cluster", QUOTAS_OFF)
    else:
        controller.keep("cluster", QUOTAS_OFF, {"broker": name})
    return {"status": f"Set query rate limiting to: {state} for all tables in broker: {name}"}


# --- what would go wrong


def _issue(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


def droppable(controller: Controller, call: Call) -> Any:
    """Why none of these instances can be dropped: it is live, and the server and the broker hold tables."""
    result = []
    for name in call.several("instanceNames"):
        issues = []
        if name in controller.instances.names():
            issues.append(_issue("IS_ALIVE", f"Instance {name} is still live"))
        if name in (controller.instances.server, controller.instances.broker):
            message = f"Instance {name} exists in ideal state for "
            issues += [_issue("CONTAINS_RESOURCE", message + table) for table in controller.tables()]
        result.append({"instanceName": name, "isSafe": not issues, "issues": issues})
    return result


def retaggable(controller: Controller, call: Call) -> Any:
    """Which tables would stay without an instance when instances had other tags."""
    given = parse_list(call.body)
    result = []
    for entry in given:
        if not isinstance(entry, dict) or not isinstance(entry.get("newTags"), list):
            raise RestError(400, "Each entry is {instanceName, newTags}")
        name = str(entry.get("instanceName"))
        if name not in controller.instances.names():
            raise RestError(412, f"Instance {name} is not a valid instance name.")
        issues = list(_issues_of(controller, name, [str(tag) for tag in entry["newTags"]]))
        result.append({"instanceName": name, "isSafe": not issues, "issues": issues})
    return result


def _issues_of(controller: Controller, name: str, tags: list[str]) -> Iterable[dict[str, str]]:
    for tag in tags:
        if not tag.endswith(SUFFIXES):
            message = f"The tag '{tag}' does not follow the suffix convention of either broker or server"
            yield _issue("UNRECOGNISED_TAG_TYPE", message)
    role = role_of(name)
    for tag in sorted(set(controller.tags(name)) - set(tags)):
        tenant, _, kind = tag.rpartition("_")
        if any(_uses(controller, table, tenant, kind) for table in controller.tables()):
            message = (
                f"Tenant '{tenant}' will not satisfy minimum '1' requirement if tag '{tag}' is removed from {role} "
                f"instance '{name}'."
            )
            yield _issue("MINIMUM_INSTANCE_UNSATISFIED", message)


def _uses(controller: Controller, physical: str, tenant: str, kind: str) -> bool:
    tenants = controller.table(physical).get("tenants") or {}
    if kind == "BROKER":
        return bool(tenants.get("broker", TENANT) == tenant)
    return bool(tenants.get("server", TENANT) == tenant) and physical == f"{raw_name(physical)}_{kind}"


def log_files(controller: Controller, call: Call) -> Any:
    """Of each instance: none, they all write to the standard error of this process."""
    return {name: [] for name in controller.instances.names()}


def log_files_of(controller: Controller, call: Call) -> Any:
    known(controller, call.path["name"])
    return []


def log_file_of(controller: Controller, call: Call) -> Any:
    known(controller, call.path["name"])
    raise RestError(404, "There are no log files: this process writes its log to standard error")


def minions(controller: Controller, call: Call) -> Any:
    """The minions and how they are. Raises RestError 400 for an unknown status."""
    wanted, name = call.query.get("status", "").upper(), controller.instances.minion
    if wanted not in ("", "ONLINE", "OFFLINE", "DRAINED"):
        raise RestError(400, "Invalid status filter. Must be 'ONLINE', 'OFFLINE', or 'DRAINED'")
    status = "DRAINED" if "minion_drained" in controller.tags(name) else "ONLINE"
    shown = {
        "instanceId": name,
        "host": controller.instances.host,
        "port": controller.instances.minion_port,
        "runningTaskCount": 0,
        "status": status,
    }
    found = [shown] if wanted in ("", status) else []
    return {"currentMinionCount": len(found), "minionStatus": found}


OPERATIONS = (
    ("GET", "/instances", names, "Names of all instances", ("tag",)),
    ("GET", "/liveinstances", live, "Names of the instances that answer", ()),
    ("GET", "/instances/{name}", one, "One instance", ()),
    ("PUT", "/instances/{name}", update, "Change an instance's tags", ()),
    ("DELETE", "/instances/{name}", drop, "Drop an instance: those of this process live", ()),
    ("PUT", "/instances/{name}/updateTags", update_tags, "Change an instance's tags", ("tags",)),
    ("PUT", "/instances/{name}/state", set_state, "Enable or disable an instance", ("state",)),
    ("POST", "/instances/{name}/state", set_state_by_body, "Enable or disable an instance", ()),
    ("POST", "/instances/{name}/updateBrokerResource", broker_resource, "Nothing to do with one broker", ()),
    ("POST", "/brokers/instances/{name}/qps", rate_limiting, "Keep to quotas or not", ("state",)),
    ("GET", "/instances/dropInstance/validate", droppable, "What dropping would break", ("instanceNames",)),
    ("POST", "/instances/updateTags/validate", retaggable, "What other tags would break", ()),
    ("GET", "/loggers/instances", log_files, "Log files by instance: none", ()),
    ("GET", "/loggers/instances/{name}", log_files_of, "An instance's log files: none", ()),
    ("GET", "/loggers/instances/{name}/download", log_file_of, "A log file", ("filePath",)),
    ("GET", "/minions/status", minions, "How the minions are", ("status", "includeTaskCounts")),
)
