"""A data file into a table, from the file to the first answer, against DuckDB making the same of it: a sorted Parquet
file (what a deep store keeps) and a native table, both from the file, or the table from the Parquet. Data: 3 M
promotions of completejourney."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.engine import FILE, SCHEMA, TABLE, TYPED
from benchmarks.row import Row, in_turns
from meshloom.engine.cluster import Cluster

ROWS = 3_000_000
RUNS = 3
FORMATS = {
    "csv": ("(FORMAT csv)", "read_csv('{file}', all_varchar=true)"),
    "json": ("(FORMAT json)", "read_json('{file}', columns={columns})"),
    "parquet": ("(FORMAT parquet)", "read_parquet('{file}')"),
}
COLUMNS = (
    "{product_id: 'VARCHAR', store_id: 'VARCHAR', display_location: 'VARCHAR', mailer_location: 'VARCHAR', week: 'INT'}"
)


def measure() -> list[Row]:
    found = []
    with tempfile.TemporaryDirectory() as home:
        source, turns = duckdb.connect(), itertools.count()
        for name, (written, read) in FORMATS.items():
            file = Path(home) / f"promotions.{name}"
            source.execute(f"COPY ({TYPED} LIMIT {ROWS}) TO '{file}' {written}")
            for rival, from_parquet in (("both from the file", False), ("the table from its Parquet", True)):
                ours, theirs = in_turns(
                    partial(_ours, Path(home), file, name, turns),
                    partial(_theirs, Path(home), read.format(file=file, columns=COLUMNS), from_parquet),
                    RUNS,
                )
                note = f"{ROWS:,} rows of {FILE.stem}, sorted by store; {ours:.2f} s against {theirs:.2f} s"
                found.append(Row(f"ingesting {name} / DuckDB, {rival}", ours / theirs, "times", 1.0, note))
    return found


def _ours(home: Path, file: Path, kind: str, turns: Iterator[int]) -> None:
    config = TABLE | {"tableIndexConfig": {"sortedColumn": ["store_id"]}}
    with closing(Cluster.open(home / f"{kind}{next(turns)}")) as cluster:
        cluster.controller.add_schema(SCHEMA)
        cluster.controller.add_table(config)
        cluster.controller.ingest_file("promotions_OFFLINE", file, {"inputFormat": kind})
        assert cluster.broker.query("SELECT count(*) FROM promotions")["resultTable"]["rows"] == [[ROWS]]


def _theirs(home: Path, read: str, from_parquet: bool) -> None:
    for left in home.glob("bare*"):
        left.unlink()
    with closing(duckdb.connect(home / "bare.duckdb", config={"threads": 2})) as bare:
        rows = f"SELECT * REPLACE (week::INT AS week) FROM {read} ORDER BY store_id"
        bare.execute(f"COPY ({rows}) TO '{home}/bare.parquet' (FORMAT parquet)")
        bare.execute(f"CREATE TABLE promotions AS FROM '{home}/bare.parquet'" if from_parquet
                     else f"CREATE TABLE promotions AS {rows}")  # fmt: skip
        assert bare.execute("SELECT count(*) FROM promotions").fetchall() == [(ROWS,)]
