"""What a broker tells of its routing, its quotas and its queries, for who runs the engine alone."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from sqlglot import TokenType

from meshloom.engine.broker.broker import Broker
from meshloom.engine.config.databases import qualified
from meshloom.engine.config.documents import parse_json
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.http.operations import Call, Operation, Reply, refused, text
from meshloom.engine.sql.dialect import Pinot
from meshloom.engine.sql.statement import parse

LITERALS = {TokenType.NUMBER, TokenType.STRING}
LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
DML = re.compile(r"(?:\s*SET\s[^;]*;)*\s*INSERT\s", re.IGNORECASE)
SPACE = re.compile(r"\s+")
SERIES = "This engine has no time series languages"
THREADS = "DuckDB runs a query on threads of its own and does not say which used how much"


def no_series(call: Call) -> Any:
    """404, not 501: clients that find no such address offer SQL only."""
    raise RestError(404, SERIES)


REFUSED: tuple[Operation, ...] = (
    Operation("GET", "/timeseries/api/v1/query_range", no_series, "There is no time series engine", "Query"),
    Operation("GET", "/timeseries/api/v1/query", no_series, "There is no time series engine", "Query"),
    refused("POST", "/query/timeseries", "Ask in a time series language", "Query", SERIES),
    refused("GET", "/debug/threads/resourceUsage", "What threads use", "Debug", THREADS),
)


def fingerprint(sql: str) -> str:
    """A query with its literals as `?` and its lists as one, so that queries of one kind are alike."""
    parts, end = [], 0
    for token in Pinot().tokenize(sql):
        if token.token_type in LITERALS:
            parts += [sql[end : token.start], "?"]
            end = token.end + 1
    return SPACE.sub(" ", LIST.sub("(?)", "".join([*parts, sql[end:]]))).strip().rstrip(";").strip()


def said(content: str, status: int = 200) -> Reply:
    """Text that Pinot's broker sends as JSON without making JSON of it."""
    return Reply(content.encode(), status)


def name_of(call: Call) -> str:
    """The table of the path, whole. Raises RestError 500 for a name that is none."""
    return qualified(call.path["name"], call.database)


def payload(body: bytes) -> dict[str, Any]:
    """A body's fields; none of what is JSON and no object. Raises RestError with what Jackson says to what is none."""
    try:
        found = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return parse_json(body)
    return found if isinstance(found, dict) else {}


def fingerprinted(call: Call) -> Any:
    try:
        found = payload(call.body).get("sql", "")
        if not found:
            return _failed("Payload is missing the query string field 'sql'")
        if DML.match(str(found)):
            return _failed("Only DQL queries are supported for fingerprinting, got: DML")
        parse(str(found))
    except RestError as error:
        return _failed(error.what)
    except PinotError as error:
        return _failed(f"SQL parsing failed: {error.what}")
    made = fingerprint(str(found))
    return {"queryHash": hashlib.md5(made.encode(), usedforsecurity=False).hexdigest()[:16], "fingerprint": made}


def _failed(message: str) -> Reply:
    return Reply({"error": message}, 500)


