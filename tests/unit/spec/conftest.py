"""A small mesh in a folder that a test may spoil."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from meshloom.errors import Problem
from meshloom.product.init import init_domain, init_mesh, init_product
from meshloom.product.validate import validate
from meshloom.spec.load import check_mesh

MANIFEST = "domains/sales/{}/product.odps.yaml"
CONTRACT = "domains/sales/{0}/contracts/{0}.odcs.yaml"


@dataclass
class MeshFolder:
    """The mesh `shop`: `orders` reads a file, `big-orders` reads `orders` with SQL."""

    root: Path

    def manifest(self, product: str = "orders") -> str:
        return MANIFEST.format(product)

    def contract(self, product: str = "orders") -> str:
        return CONTRACT.format(product)

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text, f"{path} does not hold {old!r}"
        (self.root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    def write(self, path: str, text: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def spec_problems(self) -> list[str]:
        return [str(problem) for problem in check_mesh(self.root)[1]]

    def problems(self) -> list[str]:
        return [str(problem) for problem in validate(self.root)]

    def found(self) -> tuple[Problem, ...]:
        return validate(self.root)


@pytest.fixture
def mesh(tmp_path: Path) -> MeshFolder:
    root = tmp_path / "shop"
    init_mesh(root)
    init_domain(root, "sales")
    init_product(root, "orders", "sales")
    init_product(root, "big-orders", "sales", "aggregate", reads="orders")
    return MeshFolder(root)
