"""Airflow's provider for Pinot, unmodified: both hooks, the admin one with our `pinot-admin.sh` on the PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROVIDER = ("apache-airflow-providers-apache-pinot==4.10.4", "apache-airflow==3.3.2", "pandas")
SCHEMA = {"schemaName": "planes", "dimensionFieldSpecs": [{"name": "id", "dataType": "INT"},
                                                          {"name": "tail", "dataType": "STRING"}]}  # fmt: skip
TABLE = {"tableName": "planes", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}  # fmt: skip


@pytest.mark.slow
def test_the_hooks(engine: Any, environment_of: Callable[..., Path], tmp_path: Path) -> None:
    """A schema, a table, segments made of files and uploaded, and queries: as a DAG does it."""
    bin_ = environment_of(*PROVIDER)
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "table.json").write_text(json.dumps(TABLE))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("id,tail\n1,N1\n2,N2\n")
    (tmp_path / "data/b.csv").write_text("id,tail\n3,N3\n")
    (tmp_path / "data/readme.txt").write_text("no data")
    controller, broker = (address.removeprefix("http://").split(":") for address in (engine.controller, engine.broker))
    connections = {
        "AIRFLOW_CONN_PINOT_ADMIN_DEFAULT": {"conn_type": "pinot_admin", "host": controller[0],
                                             "port": int(controller[1])},
        "AIRFLOW_CONN_PINOT_BROKER_DEFAULT": {"conn_type": "http", "host": broker[0], "port": int(broker[1])},
    }  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")} | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **{name: json.dumps(value) for name, value in connections.items()},
    }
    script = str(Path(__file__).parent / "clients/airflow_calls.py")
    done = subprocess.run(
        [str(bin_ / "python"), script, str(tmp_path), str(tmp_path / "told.json")],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["records"] == [[1, "N1"], [2, "N2"], [3, "N3"]]
    assert told["first"] == [3, 3]
    assert told["frame"] == [{"tail": "N2"}]
    assert told["uri"] == f"http://{broker[0]}:{broker[1]}/query/sql"
    assert "already exists" in told["refused"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["planes_0", "planes_1"]
