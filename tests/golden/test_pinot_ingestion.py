"""What Apache Pinot 1.5.1's own record pipeline (TransformPipeline of pinot-segment-local: Apache-2.0) makes of the
records of `pinot_answers/calls` by a transformConfig: a line is a function, the type of its column and its values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster

HERE = Path(__file__).parent
RECORDS = HERE / "pinot_answers" / "calls"
CASES = [json.loads(line) for line in (HERE / "pinot_ingestion.jsonl").read_text().splitlines()]
IN_ONE_TABLE = 20


def field(place: int, case: dict[str, Any]) -> dict[str, Any]:
    one = {"name": f"result{place}", "dataType": case["type"]}
    return {**one, "singleValueField": False} if case.get("mv") else one


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster.open(tmp_path_factory.mktemp("engine"))
    schema = json.loads((RECORDS / "schema.json").read_text())
    table = json.loads((RECORDS / "table.json").read_text())
    for first in range(0, len(CASES), IN_ONE_TABLE):
        name, cases = f"calls{first}", list(enumerate(CASES))[first : first + IN_ONE_TABLE]
        fields = [*schema["dimensionFieldSpecs"], *(field(place, case) for place, case in cases)]
        made.controller.add_schema({"schemaName": name, "dimensionFieldSpecs": fields})
        functions = [{"columnName": f"result{at}", "transformFunction": case["function"]} for at, case in cases]
        made.controller.add_table({**table, "tableName": name, "ingestionConfig": {"transformConfigs": functions}})
        made.controller.ingest_file(f"{name}_OFFLINE", RECORDS / "rows.jsonl", {"inputFormat": "json"})
    yield made
    made.close()


def alike(ours: Any, pinots: Any) -> bool:
    """The same value, whatever its type in JSON."""
    if isinstance(ours, list) and isinstance(pinots, list):
        return len(ours) == len(pinots) and all(map(alike, ours, pinots))
    if isinstance(ours, int | float) and isinstance(pinots, int | float):
        return ours == pinots or math.isclose(ours, pinots, rel_tol=1e-12)
    return bool(ours == pinots)


@pytest.mark.parametrize("first", range(0, len(CASES), IN_ONE_TABLE))
def test_values(first: int, cluster: Cluster) -> None:
    wrong = []
    for place, case in enumerate(CASES[first : first + IN_ONE_TABLE], first):
        answer = cluster.broker.query(f"SELECT result{place} FROM calls{first}", {"enableNullHandling": "true"})
        assert not answer["exceptions"], answer["exceptions"]
        found = [row[0] for row in answer["resultTable"]["rows"]]
        if not alike(found, case["values"]):
            wrong.append(f"{case['function']}: {found} in place of {case['values']}")
    assert not wrong, "\n".join(wrong)
