"""Apache Pinot's Java client and JDBC driver 1.2.0 from Maven Central, unmodified.

Brokers are found by a list and through the controller; discovery through ZooKeeper has nothing to discover here.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "java"


@pytest.fixture(scope="session")
def classpath(downloads: Path) -> str:
    """The clients' jars, taken once."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt-get install openjdk-17-jdk-headless maven")
    kept = downloads / "java-1.2.0.classpath"
    if kept.exists() and all(Path(jar).exists() for jar in kept.read_text().split(":")):
        return kept.read_text()
    words = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:build-classpath", f"-Dmdep.outputFile={kept}"]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"Maven Central cannot be reached: {done.stdout.strip().splitlines()[:1]}")
    return kept.read_text()


@pytest.fixture(scope="module")
def told(classpath: str, engine: Any) -> dict[str, str]:
    """What the program printed."""
    places = [address.removeprefix("http://") for address in (engine.controller, engine.broker)]
    words = ["java", "-cp", classpath, "-Duser.timezone=UTC", str(HERE / "Queries.java"), *places]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["hosts", "controller"])
def test_the_client(told: dict[str, str], way: str) -> None:
    assert told[f"{way}.row0"] == '1|O\'Hara 100%|["x","y"]|1.25'
    assert told[f"{way}.row1"] == '2|Zoë|["y"]|1.0E300'
    assert told[f"{way}.columns"] == "id,name INT"
    assert told[f"{way}.docs"] == "3 1 false"
    assert told[f"{way}.grouped"] == "133"
    assert told[f"{way}.prepared"] == "1"
    assert told[f"{way}.future"] == "3"
    assert told[f"{way}.refused"] == told[f"{way}.nowhere"] == "true"


@pytest.mark.slow
def test_the_multi_stage_engine(told: dict[str, str]) -> None:
    assert told["multistage"] == "400"


@pytest.mark.slow
def test_jdbc(told: dict[str, str]) -> None:
    assert told["jdbc.values"].startswith("1|9007199254740993|O'Hara 100%|true|1.25|2024-02-29 12:30:45.678|00ff|{")
    assert told["jdbc.timestamp"] == "2024-02-29 12:30:45.0"  # the driver's own: it cuts what is below a second
    assert told["jdbc.second"] == "Zoë"
    assert told["jdbc.last"] == told["jdbc.refused"] == "true"
    assert told["jdbc.prepared"] == "Rio true"
    assert {"kinds", "visits"} <= set(told["jdbc.tables"].strip("[]").split(", "))
    assert "at TIMESTAMP" in told["jdbc.kinds"]
