"""The runners that know what a real Apache Pinot 1.5.1 answers, against the embedded engine, and against a
cluster where `PINOT_CONTROLLER` and `PINOT_BROKER` name one.

They stand in a folder of their own (`MESHLOOM_CONFORMANCE`, by default `../shared/conformance`) and speak HTTP only.
What fails here is listed, with its reason, in docs/reference/pinot-differences.md.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("MESHLOOM_CONFORMANCE") or HERE.parent / "shared/conformance").resolve()
FAMILIES = {
    "functions": ["functions.py"],
    "multistage": ["multistage.py"],
    "compat": ["compat.py"],
    "airline, single-stage": ["airline.py"],
    "airline, multi-stage": ["airline.py", "--engine", "mse"],
}
# What the embedded engine does not pass; a name that passes again must go from here and from the page.
DIFFERENT = {
    "multistage": {"TypeCasting/explicit_cast/3"},
}
WITHOUT_STREAMS = ("02", "03", "05", "06", "07", "10", "rest")
OF_STREAMS = ("04-stream-ingestion", "08-upserts", "09-minion")
ROLES = ("8097", "9514")  # where the recorder of the course looks for server and minion
COURSE = 0.95  # of the steps that need no stream: some of the others see tables that consume, too

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (FOLDER / "harness.py").exists(),
        reason=f"the conformance runners are not in {FOLDER}: set MESHLOOM_CONFORMANCE to their folder",
    ),
]


@pytest.fixture(scope="module", params=["embedded", "cluster"])
def addresses(
    request: pytest.FixtureRequest, start: Callable[[str], Any], tmp_path_factory: Any
) -> Iterator[list[str]]:
    """Controller and broker of an engine that has no table yet."""
    if request.param == "cluster":
        named = [os.environ.get(name, "") for name in ("PINOT_CONTROLLER", "PINOT_BROKER")]
        if not all(named):
            pytest.skip("no real Apache Pinot: set PINOT_CONTROLLER and PINOT_BROKER to its addresses")
        yield named
    else:
        taken = [port for port in ROLES if not is_free(int(port))]
        with start(str(tmp_path_factory.mktemp("conformance")), *(() if taken else ROLES)) as engine:
            yield [engine.controller, engine.broker, *(f"port {port} is taken" for port in taken)]


def is_free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def ran(python: Path | str, *words: str) -> str:
    """What a runner printed; it exits with 1 when any case failed, which is for the caller to judge."""
    done = subprocess.run([str(python), *words], capture_output=True, text=True, cwd=FOLDER, timeout=900)
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_those_of_pinot(addresses: list[str], family: str) -> None:
    script, *words = FAMILIES[family]
    printed = ran(sys.executable, script, *words, "--controller", addresses[0], "--broker", addresses[1])
    failed = set(re.findall(r"^FAIL (\S+)", printed, re.MULTILINE))
    passed = re.search(r"passed (\d+) of \d+", printed)
    assert passed and int(passed[1]) > 0, printed[-2000:]
    assert failed == DIFFERENT.get(family, set()), printed[-6000:]


def test_the_course_and_the_rest_interface(
    addresses: list[str], environment_of: Callable[..., Path], tmp_path: Path
) -> None:
    """The steps of the recordings but those of the exercises that need Kafka."""
    if addresses[2:]:
        pytest.skip(f"the recorder asks the server at 8097 and the minion at 9514, and {addresses[2]}")
    python = environment_of("confluent-kafka", "requests") / "python"
    admin = Path(sys.executable).parent / "pinot-admin.sh"
    places = ["--controller", addresses[0], "--broker", addresses[1], "--admin", str(admin)]
    ran(python, "course.py", str(tmp_path), *places, "--only", *WITHOUT_STREAMS)
    printed = ran(python, "course_compare.py", str(tmp_path), "--show", "60")
    files = re.findall(r"^(\S+) +(\d+) of (\d+) agree", printed, re.MULTILINE)
    counted = [(int(agreed), int(total)) for name, agreed, total in files if name not in OF_STREAMS]
    agreed, total = map(sum, zip(*counted, strict=True))
    assert agreed >= COURSE * total, printed
