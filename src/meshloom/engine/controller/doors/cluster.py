"""The cluster over REST: health, versions, configuration, who leads; users and workloads, of which there are none."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.documents import parse_json
from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.instances import CLUSTER
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, text

CONFIGS = {
    "allowParticipantAutoJoin": "true",
    "enable.case.insensitive": "true",
    "pinot.broker.enable.query.limit.override": "true",
    "default.hyperloglog.log2m": "8",
}
READ = frozenset({"controller.disable.ingestion.groovy", "pinot.broker.disable.query.groovy"})


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
    if call.query.get("accessType", "READ") not in ("CREATE", "READ", "UPDATE", "DELETE"):
        raise RestError(404, "HTTP 404 Not Found")  # what JAX-RS makes of an enum's value that is none
    return True


def info(controller: Controller, call: Call) -> Any:
    return {"clusterName": CLUSTER}


def configs(controller: Controller, call: Call) -> Any:
    return CONFIGS | (controller.catalog.get("cluster", "configs") or {})


def set_configs(controller: Controller, call: Call) -> Any:
    """Change keys; a value that is null takes one away."""
    try:
        given = {key: _written(value) for key, value in (parse_json(call.body) if call.body.strip() else {}).items()}
    except RestError as error:
        raise RestError(400, "Error converting request to cluster config.") from error
    kept = (controller.catalog.get("cluster", "configs") or {}) | given
    kept = {key: value for key, value in kept.items() if value is not None}
    controller.catalog.put("cluster", "configs", kept)
    controller.server.changed()
    return {"status": "Updated cluster config."}


def _written(value: Any) -> str | None:
    """A value as JsonNode.asText gives it: what holds others is empty."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def drop_config(controller: Controller, call: Call) -> Any:
    kept = controller.catalog.get("cluster", "configs") or {}
    kept.pop(call.path["name"], None)
    controller.catalog.put("cluster", "configs", kept)
    controller.server.changed()
    return {"status": f"Deleted cluster config: {call.path['name']}"}


def leaders(controller: Controller, call: Call) -> Any:
    """The one controller leads for every table."""
    tables = [call.path["name"]] if "name" in call.path else sorted({raw_name(name) for name in controller.tables()})
    entry = {"leadControllerId": controller.instances.controller, "tableNames": tables}
    return {"leadControllerResourceEnabled": True, "leadControllerEntryMap": {"leadControllerResource_0": entry}}


def warnings(controller: Controller, call: Call) -> Any:
    """Keys of the cluster's configuration that nothing here reads."""
    kept = controller.catalog.get("cluster", "configs") or {}
    return {name: "not read by this engine" for name in kept if name not in READ and name not in CONFIGS}


def no_user(controller: Controller, call: Call) -> Any:
    raise RestError(404, f"User {call.path['user']}_{call.query.get('component', 'null')} does not exists")


def no_workload(controller: Controller, call: Call) -> Any:
    raise RestError(404, f"Workload config not found for workload: {call.path['workload']}")


def no_budgets(controller: Controller, call: Call) -> Any:
    raise RestError(404, f"No workload configs found for instance: {call.path['instance']}")


def fixed(value: Any) -> Any:
    return lambda controller, call: value


OPERATIONS = (
    ("GET", "/health", health, "Whether the controller answers", ()),
    ("GET", "/pinot-controller/admin", admin, "Whether the controller answers", ()),
    ("GET", "/version", version, "Versions", ()),
    ("GET", "/auth/info", auth_info, "How to log in", ()),
    ("GET", "/auth/verify", auth_verify, "Whether one may", ("tableName", "accessType")),
    ("GET", "/auth/verify/v2", auth_verify, "Whether one may", ("tableName", "accessType")),
    ("GET", "/leader/tables", leaders, "Which controller leads for which tables", ()),
    ("GET", "/leader/tables/{name}", leaders, "Which controller leads for a table", ()),
    ("GET", "/invalidconfigs", warnings, "Keys of the configuration that nothing reads", ()),
    ("GET", "/users/{user}", no_user, "A user: there are none", ("component",)),
    ("DELETE", "/users/{user}", no_user, "Delete a user: there are none", ("component",)),
    ("GET", "/queryWorkloadConfigs/{workload}", no_workload, "A workload's budget: there are none", ()),
    ("GET", "/queryWorkloadConfigs/instance/{instance}", no_budgets, "An instance's budgets: there are none", ()),
    ("GET", "/cluster/info", info, "The cluster's name", ()),
    ("GET", "/cluster/configs", configs, "The cluster's configuration", ()),
    ("POST", "/cluster/configs", set_configs, "Change the cluster's configuration", ()),
    ("DELETE", "/cluster/configs/{name}", drop_config, "Delete a key", ()),
    ("GET", "/users", fixed({"users": {}}), "Users", ()),
    ("GET", "/timeseries/languages", fixed([]), "Time series languages", ()),
    ("GET", "/queryWorkloadConfigs", fixed({}), "Workload budgets", ()),
)
