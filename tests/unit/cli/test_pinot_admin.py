"""`pinot-admin.sh` against a real engine over HTTP: Pinot's options, Pinot's job specification, Pinot's exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from meshloom.cli.pinot.admin import run
from meshloom.cli.pinot.options import table
from meshloom.cli.pinot.refused import REFUSED
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
    admin("ImportData", "-dataFilePath", str(tmp_path / "two.csv"), "-format", "CSV", "-table", "films",
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
    assert "Unsupported operation" in admin("OperateClusterConfig", "-operation", "BLESS", code=1)
    assert "Empty config" in admin("OperateClusterConfig", "-operation", "DELETE", code=1)
    assert "Bad config" in admin("OperateClusterConfig", "-operation", "ADD", "-config", "pinot.one", code=1)
    assert "Bad config" in admin("OperateClusterConfig", "-operation", "ADD", "-config", "pinot.one=1=2", code=1)
    counts = ("-instanceCount", "1", "-offlineInstanceCount", "0", "-realTimeInstanceCount", "0")
    assert "would be added" in admin("AddTenant", "-name", "a", "-role", "BROKER", *counts)
    # AddTenantCommand shows the answer, whatever it is
    assert "Failed to create tenant" in admin("AddTenant", "-name", "a", "-role", "BROKER", *counts, "-exec", code=0)


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
    assert ended.value.code == 1
    assert "-realTimeInstanceCount" in capsys.readouterr().err


def test_other_spellings_of_an_option(admin: Any, files: tuple[str, str]) -> None:
    schema, table = files
    for name in ("-tableConf", "-filePath", "-offlineTableConfig"):
        assert "films would be added" in admin("AddTable", "-schema", schema, name, table)
    assert "Must provide at least one" in admin("AddTable", "-schema", schema, code=1)


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
    make("-format", "ORC", code=1)
    told = admin("UploadSegment", "-segmentDir", str(tmp_path / "out"), "-tableName", "films")
    assert told.count("Successfully uploaded segment") == 2
    assert '[["Alien;Brazil"], ["Casablanca"]]' in admin(
        "PostQuery", "-query", "SELECT title FROM films ORDER BY title"
    )
    assert "needs -tableName" in admin("UploadSegment", "-segmentDir", str(tmp_path / "out"), code=1)
    admin("DeleteTable", "-tableName", "films", "-retention", "0d", "-exec")
    admin("DeleteSchema", "-schemaName", "films", "-exec")


def test_values_of_a_job_from_a_property_file(admin: Any, tmp_path: Path) -> None:
    (tmp_path / "job.properties").write_text("# a comment\nfolder: /nowhere\ntable = films\n")
    job = tmp_path / "job.yaml"
    job.write_text("inputDirURI: '${folder}'\nrecordReaderSpec: {dataFormat: csv}\ntableSpec: {tableName: '${table}'}\n"
                   "pinotClusterSpecs: [{controllerURI: 'http://127.0.0.1:1'}]\n")  # fmt: skip
    words = ("-jobSpec", str(job), "-propertyFile", str(tmp_path / "job.properties"))
    assert "no file of /nowhere" in admin("LaunchDataIngestionJob", *words, code=1)
    told = admin("LaunchDataIngestionJob", *words, "-values", "folder=/elsewhere", code=1)
    assert "no file of /elsewhere" in told


def test_quick_starts_that_there_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    for words, why in (((), "No QuickStart type provided"), (("-type", "x"), "Unsupported QuickStart type: x"),
                       (("-type", "stream"), "tables that consume a stream")):  # fmt: skip
        assert run(["QuickStart", *words]) == 1
        assert why in capsys.readouterr().out


def test_bad_input_is_said(admin: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"schemaName": ')
    assert f"{broken}:1" in admin("AddSchema", "-schemaFile", str(broken), "-exec", code=1)
    job = tmp_path / "job.yaml"
    job.write_text("jobType: x\ninputDirURI: '${nowhere}'\n")
    assert "no value for nowhere" in admin("LaunchDataIngestionJob", "-jobSpecFile", str(job), code=1)
    job.write_text("jobType: x\n")
    told = admin("LaunchDataIngestionJob", "-jobSpecFile", str(job), code=1)
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


WRONG_CALLS = [
    (["AddSchema"], "-schemaFile"),
    (["AddSchema", "-schemaFile"], "Expected parameter for option '-schemaFile'"),
    (["AddSchema", "-schemaFile", "-exec"], "but found '-exec'"),
    (["AddSchema", "-schemaFile", "a", "-schemaFile", "b"], "should be specified only once"),
    (["AddSchema", "-schemaFile", "a", "-bless"], "-bless"),
    (["AddSchema", "-schemaFile", "a", "-exec=maybe"], "is not a boolean"),
    (["ImportData", "-dataFilePath", "a", "-format", "csv", "-table", "t"], "expected one of [AVRO"),
    (["UploadSegment", "-segmentDir", "a", "-tableType", "offline"], "expected one of [OFFLINE, REALTIME]"),
    (["PostQuery", "-query", "select 1", "-o", "trace"], "KEY=VALUE"),
    (["StartServer", "-serverPort", "x"], "-serverPort"),
    (["Bless"], "Bless"),
    ([], "COMMAND"),
]


@pytest.mark.parametrize(("words", "why"), WRONG_CALLS, ids=lambda value: " ".join(value)[:60])
def test_a_wrong_call_ends_with_one(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """PinotAdministrator logs what picocli says of the words, and its status stays 1."""
    with pytest.raises(SystemExit) as ended:
        run(words)
    assert ended.value.code == 1 and why in capsys.readouterr().err


def test_a_value_may_begin_with_a_hyphen_and_a_flag_may_say_true(admin: Any, files: tuple[str, str]) -> None:
    schema, table = files
    admin("AddTable", "-schemaFile", schema, "-tableConfigFile", table, "-exec=true")
    assert "Dry run" in admin("DeleteTable", "-tableName", "films", "-retention", "-1d", "-exec=false")
    assert '"rows": [[-1]]' in admin("PostQuery", "-query=SELECT -1 FROM (SELECT 1)", "-o",
                                     "queryOptions=useMultistageEngine=true")  # fmt: skip
    assert '"errorCode": 150' in admin("PostQuery", "-query", "-1")
    admin("DeleteTable", "-tableName", "films", "-retention", "-1d", "-exec")
    admin("DeleteSchema", "-schemaName=films", "-exec")


def test_how_a_command_ends_that_is_refused(admin: Any, files: tuple[str, str], tmp_path: Path) -> None:
    """255 where Pinot's gives false, 1 where it throws, 0 where it only shows the answer."""
    schema, _ = files
    assert "Table 'gone'" in admin("DeleteTable", "-tableName", "gone", "-exec", code=255)
    assert "gone" in admin("DeleteSchema", "-schemaName", "gone", "-exec", code=255)
    assert "gone" in admin("ChangeTableState", "-tableName", "gone", "-state", "enable", code=1)
    assert "Invalid value for state" in admin("ChangeTableState", "-tableName", "gone", "-state", "on", code=1)
    admin("UpdateSchema", "-schemaFile", schema, "-exec")
    assert "already exists" in admin("AddSchema", "-schemaFile", schema, "-exec", code=255)
    admin("DeleteSchema", "-schemaName", "films", "-exec")
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments/one.tar.gz").write_bytes(b"no tar")
    words = ("-segmentDir", str(tmp_path / "segments"), "-tableName", "gone")
    admin("UploadSegment", *words, code=1)


