"""The commands against a platform that answers from memory: what they print, their JSON, their exit codes."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from meshloom.cli.main import main
from meshloom.cli.running import Running
from meshloom.errors import InputError, Problem
from meshloom.server.application import build
from meshloom.server.doors import Address, Doors, bind

OPERATOR = "the-operators-secret"
SQL = "SELECT store_id FROM pos_transactions"


@pytest.fixture
def place(stub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A mesh's folder whose platform is up; every command finds it by run.json."""
    for name in os.environ:
        if name.startswith("MESHLOOM_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "mesh"
    folder.mkdir()
    (folder / "mesh.yaml").write_text("name: market\n")
    listener = bind(Address("test"))
    doors = Doors([(build(stub, operator=OPERATOR), listener)])
    doors.start()
    home = folder / ".meshloom"
    home.mkdir()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    Running(os.getpid(), url, "http://c", "http://b", OPERATOR, str(folder), "2026-11-23").write(home)
    monkeypatch.chdir(folder)
    yield folder
    doors.stop()


class Ran:
    """What a command printed and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run


def test_a_query_says_the_rows_and_what_the_policies_did(place: Path, run: Any) -> None:
    done = run("query", SQL, "--as", "sam", "--purpose", "operations")
    assert done.code == 0
    assert done.out.split() == ["store_id", "at", *done.out.split()[2:]]
    assert "367" in done.out
    assert done.err.splitlines() == [
        "2 rows",
        "decision d-1 on store-ops:pos-transactions:table (sam for operations): "
        "rows where store_id in (367, 406) and income is not null; masked age",
    ]


def test_a_query_as_json_is_one_document(place: Path, run: Any) -> None:
    document = run("query", SQL, "--as", "sam", "--purpose", "operations", "--json").json
    assert document["rows"][0] == {"store_id": 367, "at": "2017-01-01T00:00:00+00:00"}
    assert document["decisions"][0]["masked"] == ["age"]


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "json", "table"])
def test_a_query_into_a_file(place: Path, run: Any, kind: str) -> None:
    path = place / f"answer.{kind}"
    words = ["--as", "sam", "--purpose", "operations", "--format", kind, "--output", str(path)]
    done = run("query", SQL, *words)
    assert (done.code, done.out) == (0, "")
    content = path.read_bytes()
    if kind == "parquet":
        assert pyarrow.parquet.read_table(io.BytesIO(content)).column("store_id").to_pylist() == [367, 406]
    elif kind == "arrow":
        assert pa.ipc.open_stream(content).read_all().num_rows == 2
    elif kind == "json":
        assert json.loads(content)["rowCount"] == 2
    else:
        assert content.decode().splitlines()[1].startswith("367")


def test_a_query_from_standard_input_as_of(place: Path, run: Any, stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1"))
    assert run("query", "-", "--token", "token-of-sam", "--purpose", "x", "--as-of", "2026-11-23").code == 0
    (asked,) = stub.sidecar.asked
    assert (asked.sql, asked.as_of.year, asked.principal.name) == ("SELECT 1", 2026, "sam")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["query", SQL, "--as", "sam"], 3, "households is not for you. No purpose was given. Give one."),
        (["query", SQL], 2, "Nobody asks. Every row is read by somebody, for a purpose. Add --as USER"),
        (["query", SQL, "--as", "nobody"], 2, "There is no persona 'nobody'. See identities.yaml."),
        (["query", SQL, "--token", "forged"], 3, "The token proves nobody"),
        (["query", SQL, "--format", "xml"], 2, "There is no format 'xml'. Choose one of table, json"),
        (["query", SQL, "--as", "sam", "--purpose", "x", "--as-of", "soon"], 2, "'soon' is no point in time"),
        (
            ["query", SQL, "--as", "sam", "--purpose", "x", "--output", "/proc/no"],
            4,
            "could not be written to /proc/no",
        ),
        (["query"], 2, "Missing argument"),
        (["describe", "nobody"], 2, "There is no product nobody"),
        (["querry"], 2, "There is no command 'querry'. Perhaps you mean `meshloom query`."),
        (["ls", "--wrong"], 2, "No such option"),
    ],
)
def test_what_goes_wrong_is_said_and_has_its_exit_code(
    place: Path, run: Any, words: list[str], code: int, says: str
) -> None:
    done = run(*words)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert "Traceback" not in done.err


def test_an_error_as_json(place: Path, run: Any) -> None:
    done = run("query", SQL, "--as", "sam", "--json")
    assert done.code == 3
    assert json.loads(done.err)["error"]["why"] == "No purpose was given"


def test_a_variable_stands_for_every_option(place: Path, run: Any, stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AS", "celia"), ("PURPOSE", "marketing"), ("JSON", "1")):
        monkeypatch.setenv(f"MESHLOOM_{name}", value)
    assert run("query", SQL).json["rowCount"] == 2
    assert stub.sidecar.asked[0].principal.name == "celia"


def test_listing_and_searching(place: Path, run: Any) -> None:
    assert "customer/households" in run("ls").out
    assert {hit["name"] for hit in run("ls", "income", "--json").json["hits"]} == {"households", "household-360"}
    assert run("ls", "column:income", "unicorns").out == "No product matches.\n"
    assert "4 more: --limit 5" in run("ls", "--limit", "1").err


def test_describing(place: Path, run: Any) -> None:
    shown = run("describe", "households").out
    assert "urn:meshloom:market:customer:households" in shown
    assert "/ports/customer/households/table" in shown
    assert run("describe", "customer/households", "--json").json["owner"] == "customer-team"


def test_lineage_and_its_events(place: Path, run: Any) -> None:
    assert "household" in run("lineage", "households").out.casefold()
    assert run("lineage", "households", "--events").json == [{"eventType": "COMPLETE"}]


def test_audit_and_quarantine(place: Path, run: Any) -> None:
    assert "read REFUSED" in run("audit").out
    assert run("audit", "--product", "households", "--json").json[0]["principal"] == "sam"
    done = run("quarantine", "households")
    assert "quantity-range" in done.out
    assert "2 rows held back" in done.out
    assert done.err == "as None\n"
    assert run("quarantine", "customer/households", "--as", "sam", "--json").json["shown"] == "as sam"


def test_tokens(place: Path, run: Any) -> None:
    assert run("token", "sam").out == "token-of-sam\n"
    assert run("token", "sam", "--json").json == {"user": "sam", "token": "token-of-sam"}


def test_planning_and_applying(place: Path, run: Any, stub: Any) -> None:
    assert run("plan", "households").out == "households: new (version 1)\ndigest abc\n"
    assert run("plan").out == "No change.\ndigest abc\n"
    assert run("plan", "--json").json["digest"] == "abc"
    done = run("apply", "households")
    assert done.code == 0
    assert "households" in done.out
    assert "done" in done.out
    assert run("apply", "a", "--json").json == {"results": [{"product": "a", "outcome": "done", "problems": []}]}
    stub.problems = (Problem("range", "age is 300", file="a.csv", line=3),)
    done = run("apply", "a", "b", "--json")
    assert done.code == 1
    assert [result["outcome"] for result in done.json["results"]] == ["failed", "failed"]
    stub.failure = InputError(Problem("range", "age is 300", "At most 120", "Mend the file", "a.csv", 3, 7))
    done = run("apply")
    assert done.code == 1
    assert done.err == "a.csv:3:7: range age is 300, At most 120, Mend the file\n"
    assert done.out.startswith("    0.")


def test_status_of_a_platform_that_is_up(place: Path, run: Any) -> None:
    assert "Journey Market: up since 2026-11-23" in run("status").out
    document = run("status", "--json").json
    assert (document["up"], document["ready"], document["mesh"]) == (True, True, "market")


def test_nothing_runs_and_nothing_is_there(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("status", "--json").json["up"] is False
    assert run("down").out == f"No platform runs on {tmp_path}/.meshloom.\n"
    done = run("ls")
    assert done.code == 2
    assert f"There is no mesh in {tmp_path}" in done.err
    assert "meshloom init mesh DIR" in done.err


def test_two_platforms_on_one_home(place: Path, run: Any) -> None:
    done = run("up", "--port", "0")
    assert done.code == 2
    assert "already runs at http://127.0.0.1:" in done.err
    assert "meshloom down" in done.err


def test_the_journey_marks_the_next_step(place: Path, run: Any) -> None:
    shown = run().out
    assert "-> meshloom init product" in shown
    (place / "domains/d/p").mkdir(parents=True)
    (place / "domains/d/p/product.odps.yaml").touch()
    assert "-> meshloom apply" in run().out
    (place / ".meshloom/meta.sqlite").touch()
    assert "-> meshloom query" in run().out
    (place / ".meshloom/run.json").unlink()
    assert "-> meshloom up" in run().out
    (place / "mesh.yaml").unlink()
    assert "-> meshloom init mesh" in run().out


def test_a_command_below_the_mesh_finds_it(place: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    below = place / "domains" / "x"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert run("token", "sam").out == "token-of-sam\n"


def test_run_json_is_for_its_owner_only_and_not_believed_when_stale(place: Path) -> None:
    path = place / ".meshloom/run.json"
    assert path.stat().st_mode & 0o777 == 0o600
    running = Running.find(place / ".meshloom")
    assert running is not None
    path.write_text(path.read_text().replace(str(os.getpid()), str(2**22 + 1)))
    assert Running.find(place / ".meshloom") is None
    path.write_text("{")
    assert Running.find(place / ".meshloom") is None


def test_the_doctor_says_what_to_do(place: Path, run: Any) -> None:
    done = run("doctor", "--json")
    things = {finding["thing"]: finding for finding in done.json["findings"]}
    assert things["platform"]["state"] == "ok"
    assert all(finding["remedy"] for finding in things.values() if finding["state"] != "ok")


def test_the_doctor_finds_a_busy_port(place: Path, run: Any) -> None:
    (place / ".meshloom/run.json").unlink()
    with bind(Address("x")) as listener:
        port = str(listener.getsockname()[1])
        done = run("doctor", "--broker-port", port, "--json")
    (finding,) = [finding for finding in done.json["findings"] if finding["thing"] == f"port {port}"]
    assert (done.code, finding["state"]) == (4, "wrong")
    assert finding["remedy"] == "Choose another one with --broker-port"


def test_validating_needs_no_platform_and_names_the_place(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Path(__file__).parents[3] / "examples/market"
    monkeypatch.chdir(market)
    done = run("validate")
    assert (done.code, done.out) == (0, "")
    assert "is valid." in done.err
    assert run("validate", str(market / "domains/customer"), "--json").json == {"valid": True, "problems": []}
    broken = tmp_path / "mesh"
    broken.mkdir()
    (broken / "mesh.yaml").write_text("name: market\npurpose: {}\n")
    done = run("validate", str(broken))
    assert done.code == 1
    assert done.out.startswith("mesh.yaml:2:1: ")
    assert "did you mean" in done.out
