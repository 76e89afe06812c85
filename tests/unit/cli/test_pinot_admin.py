"""`pinot-admin.sh` against a real engine over HTTP: Pinot's options, Pinot's job specification, Pinot's exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.cli.pinot.admin import COMMANDS, run
from meshloom.engine.cluster import Cluster
from meshloom.server.doors import Address, Doors, bind

SCHEMA = {"schemaName": "films", "dimensionFieldSpecs": [{"name": "title", "dataType": "STRING"}]}
TABLE = {"tableName": "films", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}  # fmt: skip
JOB = """
jobType: SegmentCreationAndTarPush
inputDirURI: '{folder}'
includeFileNamePattern: 'glob:**/*.${{kind}}'
outputDirURI: '{folder}/out'
recordReaderSpec: {{dataFormat: csv, className: 'org.apache.pinot.plugin.inputformat.csv.CSVRecordReader'}}
tableSpec: {{tableName: films}}
pinotClusterSpecs: [{{controllerURI: '{controller}'}}]
"""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    cluster = Cluster.open(tmp_path_factory.mktemp("engine"))
    sockets = [bind(Address(name)) for name in ("controller", "broker")]
    doors = Doors([(cluster.controller_app, sockets[0]), (cluster.broker_app, sockets[1])])
    doors.start()
    yield sockets[0].getsockname()[1], sockets[1].getsockname()[1]
    doors.stop()
    cluster.close()


@pytest.fixture
def admin(ports: tuple[int, int], capsys: pytest.CaptureFixture[str]) -> Any:
    def call(command: str, *words: str, code: int = 0) -> str:
        where = ["-brokerPort", str(ports[1])] if command == "PostQuery" else ["-controllerPort", str(ports[0])]
        at = [] if command in ("LaunchDataIngestionJob", "ImportData") else where
        found = run([command, *words, *at])
        told = "".join(capsys.readouterr())
        assert found == code, told
        return told

    return call


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "table.json").write_text(json.dumps(TABLE))
    return str(tmp_path / "schema.json"), str(tmp_path / "table.json")


def test_from_a_schema_to_an_answer(admin: Any, files: tuple[str, str], tmp_path: Path, ports: tuple[int, int]) -> None:
    schema, table = files
    assert "Dry run" in admin("AddTable", "-schemaFile", schema, "-tableConfigFile", table)
    added = admin("AddTable", "-schemaFile", schema, "-tableConfigFile", table, "-exec")
    assert "TableConfigs films successfully added" in added
    again = admin("AddTable", "-schemaFile", schema, "-tableConfigFile", table, "-exec", code=255)
    assert "already exists" in again
    (tmp_path / "one.csv").write_text("title\nAlien\nBrazil\n")
    (tmp_path / "two.csv").write_text("title\nCasablanca\n")
    (tmp_path / "notes.txt").write_text("title\nnot a film\n")
    job = tmp_path / "job.yaml"
    job.write_text(JOB.format(folder=tmp_path, controller=f"http://127.0.0.1:{ports[0]}"))
    told = admin("LaunchDataIngestionJob", "-jobSpecFile", str(job), "-values", "kind=csv")
    assert "1 of 2: one.csv" in told and "2 of 2: two.csv" in told
    assert '"rows": [[3]]' in admin("PostQuery", "-query", "SELECT count(*) FROM films")
    admin("ImportData", "-dataFilePath", str(tmp_path / "two.csv"), "-format", "csv", "-table", "films",
          "-controllerURI", f"http://127.0.0.1:{ports[0]}")  # fmt: skip
    # As in Pinot its segment has the name of the job's first one, and takes its place.
    assert '"rows": [[2]]' in admin("PostQuery", "-query", "SELECT count(*) FROM films")
    assert "disable table 'films_OFFLINE'" in admin("ChangeTableState", "-tableName", "films", "-state", "disable")
    admin("ChangeTableState", "-tableName", "films", "-state", "enable")
    admin("DeleteTable", "-tableName", "films", "-exec")
    admin("DeleteSchema", "-schemaName", "films", "-exec")


def test_cluster_and_tenants(admin: Any) -> None:
    admin("OperateClusterConfig", "-operation", "ADD", "-config", "pinot.one=1")
    assert '"pinot.one": "1"' in admin("OperateClusterConfig", "-operation", "GET")
    admin("OperateClusterConfig", "-operation", "DELETE", "-config", "pinot.one")
    assert "pinot.one" not in admin("OperateClusterConfig", "-operation", "GET")
    assert "-operation is ADD" in admin("OperateClusterConfig", "-operation", "BLESS", code=255)
    assert "is up" in admin("StartBroker")


def test_bad_input_is_said(admin: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"schemaName": ')
    assert f"{broken}:1" in admin("AddSchema", "-schemaFile", str(broken), "-exec", code=255)
    job = tmp_path / "job.yaml"
    job.write_text("jobType: x\ninputDirURI: '${nowhere}'\n")
    assert "no value for nowhere" in admin("LaunchDataIngestionJob", "-jobSpecFile", str(job), code=255)
    job.write_text("jobType: x\n")
    told = admin("LaunchDataIngestionJob", "-jobSpecFile", str(job), code=255)
    assert "4 mistakes" in told or told.count("missing-key") == 4


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["DeleteTable", "-tableName", "x", "-exec", "-controllerPort", "1"]) == 255
    assert "No controller answers at http://127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run([command, "-help"])
    assert ended.value.code == 0 and "usage: pinot-admin.sh" in capsys.readouterr().out
