"""What a developer's verbs work on: one mesh's declaration and the quanta that run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshloom.infra.lake import Lake
from meshloom.infra.metadata import Store
from meshloom.quantum.container import Container
from meshloom.quantum.deployed import Deployed
from meshloom.spec.product import MeshSpec


@dataclass(slots=True)
class Platform:
    """An open home. `spec` is what the folder declares now; `deployed` is what was applied."""

    spec: MeshSpec
    container: Container

    @property
    def root(self) -> Path:
        return Path(self.spec.root)

    @property
    def home(self) -> Path:
        return self.container.home

    @property
    def store(self) -> Store:
        return self.container.store

    @property
    def lake(self) -> Lake:
        return self.container.lake

    @property
    def deployed(self) -> Deployed:
        return self.container.deployed
