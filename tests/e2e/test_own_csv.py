"""From nothing to a governed answer on a CSV of one's own: under ten commands, only its contract edited (G1)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CSV = "id,name,price,day\n1,Bolt,1.5,2026-01-02\n2,Nut,2,2026-01-03\n3,Cog,free,2026-01-04\n"


class Shell:
    """Runs `meshloom` as a person would, and counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = 0

    def run(self, *arguments: str, code: int = 0) -> str:
        self.commands += 1
        done = subprocess.run(
            [sys.executable, "-m", "meshloom", *arguments],
            cwd=self.folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.mark.slow
def test_a_csv_becomes_a_governed_product(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "parts.csv").write_text(CSV.replace("free", "3"), encoding="utf-8")
    shell.run("init", "mesh", "shop")
    shell.folder = tmp_path / "shop"
    shell.run("init", "domain", "sales")
    shell.run("init", "product", "parts", "--domain", "sales", "--type", "source-aligned", "--data", "../parts.csv")
    contract = shell.folder / "domains/sales/parts/contracts/parts.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    price = '- name: "price"\n        logicalType: number\n'
    assert price in text
    contract.write_text(text.replace(price, f"{price}        classification: restricted\n"), encoding="utf-8")
    (shell.folder / "domains/sales/parts/data/parts.csv").write_text(CSV, encoding="utf-8")
    assert "is valid" in shell.run("validate")
    assert "2 new, 1 in quarantine" in shell.run("apply")
    sql = "SELECT name, price FROM parts ORDER BY name"
    analyst = shell.run("query", sql, "--as", "ada", "--purpose", "analysis", "--format", "csv")
    owner = shell.run("query", sql, "--as", "otto", "--purpose", "operations", "--format", "csv")
    assert shell.commands < 10
    assert "1.5" not in analyst and "Bolt" in analyst and "Nut" in analyst
    assert '"Bolt",1.5' in owner and '"Nut",2' in owner and "Cog" not in owner
    assert "price" in shell.run("query", sql, "--as", "ada", "--purpose", "analysis")  # the decision names the mask
    assert "purpose" in shell.run("query", sql, "--as", "ada", code=3)
    held = shell.run("quarantine", "parts", "--as", "otto", "--purpose", "operations")
    assert "price.type" in held and "free" in held
    assert "free" not in shell.run("quarantine", "parts", "--as", "ada", "--purpose", "analysis")
