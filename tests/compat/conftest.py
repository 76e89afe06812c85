"""A whole engine in a process of its own, with two tables; and room for clients that conflict with our packages."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

START = datetime(2024, 2, 28, 22, 58, 31, 250_000, UTC)
KINDS = {
    "schemaName": "kinds",
    "enableColumnBasedNullHandling": True,
    "dimensionFieldSpecs": [
        {"name": "id", "dataType": "INT"},
        {"name": "big", "dataType": "LONG"},
        {"name": "name", "dataType": "STRING"},
        {"name": "flag", "dataType": "BOOLEAN"},
        {"name": "doc", "dataType": "JSON"},
        {"name": "raw", "dataType": "BYTES"},
        {"name": "tags", "dataType": "STRING", "singleValueField": False},
        {"name": "marks", "dataType": "INT", "singleValueField": False},
    ],
    "metricFieldSpecs": [
        {"name": "ratio", "dataType": "FLOAT"},
        {"name": "amount", "dataType": "DOUBLE"},
        {"name": "exact", "dataType": "BIG_DECIMAL"},
    ],
    "dateTimeFieldSpecs": [
        {"name": "at", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:TIMESTAMP", "granularity": "1:MILLISECONDS"}
    ],
}
KINDS_ROWS: list[dict[str, Any]] = [
    {"id": 1, "big": 9_007_199_254_740_993, "name": "O'Hara 100%", "flag": True, "doc": {"a": [1, {"b": None}]},
     "raw": "00ff", "tags": ["x", "y"], "marks": [3, 4], "ratio": 0.5, "amount": 1.25,
     "exact": "12345678901234567890.0625", "at": "2024-02-29 12:30:45.678"},
    {"id": 2, "big": -5, "name": "Zoë", "flag": False, "doc": {}, "raw": "", "tags": ["y"], "marks": [5],
     "ratio": -2.0, "amount": 1e300, "exact": "-0.5", "at": "1969-12-31 23:59:59.0"},
    {"id": 3, "big": None, "name": None, "flag": None, "doc": None, "raw": None, "tags": None, "marks": None,
     "ratio": None, "amount": None, "exact": None, "at": None},
]  # fmt: skip
VISITS = {
    "schemaName": "visits",
    "dimensionFieldSpecs": [{"name": "city", "dataType": "STRING"}],
    "metricFieldSpecs": [{"name": "count", "dataType": "INT"}],
    "dateTimeFieldSpecs": [
        {"name": "at", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:TIMESTAMP", "granularity": "1:MILLISECONDS"},
        {"name": "millis", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"},
        {"name": "seconds", "dataType": "LONG", "format": "1:SECONDS:EPOCH", "granularity": "1:SECONDS"},
    ],
}


def visits() -> list[dict[str, Any]]:
    """Five months of visits, 7 hours 13 minutes and some apart, over a leap day and a year's end."""
    rows = []
    for number in range(400):
        at = START - timedelta(days=70) + number * timedelta(hours=7, minutes=13, seconds=17, milliseconds=11)
        millis = int(at.timestamp() * 1000)
        rows.append({"city": ("Oslo", "Rio", "Kyoto")[number % 3], "count": number % 7, "at": millis,
                     "millis": millis, "seconds": millis // 1000})  # fmt: skip
    return rows


def table_of(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A table config without anything special; times before 1971, which Pinot refuses by default, are let in."""
    segments = {"replication": "1", "timeColumnName": schema["dateTimeFieldSpecs"][0]["name"]}
    return {"tableName": schema["schemaName"], "tableType": "OFFLINE", "segmentsConfig": segments, "tenants": {},
            "tableIndexConfig": {"nullHandlingEnabled": True}, "metadata": {},
            "ingestionConfig": {"segmentTimeValueCheck": False}} | more  # fmt: skip


@dataclass(frozen=True)
class Engine:
    """The addresses of an engine that is up."""

    controller: str
    broker: str
    server: str
    minion: str

    def ask(self, sql: str, options: str = "") -> Any:
        """The broker's whole answer."""
        body = {"sql": sql, "queryOptions": options}
        return httpx.post(f"{self.broker}/query/sql", json=body, timeout=30).json()

    def rows(self, sql: str, options: str = "") -> list[list[Any]]:
        answer = self.ask(sql, options)
        assert not answer["exceptions"], answer["exceptions"]
        return list(answer["resultTable"]["rows"])

    def add(self, schema: dict[str, Any], rows: list[dict[str, Any]], **more: Any) -> None:
        """A schema, its table, and a segment of rows."""
        name = schema["schemaName"]
        for path, body in (("schemas", schema), ("tables", table_of(schema, **more))):
            httpx.post(f"{self.controller}/{path}", json=body, timeout=30).raise_for_status()
        batch = {"inputFormat": "json"}
        params = {"tableNameWithType": f"{name}_OFFLINE", "batchConfigMapStr": json.dumps(batch)}
        lines = "\n".join(json.dumps(row) for row in rows)
        files = {"file": (f"{name}.json", lines)}
        httpx.post(f"{self.controller}/ingestFromFile", params=params, files=files, timeout=60).raise_for_status()


def free_ports(count: int) -> list[str]:
    """Ports that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def started(home: str, *roles: str) -> Iterator[Engine]:
    """`meshloom engine up`, with the tables `kinds` (every data type) and `visits` (times). `roles` are the ports of
    server and minion where they matter."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MESHLOOM_")}
    ports = [*free_ports(4 - len(roles)), *roles]
    names = ("--controller-port", "--broker-port", "--server-port", "--minion-port")
    words = [word for pair in zip(names, ports, strict=True) for word in pair]
    process = subprocess.Popen(
        [sys.executable, "-m", "meshloom", "engine", "up", "--home", home, *words],
        stdout=subprocess.PIPE, text=True, env=clean,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Try:"):
                break
        found = Engine(*(f"http://127.0.0.1:{port}" for port in ports))
        found.add(KINDS, KINDS_ROWS)
        found.add(VISITS, visits())
        yield found
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


@pytest.fixture(scope="session")
def start() -> Callable[[str], Any]:
    """`with start(home) as engine`: one more engine."""
    return started


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="meshloom-compat-") as home, started(home) as found:
        yield found


# --- clients that have an environment of their own


def cache() -> Path:
    """Where clients stay from one run to the next."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("MESHLOOM_COMPAT_CACHE") or f"{base}/meshloom-compat")


@pytest.fixture(scope="session")
def environment_of() -> Callable[..., Path]:
    """`environment_of(*requirements)`: the `bin` of a virtual environment that holds them, made once.

    Skips the test when the package index cannot be reached.
    """

    def made(*requirements: str) -> Path:
        key = hashlib.sha256("\n".join((sys.version, *requirements)).encode()).hexdigest()[:12]
        folder = cache() / f"{requirements[0].partition('==')[0]}-{key}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes share the cache
            done = folder / ".done"
            if not done.exists():
                venv.create(folder, clear=True, with_pip=True)
                words = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", *requirements]
                installed = subprocess.run(words, capture_output=True, text=True)
                if installed.returncode:
                    last = installed.stderr.strip().splitlines()[-1:]
                    pytest.skip(f"the client cannot be installed (pip install {' '.join(requirements)}): {last}")
                done.touch()
        return folder / "bin"

    return made


@pytest.fixture(scope="session")
def downloads() -> Path:
    """A folder of the cache, for what is no Python environment."""
    folder = cache() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One engine serves them all: they stay together when tests run in several processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("compat"))
