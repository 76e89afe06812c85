"""`pinot-admin.sh QuickStart`: one command, then an engine with tables in it, until it is interrupted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

TABLES = ["airlineStats", "billing", "clientSalaryNulls", "dimBaseballTeams"]


def free_ports(count: int) -> list[str]:
    """Ports that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def quickstart(*words: str) -> Iterator[tuple[list[str], list[str]]]:
    """The ports of its controller and broker, and what it said until it was up."""
    ports = free_ports(4)
    roles = ("CONTROLLER", "BROKER", "SERVER", "MINION")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MESHLOOM_")}
    clean |= {f"MESHLOOM_{role}_PORT": port for role, port in zip(roles, ports, strict=True)}
    started = subprocess.Popen(
        [str(Path(sys.executable).parent / "pinot-admin.sh"), "QuickStart", *words], env=clean,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert started.stdout is not None
    said: list[str] = []
    try:
        for line in started.stdout:
            said.append(line)
            if line.startswith("Try:"):
                break
        yield ports, said
    finally:
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=30)
    assert started.returncode == 0, "".join(said)


def test_batch(tmp_path: Path) -> None:
    with quickstart("-type", "BATCH", "-dataDir", str(tmp_path / "home")) as (ports, said):
        told = "".join(said)
        assert "You can always go to http://localhost:" in told
        assert "Total number of documents in the table\nQuery : select count(*) from airlineStats" in told
        assert httpx.get(f"http://127.0.0.1:{ports[0]}/tables").json()["tables"] == TABLES
        body = {"sql": "select count(*) from dimBaseballTeams"}
        answer = httpx.post(f"http://127.0.0.1:{ports[1]}/query/sql", json=body).json()
        assert answer["resultTable"]["rows"] == [[51]]


def test_multi_stage_and_tables_of_ones_own(tmp_path: Path) -> None:
    with quickstart("-type", "multi_stage") as (_, said):
        assert "Days on which two carriers flew the same route" in "".join(said)
    folder = tmp_path / "stars"
    (folder / "rawdata").mkdir(parents=True)
    (folder / "stars_schema.json").write_text(
        '{"schemaName": "stars", "dimensionFieldSpecs": [{"name": "star", "dataType": "STRING"}]}'
    )
    (folder / "stars_offline_table_config.json").write_text(
        '{"tableName": "stars", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {}, '
        '"tableIndexConfig": {}, "metadata": {}}'
    )
    (folder / "ingestionJobSpec.yaml").write_text(
        "inputDirURI: examples/batch/stars/rawdata\nrecordReaderSpec: {dataFormat: csv}\n"
        "tableSpec: {tableName: stars}\npinotClusterSpecs: [{controllerURI: 'http://localhost:9000'}]\n"
    )
    (folder / "rawdata/stars.csv").write_text("star\nVega\nSirius\n")
    with quickstart("-type", "EMPTY", "-bootstrapTableDir", str(folder)) as (ports, _):
        answer = httpx.post(f"http://127.0.0.1:{ports[1]}/query/sql", json={"sql": "select star from stars"}).json()
        assert answer["resultTable"]["rows"] == [["Vega"], ["Sirius"]]
