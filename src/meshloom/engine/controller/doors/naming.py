"""Table names of a request, before an operation sees them: whole, with the request's database in front."""

from __future__ import annotations

import re
from dataclasses import replace

from starlette.datastructures import QueryParams

from meshloom.engine.config.databases import qualified
from meshloom.engine.http.operations import Call, Handler, Operation

# Paths whose {name} is a table or a schema, and query parameters that name one.
TABLES = re.compile(r"(tables?|segments|schemas|tableConfigs|logicalTables|deleteSegments\w+|\{kind\})/\{name\}")
PARAMETERS = frozenset(("tableName", "tableNameWithType"))
ITSELF = frozenset((("PUT", "/tables/{name}"),))  # judges the name it is given, and shows it


def named(operation: Operation) -> Operation:
    """The operation with whole names. It answers 500 for a name that is none, as Pinot's DatabaseUtils does."""
    in_path = TABLES.search(operation.path) is not None and (operation.method, operation.path) not in ITSELF
    in_query = not PARAMETERS.isdisjoint(operation.parameters)
    if not (in_path or in_query) or operation.refusal:
        return operation
    return replace(operation, handler=_named(operation.handler, in_path=in_path, in_query=in_query))


def _named(handler: Handler, *, in_path: bool, in_query: bool) -> Handler:
    def handle(call: Call) -> object:
        if in_path:
            call = replace(call, path={**call.path, "name": qualified(call.path["name"], call.database)})
        if in_query and any(call.query.get(name) for name in PARAMETERS):
            call = replace(call, query=QueryParams([_whole(call, *pair) for pair in _pairs(call)]))
        return handler(call)

    return handle


def _pairs(call: Call) -> list[tuple[str, str]]:
    return call.query.multi_items() if isinstance(call.query, QueryParams) else list(call.query.items())


def _whole(call: Call, name: str, value: str) -> tuple[str, str]:
    return name, qualified(value, call.database) if name in PARAMETERS and value else value
