"""The access log: every line follows the one before, and a change anywhere is found."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from meshloom.quantum.sidecar.audit import AuditLog


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path)
    for number in range(5):
        log.write({"port": f"urn:meshloom:m:d:p{number % 2}:table", "who": f"Zoë {number}"})
    return log


def lines(tmp_path: Path) -> list[str]:
    return (tmp_path / "audit.jsonl").read_text().splitlines()


def test_a_whole_log_holds_and_goes_on_after_a_restart(log: AuditLog, tmp_path: Path) -> None:
    assert log.verify() is None
    log.close()
    again = AuditLog(tmp_path)
    again.write({"port": ""})
    assert again.verify() is None
    assert len(again.entries()) == 6
    again.close()


@pytest.mark.parametrize(
    ("change", "line", "why"),
    [
        (lambda rows: [rows[0], rows[1].replace("Zo", "Ro"), *rows[2:]], 2, "it was changed"),
        (lambda rows: [rows[0], *rows[2:]], 2, "it does not follow the line before it"),
        (lambda rows: [rows[1], rows[0], *rows[2:]], 1, "it does not follow the line before it"),
        (lambda rows: [*rows[:2], rows[1], *rows[2:]], 3, "it does not follow the line before it"),
    ],
    ids=["changed", "cut out", "swapped", "put in"],
)
def test_tampering_is_found(log: AuditLog, tmp_path: Path, change, line: int, why: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "audit.jsonl").write_text("\n".join(change(lines(tmp_path))) + "\n")
    found = log.verify()
    assert found is not None
    assert (found.line, found.why) == (line, why)
    log.close()


def test_half_a_line_left_by_a_crash_is_moved_aside(log: AuditLog, tmp_path: Path) -> None:
    log.close()
    with (tmp_path / "audit.jsonl").open("a") as file:
        file.write('{"port": "urn')
    again = AuditLog(tmp_path)
    again.write({"port": "after"})
    assert again.verify() is None
    assert len(again.entries()) == 6
    assert (tmp_path / "audit.torn").read_text() == '{"port": "urn\n'
    again.close()


def test_entries_of_one_product_newest_first(log: AuditLog) -> None:
    found = log.entries("urn:meshloom:m:d:p0", limit=2)
    assert [entry["who"] for entry in found] == ["Zoë 4", "Zoë 2"]
    assert log.entries("urn:meshloom:m:d:p") == []
    log.close()


def test_many_threads_write_one_chain(log: AuditLog, tmp_path: Path) -> None:
    def write() -> None:
        for number in range(50):
            log.write({"port": "", "number": number})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.verify() is None
    assert len(lines(tmp_path)) == 205
    assert all(json.loads(line)["hash"] for line in lines(tmp_path))
    log.close()
