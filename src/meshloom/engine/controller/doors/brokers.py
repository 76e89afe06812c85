"""Where clients find the brokers: of a tenant, of a table, of all, by name or (v2) with their addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meshloom.engine.config.databases import belongs
from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import physicals, type_of
from meshloom.engine.controller.doors.tenants import tenants_of
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call

Handler = Callable[[Controller, Call], Any]


def _of_all(controller: Controller, brokers: list[Any]) -> dict[str, Any]:
    return {"tenants": _of_tenants(controller, brokers), "tables": _of_tables(controller, brokers)}


def _of_tenants(controller: Controller, brokers: list[Any]) -> dict[str, Any]:
    return dict.fromkeys(sorted(tenants_of(controller)["BROKER"]), brokers)


def _of_tables(controller: Controller, brokers: list[Any]) -> dict[str, Any]:
    return {raw_name(name): brokers for name in controller.tables()}


def _named(found: Callable[[Controller, list[Any]], Any]) -> Handler:
    return lambda controller, call: found(controller, [] if _none(call) else [controller.instances.broker])


def _addressed(found: Callable[[Controller, list[Any]], Any]) -> Handler:
    return lambda controller, call: found(controller, [] if _none(call) else [controller.instances.broker_address()])


def _none(call: Call) -> bool:
    """Whether brokers are asked for that are not there: all others are online."""
    return call.query.get("state", "").upper() == "OFFLINE"


def _existing(controller: Controller, call: Call) -> None:
    if not physicals(controller, call.path["name"], type_of(call)):
        raise RestError(404, f"Table '{call.path['name']}' not found.")


def of_table(controller: Controller, call: Call) -> Any:
    _existing(controller, call)
    return [] if _none(call) else [controller.instances.broker]


def live_of_table(controller: Controller, call: Call) -> Any:
    if not physicals(controller, call.path["name"]):
        raise RestError(404, f"Table={call.path['name']} not found")
    return [controller.instances.broker]


def of_table_v2(controller: Controller, call: Call) -> Any:
    _existing(controller, call)
    return [] if _none(call) else [controller.instances.broker_address()]


def of_tenant(controller: Controller, call: Call) -> Any:
    if call.path["name"] not in tenants_of(controller)["BROKER"]:
        raise RestError(404, f"Tenant '{call.path['name']}' not found.")
    return [] if _none(call) else [controller.instances.broker]


def of_tenant_v2(controller: Controller, call: Call) -> Any:
    return [controller.instances.broker_address() for _ in of_tenant(controller, call)]


def live(controller: Controller, call: Call) -> Any:
    wanted = call.several("tables")
    shown = [name for name in controller.tables() if not wanted or name in wanted or raw_name(name) in wanted]
    return {name: [controller.instances.broker_address()] for name in shown if belongs(name, call.database)}


OPERATIONS = (
    ("GET", "/brokers", _named(_of_all), "Brokers of tenants and tables", ("state",)),
    ("GET", "/brokers/tenants", _named(_of_tenants), "Brokers of all tenants", ("state",)),
    ("GET", "/brokers/tenants/{name}", of_tenant, "A tenant's brokers", ("state",)),
    ("GET", "/brokers/tables", _named(_of_tables), "Brokers of all tables", ("state",)),
    ("GET", "/brokers/tables/{name}", of_table, "A table's brokers", ("type", "state")),
    ("GET", "/v2/brokers", _addressed(_of_all), "Brokers of tenants and tables with their addresses", ("state",)),
    ("GET", "/v2/brokers/tenants", _addressed(_of_tenants), "Brokers of all tenants with their addresses", ("state",)),
    ("GET", "/v2/brokers/tenants/{name}", of_tenant_v2, "A tenant's brokers with their addresses", ("state",)),
    ("GET", "/v2/brokers/tables", _addressed(_of_tables), "Brokers of all tables with their addresses", ("state",)),
    ("GET", "/v2/brokers/tables/{name}", of_table_v2, "A table's brokers with their addresses", ("type", "state")),
    ("GET", "/tables/livebrokers", live, "Live brokers of all tables", ("tables",)),
    ("GET", "/tables/{name}/livebrokers", live_of_table, "Live brokers of a table", ()),
)
