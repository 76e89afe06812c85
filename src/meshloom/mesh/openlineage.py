"""OpenLineage run events, one for each run of a product, kept as they were emitted (data-mesh.md, H3).

Source: OpenLineage spec 2-0-2 (`RunEvent`), column lineage facet 1-2-0, schema facet 1-1-1.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from meshloom import __version__
from meshloom.mesh.lineage import Column, MeshLineage
from meshloom.spec.contract import Contract
from meshloom.spec.product import MeshSpec, Product
from meshloom.spec.time import format_instant

PRODUCER = f"https://github.com/meshloom/meshloom/tree/{__version__}"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets/"
SCHEMA = """
CREATE TABLE IF NOT EXISTS lineage_event (
    id INTEGER PRIMARY KEY, product TEXT NOT NULL, run TEXT NOT NULL, event TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS lineage_event_product ON lineage_event (product);
"""


def run_event(
    spec: MeshSpec,
    product: Product,
    lineage: MeshLineage,
    *,
    run: str,
    at: datetime,
    versions: dict[str, str],
) -> dict[str, Any]:
    """The COMPLETE event of one run.

    Args:
        run: the run's id; a UUID stays, anything else becomes a UUID made from it.
        at: when the run ended, aware.
        versions: contract id to the processing time that was published.
    """
    outputs = []
    inputs: dict[str, None] = {}
    for contract in product.contracts:
        port = next((port for port in product.outputs if port.contract.id == contract.id), None)
        if port is None:
            continue
        holder = str(product.urn.of_port(port.name))
        sources = {c.name: lineage.upstream.get((holder, c.name), ()) for c in contract.columns}
        inputs |= dict.fromkeys(source for columns in sources.values() for source, _ in columns)
        rows = lineage.rows.get(holder, ())
        inputs |= dict.fromkeys(source for source, _ in rows)
        facets = {"schema": _schema(contract), "columnLineage": _columns(spec, sources, rows)}
        if contract.id in versions:
            facets["version"] = _facet("1-0-1/DatasetVersionDatasetFacet.json", datasetVersion=versions[contract.id])
        outputs.append({**_dataset(spec, holder), "facets": facets})
    owners = [{"name": product.owner, "type": "OWNER"}]
    return {
        "eventType": "COMPLETE",
        "eventTime": format_instant(at),
        "producer": PRODUCER,
        "schemaURL": SPEC,
        "run": {"runId": _uuid(run), "facets": {}},
        "job": {
            "namespace": f"meshloom://{spec.name}",
            "name": f"{product.urn.domain}.{product.name}",
            "facets": {
                "documentation": _facet("1-0-1/DocumentationJobFacet.json", description=product.purpose),
                "ownership": _facet("1-0-1/OwnershipJobFacet.json", owners=owners),
                **_code(product),
            },
        },
        "inputs": [_dataset(spec, holder) for holder in inputs],
        "outputs": outputs,
    }


class LineageEvents:
    """The events of every run, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connect() as connection:
            connection.executescript(SCHEMA)

    def add(self, product: str, event: dict[str, Any]) -> None:
        """Keep an event of a product (its URN); a run that is told again replaces what it told before."""
        run = event["run"]["runId"]
        with self._connect() as connection:
            connection.execute("DELETE FROM lineage_event WHERE product = ? AND run = ?", (product, run))
            connection.execute(
                "INSERT INTO lineage_event (product, run, event) VALUES (?, ?, ?)", (product, run, json.dumps(event))
            )

    def newest(self, product: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Events, newest first, of one product or of all."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT event FROM lineage_event WHERE ? IN ('', product) ORDER BY id DESC LIMIT ?", (product, limit)
            ).fetchall()
        return [json.loads(event) for (event,) in rows]

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
            yield connection


def _facet(schema: str, **values: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": FACETS + schema, **values}


def _dataset(spec: MeshSpec, holder: str) -> dict[str, Any]:
    """A port as `meshloom://<mesh>` and its path; a file or a package by its own namespace."""
    if holder.startswith("source:"):
        package, colon, resource = holder.removeprefix("source:").partition(":")
        return (
            {"namespace": f"package://{package}", "name": resource} if colon else {"namespace": "file", "name": package}
        )
    _, _, _, domain, product, port = holder.split(":")
    return {"namespace": f"meshloom://{spec.name}", "name": f"{domain}.{product}.{port}"}


def _schema(contract: Contract) -> dict[str, Any]:
    fields = [
        {"name": column.name, "type": column.physical or column.type, "description": column.description}
        for column in contract.columns
    ]
    return _facet("1-1-1/SchemaDatasetFacet.json", fields=fields)


def _columns(spec: MeshSpec, sources: dict[str, tuple[Column, ...]], rows: tuple[Column, ...]) -> dict[str, Any]:
    """Fields by the columns that their values are made of, and the dataset by those that only choose rows."""
    fields: dict[str, Any] = defaultdict(lambda: {"inputFields": []})
    for name, columns in sources.items():
        for holder, column in columns:
            direct = [{"type": "DIRECT", "subtype": "TRANSFORMATION"}]
            fields[name]["inputFields"].append({**_dataset(spec, holder), "field": column, "transformations": direct})
    indirect = [{"type": "INDIRECT", "subtype": "FILTER"}]
    chosen = [{**_dataset(spec, holder), "field": column, "transformations": indirect} for holder, column in rows]
    return _facet(
        "1-2-0/ColumnLineageDatasetFacet.json", fields=dict(fields), **({"dataset": chosen} if chosen else {})
    )


def _code(product: Product) -> dict[str, Any]:
    step = next((step for step in product.transformations if step.text), None)
    if step is None:
        return {}
    if step.language.value == "sql":
        return {"sql": _facet("1-1-0/SQLJobFacet.json", query=step.text, dialect="duckdb")}
    schema = "1-0-1/SourceCodeJobFacet.json"
    return {"sourceCode": _facet(schema, language=step.language.value, sourceCode=step.text)}


def _uuid(run: str) -> str:
    try:
        return str(uuid.UUID(run))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"meshloom:run:{run}"))
