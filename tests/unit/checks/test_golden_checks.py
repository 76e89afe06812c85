"""Each rule's SQL as expected, and the same SQL run on rows: `tests/golden/checks`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshloom.infra.compute import open_database
from meshloom.product.checks import compile_checks
from meshloom.product.checks.conditions import condition
from meshloom.spec.contract import Contract
from meshloom.spec.contracts import read_contract
from meshloom.spec.document import parse_document

FOLDER = Path(__file__).parents[2] / "golden/checks"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['case']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def contract_of(case: dict[str, Any]) -> Contract:
    table = {"name": "t", "properties": [case["property"]], "quality": case.get("quality", [])}
    document = {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": "c", "name": "c", "version": "1.0.0", "status": "active",
        "schema": [table],
    }  # fmt: skip
    contract, problems = read_contract(parse_document(yaml.safe_dump(document), "c.odcs.yaml"))
    assert problems == []
    assert contract is not None
    return contract


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, date | datetime) else value


@pytest.mark.parametrize("case", CASES)
def test_the_rule_is_compiled_and_judges_rows(case: dict[str, Any]) -> None:
    contract = contract_of(case)
    checks = compile_checks(contract, "arrived", {}, {"a": case["source"]})
    if "condition" in case:
        name = case.get("rule", "a.type")
        rule = next(rule for rule in contract.rules if rule.name == name)
        assert condition(rule, checks.scope) == case["condition"]
    database = open_database(None, threads=1)
    with database.cursor() as session:
        session.execute(f"CREATE TABLE arrived (a {case['source']})")
        for row in case["rows"]:
            session.execute("INSERT INTO arrived VALUES (?)", [plain(row["value"])])
        session.execute(f"CREATE TEMP TABLE verdicts AS {checks.sql}")
        found = session.execute("SELECT a, _broken, _held, _tags, _raw FROM verdicts ORDER BY rowid").rows()
        tables = session.execute(checks.table_sql("verdicts")).rows() if checks.table_rules else []
    database.close()
    expected = sorted((str(row["value"]), row.get("broken", [])) for row in case["rows"])
    if case["source"] == "VARCHAR" and contract.columns[0].type == "string":
        assert sorted((str(row[0]), row[1]) for row in found) == expected
    assert sorted(row[1] for row in found) == sorted(row[1] for row in expected)
    assert all(row[2] == bool(row[1]) and row[3] is None for row in found)
    for row in (row for row in case["rows"] if "becomes" in row):
        assert plain(row["becomes"]) in [plain(value) for value, broken, *_ in found if not broken]
    assert all((raw is not None) == ("a.type" in broken) for _, broken, _, _, raw in found)
    assert [dict(zip(("rule", "measured", "kept"), row, strict=True)) for row in tables] == case.get("table", [])
