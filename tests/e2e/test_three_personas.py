"""The same question by three people: three different, right answers, through every door (issue 3, done when)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pinotdb
import pytest

import meshloom
from meshloom.errors import Refused, Unauthenticated

SAMPLE = Path(__file__).parents[2] / "examples/market/sample/transactions.parquet"
SQL = (
    "SELECT household_id, COUNT(*) AS n FROM pos_transactions GROUP BY household_id "
    "ORDER BY n DESC, household_id LIMIT 3"
)
STORES = (367, 406)
PEOPLE = [("sam", "operations"), ("maya", "marketing"), ("dana", "research")]


def bare(condition: str = "true") -> list[tuple[Any, ...]]:
    """The answer of plain SQL over the sample's file; rows of gasoline are held back by the contract."""
    query = SQL.replace("pos_transactions", f"read_parquet('{SAMPLE}') WHERE quantity <= 1000 AND {condition}")
    return duckdb.sql(query).fetchall()


def check(user: str, rows: list[tuple[Any, ...]]) -> None:
    """Sam sees his two stores, Maya everything, Dana everything with households as pseudonyms."""
    if user == "dana":
        assert [count for _, count in rows] == [count for _, count in bare()]
        assert all(isinstance(name, str) and len(name) == 32 for name, _ in rows)
        return
    expected = bare(f"store_id IN {STORES}") if user == "sam" else bare()
    assert [tuple(map(int, row)) for row in rows] == expected


def test_the_answers_differ() -> None:
    assert bare() != bare(f"store_id IN {STORES}")
    assert len(bare()) == len(bare(f"store_id IN {STORES}")) == 3


@pytest.mark.parametrize(("user", "purpose"), PEOPLE)
def test_through_the_command_line(market: Any, user: str, purpose: str) -> None:
    document = market.shell("query", SQL, "--as", user, "--purpose", purpose, "--json").json
    check(user, [(row["household_id"], row["n"]) for row in document["rows"]])
    (decision,) = document["decisions"]
    assert decision["principal"] == user
    assert decision["masked"] == (["household_id"] if user == "dana" else [])
    assert decision["filters"] == (["store_id in (367, 406)"] if user == "sam" else [])


@pytest.mark.parametrize(("user", "purpose"), PEOPLE)
def test_through_pinotdb_on_the_brokers_port(market: Any, user: str, purpose: str) -> None:
    headers = f"Authorization=Bearer {market.token(user)},X-Meshloom-Purpose={purpose}"
    host, port = market.broker.removeprefix("http://").split(":")
    opened = pinotdb.connect(host=host, port=int(port), path="/query/sql", scheme="http", extra_request_headers=headers)
    with closing(opened) as connection:
        cursor = connection.cursor()
        cursor.execute(SQL)
        check(user, [tuple(row) for row in cursor.fetchall()])


@pytest.mark.parametrize(("user", "purpose"), PEOPLE)
def test_through_the_client(market: Any, user: str, purpose: str) -> None:
    with meshloom.connect(market.url, token=market.token(user), purpose=purpose) as mesh:
        port = mesh.product("urn:meshloom:market:store-ops:pos-transactions").port("table")
        result = port.query(SQL)
    check(user, [tuple(row.values()) for row in result.rows()])
    assert result.decision.principal == user


@pytest.mark.parametrize(("user", "purpose"), PEOPLE)
def test_files_are_filtered_and_masked_the_same(market: Any, user: str, purpose: str) -> None:
    with meshloom.connect(market.url, token=market.token(user), purpose=purpose) as mesh:
        table = mesh.product("pos-transactions").port("files").read().arrow()
    check(user, _ask(table))


def _ask(table: Any) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    connection.register("pos_transactions", table)
    rows = connection.execute(SQL).fetchall()
    connection.close()
    return rows


def test_pseudonyms_are_the_same_through_every_door(market: Any) -> None:
    with meshloom.connect(market.url, token=market.token("dana"), purpose="research") as mesh:
        asked = mesh.query("SELECT DISTINCT household_id FROM households LIMIT 100").rows()
        read = mesh.product("households").port("files").read().rows()
    assert {row["household_id"] for row in asked} == {row["household_id"] for row in read}


def test_an_error_does_not_tell_the_key_of_the_pseudonyms(market: Any) -> None:
    question = "SELECT store_id, household_id, COUNT(*) FROM pos_transactions GROUP BY store_id"
    refused = market.shell("query", question, "--as", "dana", "--purpose", "research", code=1)
    assert "functionally dependent" in refused.err
    assert not re.search("[0-9a-f]{16}", refused.err)


def test_no_purpose_no_answer_and_no_token_nobody(market: Any) -> None:
    with meshloom.connect(market.url, token=market.token("maya")) as mesh:
        with pytest.raises(Refused, match="say for which purpose"):
            mesh.query("SELECT * FROM households")
        with pytest.raises(Refused, match="'gossip' is no purpose of this mesh"):
            mesh.query("SELECT * FROM households", purpose="gossip")
    with meshloom.connect(market.url, token="eyJhbGciOiJub25lIn0.e30.") as mesh, pytest.raises(Unauthenticated):
        mesh.query("SELECT * FROM households", purpose="marketing")


def test_every_read_and_refusal_is_in_the_access_log(market: Any) -> None:
    market.shell("query", "SELECT * FROM households", "--as", "sam", code=3)
    newest = market.shell("audit", "--product", "households", "--json", "--limit", "1").json[0]
    assert (newest["principal"], newest["allowed"], newest["action"]) == ("sam", False, "read")
    assert newest["port"].startswith("urn:meshloom:market:customer:households:")


@pytest.mark.parametrize("product", ["pos-transactions", "products", "households", "household-360"])
def test_the_snippet_of_every_port_runs_as_it_is(market: Any, product: str) -> None:
    described = market.shell("describe", product, "--json").json
    for port in described["ports"]:
        done = subprocess.run(
            [sys.executable, "-c", port["snippet"]],
            env=os.environ
            | {"MESHLOOM_URL": market.url, "MESHLOOM_TOKEN": market.token("grace"), "MESHLOOM_PURPOSE": "governance"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "Decision(id=" in done.stdout
