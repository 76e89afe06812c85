"""`policies/<id>.rego` beside `policies/<id>.yaml` as one bundle (data-mesh.md, I1)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from meshloom.errors import Problem
from meshloom.spec.document import Document, read_document
from meshloom.spec.policy import Policy, PolicyBundle, PolicyTest
from meshloom.spec.shape import check_shape


def read_policies(root: Path) -> tuple[PolicyBundle, list[Problem]]:
    """Every policy of a mesh with its tests. Unusable ones are left out, with a problem."""
    folder = root / "policies"
    problems: list[Problem] = []
    policies: list[Policy] = []
    tests: list[PolicyTest] = []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        document = read_document(path, path.relative_to(root).as_posix())
        policy = _policy(document, path, problems)
        if policy is not None:
            policies.append(policy)
            tests.extend(_tests(document))
    for path in sorted(folder.glob("*.rego")) if folder.is_dir() else ():
        if not path.with_suffix(".yaml").is_file():
            name = path.relative_to(root).as_posix()
            remedy = f"write {path.stem}.yaml with id, rationale, owner and tests"
            problems.append(
                Problem("policy-without-test", "the policy has no description and no test", "", remedy, name, 1)
            )
    data = _data(folder / "data.json", problems)
    content = [(policy.id, policy.text, policy.scope, policy.mode, policy.version) for policy in policies]
    digest = hashlib.sha256(json.dumps([content, data], sort_keys=True).encode()).hexdigest() if policies else ""
    return PolicyBundle(tuple(policies), tuple(tests), data, digest), problems


def _policy(document: Document, path: Path, problems: list[Problem]) -> Policy | None:
    found = [*document.problems, *(check_shape(document, "policy") if document.data is not None else ())]
    problems.extend(found)
    if found:
        return None
    data = document.data
    if data["id"] != path.stem:
        problems.append(
            document.problem(("id",), "wrong-id", f"the id is {data['id']!r}", "", f"write id: {path.stem}")
        )
    if not data["tests"]:
        why = "a policy that nothing tests protects nothing"
        problems.append(
            document.problem(("tests",), "policy-without-test", "the policy has no test", why, "add a case")
        )
    rego = path.with_suffix(".rego")
    try:
        text = rego.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = f"the policy's rules {rego.name} cannot be read"
        problems.append(document.problem((), "missing-file", what, type(error).__name__, "write the Rego module"))
        return None
    name = str(Path(document.name).with_suffix(".rego").as_posix())
    fields = {key: str(data[key]) for key in ("id", "title", "rationale", "scope", "mode", "owner", "version")}
    return Policy(**fields, path=name, text=text)


def _tests(document: Document) -> list[PolicyTest]:
    return [
        PolicyTest(
            document.data["id"], case["name"], case["input"], case["expected"], document.name,
            document.place(("tests", number))[0],
        )
        for number, case in enumerate(document.data["tests"])
    ]  # fmt: skip


def _data(path: Path, problems: list[Problem]) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        problems.append(
            Problem("json-syntax", "no valid JSON", str(error), "mend the file", f"policies/{path.name}", 1)
        )
        return None
    if not isinstance(loaded, dict):
        problems.append(
            Problem("wrong-type", "policy data is not a mapping", "", "write {…}", f"policies/{path.name}", 1)
        )
        return None
    return loaded
