"""The policies in force: why they are, what they say, and the cases that they are tried with when the page is asked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from meshloom.portal.visitor import of
from meshloom.quantum.sidecar.policy_tests import check_policies


def show(request: Request) -> Response:
    """Raises Unauthenticated."""
    portal = of(request)
    portal.require(request)
    bundle = portal.mesh.spec.policies
    problems = check_policies(bundle) if bundle.policies else ()
    places = {(problem.file, problem.line) for problem in problems}
    unreadable = any(problem.code == "policy" and problem.line <= 1 for problem in problems)
    wrong = {(test.policy, test.name) for test in bundle.tests if unreadable or (test.path, test.line) in places}
    values = {
        "policies": bundle.policies,
        "tests": {p.id: [test for test in bundle.tests if test.policy == p.id] for p in bundle.policies},
        "wrong": wrong,
        "cases": len(bundle.tests),
        "failed": len(wrong),
        "digest": bundle.digest,
        "purposes": portal.mesh.spec.purposes,
    }
    return portal.page(request, "policies.html", values)
