"""A governed group-by through HTTP and the sidecar against bare DuckDB in process, and what a decision costs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.row import Row, in_turns, seconds
from meshloom.mesh.runtime import Mesh
from meshloom.quantum.sidecar.rewrite import rewrite

MARKET = Path(__file__).parents[1] / "examples/market"
COLUMNS = "SELECT store_id, COUNT(*), SUM(sales_value), AVG(quantity) FROM pos_transactions"
TEN = f"{COLUMNS} GROUP BY store_id ORDER BY SUM(sales_value) DESC LIMIT 10"
ALL = f"{COLUMNS} GROUP BY store_id ORDER BY store_id LIMIT 1000"
OWN = "WHERE store_id IN (367, 406) GROUP BY"
MASKED = "SELECT household_id, COUNT(*) FROM pos_transactions GROUP BY household_id ORDER BY COUNT(*) DESC LIMIT 10"
RUNS = 40


def shell(home: str, *words: str) -> str:
    command = [sys.executable, "-m", "meshloom", "--mesh", str(MARKET), "--home", home, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as home:
        ports = ["--port", "18800", "--controller-port", "19000", "--broker-port", "18099"]
        up = json.loads(shell(home, "up", "--apply", "--detach", "--json", *ports))
        try:
            rows = through_http(up, home)
        finally:
            shell(home, "down")
        return rows + deciding(home)


def through_http(up: dict[str, Any], home: str) -> list[Row]:
    maya, sam = (shell(home, "token", user).strip() for user in ("maya", "sam"))
    (file,) = (Path(home) / "lake").glob("**/*__pos_transactions/data/*.parquet")
    found = []
    host = str(up["broker"]).removeprefix("http://")
    with closing(duckdb.connect(f"{home}/bare.duckdb")) as bare, closing(HTTPConnection(host)) as client:
        bare.execute(f"CREATE TABLE pos_transactions AS FROM '{file}'").execute("CHECKPOINT")

        def governed(sql: str, token: str, purpose: str) -> Any:
            headers = {
                "Authorization": f"Bearer {token}", "X-Meshloom-Purpose": purpose, "Content-Type": "application/json",
            }  # fmt: skip
            client.request("POST", "/query/sql", json.dumps({"sql": sql}), headers)
            answer = json.load(client.getresponse())
            assert not answer["exceptions"], answer["exceptions"]
            return answer

        def figure(name: str, sql: str, token: str, purpose: str, rival: str, limit: float | None) -> Row:
            ours, theirs = in_turns(
                lambda: governed(sql, token, purpose), lambda: bare.execute(rival).fetchall(), RUNS
            )  # fmt: skip
            note = (
                f"1.46 M rows, JSON over HTTP, no answer is cached; {ours * 1e3:.1f} ms against {theirs * 1e3:.1f} ms"
            )
            return Row(name, ours / theirs, "times", limit, note)

        found.append(figure("governed group-by, the ten best / bare DuckDB", TEN, maya, "marketing", TEN, 1.3))
        found.append(figure("governed group-by, all 436 groups / bare DuckDB", ALL, maya, "marketing", ALL, None))
        own = TEN.replace("GROUP BY", OWN)
        found.append(figure("the ten with a row filter / bare with the condition", TEN, sam, "operations", own, None))
    return found


def deciding(home: str) -> list[Row]:
    """What the sidecar adds to a query that it has parsed: the cached decision, and the tree rewritten anew."""
    with closing(Mesh.open(MARKET, Path(home))) as mesh:
        sidecar, dana = mesh.sidecar, mesh.sidecar.authenticate(mesh.token("dana"))
        statement, tables = sidecar._parse(MASKED, None)
        ports = sidecar._ports(tables)

        def once() -> None:
            named = {name: (port, sidecar.decide(dana, "research", port)) for name, port in ports.items()}
            rewrite(statement, named, "pepper")

        once()
        took = statistics.median(seconds(once) for _ in range(2000))
    note = "decision from the cache, one mask put into the tree anew; a query seen before keeps its tree"
    return [Row("a cached decision with rewrite", took * 1e3, "ms", 0.3, note)]
