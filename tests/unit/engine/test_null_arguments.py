"""One null argument makes a function's answer null, in both engines, where null handling is on; but for a few."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import pytest

from meshloom.engine.cluster import Cluster
from meshloom.engine.sql.functions.registry import SCALARS, Scalar

TYPES = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL", "BOOLEAN", "TIMESTAMP", "STRING", "JSON", "BYTES")
ANY = ("STRING", "INT", "STRING_ARRAY", "INT_ARRAY", "DOUBLE_ARRAY", "BYTES", "LONG", "BOOLEAN", "TIMESTAMP")
TRIED = 24  # combinations of types, for those that take what comes
SAY_SOMETHING = {
    "array", "arrayvalueconstructor", "isnull", "isnotnull", "istrue", "isnottrue", "isfalse", "isnotfalse",
    "isdistinctfrom", "isnotdistinctfrom", "throwerror",
    "tohll", "tothetasketch", "tocpcsketch", "tointegersumtuplesketch",  # nullableParameters: an empty sketch
}  # fmt: skip
NAMES = sorted(name for name, scalar in SCALARS.items() if scalar.most != 0 and name not in SAY_SOMETHING)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("engine")
    found = Cluster.open(home / "cluster")
    fields = [{"name": "k", "dataType": "INT"}]
    for type_ in TYPES:
        fields.append({"name": f"c{type_}", "dataType": type_})
        if type_ not in ("JSON", "BIG_DECIMAL"):
            fields.append({"name": f"c{type_}_ARRAY", "dataType": type_, "singleValueField": False})
    schema = {"schemaName": "t", "enableColumnBasedNullHandling": True, "dimensionFieldSpecs": fields}
    found.controller.add_schema(schema)
    found.controller.add_table(
        {
            "tableName": "t",
            "tableType": "OFFLINE",
            "segmentsConfig": {"replication": "1"},
            "tenants": {},
            "metadata": {},
            "tableIndexConfig": {"nullHandlingEnabled": True},
        }
    )
    file = home / "rows.json"
    file.write_text('{"k": 1}')
    found.controller.ingest_file("t_OFFLINE", file, {"inputFormat": "json"})
    yield found
    found.close()


def calls(scalar: Scalar) -> Iterator[str]:
    """Calls of columns that hold null, of the parameters' types."""
    counts = {max(scalar.least, 1), scalar.most if scalar.most > 0 else max(scalar.least, 2)}
    for count in counts:
        wanted = [
            scalar.parameters[min(n, len(scalar.parameters) - 1)] if scalar.parameters else "" for n in range(count)
        ]
        for types in islice(product(*([type_] if type_ else ANY for type_ in wanted)), TRIED):
            yield f"{scalar.name}({', '.join(f'c{type_}' for type_ in types)})"


@pytest.mark.parametrize("name", NAMES)
def test_null_in_null_out(cluster: Cluster, name: str) -> None:
    """Types that the function does not take are refused, and tell nothing here."""
    for call in calls(SCALARS[name]):
        for engine in ("true", "false"):
            options = {"enableNullHandling": "true", "useMultistageEngine": engine}
            answer: dict[str, Any] = cluster.broker.query(f"SELECT {call} FROM t", options)
            assert answer["exceptions"] or answer["resultTable"]["rows"] == [[None]], call
