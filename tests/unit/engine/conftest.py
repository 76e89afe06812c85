"""A cluster with tables made of rows, for the tests of queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster


@dataclass
class Tables:
    """One cluster and what tests do with it."""

    cluster: Cluster
    home: Path

    def add(self, schema: dict[str, Any], rows: list[dict[str, Any]], **config: Any) -> None:
        """A schema, its OFFLINE table and one segment of rows."""
        name = schema["schemaName"]
        base = {"tableName": name, "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}}
        self.cluster.controller.add_schema(schema)
        self.cluster.controller.add_table(base | {"tenants": {}, "tableIndexConfig": {}, "metadata": {}} | config)
        file = self.home / f"{name}.json"
        file.write_text("\n".join(json.dumps(row) for row in rows))
        self.cluster.controller.ingest_file(f"{name}_OFFLINE", file, {"inputFormat": "json"})

    def rows(self, sql: str, **options: str) -> Any:
        found = self.cluster.broker.query(sql, options)
        assert not found["exceptions"], found["exceptions"]
        return found["resultTable"]["rows"]

    def error(self, sql: str, **options: str) -> tuple[int, str]:
        (found,) = self.cluster.broker.query(sql, options)["exceptions"]
        return found["errorCode"], found["message"]


@pytest.fixture(scope="module")
def new_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Tables]]:
    made: list[Tables] = []

    def make() -> Tables:
        home = tmp_path_factory.mktemp("engine")
        made.append(Tables(Cluster.open(home), home))
        return made[-1]

    yield make
    for tables in made:
        tables.cluster.close()
