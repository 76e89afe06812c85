"""What the controller says about queries without running them."""

from __future__ import annotations

import json
from typing import Any

from meshloom.engine.broker.broker import Broker
from meshloom.engine.config.documents import parse_json
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.http.operations import Call
from meshloom.engine.sql.statement import parse

CODES = {150: "SQL_PARSING", 190: "TABLE_DOES_NOT_EXIST", 700: "QUERY_VALIDATION", 710: "UNKNOWN_COLUMN",
         720: "QUERY_PLANNING"}  # fmt: skip


def validate(broker: Broker, controller: Controller, call: Call) -> Any:
    """POST /validateMultiStageQuery: {"sql"} or {"sqls"}."""
    document = parse_json(call.body)
    texts = document.get("sqls") or [document.get("sql")]
    return [_verdict(broker, str(sql)) for sql in texts if sql]


def _verdict(broker: Broker, sql: str) -> dict[str, Any]:
    message = code = None
    try:
        broker.compiled(parse(sql, {"useMultistageEngine": "true"}))
    except PinotError as error:
        message, code = error.what, CODES.get(error.error_code, "UNKNOWN")
    return {"errorMessage": message, "errorCode": code, "sql": sql, "compiledSuccessfully": message is None}


def table_names(broker: Broker, controller: Controller, call: Call) -> Any:
    """POST /query/tableNames: the tables that queries name."""
    try:
        texts = json.loads(call.body)
        names = {table.name for text in texts for table in parse(str(text)).tables}
    except (ValueError, TypeError) as error:
        raise RestError(400, "A JSON list of queries is expected") from error
    except PinotError as error:
        raise RestError(400, error.what) from error
    return sorted(names)


def running(broker: Broker, controller: Controller, call: Call) -> Any:
    """The SQL of what runs, by broker and id."""
    roles = controller.instances
    return {f"{roles.host}:{roles.broker_port}": broker.running.list()}


def cancel(broker: Broker, controller: Controller, call: Call) -> Any:
    known, name = controller.instances, call.path["query"]
    asked = call.path.get("broker", known.broker)
    if asked != known.broker:
        raise RestError(400, f"Unknown broker: {asked}")
    if not broker.running.cancel(name):
        raise RestError(404, f"Query: {name} not found on the broker: {asked}")
    return f"Cancelled query: {name}"


def cancel_any(broker: Broker, controller: Controller, call: Call) -> Any:
    name = call.path["query"]
    if not broker.running.cancel(name):
        raise RestError(404, f"Client query: {name} not found on any broker")
    return f"Cancelled client query: {name}"


OPERATIONS = (
    ("POST", "/validateMultiStageQuery", validate, "Whether multi-stage queries compile", ()),
    ("POST", "/query/tableNames", table_names, "Tables that queries name", ()),
    ("GET", "/queries", running, "Queries under way", ("timeoutMs",)),
    ("DELETE", "/query/{broker}/{query}", cancel, "Stop a query, by the broker's id", ("timeoutMs", "verbose")),
    ("DELETE", "/clientQuery/{broker}/{query}", cancel, "Stop a query, by its clientQueryId", ("timeoutMs",)),
    ("DELETE", "/clientQuery/{query}", cancel_any, "Stop a query, by its clientQueryId", ("timeoutMs",)),
)
