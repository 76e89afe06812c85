"""Whatever a file holds, `validate` answers with problems that have a place, and never with a trace."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshloom.product.validate import validate
from meshloom.spec.load import check_mesh

MARKET = Path(__file__).parents[3] / "examples/market"
ODD: list[Any] = [
    None, 0, -1, 1.5, "", True, [], {}, "ärger", "x" * 300, [None], [[1]], {"a": None}, float("nan"), 10**30,
    "2026-13-45", {"property": "meshloom.onViolation", "value": "tag"},
    [{"property": "meshloom.source", "value": None}],
]  # fmt: skip
STROKES = ["", "\n", ":", "{", '"', "\t", "- ", "&a", "*a", "!!x", "#", "\x00", "(", ")", "'", ";"]


def spoilt(value: Any, chance: random.Random) -> Any:
    """The value with keys lost or misspelt, and parts of it replaced by something odd."""
    if chance.random() < 0.03:
        return chance.choice(ODD)
    if isinstance(value, dict):
        kept = {key: spoilt(item, chance) for key, item in value.items() if chance.random() > 0.01}
        return {f"{key}x" if chance.random() < 0.01 else key: item for key, item in kept.items()}
    return [spoilt(item, chance) for item in value] if isinstance(value, list) else value


def smudged(text: str, chance: random.Random) -> str:
    """The text with up to four characters replaced."""
    letters = list(text)
    for _ in range(chance.randint(1, 4)):
        letters[chance.randrange(len(letters))] = chance.choice(STROKES)
    return "".join(letters)


@pytest.mark.parametrize("seed", range(12))
def test_no_file_breaks_it(mesh: Any, seed: int) -> None:
    chance = random.Random(seed)
    rich = (MARKET / "domains/store-ops/pos-transactions/contracts/pos-transactions.odcs.yaml").read_text(
        encoding="utf-8"
    )
    mesh.write(mesh.contract("orders"), rich.replace("id: pos-transactions\n", "id: orders\n", 1))
    files = sorted(path for path in mesh.root.rglob("*") if path.suffix in (".yaml", ".sql", ".rego"))
    for _ in range(8):
        path = chance.choice(files)
        before = path.read_text(encoding="utf-8")
        if path.suffix == ".yaml" and chance.random() < 0.8:
            path.write_text(yaml.safe_dump(spoilt(yaml.safe_load(before), chance), sort_keys=False), encoding="utf-8")
        else:
            path.write_text(smudged(before, chance), encoding="utf-8")
        found = validate(mesh.root) if chance.random() < 0.3 else check_mesh(mesh.root)[1]
        assert all(problem.code and problem.what and problem.file for problem in found)
        path.write_text(before, encoding="utf-8")
