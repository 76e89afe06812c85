"""The broker's doors with requests that are wrong: codes and texts as in PinotClientRequest, ResponseStoreResource,
PinotBrokerRouting and PinotBrokerDebug 1.5.1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Ask = Callable[..., httpx.Response]
SCHEMA = {"schemaName": "days", "dimensionFieldSpecs": [{"name": "name", "dataType": "STRING"}]}
NO_SQL = "Payload is missing the query string field 'sql'"
ERRORS_AS_STATUS = {"Pinot-Use-Http-Status-For-Errors": "true"}


@pytest.fixture(scope="module")
def app(new_tables: Any) -> Any:
    tables = new_tables()
    tables.add(SCHEMA, [{"name": name} for name in "abc"])
    return tables.cluster.broker_app


@pytest.fixture
def ask(app: Any, run_coroutine: Any) -> Ask:
    """One request to a broker with a table of three rows."""

    def asked(method: str, path: str, **more: Any) -> httpx.Response:
        async def request() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
                return await client.request(method, path, **more)

        found: httpx.Response = run_coroutine(request())
        return found

    return asked


def code(answer: httpx.Response) -> int:
    (one,) = answer.json()["exceptions"]
    return int(one["errorCode"])


@pytest.mark.parametrize("path", ["/query/sql", "/query"])
@pytest.mark.parametrize(
    ("body", "said"), [("", NO_SQL), ("[]", NO_SQL), ("{}", NO_SQL), ("{", "Unexpected end-of-input")]
)
def test_a_body_without_a_query_is_told_in_plain_text(ask: Ask, path: str, body: str, said: str) -> None:
    answer = ask("POST", path, content=body)
    assert answer.status_code == 500
    assert answer.text.startswith(said)


@pytest.mark.parametrize("sql", [5, None, [], {"a": 1}])
def test_a_query_that_is_no_text_is_no_sql(ask: Ask, sql: Any) -> None:
    assert code(ask("POST", "/query/sql", json={"sql": sql})) == 150
    assert ask("POST", "/query/sql", json={"sql": sql}, headers=ERRORS_AS_STATUS).status_code == 400


@pytest.mark.parametrize("path", ["/query/sql", "/query"])
def test_a_get_inserts_nothing(ask: Ask, path: str) -> None:
    answer = ask("GET", path, params={"sql": "SET a='b'; INSERT INTO days FROM FILE 'file:///nowhere'"})
    (one,) = answer.json()["exceptions"]
    assert one == {
        "errorCode": 150,
        "message": "SQLParsingError: Unsupported SQL type - DML, this API only supports DQL.",
    }


def test_a_cursor_of_either_engine(ask: Ask) -> None:
    for path in ("/query/sql", "/query"):
        answer = ask("POST", f"{path}?getCursor=true&numRows=2", json={"sql": "SELECT name FROM days"}).json()
        assert len(answer["resultTable"]["rows"]) == 2
        kept = f"/responseStore/{answer['requestId']}"
        assert len(ask("GET", f"{kept}/results?offset=2").json()["resultTable"]["rows"]) == 1
        behind = ask("GET", f"{kept}/results?offset=3")
        assert (behind.status_code, behind.text) == (500, "Offset 3 should be lesser than totalRecords 3")
        assert ask("GET", f"{kept}/results?offset=x").status_code == 404
        assert ask("DELETE", kept).text == f"Query Results for {answer['requestId']} deleted."
        assert ask("DELETE", kept).status_code == 404


def test_a_cursor_without_a_number_has_a_page_of_all(ask: Ask) -> None:
    answer = ask("POST", "/query/sql?getCursor=true&numRows=0", json={"sql": "SELECT name FROM days"}).json()
    assert answer["numRows"] == 3
    assert ask("POST", "/query/sql?getCursor=true&numRows=x", json={"sql": "SELECT 1"}).status_code == 404


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/responseStore/none"), ("GET", "/responseStore/none/results"), ("DELETE", "/responseStore/none"),
])  # fmt: skip
def test_an_answer_that_is_not_kept(ask: Ask, method: str, path: str) -> None:
    answer = ask(method, path)
    assert (answer.status_code, answer.text) == (404, "Query results for none not found.")


def test_a_query_that_does_not_run_is_not_stopped(ask: Ask) -> None:
    for path in ("/query/7", "/query/mine?client=true", "/query/no-number"):
        answer = ask("DELETE", path)
        name = path.removeprefix("/query/").removesuffix("?client=true")
        assert (answer.status_code, answer.text) == (404, f"Query: {name} not found on the broker")
    assert ask("DELETE", "/query/7?timeoutMs=soon").status_code == 404


def test_routing_of_what_is_there_and_of_what_is_not(ask: Ask) -> None:
    assert list(ask("GET", "/debug/routingTable/days").json()) == ["days_OFFLINE"]
    assert list(ask("GET", "/debug/routingTable/days", headers={"Database": "default"}).json()) == ["days_OFFLINE"]
    other = ask("GET", "/debug/routingTable/days", headers={"Database": "shop"})
    assert (other.status_code, other.json()["error"]) == (404, "Cannot find routing for table: shop.days")
    assert ask("GET", "/debug/routingTable/a.b.c").status_code == 500
    nowhere = ask("GET", "/debug/routingTable/sql", params={"query": "SELECT * FROM none"})
    assert (nowhere.status_code, nowhere.json()["error"]) == (404, "Cannot find routing for query: SELECT * FROM none")
    assert ask("GET", "/debug/routingTable/sql", params={"query": "no query"}).status_code == 500
    assert ask("PUT", "/routing/days_OFFLINE").text == "Success"
    assert ask("DELETE", "/routing/none_OFFLINE").text == "Success"
    unknown = ask("PUT", "/routing/none_OFFLINE")
    told = "Failed to find table config for table: none_OFFLINE"
    assert (unknown.status_code, unknown.json()["error"]) == (500, told)


def test_fingerprints_and_comparisons_of_nothing(ask: Ask) -> None:
    path = "/query/sql/queryFingerprint"
    nothing = ask("POST", path, json={})
    assert (nothing.status_code, nothing.json()) == (500, {"error": NO_SQL})
    for body in ("5", "null", "[]", ""):
        assert ask("POST", path, content=body).json() == {"error": NO_SQL}
        assert ask("POST", "/query/compare", content=body).text.startswith("Payload should either contain")
    insert = ask("POST", path, json={"sql": "INSERT INTO days FROM FILE 'x'"})
    assert insert.json() == {"error": "Only DQL queries are supported for fingerprinting, got: DML"}
    compared = ask("POST", "/query/compare", json={"sqlV1": "SELECT 1"})
    assert compared.status_code == 500
    assert compared.text == "Payload should either contain the query string field 'sql' or both of 'sqlV1' and 'sqlV2'"
