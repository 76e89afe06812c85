"""The platform's application: planes, rows, names, health, and errors as documents."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet
import pytest

from meshloom.errors import Broken, InputError, Problem
from meshloom.server.application import build

OPERATOR = "the-operators-secret"
HOUSEHOLDS = "urn:meshloom:market:customer:households"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


SAM, CELIA, GRACE = (bearer(f"token-of-{name}") for name in ("sam", "celia", "grace"))
BOSS = bearer(OPERATOR)


@pytest.fixture
def http(stub: Any, http_to: Any) -> Iterator[httpx.Client]:
    with http_to(build(stub, operator=OPERATOR)) as client:
        yield client


def test_each_plane_has_its_own_page_and_openapi_document(http: httpx.Client) -> None:
    titles = {plane["title"]: plane["docs"] for plane in http.get("/api").json()["planes"]}
    assert len(titles) == 3
    for title, docs in titles.items():
        page = http.get(docs)
        assert page.status_code == 200
        assert "//" not in page.text.replace("</", "")
        assert http.get(docs.replace("docs", "openapi.json")).json()["info"]["title"] == title
    assert "/query" in http.get("/openapi.json").json()["paths"]


@pytest.mark.parametrize("name", ["openapi.js", "openapi.css"])
def test_the_pages_script_and_style_come_from_here(http: httpx.Client, name: str) -> None:
    answer = http.get(f"/api/assets/{name}")
    assert answer.status_code == 200
    assert "//cdn" not in answer.text


def test_health_needs_nobody_and_ready_says_why_not(http: httpx.Client, stub: Any) -> None:
    assert http.get("/health").json()["status"] == "ok"
    assert http.get("/ready").json() == {"ready": True, "reasons": []}
    stub.reasons = ("households has never been published",)
    answer = http.get("/ready")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["households has never been published"])


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({}, "The request carries no bearer token"),
        ({"Authorization": "Basic c2FtOg=="}, "The request carries no bearer token"),
        ({"Authorization": "Bearer"}, "The request carries no bearer token"),
        (bearer("forged"), "The token proves nobody"),
        (bearer("the-operators-secre"), "The token proves nobody"),
    ],
)
@pytest.mark.parametrize("path", ["/api/mesh/search", f"/api/product/{HOUSEHOLDS}/discover", "/ports/a/b/c"])
def test_who_is_not_known_is_told_how_to_be(http: httpx.Client, headers: dict[str, str], what: str, path: str) -> None:
    answer = http.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="meshloom"'
    document = answer.json()
    assert (document["what"], document["outcome"]) == (what, 3)
    assert document["remedy"]


def test_search_narrows_and_ranks(http: httpx.Client) -> None:
    page = http.get("/api/mesh/search", params={"q": "household", "domain": "customer"}, headers=SAM).json()
    assert page["total"] == 2
    assert {hit["domain"] for hit in page["hits"]} == {"customer"}
    assert all(hit["reason"] for hit in page["hits"])


@pytest.mark.parametrize("name", [HOUSEHOLDS, "households", "customer/households"])
def test_a_product_has_several_names_and_one_description(http: httpx.Client, name: str) -> None:
    assert http.get(f"/api/mesh/products/{name}", headers=SAM).json()["urn"] == HOUSEHOLDS
    assert http.get(f"/api/product/{name}/discover", headers=SAM).json()["urn"] == HOUSEHOLDS


def test_a_global_name_leads_to_the_discovery_port(http: httpx.Client) -> None:
    for name in (HOUSEHOLDS, HOUSEHOLDS + ":table"):
        answer = http.get(f"/{name}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/api/mesh/products/{HOUSEHOLDS}")
    page = http.get(f"/{HOUSEHOLDS}", headers={"Accept": "text/html,*/*"})
    assert page.headers["location"] == f"/products/{HOUSEHOLDS}"


@pytest.mark.parametrize("name", ["urn:meshloom:market:customer:nobody", "urn:meshloom:other:customer:households"])
def test_an_unknown_global_name_says_so(http: httpx.Client, name: str) -> None:
    answer = http.get(f"/{name}")
    assert answer.status_code == 404
    assert answer.json()["what"] == f"There is no product {name} in the mesh market"


def test_a_malformed_global_name_says_what_one_looks_like(http: httpx.Client) -> None:
    assert "urn:meshloom:<mesh>:<domain>:<product>" in http.get("/urn:meshloom:UP").json()["what"]


def test_rows_as_json_carry_the_decision(http: httpx.Client, stub: Any) -> None:
    body = {"sql": "SELECT 1", "purpose": "operations", "asOf": "2026-11-23"}
    answer = http.post("/query", json=body, headers=SAM)
    document = answer.json()
    assert document["rows"] == [[367, "2017-01-01T00:00:00+00:00"], [406, "2017-01-01T00:00:00+00:00"]]
    assert document["rowCount"] == 2
    (decision,) = document["decisions"]
    assert decision["filters"] == ["store_id in (367, 406)", "income is not null"]
    assert (decision["masked"], decision["masks"]) == (["age"], {"age": "null"})
    assert answer.headers["x-meshloom-decisions"] == "d-1"
    (asked,) = stub.sidecar.asked
    assert (asked.principal.name, asked.purpose, asked.as_of.isoformat()) == (
        "sam",
        "operations",
        "2026-11-23T00:00:00+00:00",
    )


def test_rows_as_arrow_parquet_and_csv(http: httpx.Client) -> None:
    body = {"sql": "SELECT 1", "purpose": "operations"}
    arrow = http.post("/query", json=body, headers={**SAM, "Accept": "application/vnd.apache.arrow.stream"})
    table = pa.ipc.open_stream(arrow.content).read_all()
    assert table.column("store_id").to_pylist() == [367, 406]
    assert json.loads(table.schema.metadata[b"meshloom.decisions"])[0]["id"] == "d-1"
    parquet = http.post("/query", json={**body, "format": "parquet"}, headers=SAM)
    assert pyarrow.parquet.read_table(io.BytesIO(parquet.content)).num_rows == 2
    csv = http.post("/query", json={**body, "format": "csv"}, headers=SAM)
    assert csv.text.splitlines()[0] == '"store_id","at"'
    wrong = http.post("/query", json={**body, "format": "xml"}, headers=SAM)
    assert (wrong.status_code, wrong.json()["what"]) == (400, "There is no format 'xml'")


def test_a_purpose_may_come_in_the_header(http: httpx.Client, stub: Any) -> None:
    assert http.post("/query", json={"sql": "x"}, headers={**SAM, "X-Meshloom-Purpose": "research"}).status_code == 200
    assert stub.sidecar.asked[0].purpose == "research"


def test_a_refusal_says_why(http: httpx.Client) -> None:
    answer = http.post("/query", json={"sql": "SELECT 1"}, headers=SAM)
    assert answer.status_code == 403
    assert answer.json() | {"problems": []} == {
        "code": "purpose",
        "what": "households is not for you",
        "why": "No purpose was given",
        "remedy": "Give one",
        "outcome": 3,
        "problems": [],
    }


def test_the_operator_reads_no_rows(http: httpx.Client, stub: Any) -> None:
    for answer in (
        http.post("/query", json={"sql": "SELECT 1", "purpose": "operations"}, headers=BOSS),
        http.get("/ports/customer/households/table?purpose=operations", headers=BOSS),
    ):
        assert (answer.status_code, answer.json()["what"]) == (403, "The operator reads no rows")
    assert not stub.sidecar.asked


def test_a_port_is_read_in_its_own_format_unless_another_is_asked_for(http: httpx.Client) -> None:
    table = http.get("/ports/customer/households/table?purpose=x", headers=SAM)
    assert table.json()["rowCount"] == 2
    files = http.get("/ports/customer/households/files?purpose=x", headers=SAM)
    assert pyarrow.parquet.read_table(io.BytesIO(files.content)).num_rows == 2
    assert files.headers["content-type"] == "application/vnd.apache.parquet"
    assert http.get("/ports/customer/households/files?purpose=x&format=json", headers=SAM).json()["rowCount"] == 2


def test_an_unknown_port_and_a_malformed_time(http: httpx.Client) -> None:
    unknown = http.get("/ports/customer/households/tape?purpose=x", headers=SAM)
    assert (unknown.status_code, unknown.json()["what"]) == (404, f"There is no port {HOUSEHOLDS}:tape")
    time = http.get("/ports/customer/households/table?purpose=x&as_of=yesterday", headers=SAM)
    assert time.status_code == 400
    assert time.json()["what"].startswith("'yesterday' is no point in time")


def test_only_the_operator_builds_and_issues_tokens(http: httpx.Client, stub: Any) -> None:
    for path, body in (
        ("/api/product/apply", {}),
        ("/api/product/plan", {}),
        ("/api/product/validate", {}),
        ("/api/infrastructure/identities/tokens", {"user": "sam"}),
    ):
        answer = http.post(path, json=body, headers=GRACE)
        assert answer.status_code == 403
        assert answer.json()["what"].startswith("grace may not ")
    assert stub.reloaded == 0
    issued = http.post("/api/infrastructure/identities/tokens", json={"user": "sam"}, headers=BOSS)
    assert issued.json() == {"token": "token-of-sam"}
    assert http.post("/api/infrastructure/identities/tokens", json={"user": "x"}, headers=BOSS).status_code == 404


def test_the_access_log_is_for_governance_owners_and_the_operator(http: httpx.Client) -> None:
    assert http.get("/api/mesh/audit", headers=GRACE).json()[0]["principal"] == "sam"
    assert http.get("/api/mesh/audit", headers=BOSS).status_code == 200
    assert http.get(f"/api/mesh/audit?product={HOUSEHOLDS}", headers=CELIA).status_code == 200
    refused = http.get(f"/api/mesh/audit?product={HOUSEHOLDS}", headers=SAM)
    assert refused.json()["why"] == "It belongs to customer-team"
    assert http.get("/api/mesh/audit", headers=CELIA).status_code == 403


def test_an_apply_streams_its_events_and_ends_with_the_result(http: httpx.Client, stub: Any) -> None:
    lines = [
        json.loads(x) for x in http.post("/api/product/apply", json={"products": ["a"]}, headers=BOSS).iter_lines()
    ]
    assert lines == [
        {"event": stub.events[0]},
        {"applied": {"results": [{"product": "a", "outcome": "done", "problems": []}]}},
    ]
    assert stub.reloaded == 1


def test_an_apply_that_fails_ends_with_the_error(http: httpx.Client, stub: Any) -> None:
    stub.failure = InputError(Problem("column", "income is missing", file="a.csv", line=1, column=2))
    lines = [json.loads(x) for x in http.post("/api/product/apply", json={}, headers=BOSS).iter_lines()]
    assert lines[-1]["error"]["problems"][0]["file"] == "a.csv"
    assert lines[-1]["error"]["outcome"] == 1


def test_broken_things_are_500_without_a_trace(http: httpx.Client, stub: Any) -> None:
    stub.sidecar.query = lambda *a, **k: (_ for _ in ()).throw(Broken("The disk is full", remedy="Free some"))
    answer = http.post("/query", json={"sql": "x"}, headers=SAM)
    assert (answer.status_code, answer.json()["what"]) == (500, "The disk is full")
    stub.sidecar.query = lambda *a, **k: 1 / 0
    answer = http.post("/query", json={"sql": "x"}, headers=SAM)
    assert (answer.status_code, answer.json()["why"]) == (500, "ZeroDivisionError")
    assert "Traceback" not in answer.text


def test_a_malformed_request_names_the_place(http: httpx.Client) -> None:
    answer = http.post("/query", json={"purpose": "x"}, headers=SAM)
    assert answer.status_code == 400
    assert answer.json()["why"] == "body.sql: Field required"
    assert http.get("/api/mesh/search?limit=0", headers=SAM).status_code == 400


def test_nothing_there_and_the_wrong_verb(http: httpx.Client) -> None:
    assert http.get("/nothing").json()["what"] == "There is nothing at /nothing"
    wrong = http.put("/query", headers=SAM)
    assert (wrong.status_code, wrong.json()["outcome"]) == (405, 2)


def test_metrics_count_requests_by_area_and_never_by_name(http: httpx.Client) -> None:
    http.get(f"/{HOUSEHOLDS}")
    for name in ("one", "two"):
        http.get(f"/made-up/{name}")
        http.get(f"/api/{name}")
    text = http.get("/metrics").text
    assert 'meshloom_requests_total{area="/urn",door="platform",method="GET",status="303"} 1.0' in text
    assert 'meshloom_requests_total{area="/other",door="platform",method="GET",status="404"} 2.0' in text
    assert 'area="/api",' in text
    assert "made-up" not in text


def test_every_answer_has_a_request_id(http: httpx.Client) -> None:
    first, second = (http.get("/health").headers["x-request-id"] for _ in range(2))
    assert first != second


def test_the_portal_answers_what_is_no_api(stub: Any, http_to: Any) -> None:
    async def portal(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"page of {scope['path']}".encode()})

    with http_to(build(stub, portal)) as http:
        assert http.get("/").text == "page of /"
        assert http.get("/products/x").text == "page of /products/x"
        assert http.get("/health").json()["status"] == "ok"
        assert http.get("/api/mesh/search").status_code == 401


def test_without_an_operator_nobody_is_one(stub: Any, http_to: Any) -> None:
    with http_to(build(stub)) as http:
        assert http.post("/api/product/apply", json={}, headers=bearer("none")).status_code == 401
        assert http.get("/").headers["location"] == "/docs"
