"""Policies tried against their own cases: no policy is in force that fails one (I1)."""

from __future__ import annotations

from typing import Any

from meshloom.errors import Problem
from meshloom.infra.policy import Evaluator
from meshloom.infra.policy.evaluator import PolicyError
from meshloom.infra.policy.rego import Rego
from meshloom.quantum.sidecar.decide import PACKAGE, module_of
from meshloom.spec.policy import PolicyBundle, PolicyTest


def evaluator_of(bundle: PolicyBundle) -> Evaluator:
    """The bundle's policies, ready to be asked in process. Raises PolicyError when one does not parse."""
    return Rego({policy.path: policy.text for policy in bundle.policies}, bundle.data)


def check_policies(bundle: PolicyBundle) -> tuple[Problem, ...]:
    """Every case that fails, and every policy that cannot be read."""
    try:
        evaluator = evaluator_of(bundle)
    except PolicyError as error:
        return (Problem("policy", error.what, error.why, "mend the Rego", error.file, error.line),)
    return tuple(problem for case in bundle.tests if (problem := _check(bundle, case, evaluator)) is not None)


def _check(bundle: PolicyBundle, case: PolicyTest, evaluator: Evaluator) -> Problem | None:
    policy = next(policy for policy in bundle.policies if policy.id == case.policy)
    try:
        found = evaluator.evaluate(f"{PACKAGE}.{module_of(policy)}", case.input)
    except PolicyError as error:
        return Problem("policy", f"the case {case.name!r} cannot be decided", str(error), "", case.path, case.line)
    said = {**found, "allow": bool(found.get("allow")) and not found.get("deny")} if isinstance(found, dict) else {}
    wrong = [
        f"{name} is {_plain(said.get(name))}, expected {_plain(expected)}"
        for name, expected in case.expected.items()
        if _plain(said.get(name, [] if isinstance(expected, list) else None)) != _plain(expected)
    ]
    if not wrong:
        return None
    what = f"the policy {case.policy} fails its case {case.name!r}"
    return Problem("policy-test", what, "; ".join(wrong), "mend the policy or the case", case.path, case.line)


def _plain(value: Any) -> Any:
    """Sets have no order."""
    return (
        sorted(repr(_plain(item)) for item in value)
        if isinstance(value, list)
        else ({key: _plain(item) for key, item in sorted(value.items())} if isinstance(value, dict) else value)
    )
