"""`meshloom.connect` against a platform's doors, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import meshloom
from meshloom.client.connection import Connection
from meshloom.client.mesh import Mesh
from meshloom.client.problems import document_of, error_of
from meshloom.errors import (
    Broken,
    CallError,
    InputError,
    MeshloomError,
    NotFound,
    Problem,
    Refused,
    Unauthenticated,
)
from meshloom.server.application import build
from meshloom.server.doors import Address, Doors, bind


@pytest.fixture
def url(stub: Any) -> Iterator[str]:
    listener = bind(Address("test"))
    doors = Doors([(build(stub), listener)])
    doors.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    doors.stop()


@pytest.fixture
def mesh(url: str) -> Iterator[Mesh]:
    mesh = meshloom.connect(url, token="token-of-sam", purpose="operations")
    yield mesh
    mesh.connection.close()


def test_the_snippet_of_a_products_page(mesh: Mesh, stub: Any) -> None:
    port = mesh.product("urn:meshloom:market:store-ops:pos-transactions").port("table")
    assert port.table == "pos_transactions"
    result = port.query(f"SELECT store_id FROM {port.table}", as_of="2026-11-23T10:15:00Z")
    assert result.arrow().column("store_id").to_pylist() == [367, 406]
    assert result.pandas()["store_id"].tolist() == [367, 406]
    assert result.decision.filters == ("store_id in (367, 406)", "income is not null")
    assert result.decision.masked == ("age",)
    assert (result.decision.principal, result.decision.purpose) == ("sam", "operations")
    assert len(result) == 2
    assert [row["store_id"] for row in result] == [367, 406]
    assert repr(result) == "<Result of 2 rows, 2 columns, decision d-1>"
    assert stub.sidecar.asked[0].as_of == datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def test_the_decisions_do_not_stay_in_the_tables_metadata(mesh: Mesh) -> None:
    assert mesh.query("SELECT 1").arrow().schema.metadata is None


def test_as_of_may_be_a_datetime_and_the_purpose_another(mesh: Mesh, stub: Any) -> None:
    mesh.query("SELECT 1", as_of=datetime(2026, 1, 2, tzinfo=UTC), purpose="research")
    (asked,) = stub.sidecar.asked
    assert (asked.purpose, asked.as_of) == ("research", datetime(2026, 1, 2, tzinfo=UTC))


def test_reading_a_whole_port(mesh: Mesh) -> None:
    result = mesh.product("households").port("files").read()
    assert (len(result), result.decision.id) == (2, "d-1")


def test_search_gives_products_whose_ports_can_be_asked(mesh: Mesh) -> None:
    found = mesh.search("household", domain="customer")
    assert {product.uri.split(":")[-1] for product in found} == {"households", "household-360"}
    assert {port.name for port in found[0].ports} == {"table", "files"}
    assert mesh.search("household", domain=["catalogue", "nowhere"]) == []


def test_what_is_not_there(mesh: Mesh) -> None:
    with pytest.raises(NotFound, match="There is no product nobody"):
        mesh.product("nobody")
    with pytest.raises(NotFound, match=r"has no port 'tape'. It has files, table"):
        mesh.product("households").port("tape")


def test_a_refusal_is_an_exception_with_the_policys_words(url: str) -> None:
    with (
        meshloom.connect(url, token="token-of-sam") as mesh,
        pytest.raises(Refused, match="No purpose was given") as caught,
    ):
        mesh.query("SELECT 1")
    assert caught.value.code == "purpose"


def test_no_token_and_a_bad_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESHLOOM_TOKEN", raising=False)
    with meshloom.connect(url) as mesh, pytest.raises(Unauthenticated, match="carries no bearer token"):
        mesh.search()
    with meshloom.connect(url, token="forged") as mesh, pytest.raises(Unauthenticated, match="proves nobody"):
        mesh.search()


def test_the_environment_stands_in(url: str, stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("URL", url), ("TOKEN", "token-of-celia"), ("PURPOSE", "marketing")):
        monkeypatch.setenv(f"MESHLOOM_{name}", value)
    with meshloom.connect() as mesh:
        mesh.query("SELECT 1")
    assert (stub.sidecar.asked[0].principal.name, stub.sidecar.asked[0].purpose) == ("celia", "marketing")


def test_nobody_answers() -> None:
    with bind(Address("x")) as free:
        port = free.getsockname()[1]
    with pytest.raises(Broken, match=rf"127.0.0.1:{port} does not answer") as caught:
        meshloom.connect(f"http://127.0.0.1:{port}", token="x").search()
    assert "meshloom up" in caught.value.remedy


def test_an_answer_that_is_not_ours() -> None:
    async def strange(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"<h1>Bad gateway</h1>"})

    listener = bind(Address("x"))
    doors = Doors([(strange, listener)])
    doors.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with Connection(url) as connection, pytest.raises(Broken, match=r"HTTP 502. <h1>Bad gateway</h1>"):
        connection.get("/")
    doors.stop()


def test_a_missing_extra_is_a_sentence_with_the_command(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(CallError, match=r"polars is not installed. Try: pip install 'meshloom\[polars\]'"):
        mesh.query("SELECT 1").polars()


@pytest.mark.parametrize(
    "error",
    [
        InputError(Problem("a", "b", "c", "d", "e.yaml", 1, 2), Problem("f", "g")),
        CallError("what", why="why", remedy="remedy", code="some-code"),
        NotFound("what"),
        Refused("what", why="why"),
        Unauthenticated("what"),
        Broken("what"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_wire(error: MeshloomError) -> None:
    again = error_of(document_of(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.code, again.outcome) == (error.code, error.outcome)
    if isinstance(error, InputError):
        assert again.problems == error.problems  # type: ignore[attr-defined]
