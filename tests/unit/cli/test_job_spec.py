"""Job specifications: every mistake of a file with its line; jobs that only create and only push."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshloom.cli.pinot.admin import run
from meshloom.cli.pinot.job_spec import read_job
from meshloom.engine.cluster import Cluster
from meshloom.errors import InputError
from meshloom.server.doors import Address, Doors, bind

GOOD = """executionFrameworkSpec:
  name: standalone
jobType: SegmentCreationAndTarPush
inputDirURI: '/in'
includeFileNamePattern: 'glob:**/*.csv'
outputDirURI: '/out'
overwriteOutput: true
pinotFSSpecs:
  - scheme: file
    className: org.apache.pinot.spi.filesystem.LocalPinotFS
recordReaderSpec:
  dataFormat: csv
  configs:
    delimiter: ';'
tableSpec:
  tableName: films
pinotClusterSpecs:
  - controllerURI: 'http://localhost:9000'
pushJobSpec:
  pushAttempts: 2
"""


def problems(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    file = tmp_path / "job.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_job(file, {})
    assert all(problem.file == str(file) for problem in caught.value.problems)
    return [(problem.line, problem.code, problem.what) for problem in caught.value.problems]


def test_a_good_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(GOOD)
    job = read_job(tmp_path / "job.yaml", {})
    assert (job["tableSpec"]["tableName"], job["overwriteOutput"]) == ("films", True)


def test_all_mistakes_at_once_with_their_lines(tmp_path: Path) -> None:
    text = GOOD.replace("dataFormat: csv", "dataFormat: xls").replace("tableName", "tableNam")
    text = text.replace("jobType: Segment", "jobType: Segmnt").replace("pushAttempts", "attempts") + "colour: red\n"
    assert [(line, code) for line, code, _ in problems(tmp_path, text)] == [
        (3, "wrong-value"), (12, "wrong-value"), (15, "missing-key"), (16, "unknown-key"), (20, "unknown-key"),
        (21, "unknown-key"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", (0, "wrong-value", "a job specification is a mapping of keys")),
        ("[1, 2]", (0, "wrong-value", "a job specification is a mapping of keys")),
        ("a: 'b", (1, "yaml-syntax", "no valid YAML")),
        (GOOD.replace("'/in'", "[1]"), (4, "wrong-value", "inputDirURI is one value")),
        (GOOD.replace("  - controllerURI: 'http://localhost:9000'", "  x: y"),
         (17, "wrong-value", "pinotClusterSpecs is a list of mappings")),
        (GOOD.replace("controllerURI", "controllerUri"), (18, "missing-key", "pinotClusterSpecs has no controllerURI")),
        (GOOD.replace("  configs:\n    delimiter: ';'", "  configs: 7"),
         (13, "wrong-value", "configs of recordReaderSpec is a mapping")),
        (GOOD.replace("tableName: films", "tableName: [films]"),
         (16, "wrong-value", "tableName of tableSpec is one value")),
        (GOOD.replace("dataFormat: csv", "dataFormat: {a: b}"),
         (12, "wrong-value", "dataFormat of recordReaderSpec is one value")),
        (GOOD.replace("'http://localhost:9000'", "[1]"),
         (18, "wrong-value", "controllerURI of pinotClusterSpecs is one value")),
        (GOOD + "authToken: 2020-99-99\n", (0, "yaml-syntax", "a value is not of its form")),
        (GOOD + "? a: []\n: b\n", (0, "yaml-syntax", "a value is not of its form")),
        (GOOD + "authToken: !!int x\n", (0, "yaml-syntax", "a value is not of its form")),
        (GOOD.replace("'/in'", "'${nowhere_at_all}'"), (4, "no-value", "no value for nowhere_at_all")),
    ],
)  # fmt: skip
def test_one_mistake(tmp_path: Path, text: str, found: tuple[int, str, str]) -> None:
    told = problems(tmp_path, text)
    assert found[1:] in [(code, what) for _, code, what in told]
    assert not found[0] or found[0] in [line for line, *_ in told]


@given(st.data())
def test_whatever_a_file_holds_it_is_read_or_refused(data: st.DataObject) -> None:
    """Lines of a good one cut, doubled, swapped and filled with other values."""
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        key = lines[place].partition(":")[0]
        lines[place] = data.draw(
            st.sampled_from([f"{key}: []", f"{key}: {{}}", f"{key}: 3", f"{key}:", key, f"  {lines[place]}", "- x", "",
                             f"{key}: [a", f"{key}: &a *a", f"? {key}", "\t", "\x00", f"{key}: !!python/none x"])
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.yaml"
        file.write_text("\n".join(lines))
        try:
            assert isinstance(read_job(file, {}), dict)
        except InputError as error:
            assert error.problems


# --- what the types of jobs do


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, str]]:
    cluster = Cluster.open(tmp_path_factory.mktemp("engine"))
    socket = bind(Address("controller"))
    doors = Doors([(cluster.controller_app, socket)])
    doors.start()
    cluster.controller.add_schema(
        {"schemaName": "films", "dimensionFieldSpecs": [{"name": "title", "dataType": "STRING"}]}
    )
    cluster.controller.add_table(
        {"tableName": "films", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}
    )  # fmt: skip
    yield cluster, f"http://127.0.0.1:{socket.getsockname()[1]}"
    doors.stop()
    cluster.close()


def launched(tmp_path: Path, controller: str, kind: str) -> int:
    job = {
        "jobType": kind, "inputDirURI": str(tmp_path / "in"), "outputDirURI": str(tmp_path / "out"),
        "recordReaderSpec": {"dataFormat": "csv"}, "tableSpec": {"tableName": "films"},
        "pinotClusterSpecs": [{"controllerURI": controller}],
    }  # fmt: skip
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    return run(["LaunchDataIngestionJob", "-jobSpecFile", str(tmp_path / "job.yaml")])


def test_segments_are_created_in_one_job_and_pushed_in_another(engine: Any, tmp_path: Path) -> None:
    cluster, controller = engine
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / f"{name}.csv").write_text(f"title\n{name}\n")
    assert launched(tmp_path, controller, "SegmentCreation") == 0
    assert len(list((tmp_path / "out").glob("*.tar.gz"))) == 2
    assert cluster.controller.segments("films_OFFLINE") == []
    assert launched(tmp_path, controller, "SegmentTarPush") == 0
    found = cluster.broker.query("SELECT title FROM films ORDER BY title")
    assert found["resultTable"]["rows"] == [["a"], ["b"]]


def test_a_job_without_files_registers_nothing(engine: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster, controller = engine
    before = cluster.controller.segments("films_OFFLINE")
    for kind in ("SegmentCreation", "SegmentTarPush", "SegmentCreationAndTarPush"):
        assert launched(tmp_path, controller, kind) == 1
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"\xff\xfe\x00title\n\x00")
    (tmp_path / "in" / "b.csv").write_text('title\n"unfinished\n')
    assert launched(tmp_path, controller, "SegmentCreationAndTarPush") == 1
    told = "".join(capsys.readouterr())
    assert "Traceback" not in told and "no-input" in told
    assert cluster.controller.segments("films_OFFLINE") == before


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["-propertyFile", "{}/latin.properties"], "no UTF-8"), (["-propertyFile", "{}/none"], "No such file"),
        (["-propertyFile", "{}"], "Is a directory"), (["-values", "kind"], "-values kind gives no value"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_read(tmp_path: Path, capsys: Any, words: list[str], why: str) -> None:
    (tmp_path / "latin.properties").write_bytes(b"kind=\xff\xfe\n")
    (tmp_path / "job.yaml").write_text(GOOD)
    given_ = [word.format(tmp_path) for word in words]
    assert run(["LaunchDataIngestionJob", "-jobSpecFile", str(tmp_path / "job.yaml"), *given_]) == 1
    assert why in "".join(capsys.readouterr())


@pytest.mark.parametrize("address", ["nonsense", "http://[::x", "http://localhost:99999", "ftp://x"])
def test_a_controller_that_is_no_address(tmp_path: Path, capsys: Any, address: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("title\na\n")
    assert launched(tmp_path, address, "SegmentCreationAndTarPush") != 0
    assert "No controller answers at" in "".join(capsys.readouterr())


@pytest.mark.parametrize("batch", ["{", "[]", "3", "null", '{"a": ', "[" * 20_000, '{"inputFormat": 7}'])
@pytest.mark.parametrize("door", ["ingestFromFile", "ingestFromURI"])
def test_a_batch_config_that_is_none_registers_nothing(engine: Any, tmp_path: Path, door: str, batch: str) -> None:
    cluster, controller = engine
    before = cluster.controller.segments("films_OFFLINE")
    file = tmp_path / "a.csv"
    file.write_text("title\na\n")
    params = {"tableNameWithType": "films_OFFLINE", "batchConfigMapStr": batch, "sourceURIStr": file.as_uri()}
    with file.open("rb") as content:
        sent = {"file": ("a.csv", content)} if door == "ingestFromFile" else None
        answer = httpx.post(f"{controller}/{door}", params=params, files=sent, timeout=30)
    assert (
        answer.status_code == (400 if "7" in batch else 500)
        and "Traceback" not in answer.text
        and str(tmp_path) not in answer.text
    )
    assert answer.json()["error"]
    assert cluster.controller.segments("films_OFFLINE") == before
