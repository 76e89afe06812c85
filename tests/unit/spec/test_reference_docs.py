"""docs/reference/manifest.md and contract-rules.md say what the code does.

`MESHLOOM_WRITE_DOCS=1 pytest tests/unit/spec/test_reference_docs.py` writes the generated parts anew.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshloom.product.sql.functions import GROUPS
from meshloom.spec.extensions import EXTENSIONS
from meshloom.spec.rules import METRICS, OPERATORS
from meshloom.spec.shape import schema
from meshloom.spec.types import FORMATS, LOGICAL

ROOT = Path(__file__).parents[3]
MANIFEST = ROOT / "docs/reference/manifest.md"
RULES = ROOT / "docs/reference/contract-rules.md"
SOURCES = [*(ROOT / "src/meshloom/spec").glob("*.py"), *(ROOT / "src/meshloom/product").rglob("*.py"),
           ROOT / "src/meshloom/infra/compute/files.py",
           ROOT / "src/meshloom/quantum/sidecar/policy_tests.py"]  # fmt: skip
CODE = re.compile(r"^[a-z]+(-[a-z]+)+$")

CODES = {
    "bad-file": "A data file cannot be read.",
    "bad-line": "A line of a data file does not fit its header, or is no JSON: half-written, perhaps.",
    "bad-rule": "A rule of a contract cannot be checked: its condition, query, value or pattern is wrong.",
    "duplicate-key": "A key stands twice in one mapping.",
    "duplicate-name": "Two columns, ports, rules, contracts or personas have one name.",
    "duplicate-product": "Two products have one name.",
    "empty-file": "A file holds nothing.",
    "encoding": "A file is not UTF-8.",
    "json-syntax": "`policies/data.json` is no JSON.",
    "missing-column": "A column of the contract is not produced by the SQL, or not in the file.",
    "missing-file": "A file that is named is not there.",
    "missing-key": "Something that is needed is not said.",
    "orphan": "A product without an owner, or outside its domain.",
    "outside-mesh": "A path leads out of the mesh's folder.",
    "policy-test": "A policy fails one of its own cases.",
    "policy-without-test": "A policy that nothing tests, or that nothing describes.",
    "product-cycle": "Products read each other in a circle.",
    "python-function": "The function that the manifest names is not there, or takes arguments without a name.",
    "python-result": "A Python step gave something that is no `pyarrow.Table`.",
    "python-syntax": "The Python does not parse.",
    "reserved-name": "A column has a name that Meshloom uses in every record.",
    "sql-bind": "DuckDB cannot run the SQL over the inputs' columns and types.",
    "sql-condition": "A condition looks beyond its row.",
    "sql-function": "The SQL calls a function that is not allowed, or asks for the clock or for chance.",
    "sql-syntax": "The SQL does not parse, or is more than one statement.",
    "sql-write": "The SQL is no SELECT.",
    "undeclared-input": "The code reads what the manifest does not declare (C2).",
    "unknown-column": "A column is named that is not there.",
    "unknown-contract": "A contract is named that is not there, or that no step or several steps fill.",
    "unknown-extension": "A `meshloom.` property that does not exist, or not in this place.",
    "unknown-key": "A key that the standard, or Meshloom's own file, does not have.",
    "unknown-port": "A port is named that is not there.",
    "unknown-product": "A product is named that is not there.",
    "unknown-purpose": "A persona has a purpose that `mesh.yaml` does not declare.",
    "wrong-header": "A data file's first line is not the header that the contract wants.",
    "wrong-id": "An id is not the one that the folder gives.",
    "wrong-type": "A value is of another type, or a column's type cannot be stored.",
    "wrong-urn": "A text is no URN of a port.",
    "wrong-value": "A value is not one of those that are allowed.",
    "yaml-number": "A number cannot be read.",
    "yaml-syntax": "A file is no YAML.",
    "yaml-tag": "A YAML tag; manifests are plain.",
    "yaml-too-large": "A file unfolds to more values than a manifest can have.",
}


def extensions() -> str:
    rows = [f"| `{e.property}` | {e.where} | {e.meaning} | `{e.property}: {e.example}` |" for e in EXTENSIONS]
    return "\n".join(["| property | on | meaning | example |", "|---|---|---|---|", *rows])


def functions() -> str:
    rows = [
        f"| {group} | {' '.join(f'`{name}`' for name in sorted(set(names.split())))} |"
        for group, names in GROUPS.items()
    ]
    return "\n".join(["| | functions |", "|---|---|", *rows])


def keys(name: str) -> str:
    part = schema(name)
    if name == "identities":
        part = part["properties"]["personas"]["items"]
    rows = [f"| `{path}` | {'yes' if needed else ''} | {text} |" for path, needed, text in described(part)]
    return "\n".join(["| key | needed | meaning |", "|---|---|---|", *rows])


def described(part: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, bool, str]]:
    for key, value in part.get("properties", {}).items():
        values = f" One of {', '.join(value['enum'])}." if "enum" in value else ""
        yield prefix + key, key in part.get("required", ()), value.get("description", "") + values
        yield from described(value, f"{prefix}{key}.")
        yield from described(value.get("items", {}), f"{prefix}{key}[].")


def codes() -> str:
    return "\n".join(["| code | meaning |", "|---|---|", *(f"| `{code}` | {text} |" for code, text in CODES.items())])


def types() -> str:
    rows = []
    for logical, stored in LOGICAL.items():
        others = [f"`{form}` {kind}" for (name, form), kind in FORMATS.items() if name == logical]
        rows.append(f"| `{logical}` | {stored} | {', '.join(others)} |")
    rows.append("| `number` with `physicalType: DECIMAL(p,s)` | DECIMAL(p,s) | |")
    return "\n".join(["| logicalType | stored as | with `format` |", "|---|---|---|", *rows])


def examples() -> str:
    lines = []
    for path in sorted((ROOT / "tests/golden/checks").glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            shown = {"properties": [case["property"]], **({"quality": case["quality"]} if "quality" in case else {})}
            text = yaml.safe_dump(shown, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)
            bad = [repr(row["value"]) for row in case["rows"] if row.get("broken")]
            measured = [f"measures {t['measured']}, {'kept' if t['kept'] else 'broken'}" for t in case.get("table", ())]
            verdict = "; ".join([*([f"breaks: {', '.join(bad)}"] if bad else []), *measured]) or "breaks: nothing"
            lines.append(f"**{case['case'][0].upper()}{case['case'][1:]}** ({verdict})\n\n```yaml\n{text}```\n")
    return "\n".join(lines)


PARTS: list[tuple[Path, str, Callable[[], str]]] = [
    (MANIFEST, "extensions", extensions),
    (MANIFEST, "functions", functions),
    (MANIFEST, "mesh", lambda: keys("mesh")),
    (MANIFEST, "domain", lambda: keys("domain")),
    (MANIFEST, "identities", lambda: keys("identities")),
    (MANIFEST, "policy", lambda: keys("policy")),
    (MANIFEST, "codes", codes),
    (RULES, "types", types),
    (RULES, "examples", examples),
]


@pytest.mark.parametrize(("path", "name", "made"), PARTS, ids=[part[1] for part in PARTS])
def test_the_generated_part_is_up_to_date(path: Path, name: str, made: Callable[[], str]) -> None:
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"(<!-- generated: {name} -->\n)(.*?)(<!-- end -->)", text, re.DOTALL)
    assert found is not None
    if os.environ.get("MESHLOOM_WRITE_DOCS"):
        path.write_text(text[: found.start(2)] + "\n" + made() + "\n\n" + text[found.end(2) :], encoding="utf-8")
        return
    assert found[2].strip() == made().strip(), "run it with MESHLOOM_WRITE_DOCS=1"


def used_codes() -> set[str]:
    """Codes of problems in the source: word-with-hyphen constants among the first two arguments of what makes one."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and name in ("Problem", "Finding", "problem", "_problem", "_unreadable"):
                for argument in node.args[:2]:
                    words = [word.value for word in ast.walk(argument) if isinstance(word, ast.Constant)]
                    found.update(word for word in words if isinstance(word, str) and CODE.match(word))
    return found - {"product.odps"}


def test_every_code_is_explained() -> None:
    used = used_codes()
    assert len(used) > 30
    assert used - set(CODES) == set()
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert {code for code in CODES if f'"{code}"' not in text} == set()


def test_every_metric_threshold_and_kind_is_explained() -> None:
    text = RULES.read_text(encoding="utf-8")
    for word in (*METRICS, *OPERATORS):
        assert f"`{word}`" in text or f"metric: {word}" in text, word
    kinds = {"type", "required", "unique", "primary-key", "enum", "range", "length", "regex", "row-count", "freshness",
             "sql", "reference"}  # fmt: skip
    assert {kind for kind in kinds if f"`{kind}`" not in text} == set()


def test_the_trial_in_the_text_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from meshloom.product.init import init_domain, init_mesh, init_product

    root = tmp_path / "shop"
    init_mesh(root)
    init_domain(root, "sales")
    init_product(root, "orders", "sales")
    monkeypatch.chdir(root)
    (code,) = re.findall(r"```python\n(.*?)```", MANIFEST.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(MANIFEST), "exec"), {})
