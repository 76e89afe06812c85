"""What init writes validates as it is, its tests pass, and a CSV of one's own becomes a product without an edit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from meshloom.errors import CallError, InputError
from meshloom.product.init import init_domain, init_mesh, init_product
from meshloom.product.trial import try_product
from meshloom.product.validate import validate
from meshloom.spec.load import load_mesh
from meshloom.spec.product import Archetype

OWN = (
    "code,Name,price,day,seen,maybe,free\n"
    "007,Bolt,1.5,2026-01-02,2026-01-02 10:00:00,,true\n"
    "008,Nut,2,2026-01-03,2026-01-03 11:00:00,3,false\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    init_mesh(folder)
    init_domain(folder, "sales")
    return folder


def mistakes(root: Path) -> list[str]:
    return [str(problem) for problem in validate(root)]


def test_an_empty_mesh_is_valid(tmp_path: Path) -> None:
    made = init_mesh(tmp_path / "shop", title="The shop")
    assert mistakes(tmp_path / "shop") == []
    spec = load_mesh(tmp_path / "shop")
    assert (spec.name, spec.title) == ("shop", "The shop")
    assert {persona.name for persona in spec.personas} == {"ada", "otto"}
    assert made.next_step == "meshloom init domain NAME"
    assert all((made.root / file).is_file() for file in made.files)


@pytest.mark.parametrize("kind", ["source-aligned", "aggregate", "consumer-aligned"])
def test_each_type_of_product_is_valid_and_its_own_test_passes(root: Path, kind: str) -> None:
    init_product(root, "orders", "sales")
    name = "orders" if kind == "source-aligned" else "more-orders"
    if name != "orders":
        made = init_product(root, name, "sales", kind)
        assert "domains/sales/more-orders/transform.sql" in made.files
        assert made.next_step == "meshloom apply more-orders"
    assert mistakes(root) == []
    product = load_mesh(root).product(name)
    assert product is not None
    assert product.archetype is Archetype("".join(w.capitalize() if i else w for i, w in enumerate(kind.split("-"))))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(root)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_csv_of_ones_own(root: Path, tmp_path: Path) -> None:
    (tmp_path / "parts.csv").write_text(OWN, encoding="utf-8")
    init_product(root, "parts", "sales", data=tmp_path / "parts.csv")
    assert mistakes(root) == []
    product = load_mesh(root).product("parts")
    assert product is not None
    (contract,) = product.contracts
    assert [(column.name, column.type, column.required) for column in contract.columns] == [
        ("code", "string", True),  # 007 is no number
        ("Name", "string", True),
        ("price", "number", True),
        ("day", "date", True),
        ("seen", "timestamp", True),
        ("maybe", "integer", False),
        ("free", "boolean", True),
    ]
    assert contract.primary_key == ("code",)
    assert contract.actual_time == "day"
    assert (root / "domains/sales/parts/data/parts.csv").read_text(encoding="utf-8") == OWN


def test_a_csv_without_a_likely_key_or_a_required_column(root: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("a,b\n1,\n,x\n1,x\n", encoding="utf-8")
    init_product(root, "odd", "sales", data=tmp_path / "odd.csv")
    assert mistakes(root) == []
    product = load_mesh(root).product("odd")
    assert product is not None
    assert product.contracts[0].primary_key == ()
    assert try_product(root / "domains/sales/odd", odd=[{"a": "1"}]).published == [{"a": 1, "b": None, "_tags": None}]


def test_a_csv_that_cannot_be_read_leaves_nothing_behind(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.csv:2:1: bad-line the line has too few fields"):
        init_product(root, "bad", "sales", data=tmp_path / "bad.csv")
    assert not (root / "domains/sales/bad").exists()
    with pytest.raises(InputError, match="only a CSV file can be taken over"):
        init_product(root, "bad", "sales", data=tmp_path / "bad.xlsx")


@pytest.mark.parametrize(
    ("name", "domain", "kind", "reads", "message"),
    [
        ("My Product", "sales", "source-aligned", "", "'My Product' is no name for a product. It becomes a part"),
        ("orders", "sale", "source-aligned", "", "there is no domain 'sale'. did you mean 'sales'?"),
        ("orders", "sales", "source", "", "there is no type 'source'. did you mean 'source-aligned'?"),
        ("orders", "sales", "aggregate", "", "there is no product to read. run `meshloom init product NAME"),
    ],
)  # fmt: skip
def test_calls_that_cannot_be_done(root: Path, name: str, domain: str, kind: str, reads: str, message: str) -> None:
    with pytest.raises(CallError) as caught:
        init_product(root, name, domain, kind, reads=reads)
    assert message.lower() in str(caught.value).lower()


def test_names_that_are_taken(root: Path) -> None:
    init_product(root, "orders", "sales")
    with pytest.raises(CallError, match="there is a product 'orders' already"):
        init_product(root, "orders", "sales")
    with pytest.raises(CallError, match="the domain sales exists already"):
        init_domain(root, "sales")
    with pytest.raises(CallError, match="is not empty"):
        init_mesh(root)
    with pytest.raises(CallError, match=r"there is no product 'order' to read\. did you mean 'orders'"):
        init_product(root, "more", "sales", "aggregate", reads="order")
    with pytest.raises(CallError, match=r"orders has no port 'tables'\. did you mean 'table'"):
        init_product(root, "more", "sales", "aggregate", reads="urn:meshloom:shop:sales:orders:tables")


def test_outside_a_mesh(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no mesh\.yaml"):
        init_domain(tmp_path, "sales")


def test_a_trial_says_what_is_held_back_and_what_broke_on_the_table(root: Path) -> None:
    init_product(root, "orders", "sales")
    folder = root / "domains/sales/orders"
    good = {"order_id": "1", "customer": "Ada", "amount": "2.5", "ordered_at": "2026-01-01 10:00:00"}
    result = try_product(folder, orders=[good, {**good, "order_id": "x"}, {**good, "order_id": "3", "amount": None}])
    assert [row["order_id"] for row in result.published] == [1]
    assert [held.rules for held in result.held] == [("order_id.type", "primary-key"), ("amount.required",)]
    assert result.failed == ()
    assert try_product(folder).failed == ("not-empty",)


def test_a_trial_of_something_that_is_not_there(root: Path, tmp_path: Path) -> None:
    init_product(root, "orders", "sales")
    with pytest.raises(CallError, match=r"there is no mesh\.yaml above"):
        try_product(tmp_path / "nowhere")
    with pytest.raises(CallError, match="orders has no input port customers"):
        try_product(root / "domains/sales/orders", customers=[])
    with pytest.raises(CallError, match="orders has no contract 'other'"):
        try_product(root / "domains/sales/orders", "other")
