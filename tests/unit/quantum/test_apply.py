"""Applying a product: what is published, held back, corrected, retracted, and what survives a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from meshloom.errors import CallError
from meshloom.infra.metadata import exclusive
from meshloom.product.plan import plan
from meshloom.quantum import record
from meshloom.quantum.ports.output import rows as port_rows
from meshloom.spec.urn import Urn

from .conftest import Folder, query

FIRST = "1,north,10,2026-01-01 10:00:00\n2,south,20,2026-01-02 10:00:00\n3,north,30,2026-01-03 10:00:00\n"
RECORD = "shops__sales__sales"
PORT = Urn("tiny", "shops", "sales", "files")


def csv_of(platform, as_of=None) -> bytes:  # type: ignore[no-untyped-def]
    import io

    import pyarrow.csv as pc

    port = platform.deployed.port(PORT)
    sink = io.BytesIO()
    pc.write_csv(port_rows(port, platform.lake, as_of).read_all(), sink)
    return sink.getvalue()


def test_rows_become_a_record_and_a_table(folder: Folder) -> None:
    folder.rows(FIRST)
    platform = folder.open()
    applied = folder.apply(platform)
    assert applied.failed == ()
    (contract,) = applied.results[0].contracts
    assert (contract["rows_in"], contract["added"], contract["quarantined"]) == (3, 3, 0)
    assert query(platform, "SELECT shop, sum(amount) FROM sales GROUP BY shop ORDER BY shop") == [
        ["north", 40.0], ["south", 20.0],
    ]  # fmt: skip
    times = query(platform, "SELECT id, _actual_time FROM sales ORDER BY id")
    assert times[0] == [1, "2026-01-01 10:00:00.0"]
    assert [event.step for event in folder.events][-1] == "done"


def test_the_same_again_changes_nothing(folder: Folder) -> None:
    folder.rows(FIRST)
    platform = folder.open()
    before = plan(platform)
    assert plan(platform).digest == before.digest
    assert [str(change) for change in before.changes] == [
        "sales: new (version 1.0.0; ports table (table), files (files))"
    ]
    folder.apply(platform)
    assert plan(platform).empty
    assert folder.apply(platform).results[0].outcome == "unchanged"
    assert len(record.publishes(platform.lake, RECORD)) == 1
    assert plan(folder.open()).empty


def test_a_correction_is_a_new_row_and_the_old_answer_stays_byte_for_byte(folder: Folder) -> None:
    folder.rows(FIRST)
    platform = folder.open()
    folder.apply(platform)
    then = record.publishes(platform.lake, RECORD)[-1].processing_time
    before = csv_of(platform)

    folder.rows("1,north,11,2026-01-01 10:00:00\n3,north,30,2026-01-03 10:00:00\n4,east,5,2026-01-04 10:00:00\n")
    applied = folder.apply(platform)
    (contract,) = applied.results[0].contracts
    assert (contract["added"], contract["corrected"], contract["retracted"]) == (1, 1, 1)
    assert query(platform, "SELECT id, amount FROM sales ORDER BY id") == [[1, 11.0], [3, 30.0], [4, 5.0]]

    as_of = str(record.microseconds(then))
    assert query(platform, "SELECT id, amount FROM sales ORDER BY id", asOf=as_of) == [[1, 10.0], [2, 20.0], [3, 30.0]]
    assert csv_of(platform, then) == before
    assert csv_of(platform) != before
    earlier = str(record.microseconds(then - timedelta(microseconds=1)))
    assert query(platform, "SELECT count(*) FROM sales", asOf=earlier) == [[0]]

    history = record.publishes(platform.lake, RECORD)
    assert history[1].processing_time > history[0].processing_time
    # the engine's file is a cache: without it, the same answers
    folder.close()
    (folder.home / "engine" / "server" / "cache.duckdb").unlink()
    platform = folder.open()
    assert query(platform, "SELECT id, amount FROM sales ORDER BY id") == [[1, 11.0], [3, 30.0], [4, 5.0]]
    assert query(platform, "SELECT count(*) FROM sales", asOf=as_of) == [[3]]


def test_a_row_that_breaks_the_contract_stands_in_quarantine_with_the_rule(folder: Folder) -> None:
    folder.rows(FIRST + ",west,1,2026-01-05 10:00:00\nx,west,1,2026-01-05 10:00:00\n3,twice,1,2026-01-05 10:00:00\n")
    platform = folder.open()
    (contract,) = folder.apply(platform).results[0].contracts
    assert contract["rows_in"] == contract["rows"] + contract["quarantined"]
    assert contract["quarantined"] == 4  # no key, a key that is no number, and both rows of a key that stands twice
    assert set(contract["by_rule"]) >= {"id.required", "primary-key"}
    kept = platform.store.get("quarantine", RECORD)
    assert kept["rows"] == 4
    assert Path(kept["file"]).exists()


def test_a_bad_file_publishes_nothing_and_the_last_good_version_serves(folder: Folder) -> None:
    folder.rows(FIRST)
    platform = folder.open()
    folder.apply(platform)
    folder.rows('id,shop,amount\n1,"north,10\n')
    result = folder.apply(platform).results[0]
    assert result.outcome == "failed"
    assert any("sold_at" in problem.what for problem in result.problems)
    assert all(problem.file for problem in result.problems)
    assert query(platform, "SELECT count(*) FROM sales") == [[3]]
    assert "goes on serving" in folder.events[-1].text


def test_one_product_fails_and_the_others_are_applied(folder: Folder) -> None:
    folder.rows(FIRST)
    folder.product("broken", "id,shop\n1,x\n")
    folder.product("downstream", "", reads="sales", sql="SELECT id, upper(shop) AS shop, amount, sold_at FROM rows")
    platform = folder.open()
    applied = folder.apply(platform)
    assert applied.failed == ("broken",)
    assert query(platform, "SELECT shop FROM downstream WHERE id = 1") == [["NORTH"]]


def test_a_product_that_is_no_longer_declared_stops_serving_and_its_record_stays(folder: Folder) -> None:
    folder.rows(FIRST)
    folder.product("other", FIRST)
    folder.apply(folder.open())
    for path in sorted((folder.root / "domains/shops/other").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    platform = folder.open()
    assert [str(change) for change in plan(platform).changes] == [
        "other: removed (its tables stop serving, its record stays)"
    ]
    folder.apply(platform)
    answer = platform.container.cluster.broker.query("SELECT * FROM other")
    assert answer["exceptions"][0]["errorCode"] == 190
    assert len(record.publishes(platform.lake, "shops__other__other")) == 1


def test_tables_that_are_gone_are_drift_and_come_back(folder: Folder) -> None:
    folder.rows(FIRST)
    platform = folder.open()
    folder.apply(platform)
    platform.container.withdraw("sales")
    assert [change.kind for change in plan(platform).changes] == ["drift"]
    folder.apply(platform)
    assert query(platform, "SELECT count(*) FROM sales") == [[3]]
    assert plan(platform).empty


def test_two_applies_at_once_are_told_who_is_at_work(folder: Folder) -> None:
    platform = folder.open()
    with exclusive(folder.home / "lock", "applying elsewhere"), pytest.raises(CallError) as refused:
        folder.apply(platform)
    assert "somebody else is at work" in str(refused.value)
    assert f"process {os.getpid()}, applying elsewhere" in str(refused.value)
    assert folder.apply(platform).failed == ()


def test_a_full_disk_publishes_nothing_and_loses_nothing(folder: Folder) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the middle."""
    folder.rows(FIRST)
    folder.apply(folder.open())
    folder.close()
    many = "".join(f"{n},shop{n * 7919},{n}.25,2026-01-01 10:00:00\n" for n in range(1, 60_000))
    folder.rows(FIRST + many.split("3,", 1)[0] + many)
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + RUN
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder.root)], capture_output=True, text=True, check=False)
    assert "failed" in done.stdout, done.stdout + done.stderr
    platform = folder.open()
    assert query(platform, "SELECT count(*) FROM sales") == [[3]]
    assert len(record.publishes(platform.lake, RECORD)) == 1
    assert folder.apply(platform).failed == ()
    assert query(platform, "SELECT count(*) FROM sales")[0][0] > 50_000  # type: ignore[operator]


