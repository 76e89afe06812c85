"""Where quanta run on this machine: the lake, the real-time tables and the registry of one home, opened together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshloom.engine.cluster import Cluster
from meshloom.infra.lake.iceberg import IcebergLake
from meshloom.infra.metadata import Store
from meshloom.quantum import record, tables
from meshloom.quantum.deployed import Deployed, DeployedPort


@dataclass(frozen=True, slots=True)
class Container:
    """One home's quanta. Open with `Container.open`; only one process may hold a home."""

    home: Path
    store: Store
    lake: IcebergLake
    cluster: Cluster
    deployed: Deployed

    @classmethod
    def open(cls, home: Path) -> Container:
        """Raises ComputeError when another process holds the home, Broken when its state cannot be read."""
        home.mkdir(parents=True, exist_ok=True)
        store = Store(home / "meta.sqlite")
        return cls(home, store, IcebergLake(home / "lake"), Cluster.open(home / "engine"), Deployed(store))

    def serve(self, port: DeployedPort) -> int:
        """Make the port's table the projection of its record; returns the number of segments pushed."""
        return tables.serve(self.cluster, port, record.publishes(self.lake, port.record))

    def serves(self, port: DeployedPort) -> bool:
        """Whether the port's table holds every publish of its record."""
        return tables.serves(self.cluster, port, record.publishes(self.lake, port.record))

    def withdraw(self, table: str) -> None:
        """Stop serving a table; its record stays."""
        tables.withdraw(self.cluster, table)

    def close(self) -> None:
        self.cluster.close()
        self.lake.close()
        self.store.close()
