"""`datacontract-cli`, out of process, agrees with our compiled checks on the examples; skipped where it is missing.

It is found on the PATH or by MESHLOOM_DATACONTRACT (an environment of its own, because it pins our libraries).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from meshloom.infra.compute import open_reader
from meshloom.product.checks import compile_checks
from meshloom.spec.contract import Contract
from meshloom.spec.load import load_mesh

MARKET = Path(__file__).parents[3] / "examples/market"
SAMPLE = MARKET / "sample"
INPUTS = {"sales": "transactions", "products": "products", "households": "demographics"}
CASES = {
    "pos-transactions": {"quantity-in-pieces": 81, "free-of-charge": 47},
    "products": {},
    "households": {},
    "household-360": {},
    "daily-store-performance": {},
}


def second_opinion() -> str:
    found = os.environ.get("MESHLOOM_DATACONTRACT") or shutil.which("datacontract")
    if not found:
        pytest.skip("datacontract-cli is not installed; set MESHLOOM_DATACONTRACT to its command")
    return found


def rows_of(name: str, folder: Path) -> Path:
    """The rows that the product gives for the sample, as Parquet."""
    spec = load_mesh(MARKET, sample=True)
    product = spec.product(name)
    assert product is not None
    step = product.transformations[0]
    if not step.text:
        return MARKET / str(product.inputs[0].source["path"])
    path = folder / f"{name}.parquet"
    with open_reader() as session:
        for port, table in INPUTS.items():
            session.execute(f"CREATE VIEW {port} AS SELECT * FROM read_parquet('{SAMPLE / table}.parquet')")
        session.execute(f"COPY ({step.text}) TO '{path}' (FORMAT parquet)")
    return path


def ours(contract: Contract, path: Path) -> dict[str, int]:
    """By rule: how many rows break it, of all rows; only rules that are broken."""
    relation = f"read_parquet('{path}')"
    with open_reader() as session:
        references = {}
        for port, table in INPUTS.items():
            session.execute(f"CREATE VIEW {port} AS SELECT * FROM read_parquet('{SAMPLE / table}.parquet')")
            references[port] = port
        types = {str(row[0]): str(row[1]) for row in session.execute(f"DESCRIBE SELECT * FROM {relation}").rows()}
        checks = compile_checks(contract, relation, references, types)
        session.execute(f"CREATE TEMP TABLE verdicts AS {checks.sql}")
        found = {str(rule): int(count) for rule, count in session.execute(checks.counts_sql("verdicts")).rows()}
        tables = session.execute(checks.table_sql("verdicts")).rows() if checks.table_rules else []
    return found | {str(rule): -1 for rule, _, kept in tables if not kept}


def theirs(
    command: str, contract: Contract, path: Path, folder: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Checks that ran and checks that failed, by datacontract-cli."""
    server = f"servers:\n  - {{server: local, type: local, path: {path}, format: parquet}}\n"
    file, report = folder / "contract.odcs.yaml", folder / "report.json"
    file.write_text((MARKET / contract.path).read_text(encoding="utf-8") + server, encoding="utf-8")
    subprocess.run(
        [command, "test", str(file), "--output", str(report), "--output-format", "json"],
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    checks = json.loads(report.read_text(encoding="utf-8"))["checks"]
    return checks, [check for check in checks if check["result"] not in ("passed", "warning")]


@pytest.mark.parametrize("name", CASES)
def test_both_find_the_same(name: str, tmp_path: Path) -> None:
    command = second_opinion()
    product = load_mesh(MARKET, sample=True).product(name)
    assert product is not None
    contract = product.contracts[0]
    path = rows_of(name, tmp_path)
    found = {rule: count for rule, count in ours(contract, path).items() if not rule.endswith("known")}  # no references
    ran, failed = theirs(command, contract, path, tmp_path)
    assert len(ran) > len(contract.columns)
    assert found == CASES[name]
    counts = sorted(int(m[1]) for check in failed if (m := re.search(r"was (\d+)", check["reason"] or "")))
    assert counts == sorted(found.values()), failed
    assert len(failed) == len(found)
