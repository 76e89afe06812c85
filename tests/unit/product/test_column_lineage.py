"""Where a column comes from: nothing that a value is made of may be missing, for a mask follows its column (I5)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from meshloom.product.lineage import column_lineage, influences, row_lineage, sql_lineage
from meshloom.spec.load import load_mesh

KNOWN = {
    "h": {"id": "BIGINT", "age": "VARCHAR", "income": "VARCHAR"},
    "o": {"id": "BIGINT", "v": "BIGINT"},
    "f": None,  # a file whose columns are not known
}
MARKET = Path(__file__).parents[3] / "examples/market"

CASES = [
    ("SELECT * FROM h", {"id": "h.id", "age": "h.age", "income": "h.income"}),
    ("SELECT upper(AGE) AS z FROM H", {"z": "h.age"}),
    ("SELECT x.a AS y FROM (SELECT age AS a FROM h) x", {"y": "h.age"}),
    ("WITH x AS (SELECT id, max(age) a FROM h GROUP BY id) SELECT x.id, a AS y, o.v FROM x JOIN o USING (id)",
     {"id": "h.id", "y": "h.age", "v": "o.v"}),
    ("SELECT id, age FROM h UNION ALL SELECT id, CAST(v AS VARCHAR) FROM o", {"id": "h.id o.id", "age": "h.age o.v"}),
    ("SELECT a.id, b.age FROM h a JOIN h b ON a.id = b.id", {"id": "h.id", "age": "h.age"}),
    ("WITH RECURSIVE r AS (SELECT id, age FROM h UNION ALL SELECT id, age FROM r) SELECT * FROM r",
     {"id": "h.id", "age": "h.age"}),
    ("SELECT count(*) AS n FROM h", {"n": ""}),
    ("SELECT count(*) FILTER (WHERE age = 'x') AS n FROM h", {"n": "h.age"}),
    ("SELECT CASE WHEN income = 'x' THEN 1 ELSE 0 END AS rich FROM h", {"rich": "h.income"}),
    ("SELECT row_number() OVER (PARTITION BY age ORDER BY id) AS r FROM h", {"r": "h.age h.id"}),
    ("SELECT arg_max(id, income) AS top FROM h", {"top": "h.id h.income"}),
    ("SELECT u.x FROM h, unnest([h.age]) AS u(x)", {"x": "h.age"}),
    ("SELECT l.z FROM h, LATERAL (SELECT h.age || 'x' AS z) l", {"z": "h.age"}),
    ("SELECT struct_pack(a := age).a AS z FROM h", {"z": "h.age"}),
    ("SELECT age AS a, a || 'x' AS b FROM h", {"a": "h.age", "b": "h.age"}),
    ("SELECT * REPLACE (upper(income) AS age) FROM h", {"id": "h.id", "age": "h.income", "income": "h.income"}),
    ("SELECT h AS whole FROM h", {"whole": "h.age h.id h.income"}),
    ("SELECT list(h) AS many FROM h", {"many": "h.age h.id h.income"}),
    ("SELECT id, exists(SELECT 1 FROM o WHERE o.v = h.income) AS e FROM h", {"id": "h.id", "e": "h.income o.v"}),
    ("SELECT (SELECT count(*) FROM h WHERE income = 'x') > 3 AS leak FROM o", {"leak": "h.income"}),
    ("SELECT n FROM (SELECT (SELECT count(*) FROM o WHERE o.v = h.income) AS n FROM h)", {"n": "h.income o.v"}),
    ("SELECT f.a, f.b + h.id AS c FROM f JOIN h ON h.id = f.id", {"a": "f.a", "c": "f.b h.id"}),
    ("SELECT 1 AS one, 'x' AS text FROM h", {"one": "", "text": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), CASES, ids=[sql[:50] for sql, _ in CASES])
def test_lineage_of_sql(sql: str, expected: dict[str, str]) -> None:
    found = sql_lineage(sql, list(expected), KNOWN)
    assert {
        name: " ".join(sorted(".".join(source) for source in sources)) for name, sources in found.items()
    } == expected


def test_columns_that_only_choose_rows_are_influences() -> None:
    sql = "SELECT h.id FROM h JOIN o ON o.id = h.id WHERE h.income = 'x' GROUP BY h.id, h.age HAVING count(o.v) > 1"
    assert influences(sql, KNOWN) == {("h", "id"), ("o", "id"), ("h", "income"), ("h", "age"), ("o", "v")}


def test_the_masked_columns_of_household_360() -> None:
    spec = load_mesh(MARKET, sample=True)
    product = spec.product("household-360")
    assert product is not None
    found = column_lineage(product, spec)
    assert found["household-360", "age"] == (("households", "age"),)
    assert found["household-360", "income"] == (("households", "income"),)
    assert found["household-360", "spend"] == (("sales", "sales_value"),)
    assert found["household-360", "lines"] == ()
    assert len(found) == 12


def test_a_source_aligned_product_gives_what_it_reads() -> None:
    spec = load_mesh(MARKET, sample=True)
    product = spec.product("households")
    assert product is not None
    assert column_lineage(product, spec)["households", "age"] == (("questionnaire", "age"),)


def test_python_as_declared_and_with_caution() -> None:
    spec = load_mesh(MARKET, sample=True)
    product = spec.product("daily-store-performance")
    assert product is not None
    assert column_lineage(product, spec)["weekly-store-trend", "revenue"] == (("sales", "sales_value"),)
    steps = tuple(replace(step, lineage=None) for step in product.transformations)
    undeclared = column_lineage(replace(product, transformations=steps), spec)["weekly-store-trend", "revenue"]
    assert ("products", "brand") in undeclared and ("sales", "household_id") in undeclared
    partly = tuple(replace(step, lineage={"rank": ("sales.week",)}) for step in product.transformations)
    found = column_lineage(replace(product, transformations=partly), spec)
    assert found["weekly-store-trend", "rank"] == (("sales", "week"),)
    assert ("sales", "household_id") in found["weekly-store-trend", "revenue"]


def test_sql_that_cannot_be_resolved_depends_on_everything() -> None:
    spec = load_mesh(MARKET, sample=True)
    product = spec.product("household-360")
    assert product is not None
    broken = tuple(replace(step, text="SELECT FROM WHERE") for step in product.transformations)
    found = column_lineage(replace(product, transformations=broken), spec)
    assert ("households", "income") in found["household-360", "baskets"]


def test_which_columns_choose_the_rows_of_a_product() -> None:
    spec = load_mesh(MARKET, sample=True)
    product = spec.product("daily-store-performance")
    assert product is not None
    (contract,) = row_lineage(product, spec)  # the Python step's are not known
    assert contract == "daily-store-performance"
    assert row_lineage(product, spec)[contract] == (
        ("products", "product_id"), ("sales", "product_id"), ("sales", "store_id"), ("sales", "transaction_timestamp"),
    )  # fmt: skip
