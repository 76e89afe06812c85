"""`pinot-admin.sh` against a real engine over HTTP: Pinot's options, Pinot's job specification, Pinot's exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.cli.pinot.admin import run
from meshloom.cli.pinot.options import table
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
    again = admin("ImportData", "-dataFilePath", str(tmp_path / "two.csv"), "-format", "CSV", "-table", "films",
                  "-controllerURI", f"http://127.0.0.1:{ports[0]}")  # fmt: skip
    assert "as segment: films_" in again  # as in Pinot, a file's own: the second time it takes the first's place
    assert '"rows": [[4]]' in admin("PostQuery", "-query", "SELECT count(*) FROM films")
    assert "disable table 'films_OFFLINE'" in admin("ChangeTableState", "-tableName", "films", "-state", "disable")
    admin("ChangeTableState", "-tableName", "films", "-state", "enable")
    admin("DeleteTable", "-tableName", "films", "-exec")
    admin("DeleteSchema", "-schemaName", "films", "-exec")


def test_cluster_and_tenants(admin: Any) -> None:
    admin("OperateClusterConfig", "-operation", "ADD", "-config", "pinot.one=1")
    assert "pinot.one=1\n" in admin("OperateClusterConfig", "-operation", "GET")
    admin("OperateClusterConfig", "-operation", "DELETE", "-config", "pinot.one")
    assert "pinot.one" not in admin("OperateClusterConfig", "-operation", "GET")
    assert "Unsupported operation" in admin("OperateClusterConfig", "-operation", "BLESS", code=255)
    assert "Empty config" in admin("OperateClusterConfig", "-operation", "DELETE", code=255)
    assert "Bad config" in admin("OperateClusterConfig", "-operation", "ADD", "-config", "pinot.one", code=255)
    counts = ("-instanceCount", "1", "-offlineInstanceCount", "0", "-realTimeInstanceCount", "0")
    assert "would be added" in admin("AddTenant", "-name", "a", "-role", "broker", *counts)
    assert "Failed to create tenant" in admin("AddTenant", "-name", "a", "-role", "BROKER", *counts, "-exec", code=255)


def test_a_role_has_no_process_of_its_own(
    ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MESHLOOM_CONTROLLER_PORT", str(ports[0]))
    assert run(["StartBroker", "-zkAddress", "zookeeper:2181", "-brokerConf", "x.conf"]) == 0
    told = capsys.readouterr().out
    assert "One process plays every role" in told and "x.conf is not read" in told and "is up" in told
    monkeypatch.setenv("MESHLOOM_CONTROLLER_PORT", "1")
    assert run(["StartMinion"]) == 255
    assert "No engine runs at 127.0.0.1:1" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["-realtimeInstanceCount", "1"], ["-realTimeInstanceCount", "0,"], []])
def test_how_the_course_spells_a_tenants_options(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Pinot's picocli refuses them, too."""
    with pytest.raises(SystemExit) as ended:
        run(["AddTenant", "-name", "a", "-role", "SERVER", "-instanceCount", "1", "-offlineInstanceCount", "1", *wrong])
    assert ended.value.code == 2
    assert "-realTimeInstanceCount" in capsys.readouterr().err


def test_other_spellings_of_an_option(admin: Any, files: tuple[str, str]) -> None:
    schema, table = files
    for name in ("-tableConf", "-filePath", "-offlineTableConfig"):
        assert "films would be added" in admin("AddTable", "-schema", schema, name, table)
    assert "Must provide at least one" in admin("AddTable", "-schema", schema, code=255)


def test_query_options_of_a_question(admin: Any) -> None:
    sql = "select count(*) from (select 1 as a)"
    assert '"errorCode": 150' in admin("PostQuery", "-query", sql)
    assert '"rows": [[1]]' in admin("PostQuery", "-query", sql, "-o", "queryOptions=useMultistageEngine=true")


def test_segments_made_here_and_uploaded(admin: Any, files: tuple[str, str], tmp_path: Path) -> None:
    schema, table = files
    admin("AddTable", "-schemaFile", schema, "-tableConfigFile", table, "-exec")
    (tmp_path / "data/deeper").mkdir(parents=True)
    (tmp_path / "data/a.csv").write_text("title\nAlien;Brazil\n")
    (tmp_path / "data/deeper/b.csv").write_text("title\nCasablanca\n")
    (tmp_path / "data/c.json").write_text('{"title": "no csv"}')
    (tmp_path / "reader.json").write_text('{"delimiter": "|"}')
    words = ("-dataDir", str(tmp_path / "data"), "-outDir", str(tmp_path / "out"), "-schemaFile", schema,
             "-tableConfigFile", table, "-readerConfigFile", str(tmp_path / "reader.json"))  # fmt: skip

    def make(*more: str, code: int = 0) -> str:
        ended = run(["CreateSegment", *words, *more])
        assert ended == code
        return ""

    make("-format", "CSV")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["films_0", "films_1"]
    make("-format", "CSV", "-overwrite", "-postCreationVerification")
    make("-format", "ORC", code=255)
    told = admin("UploadSegment", "-segmentDir", str(tmp_path / "out"), "-tableName", "films")
    assert told.count("Successfully uploaded segment") == 2
    assert '[["Alien;Brazil"], ["Casablanca"]]' in admin(
        "PostQuery", "-query", "SELECT title FROM films ORDER BY title"
    )
    assert "needs -tableName" in admin("UploadSegment", "-segmentDir", str(tmp_path / "out"), code=255)
    admin("DeleteTable", "-tableName", "films", "-retention", "0d", "-exec")
    admin("DeleteSchema", "-schemaName", "films", "-exec")


def test_values_of_a_job_from_a_property_file(admin: Any, tmp_path: Path) -> None:
    (tmp_path / "job.properties").write_text("# a comment\nfolder: /nowhere\ntable = films\n")
    job = tmp_path / "job.yaml"
    job.write_text("inputDirURI: '${folder}'\nrecordReaderSpec: {dataFormat: csv}\ntableSpec: {tableName: '${table}'}\n"
                   "pinotClusterSpecs: [{controllerURI: 'http://127.0.0.1:1'}]\n")  # fmt: skip
    words = ("-jobSpec", str(job), "-propertyFile", str(tmp_path / "job.properties"))
    assert "no file of /nowhere" in admin("LaunchDataIngestionJob", *words, code=255)
    told = admin("LaunchDataIngestionJob", *words, "-values", "folder=/elsewhere", code=255)
    assert "no file of /elsewhere" in told


def test_quick_starts_that_there_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    for words, why in (((), "No QuickStart type provided"), (("-type", "x"), "Unsupported QuickStart type: x"),
                       (("-type", "stream"), "tables that consume a stream")):  # fmt: skip
        assert run(["QuickStart", *words]) == 255
        assert why in capsys.readouterr().out


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


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(ports: tuple[int, int]) -> None:
    command = [sys.executable, "-c", "from meshloom.cli.pinot.admin import main; main()"]
    words = ["OperateClusterConfig", "-operation", "GET", "-controllerPort", str(ports[0])]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["DeleteTable", "-tableName", "x", "-exec", "-controllerPort", "1"]) == 255
    assert "No controller answers at http://127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize("command", table())
@pytest.mark.parametrize("word", ["-help", "-h", "--h", "--help"])
def test_every_command_explains_itself(command: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run([command, word])
    assert ended.value.code == 0 and "usage: pinot-admin.sh" in capsys.readouterr().out
