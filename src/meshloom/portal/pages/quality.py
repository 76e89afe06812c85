"""Data quality: which promises hold, which rules were broken, and the rows that were held back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from meshloom.portal.visitor import of

PAGE = 50


def overview(request: Request) -> Response:
    """Every product beside its promises. Raises Unauthenticated."""
    portal = of(request)
    portal.require(request)
    products = [portal.mesh.describe(hit.urn) for hit in portal.mesh.search(limit=200).hits]
    lines = []
    for about in sorted(products, key=lambda one: (one.domain, one.title)):
        newest = {one.contract: one for one in reversed(about.publishes)}
        rules = [rule for contract in about.contracts for rule in contract.rules]
        lines.append(
            {
                "about": about,
                "rows": sum(one.rows for one in newest.values()),
                "quarantined": sum(one.quarantined for one in newest.values()),
                "rules": len(rules),
                "broken": [rule for rule in rules if rule.broken],
                "kept": sum(1 for one in about.measurements if one.holds),
                "missed": [one for one in about.measurements if one.holds is False],
                "published": max((one.processing_time for one in newest.values()), default=None),
            }
        )
    return portal.page(request, "quality.html", {"lines": lines})


def of_product(request: Request) -> Response:
    """One product's rules and its quarantine, under the visitor's purpose. Raises Unauthenticated, NotFound."""
    portal = of(request)
    visitor = portal.require(request)
    about = portal.mesh.describe(request.path_params["name"])
    start = int(request.query_params["from"]) if request.query_params.get("from", "").isdigit() else 0
    held = portal.mesh.quarantine(about.name, visitor.principal, visitor.purpose, limit=PAGE, offset=start)
    rules = [rule for contract in about.contracts for rule in contract.rules]
    values = {
        "about": about,
        "held": held,
        "page": PAGE,
        "broken": [rule for rule in rules if rule.broken],
        "kept": [rule for rule in rules if not rule.broken],
    }
    return portal.page(request, "quarantine.html", values)
