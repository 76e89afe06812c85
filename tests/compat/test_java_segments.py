"""Segments and Apache Pinot 1.5.1's own classes from Maven Central: those that they build now are read here, those that
are downloaded from here are loaded there, and their push client pushes to this controller."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.engine.pinot_segments import reading, specs

HERE = Path(__file__).parent / "java"
Java = Callable[..., None]
DELTA = ("delta", "twice")  # Pinot does not read what it wrote, see pinot_segments/README.md


@pytest.fixture(scope="session")
def java(downloads: Path) -> Java:
    """Runs one of the programs with Pinot's jars, taken once."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt-get install openjdk-17-jdk-headless maven")
    kept = downloads / "pinot-segment-local-1.5.1.classpath"
    if not kept.exists() or not all(Path(jar).exists() for jar in kept.read_text().split(":")):
        pom = str(reading.HERE / "pom.xml")
        words = ["mvn", "-q", "-B", "-f", pom, "dependency:build-classpath", f"-Dmdep.outputFile={kept}"]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"Maven Central cannot be reached: {done.stdout.strip().splitlines()[:1]}")

    def run(program: Path, *arguments: object) -> None:
        words = ["java", "-Xmx1g", "-cp", kept.read_text(), str(program), *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr[-3000:]

    return run


def anything(seed: int) -> dict[str, Any]:
    """Columns of every type with any values, in any encoding."""
    draw = random.Random(seed)
    fields, configs = [], []
    for number in range(60):
        kind, several = draw.choice(specs.TYPES), draw.random() < 0.3
        several = several and kind not in ("JSON", "BIG_DECIMAL", "BOOLEAN")
        fields.append(specs.dimension(f"c{number}", kind, several))
        if draw.random() < 0.5:
            docs = draw.choice([7, 100, 10_000])
            codec = draw.choice(specs.CODECS)
            configs.append(specs.raw(f"c{number}", codec, draw.randint(2, 5), targetDocsPerChunk=docs))
    spread = {field["name"]: draw.choice([1, 2, 50, 3000]) for field in fields}

    def one(field: dict[str, Any]) -> Any:
        def value() -> Any:
            return specs.value(field["dataType"], draw.randrange(spread[field["name"]]))

        if draw.random() < 0.05:
            return None
        return value() if field.get("singleValueField", True) else [value() for _ in range(draw.randrange(5))]

    rows = [{field["name"]: one(field) for field in fields} for _ in range(draw.choice([1, 9, 700, 3001]))]
    return specs.spec(f"anything_{seed}", fields, rows, configs=configs)


def same(told: dict[str, Any], found: dict[str, list[Any]], skipped: tuple[str, ...] = ()) -> None:
    """Every value of every column, as Pinot told them."""
    kinds = {name: one for name, one in told["columns"].items() if not name.startswith("$")}
    assert set(found) == set(kinds)
    for name, one in kinds.items():
        if told["rows"] and "values" in one and name not in skipped:
            assert [reading.plain(value, one["type"]) for value in found[name]] == reading.expected(one), name


@pytest.mark.slow
def test_segments_that_pinot_builds_now(java: Java, tmp_path: Path) -> None:
    made = {spec["name"]: spec for spec in (*specs.all_specs(), *map(anything, range(6)))}
    for name, spec in made.items():
        (tmp_path / f"{name}.spec.json").write_text(json.dumps(spec))
    java(reading.HERE / "Segments.java", "build", tmp_path, *sorted(tmp_path.glob("*.spec.json")))
    for name, spec in made.items():
        told = json.loads((tmp_path / f"{name}.json").read_text())
        metadata, found = reading.columns(tmp_path / f"{name}.tar.gz", spec["schema"])
        assert (str(metadata.crc), metadata.rows) == (told["crc"], len(spec["rows"]))
        same(told, found, DELTA)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tar", "uri", "metadata"])
def test_pinots_push_client_and_back_again(java: Java, engine: Any, kind: str, tmp_path: Path) -> None:
    """SegmentTarPush, SegmentUriPush, SegmentMetadataPush; then what is downloaded goes into Pinot's own loader."""
    (name,) = ("dictionaries",) if kind == "tar" else ("many",) if kind == "uri" else ("indexes",)
    spec = json.loads(json.dumps(next(spec for spec in specs.all_specs() if spec["name"] == name)))
    spec["schema"]["schemaName"], spec["table"]["tableName"] = "pinot", "pinot"
    with httpx.Client(base_url=engine.controller, timeout=60) as controller:
        added = controller.post("/schemas", json=spec["schema"])
        assert added.status_code == 200, added.text
        kept = ("tableName", "tableType", "segmentsConfig", "tenants", "metadata")
        raw = [field["name"] for field in spec["schema"]["dimensionFieldSpecs"]][::3]
        table = {key: spec["table"][key] for key in kept}
        table["tableIndexConfig"] = {"nullHandlingEnabled": True, "noDictionaryColumns": raw}
        controller.post("/tables", json=table).raise_for_status()
        try:
            java(HERE / "Push.java", engine.controller, "pinot", kind, reading.HERE / f"{name}.tar.gz")
            shown = controller.get(f"/segments/pinot/{name}/metadata").json()
            assert shown["segment.crc"] == reading.told(name)["crc"]
            got = controller.get(f"/segments/pinot/{name}")
            got.raise_for_status()
            (tmp_path / "got.tar.gz").write_bytes(got.content)
        finally:
            controller.delete("/tables/pinot").raise_for_status()
            controller.delete("/schemas/pinot").raise_for_status()
    java(reading.HERE / "Segments.java", "read", tmp_path, tmp_path / "got.tar.gz")
    back, told = json.loads((tmp_path / f"{name}.json").read_text()), reading.told(name)
    assert back["crc"] == back["computed"] and back["created"] == told["created"]
    for key in ("startTimeMillis", "endTimeMillis", "timeColumn", "totalDocs"):
        assert back["metadata"][key] == told["metadata"][key], key
    columns = {name for name in told["columns"] if not name.startswith("$")}
    assert set(back["columns"]) == columns
    assert {name for name, one in back["columns"].items() if not one["dictionary"]} >= {
        one for one in raw if "singleValueField" not in _field(spec, one)
    }
    for column, one in told["columns"].items():
        if column in columns and column not in DELTA and "values" in one:
            assert reading.expected(back["columns"][column]) == reading.expected(one), column
    _, found = reading.columns(tmp_path / "got.tar.gz", spec["schema"])
    same(back, found)


def _field(spec: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (field for field in spec["schema"]["dimensionFieldSpecs"] if field["name"] == name)
    return dict(found)


@pytest.mark.slow
def test_pinots_push_client_with_several(java: Java, engine: Any) -> None:
    """SegmentMetadataPush with batchSegmentUpload."""
    spec = next(spec for spec in specs.all_specs() if spec["name"] == "dictionaries")
    with httpx.Client(base_url=engine.controller, timeout=60) as controller:
        added = controller.post("/schemas", json=spec["schema"])
        assert added.status_code == 200, added.text
        table = {key: value for key, value in spec["table"].items() if key != "fieldConfigList"}
        controller.post("/tables", json=table).raise_for_status()
        try:
            tars = [reading.HERE / f"{name}.tar.gz" for name in ("dictionaries", "first_version")]
            java(HERE / "Push.java", engine.controller, "pinot", "batch", *tars)
            assert controller.get("/segments/pinot").json() == [{"OFFLINE": ["dictionaries", "first_version"]}]
            assert engine.rows("SELECT count(*), sum(up) FROM pinot") == [[122, 2 * sum(n // 5 for n in range(61))]]
        finally:
            controller.delete("/tables/pinot").raise_for_status()
            controller.delete("/schemas/pinot").raise_for_status()
