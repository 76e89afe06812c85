"""Search: by word, domain, owner, column and tag; facets; the order and its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshloom.errors import CallError
from meshloom.mesh.search import Entry, SearchIndex, Signals
from meshloom.mesh.views import Hit


def entry(name: str, domain: str, *, title: str = "", text: str = "", **facets: tuple[str, ...]) -> Entry:
    hit = Hit(
        urn=f"urn:meshloom:market:{domain}:{name}",
        name=name,
        title=title or name.replace("-", " ").capitalize(),
        domain=domain,
        owner=f"{domain}-team",
        archetype="sourceAligned",
        version="1.0.0",
        status="active",
        purpose=text,
        tags=facets.get("tag", ()),
        port_kinds=("table",),
    )
    every = {"domain": (domain,), "owner": (hit.owner,), "archetype": (hit.archetype,), "port": ("table",), **facets}
    return Entry(hit, every, text)


@pytest.fixture
def index(tmp_path: Path) -> SearchIndex:
    index = SearchIndex(tmp_path / "meta.sqlite")
    index.put(
        entry("households", "customer", text="Who lives together", column=("household_id", "income"), tag=("pii",))
    )
    index.put(entry("household-360", "customer", text="Spending", column=("household_id", "sales"), tag=("gold",)))
    index.put(entry("products", "catalogue", text="What a household can buy", column=("product_id", "brand")))
    return index


def names(index: SearchIndex, text: str = "", **facets: list[str]) -> list[str]:
    return [hit.name for hit in index.search(text, facets, lambda _: Signals(), limit=20, offset=0).hits]


def test_an_empty_search_lists_everything(index: SearchIndex) -> None:
    page = index.search("", {}, lambda _: Signals(), limit=2, offset=0)
    assert (page.total, len(page.hits)) == (3, 2)
    assert dict(page.facets["domain"]) == {"customer": 2, "catalogue": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("income", ["households"]),  # a column
        ("household_id", ["household-360", "households"]),
        ("brand", ["products"]),
        ("catalogue", ["products"]),  # the domain
        ("customer-team", ["household-360", "households"]),  # the owner
        ("pii", ["households"]),  # a tag
        ("spend", ["household-360"]),  # a beginning, and a stem
        ("lives together", ["households"]),
        ("nothing like it", []),
    ],
)
def test_a_product_is_found_by(index: SearchIndex, text: str, expected: list[str]) -> None:
    assert sorted(names(index, text)) == expected


def test_a_title_beats_a_description(index: SearchIndex) -> None:
    assert names(index, "household")[-1] == "products"


def test_facets_narrow_also_when_written_into_the_text(index: SearchIndex) -> None:
    assert names(index, "household", domain=["customer"], tag=["gold"]) == ["household-360"]
    assert names(index, "household domain:customer tag:gold") == ["household-360"]
    assert names(index, column=["INCOME"]) == ["households"]
    assert sorted(names(index, domain=["customer", "catalogue"])) == ["household-360", "households", "products"]


def test_an_unknown_facet_says_which_there_are(index: SearchIndex) -> None:
    with pytest.raises(CallError, match=r"no facet 'colour'. Narrow by domain, owner"):
        names(index, colour=["red"])


def test_some_of_the_words_is_better_than_nothing_and_says_so(index: SearchIndex) -> None:
    (hit,) = index.search("income unicorns", {}, lambda _: Signals(), limit=9, offset=0).hits
    assert hit.name == "households"
    assert hit.reason == "has some of the words; has the column income"


def test_use_lifts_and_a_broken_promise_sinks(index: SearchIndex) -> None:
    loved = {"urn:meshloom:market:customer:households": Signals(40, 4, True)}
    broken = {"urn:meshloom:market:customer:households": Signals(0, 0, False)}
    for signals, first in ((loved, "households"), (broken, "household-360")):
        page = index.search("customer", {}, lambda urn, s=signals: s.get(urn, Signals()), limit=9, offset=0)
        assert page.hits[0].name == first
    reasons = {hit.name: hit.reason for hit in page.hits}
    assert reasons["households"] == "matches its domain, owner; breaks a promise, so it sinks"


def test_putting_again_replaces_and_dropping_forgets(index: SearchIndex) -> None:
    index.put(entry("products", "catalogue", title="Assortment", text="Everything on the shelves"))
    assert names(index, "brand") == []
    assert names(index, "assortment") == ["products"]
    index.drop("urn:meshloom:market:catalogue:products")
    index.drop("urn:meshloom:market:catalogue:products")
    assert names(index, "assortment") == []
    assert len(index.urns()) == 2


def test_another_process_finds_what_was_indexed(index: SearchIndex, tmp_path: Path) -> None:
    assert names(SearchIndex(tmp_path / "meta.sqlite"), "income") == ["households"]


@given(text=st.text(max_size=40))
def test_no_text_breaks_the_query_language(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.sqlite"
    index = SearchIndex(path)
    index.put(entry("households", "customer"))
    assert index.search(text, {}, lambda _: Signals(), limit=5, offset=0).total in (0, 1)
