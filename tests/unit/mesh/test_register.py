"""What registering puts into the index, and that an orphan is turned away (data-mesh.md, A5)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from meshloom.errors import InputError
from meshloom.mesh.register import entry
from meshloom.spec.load import load_mesh

MARKET = Path(__file__).parents[3] / "examples/market"
HOUSEHOLDS = load_mesh(MARKET, sample=True).product("households")
assert HOUSEHOLDS is not None


def test_a_product_is_findable_by_all_that_it_says() -> None:
    registered = entry(HOUSEHOLDS, rows=801)
    assert registered.hit.urn == "urn:meshloom:market:customer:households"
    assert registered.hit.rows == 801
    assert registered.facets["owner"] == ("customer-team",)
    assert "income" in registered.facets["column"]
    assert set(registered.facets["port"]) == {"table", "files"}
    assert HOUSEHOLDS.purpose in registered.text


@pytest.mark.parametrize("what", ["owner", "domain"])
def test_an_orphan_is_not_registered(what: str) -> None:
    orphan = (
        replace(HOUSEHOLDS, owner="")
        if what == "owner"
        else replace(HOUSEHOLDS, urn=replace(HOUSEHOLDS.urn, domain=""))
    )
    with pytest.raises(
        InputError, match=rf"product.odps.yaml:1:1: orphan households has no {what}, Nobody would answer"
    ):
        entry(orphan)