def test_the_cluster_is_shown_judged_and_rebalanced(admin: Any, files: tuple[str, str]) -> None:
    schema, table = files
    admin("AddTable", "-schemaFile", schema, "-tableConfigFile", table, "-exec")
    told = YAML(typ="safe").load(admin("ShowClusterInfo", "-zkAddress", "localhost:2181"))
    assert told["clusterName"] == "PinotCluster"
    assert [one["state"] for one in told["brokerInfoList"] + told["serverInfoList"]] == ["ONLINE", "ONLINE"]
    shown = [{"segmentInfoList": [], "tableName": "films_OFFLINE", "tag": "DefaultTenant_OFFLINE"}]
    assert told["tableInfoList"] == shown
    assert YAML(typ="safe").load(admin("ShowClusterInfo", "-tables", "other"))["tableInfoList"] == []
    assert YAML(typ="safe").load(admin("ShowClusterInfo", "-tags", "DefaultTenant"))["tableInfoList"] == shown
    assert "Cluster other not found" in admin("ShowClusterInfo", "-clusterName", "other", code=255)
    judged = admin("ValidateConfig", "-zkAddress", "z", "-cluster", "PinotCluster", "-tableConfig", "-schema")
    assert 'table config: "films"' in judged and 'schema: "films"' in judged and "failed" not in judged
    assert "at least one of -schema" in admin("ValidateConfig", code=1)
    words = ("-zkAddress", "z", "-clusterName", "PinotCluster", "-tableName")
    assert "Got rebalance result" in admin("RebalanceTable", *words, "films_OFFLINE", "-dryRun")
    assert "a name with its type" in admin("RebalanceTable", *words, "films", code=1)
    admin("DeleteTable", "-tableName", "films", "-exec")
    admin("DeleteSchema", "-schemaName", "films", "-exec")


def test_a_table_of_a_folder(admin: Any, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    assert "has no films_schema.json" in admin("BootstrapTable", "-dir", str(folder), code=1)
    (folder / "films_schema.json").write_text(json.dumps(SCHEMA))
    (folder / "films_offline_table_config.json").write_text(json.dumps(TABLE))
    assert "Bootstrapping films table" in admin("BootstrapTable", "-d", str(folder))
    admin("DeleteTable", "-tableName", "films", "-exec")
    admin("DeleteSchema", "-schemaName", "films", "-exec")


@pytest.mark.parametrize("command", REFUSED)
def test_what_is_not_there_says_why(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "-zkAddress", "localhost:2181", "--whatever"]) == 1
    assert REFUSED[command] in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        run([command, "-help"])
    assert ended.value.code == 0 and "Not there" in capsys.readouterr().out


@pytest.mark.parametrize("command", table())
@pytest.mark.parametrize("word", ["-help", "-h", "--h", "--help"])
def test_every_command_explains_itself(command: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run([command, word])
    assert ended.value.code == 0 and "usage: pinot-admin.sh" in capsys.readouterr().out
