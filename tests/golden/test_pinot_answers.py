"""Answers recorded from Apache Pinot 1.5.1's own single-stage code (pinot-core, pinot-segment-local: Apache-2.0) over
the tables beside them: `*.jsonl`, a query a line with its column names, types and rows, or that it is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster

FOLDER = Path(__file__).parent / "pinot_answers"
TABLES = sorted(path.parent for path in FOLDER.glob("*/schema.json"))
TOLD = frozenset(("sql", "names", "types", "rows", "refused"))
FILES = sorted(FOLDER.glob("*.jsonl"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster.open(tmp_path_factory.mktemp("engine"))
    for table in TABLES:
        made.controller.add_schema(json.loads((table / "schema.json").read_text()))
        made.controller.add_table(json.loads((table / "table.json").read_text()))
        for rows in sorted(table.glob("*.jsonl")):
            made.controller.ingest_file(f"{table.name}_OFFLINE", rows, {"inputFormat": "json"})
    yield made
    made.close()


def alike(ours: Any, pinots: Any) -> bool:
    """The same JSON value; doubles that were summed in another order may differ in their last digits."""
    if isinstance(ours, list) and isinstance(pinots, list):
        return len(ours) == len(pinots) and all(map(alike, ours, pinots))
    if isinstance(ours, float) and isinstance(pinots, float):
        return math.isclose(ours, pinots, rel_tol=1e-12)
    return type(ours) is type(pinots) and bool(ours == pinots)


def difference(case: dict[str, Any], answer: dict[str, Any]) -> str | None:
    if "refused" in case:
        return None if answer["exceptions"] else "answered, and Pinot refuses it"
    if answer["exceptions"]:
        return str(answer["exceptions"][0]["message"])
    others = {name: answer[name] for name in case if name not in TOLD}
    if any(case[name] != value for name, value in others.items()):
        return f"{others} in place of { {name: case[name] for name in others} }"
    if "rows" not in case:
        return None
    found = answer["resultTable"]
    schema = {"columnNames": case["names"], "columnDataTypes": case["types"]}
    if found["dataSchema"] != schema:
        return f"{found['dataSchema']} in place of {schema}"
    wanted, rows = case["rows"], found["rows"]
    if "group by" in case["sql"] and "explain" not in case["sql"] and "order by" not in case["sql"]:
        wanted, rows = sorted(wanted, key=json.dumps), sorted(rows, key=json.dumps)
    return None if alike(rows, wanted) else f"{rows} in place of {wanted}"


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_answers(path: Path, cluster: Cluster) -> None:
    cases = [json.loads(line) for line in path.read_text().splitlines()]
    found = {case["sql"]: difference(case, cluster.broker.query(case["sql"], {})) for case in cases}
    wrong = [f"{sql}\n    {what}" for sql, what in found.items() if what is not None]
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong[:20])
