"""Logs as JSON lines, with the product, port and run that they are about."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from meshloom.server.logs import about, written_to
from meshloom.server.telemetry import area, subject

LOG = logging.getLogger("meshloom.test")


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_line_says_what_it_is_about(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "server.jsonl"
    with written_to(path):
        LOG.info("before")
        with about(product="urn:p", run="r-1"), about(port="urn:p:table", run=""):
            LOG.warning("held back %d rows", 3, extra={"fields": {"rule": "range", "none": None}})
        LOG.info("after")
    LOG.warning("not written any more")
    before, during, after = lines(path)
    assert (before["message"], before["level"], before["logger"]) == ("before", "info", "meshloom.test")
    assert {name: during[name] for name in ("message", "product", "run", "port", "rule")} == {
        "message": "held back 3 rows",
        "product": "urn:p",
        "run": "r-1",
        "port": "urn:p:table",
        "rule": "range",
    }
    assert "none" not in during
    assert "product" not in after


def test_a_trace_is_one_field_of_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with written_to(path):
        try:
            raise ValueError("line one\nline two")
        except ValueError:
            LOG.exception("it broke")
    (line,) = lines(path)
    assert "ValueError: line one\nline two" in line["trace"]


def test_threads_do_not_mix_their_subjects(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with written_to(path), about(product="one"):
        thread = threading.Thread(target=lambda: LOG.info("from another thread"))
        thread.start()
        thread.join()
    assert "product" not in lines(path)[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/query", "/query"),
        ("/api", "/api"),
        ("/api/mesh/products/urn:meshloom:m:d:p", "/api/mesh"),
        ("/api/anything", "/api"),
        ("/urn:meshloom:m:d:p", "/urn"),
        ("/products/urn:meshloom:m:d:p", "/other"),
    ],
)
def test_areas_are_few(path: str, expected: str) -> None:
    assert area(path) == expected


def test_the_subject_of_a_path() -> None:
    assert subject("/api/mesh/products/urn:meshloom:m:d:p") == {"product": "urn:meshloom:m:d:p"}
    assert subject("/urn:meshloom:m:d:p:table") == {"product": "urn:meshloom:m:d:p", "port": "urn:meshloom:m:d:p:table"}
    assert subject("/ports/d/p/table") == {"port": "d/p/table"}
    assert subject("/query") == {}
