"""Databases and applications over REST: how many queries a second each may ask, and what a database holds."""

from __future__ import annotations

import math
from typing import Any

from meshloom.engine.broker.quota import database_of
from meshloom.engine.config.databases import DEFAULT
from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply
from meshloom.engine.server.tables import QUOTA
from meshloom.errors import MeshloomError


def databases(controller: Controller, call: Call) -> Any:
    """Those that have tables; `default` stands first."""
    found = {database_of(name) for name in controller.tables()}
    return sorted(found, key=lambda name: (name != "default", name))


def drop_database(controller: Controller, call: Call) -> Any:
    """Drop a database's tables and their schemas; with `dryRun` only say which."""
    wanted = call.path["database"]
    found = [name for name in controller.tables() if database_of(name) == wanted]
    deleted, failed = [], []
    for name in found:
        try:
            if not call.flag("dryRun"):
                controller.drop_table(name)
                if not any(raw_name(other) == raw_name(name) for other in controller.tables()):
                    controller.drop_schema(raw_name(name))
            deleted.append(name)
        except MeshloomError as error:
            failed.append({"tableName": name, "errorMessage": error.what})
    return {"dryRun": call.flag("dryRun"), "deletedTables": deleted, "failedTables": failed}


def _given(call: Call, whose: str) -> float | None:
    """The limit of a request, None (and what is not above 0) to have none. Raises RestError 500."""
    given = call.query.get("maxQueriesPerSecond")
    if not given:
        return None
    try:
        limit = float(given)
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise RestError(500, f"{whose} query quota value is not a number")
    return limit if limit > 0 else None


def _set(controller: Controller, name: str, limit: float | None) -> None:
    if limit is None:
        controller.forget(QUOTA, name)
    else:
        controller.keep(QUOTA, name, {"max": limit})


def _same(call: Call) -> None:
    """A database is asked for with its header. Raises RestError 400."""
    if call.path["database"] != (call.database or DEFAULT):
        raise RestError(400, "Database config name and request context does not match")


def database_quota(controller: Controller, call: Call) -> Any:
    _same(call)
    limit = controller.server.limits.get(f"database/{call.path['database']}")
    return {} if limit is None else {"maxQueriesPerSecond": str(limit)}


def set_database_quota(controller: Controller, call: Call) -> Any:
    _same(call)
    name = call.path["database"]
    _set(controller, f"database/{name}", _given(call, "Database"))
    return {"status": f"Database quotas for database config {name} successfully updated"}


def application_quotas(controller: Controller, call: Call) -> Any:
    found = controller.server.limits
    return {name.partition("/")[2]: limit for name, limit in found.items() if name.startswith("application/")}


def application_quota(controller: Controller, call: Call) -> Any:
    limit = controller.server.limits.get(f"application/{call.path['application']}")
    return Reply("", 204) if limit is None else limit


def set_application_quota(controller: Controller, call: Call) -> Any:
    name = call.path["application"]
    _set(controller, f"application/{name}", _given(call, "Application"))
    return {"status": f"Query quota for application {name} successfully updated"}


LIMIT = ("maxQueriesPerSecond",)
OPERATIONS = (
    ("GET", "/databases", databases, "Names of all databases", ()),
    ("DELETE", "/databases/{database}", drop_database, "Drop a database's tables", ("dryRun",)),
    ("GET", "/databases/{database}/quotas", database_quota, "Queries a second of a database", ()),
    ("POST", "/databases/{database}/quotas", set_database_quota, "Limit a database's queries", LIMIT),
    ("GET", "/applicationQuotas", application_quotas, "Queries a second by application", ()),
    ("GET", "/applicationQuotas/{application}", application_quota, "Queries a second of an application", ()),
    ("POST", "/applicationQuotas/{application}", set_application_quota, "Limit an application's queries", LIMIT),
)
