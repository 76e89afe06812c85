"""The 26 queries of the course's fifth exercise, in its own file, against the answers of a real Apache Pinot 1.5.1.

The pages of the exercises are run with the rest of the documentation (tests/docs).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.broker.broker import Broker
from meshloom.engine.cluster import Cluster

COURSE = Path(__file__).parents[2] / "examples/pinot-201"
ANSWERS = json.loads((COURSE / "answers/05-queries.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    cluster = Cluster.open(tmp_path_factory.mktemp("course"))
    folder = COURSE / "05-queries"
    cluster.controller.add_schema(json.loads((folder / "gitHub_events_schema.json").read_text()))
    cluster.controller.add_table(json.loads((folder / "gitHub_events_offline_table_config.json").read_text()))
    batch = {"inputFormat": "json", "sequenceId": "0"}
    cluster.controller.ingest_file("github_events_OFFLINE", COURSE / "data/github_events.json.gz", batch)
    yield cluster.broker
    cluster.close()


def plain(value: Any) -> Any:
    """A cell as it is compared: numbers to six digits (a sum of doubles depends on the order of its rows), the keys of
    JSON in no order (Pinot has that of Java's HashMap)."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(f"{value:.6g}")
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return sorted(map(plain, value)) if isinstance(value, list) else value


def rows_of(answer: dict[str, Any], number: int) -> Any:
    rows = [[plain(cell) for cell in row] for row in answer["resultTable"]["rows"]]
    if number == 3:  # a percentile by T-Digest is exact here; Pinot's interpolates between a label and "no label"
        return [row[:2] for row in rows]
    if number == 12:  # LIMIT 5 falls among groups that tie
        return [sorted(row for row in rows if row[-1] == 1), [row[-1] for row in rows]]
    return rows


@pytest.mark.parametrize("recorded", ANSWERS, ids=lambda recorded: f"query-{recorded['query']}")
def test_a_query_of_the_course(broker: Broker, recorded: dict[str, Any]) -> None:
    answer, number = broker.query(recorded["sql"]), recorded["query"]
    assert answer["exceptions"] == []
    assert answer["resultTable"]["dataSchema"] == recorded["resultTable"]["dataSchema"]
    assert rows_of(answer, number) == rows_of(recorded, number)


def test_the_answers_are_those_of_the_courses_file() -> None:
    """In its order, comments left out."""
    text = re.sub(r"^--.*$", "", (COURSE / "05-queries/queries.sql").read_text(), flags=re.MULTILINE)
    asked = [re.sub(r"\s+", " ", one).strip() for one in re.split(r";\s*\n|\n\s*\n", text)]
    assert [one for one in asked if one] == [re.sub(r"\s+", " ", one["sql"]).strip() for one in ANSWERS]