class Debugging:
    """Over one broker; each method answers one operation."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def routing(self, call: Call) -> Any:
        return self._broker.routing(name_of(call))

    def routing_with_optional(self, call: Call) -> Any:
        """As `routing`; no segment is optional, since all that are known are loaded."""
        found = self._broker.routing(name_of(call))
        return {p: {server: {"left": names, "right": []} for server, names in s.items()} for p, s in found.items()}

    def routing_of_query(self, call: Call) -> Any:
        """Which server has which segments for a query."""
        sql = call.query.get("query", "")
        try:
            tables = [table.name for table in parse(sql).tables]
        except PinotError as error:
            raise RestError(500, error.what) from error
        if not tables:
            raise RestError(400, "Table name is not set in the query")
        try:
            return {server: names for table in tables for s in self._broker.routing(table).values()
                    for server, names in s.items()}  # fmt: skip
        except RestError as error:
            raise RestError(404, f"Cannot find routing for query: {sql}") from error

    def routing_of_query_with_optional(self, call: Call) -> Any:
        found = self.routing_of_query(call)
        return {server: {"left": names, "right": []} for server, names in found.items()}

    def built(self, call: Call) -> Any:
        """Routing is what the catalogue says at each query: there is nothing to build, to refresh or to remove."""
        name = name_of(call)
        if not self._broker.knows(name):
            raise RestError(500, f"Failed to find table config for table: {name}")
        return text("Success")

    def refreshed(self, call: Call) -> Any:
        name_of(call)
        return text("Success")

    def statistics(self, call: Call) -> Any:
        raise RestError(404, "Server routing stats is not enabled")

    def table_quota(self, call: Call) -> Any:
        return self._quota(f"table {name_of(call)}")

    def database_quota(self, call: Call) -> Any:
        return self._quota(f"database {call.path['name']}")

    def application_quota(self, call: Call) -> Any:
        return self._quota(f"application {call.path['name']}")

    def _quota(self, name: str) -> Any:
        """Queries a second that are allowed; 0 for no limit, as Pinot says it."""
        return text(str(self._broker.quota(name)))

    def running(self, call: Call) -> Any:
        return [{"queryId": id_, "sql": sql} for id_, sql in self._broker.running.list().items()]

    def compared(self, call: Call) -> Any:
        """One query, or `sqlV1` and `sqlV2`, of both engines; and how the answers differ."""
        try:
            document = payload(call.body)
        except RestError as error:
            return said(error.what, 500)
        first, second = (document.get(name, document.get("sql")) for name in ("sqlV1", "sqlV2"))
        if first is None or second is None:
            message = "Payload should either contain the query string field 'sql' or both of 'sqlV1' and 'sqlV2'"
            return said(message, 500)
        single = self._broker.query(str(first), {"useMultistageEngine": "false"})
        multi = self._broker.query(str(second), {"useMultistageEngine": "true"})
        return {"v1Response": single, "v2Response": multi, "comparisonAnalysis": differences(single, multi)}


def differences(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """How two answers differ: in success, columns, types, rows."""
    if first["exceptions"] or second["exceptions"]:
        return ["Exception encountered while running the query on one or both query engines"]
    one, two = first["resultTable"], second["resultTable"]
    names, types = one["dataSchema"]["columnNames"], one["dataSchema"]["columnDataTypes"]
    others = two["dataSchema"]["columnDataTypes"]
    if len(types) != len(others):
        return [f"Mismatch in number of columns returned. v1: {len(types)}, v2: {len(others)}"]
    found = [
        f"Mismatch in column data type for column with name {name if name == other else f'{name} / {other}'}. "
        f"v1 type: {mine}, v2 type: {theirs}"
        for name, other, mine, theirs in zip(names, two["dataSchema"]["columnNames"], types, others, strict=True)
        if mine != theirs
    ]
    if len(one["rows"]) != len(two["rows"]):
        found.append(f"Mismatch in number of rows returned. v1: {len(one['rows'])}, v2: {len(two['rows'])}")
    elif len(one["rows"]) == 1:
        found += [
            f"Mismatch in aggregation value for {name}. v1 value: {mine}, v2 value: {theirs}"
            for name, mine, theirs in zip(names, one["rows"][0], two["rows"][0], strict=True)
            if mine != theirs
        ]
    return found


def operations(broker: Broker) -> list[Operation]:
    told = Debugging(broker)
    return [
        Operation("POST", "/query/compare", told.compared, "Ask both engines and compare", "Query",
                  body="application/json"),
        Operation("POST", "/query/sql/queryFingerprint", fingerprinted, "A query without its literals", "Query",
                  body="application/json"),
        Operation("GET", "/debug/routingTable/sql", told.routing_of_query, "Segments for a query", "Routing",
                  ("query",)),
        Operation("GET", "/debug/routingTable/{name}", told.routing, "Which server has which segment", "Routing"),
        Operation("GET", "/debug/routingTableWithOptionalSegments/sql", told.routing_of_query_with_optional,
                  "Segments for a query", "Routing", ("query",)),
        Operation("GET", "/debug/routingTableWithOptionalSegments/{name}", told.routing_with_optional,
                  "Which server has which segment", "Routing"),
        Operation("PUT", "/routing/{name}", told.built, "Build a table's routing", "Routing"),
        Operation("PUT", "/routing/refresh/{name}/{segment}", told.refreshed, "Refresh a segment's", "Routing"),
        Operation("DELETE", "/routing/{name}", told.refreshed, "Remove a table's routing", "Routing"),
        Operation("GET", "/debug/serverRoutingStats", told.statistics, "Not measured: one server", "Debug"),
        Operation("GET", "/debug/tables/queryQuota/{name}", told.table_quota, "A table's quota", "Debug"),
        Operation("GET", "/debug/databases/queryQuota/{name}", told.database_quota, "A database's quota", "Debug"),
        Operation("GET", "/debug/applicationQuotas/{name}", told.application_quota, "An application's", "Debug"),
        Operation("GET", "/debug/queries/resourceUsage", told.running, "Queries under way", "Debug"),
    ]  # fmt: skip
