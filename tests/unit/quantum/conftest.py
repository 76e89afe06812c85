"""A mesh folder of one or two products on CSV files, applied by the real verbs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from meshloom.product.apply import Applied, Event, apply
from meshloom.product.platform import Platform
from meshloom.quantum.container import Container
from meshloom.spec.load import load_mesh

HEADER = "id,shop,amount,sold_at\n"


class Folder:
    """A mesh's folder and its home; `open` gives a platform as a new process would have it."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, root / ".meshloom"
        self._open: list[Container] = []
        self.events: list[Event] = []
        self._write("mesh.yaml", {"name": "tiny", "title": "Tiny", "purposes": {"work": "Working"}})
        self._write("identities.yaml", {"personas": []})
        self._write("domains/shops/domain.yaml", {"name": "shops", "title": "Shops", "owner": "shop-team"})
        self.product("sales", HEADER)

    def _write(self, name: str, document: object) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def product(
        self, name: str, csv: str, *, sql: str = "", reads: str = "", rules: list[dict[str, object]] = ()
    ) -> None:  # type: ignore[assignment]
        """Declare a product: on a CSV file, or with `reads` on another product's table."""
        folder = f"domains/shops/{name}"
        columns = [
            {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
            {"name": "shop", "logicalType": "string"},
            {"name": "amount", "logicalType": "number"},
            {"name": "sold_at", "logicalType": "timestamp"},
        ]
        contract = {
            "apiVersion": "v3.1.0", "kind": "DataContract", "id": name, "version": "1.0.0", "status": "active",
            "name": name, "schema": [{"name": name.replace("-", "_"), "properties": columns}],
            "customProperties": [{"property": "meshloom.actualTime", "value": "sold_at"}],
        }  # fmt: skip
        source = (
            {"kind": "product", "urn": f"urn:meshloom:tiny:shops:{reads}:table"}
            if reads
            else {"kind": "file", "path": "data/rows.csv", "format": "csv"}
        )
        manifest: dict[str, object] = {
            "apiVersion": "v1.1.0", "kind": "DataProduct", "id": f"urn:meshloom:tiny:shops:{name}", "name": name,
            "version": "1.0.0", "status": "active", "domain": "shops",
            "type": "aggregate" if reads else "sourceAligned", "description": {"purpose": "Testing"},
            "team": {"name": "shop-team", "members": [{"username": "olga", "role": "owner"}]},
            "inputPorts": [{
                "name": "rows", "version": "1.0.0", "contractId": reads or f"{name}-source",
                "customProperties": [{"property": "meshloom.source", "value": source}],
            }],
            "outputPorts": [
                {"name": kind, "type": kind, "version": "1.0.0", "contractId": name} for kind in ("table", "files")
            ],
        }  # fmt: skip
        if sql:
            steps = [{"sql": "transform.sql", "output": name}]
            manifest["customProperties"] = [{"property": "meshloom.transformation", "value": steps}]
            (self.root / folder).mkdir(parents=True, exist_ok=True)
            (self.root / folder / "transform.sql").write_text(sql)
        self._write(f"{folder}/product.odps.yaml", manifest)
        self._write(f"{folder}/contracts/{name}.odcs.yaml", contract)
        if not reads:
            self.rows(csv, name)

    def rows(self, csv: str, name: str = "sales") -> None:
        path = self.root / f"domains/shops/{name}/data/rows.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv if csv.startswith("id") else HEADER + csv)

    def open(self) -> Platform:
        self.close()
        self._open.append(Container.open(self.home))
        return Platform(load_mesh(self.root), self._open[-1])

    def apply(self, platform: Platform, *names: str) -> Applied:
        self.events.clear()
        return apply(platform, names, self.events.append)

    def close(self) -> None:
        while self._open:
            self._open.pop().close()


def query(platform: Platform, sql: str, **options: str) -> list[list[object]]:
    answer = platform.container.cluster.broker.query(sql, options)
    assert not answer["exceptions"], answer["exceptions"]
    rows: list[list[object]] = answer["resultTable"]["rows"]
    return rows


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    found = Folder(tmp_path)
    yield found
    found.close()