RUN = """
import sys, pathlib
from meshloom.product.apply import apply
from meshloom.product.platform import Platform
from meshloom.quantum.container import Container
from meshloom.spec.load import load_mesh
root = pathlib.Path(sys.argv[1])
platform = Platform(load_mesh(root), Container.open(root / ".meshloom"))
print("ready", flush=True)
for result in apply(platform, (), lambda e: print(e.step, e.text, flush=True)).results:
    print(result.outcome, flush=True)
"""


@pytest.mark.parametrize("step", ["running", "checking", "publishing", "serving", "late"])
def test_kill_9_at_any_step_then_apply_again_loses_and_repeats_nothing(folder: Folder, step: str) -> None:
    folder.rows(FIRST)
    folder.apply(folder.open())
    folder.close()
    rows = "".join(f"{n},shop{n % 9},{n}.25,2026-01-01 10:00:00\n" for n in range(1, 40_001))
    folder.rows(rows)
    child = subprocess.Popen([sys.executable, "-c", RUN, str(folder.root)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("serving" if step == "late" else step):
            break
    time.sleep(0.03 if step == "late" else 0)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()

    platform = folder.open()
    count = query(platform, "SELECT count(*) FROM sales")[0][0]
    assert count in (3, 40_000)  # the last good version, or the new one: never between
    assert folder.apply(platform).failed == ()
    assert query(platform, "SELECT count(*), sum(amount) FROM sales") == [
        [40_000, sum(n + 0.25 for n in range(1, 40_001))]
    ]
    history = record.publishes(platform.lake, RECORD)
    assert sum(publish.added for publish in history) == 40_000
    known = {publish.file for publish in history}
    assert set(platform.lake.folder(RECORD).iterdir()) == known
    assert plan(platform).empty


def test_times_of_publishes_grow_even_when_the_clock_does_not(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.rows(FIRST)
    platform = folder.open()
    folder.apply(platform)
    last = record.publishes(platform.lake, RECORD)[-1]
    ahead = record.Published(**{
        **{name: getattr(last, name) for name in last.__slots__},
        "processing_time": last.processing_time + timedelta(days=1),
    })  # fmt: skip
    assert record.next_processing_time([ahead]) == ahead.processing_time + timedelta(microseconds=1)
