"""BIG_DECIMAL of any size: the stored bytes sort as the numbers, and no digit is lost on the way in, out or between."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshloom.engine.broker.broker import Broker
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.ingest.segments import build
from meshloom.engine.server.tables import Server
from meshloom.engine.sql import decimals
from meshloom.engine.storage.catalog import Catalog
from meshloom.infra.compute import open_reader

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e600"), max_value=Decimal("1e600"))
SCHEMA = {
    "schemaName": "t",
    "dimensionFieldSpecs": [{"name": "k", "dataType": "STRING"}],
    "metricFieldSpecs": [{"name": "v", "dataType": "BIG_DECIMAL"}, {"name": "w", "dataType": "BIG_DECIMAL"}],
}
CONFIG = {
    "tableName": "t_OFFLINE", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
    "tableIndexConfig": {"loadMode": "MMAP"}, "metadata": {},
}  # fmt: skip


@given(NUMBERS, NUMBERS)
def test_bytes_sort_as_numbers_and_read_back(a: Decimal, b: Decimal) -> None:
    x, y = decimals.encode(a), decimals.encode(b)
    assert (x < y, x == y) == (a < b, a == b)
    assert decimals.decode(x) == a


@given(NUMBERS, NUMBERS)
def test_arithmetic_is_exact(a: Decimal, b: Decimal) -> None:
    from fractions import Fraction

    x, y = decimals.encode(a), decimals.encode(b)
    assert Fraction(decimals.decode(decimals.add(x, y))) == Fraction(a) + Fraction(b)
    assert Fraction(decimals.decode(decimals.multiply(x, y))) == Fraction(a) * Fraction(b)


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "1e100001", "1e-100001"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="BIG_DECIMAL"):
        decimals.parsed(text)


class Engine:
    """A catalogue, a server and a broker over one table, `t`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalog = Catalog(folder / "catalog.sqlite")
        self.catalog.put("schema", "t", SCHEMA)
        self.catalog.put("table", "t_OFFLINE", CONFIG)
        self.server = Server(self.catalog, folder / "server")
        self.server.create("t_OFFLINE")
        self.broker = Broker(self.server)

    def load(self, name: str, *rows: dict[str, Any]) -> str:
        """Ingest rows as a segment and say which type `v` has in its file."""
        source, target = self.folder / f"{name}.json", self.folder / f"{name}.parquet"
        source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        schema, config = Schema.of(SCHEMA), TableConfig.of(CONFIG)
        built = build(source, target, schema, config, {"inputFormat": "json"})
        segment = self.catalog.add_segment("t_OFFLINE", name, [str(target)], built.rows, owned=True, metadata={})
        self.server.load(segment)
        with open_reader() as session:
            described = session.execute(f"DESCRIBE SELECT v FROM read_parquet('{target}')").rows()
        return str(described[0][1])

    def ask(self, sql: str, multistage: bool = True) -> list[list[Any]]:
        options = {"useMultistageEngine": "true"} if multistage else {}
        answer = self.broker.query(sql, options)
        assert not answer["exceptions"], answer["exceptions"]
        rows: list[list[Any]] = answer["resultTable"]["rows"]
        return rows


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def test_ordinary_decimals_keep_the_fast_form(engine: Engine) -> None:
    assert engine.load("a", {"k": "x", "v": "12.50", "w": 3}) == "DECIMAL(38,10)"
    assert engine.ask("SELECT v, v + w, sum(v) OVER () FROM t") == [["12.5", "15.5", "12.5"]]


def test_a_later_segment_may_bring_larger_numbers(engine: Engine) -> None:
    engine.load("a", {"k": "x", "v": "12.50", "w": 3}, {"k": "y", "v": "-1", "w": 1})
    assert (
        engine.load("b", {"k": "z", "v": "1e40", "w": 1}, {"k": "u", "v": "0.00000000000000000001", "w": 1})
        == "VARCHAR"
    )
    assert engine.load("c", {"k": "n", "v": "7", "w": 1}) == "DECIMAL(38,10)"
    assert engine.ask("SELECT k FROM t ORDER BY v") == [["y"], ["u"], ["n"], ["x"], ["z"]]
    total = "1" + "0" * 38 + "18.50000000000000000001"
    assert engine.ask("SELECT sum(v) FROM t") == [[total]]
    assert engine.ask("SELECT k FROM t WHERE v > 12.5 OR v IN (7, -1) ORDER BY k") == [["n"], ["y"], ["z"]]
    assert engine.ask("SELECT k, v FROM t WHERE v BETWEEN 7 AND 13 ORDER BY v LIMIT 5", False) == [
        ["n", "7"],
        ["x", "12.5"],
    ]
    assert engine.ask("SELECT a.k FROM t a JOIN t b ON a.v = b.v + 0.0 WHERE a.k = 'x'") == [["x"]]
    assert engine.ask("SELECT a.k FROM t a JOIN t b ON a.v = b.w + 6 WHERE b.k = 'n'") == [["n"]]


@pytest.mark.parametrize("sql, expected", [
    ("SELECT v * v FROM t", "1.524157875019052100"),
    ("SELECT abs(-CAST(v AS BIG_DECIMAL)) FROM t", "1.2345678901"),
    ("SELECT CAST('0.1234567890123456789' AS BIG_DECIMAL) + v FROM t", "1.3580246791123456789"),
    ("SELECT CAST('1e400' AS BIG_DECIMAL) * 10 / CAST('1e400' AS BIG_DECIMAL) FROM t", "10"),
    ("SELECT sum(v * v) FROM t GROUP BY k", "1.52415787526596567801"),
    ("SELECT CASE WHEN v > 1 THEN CAST('1e30' AS BIG_DECIMAL) ELSE v END FROM t", "1" + "0" * 30),
    ("SELECT max(v) FROM t WHERE v IN (SELECT CAST('1.2345678901' AS BIG_DECIMAL) FROM t)", "1.2345678901"),
])  # fmt: skip
def test_calculated_values(engine: Engine, sql: str, expected: str) -> None:
    engine.load("a", {"k": "x", "v": "1.2345678901", "w": 1})
    if expected == "1.524157875019052100":
        expected = str(Decimal("1.2345678901") ** 2)
    assert engine.ask(sql) == [[expected]]


def test_no_number_names_the_text(engine: Engine) -> None:
    with pytest.raises(Exception, match="twelve"):
        engine.load("a", {"k": "x", "v": "1e40", "w": 1}, {"k": "x", "v": "twelve", "w": 1})
