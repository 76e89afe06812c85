"""The access log: all of it for governance, an owner's own products for an owner, one's own reads for everybody."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from meshloom.errors import Refused
from meshloom.mesh.views import AuditEntry
from meshloom.portal.visitor import Portal, Visitor, of

SHOWN = 200


def show(request: Request) -> Response:
    """Raises Unauthenticated; Refused for the log of somebody else's product; NotFound."""
    portal = of(request)
    visitor = portal.require(request)
    owned = [product for product in portal.mesh.spec.products if visitor.owns(product.owner)]
    product = request.query_params.get("product", "")
    only = request.query_params.get("only", "")
    entries = _entries(portal, visitor, product, [str(one.urn) for one in owned])
    values = {
        "entries": [one for one in entries if not (only == "refused" and one.allowed)][:SHOWN],
        "scope": "all" if visitor.governs else "owned" if owned else "own",
        "choices": portal.mesh.spec.products if visitor.governs else owned,
        "product": product,
        "only": only,
        "shown": SHOWN,
    }
    return portal.page(request, "audit.html", values)


def _entries(portal: Portal, visitor: Visitor, product: str, owned: list[str]) -> list[AuditEntry]:
    if product:
        about = portal.mesh.describe(product)
        if not (visitor.governs or visitor.owns(about.owner)):
            raise Refused(
                f"{visitor.principal.name} may not read the access log of {about.title}",
                why=f"It is for {about.owner} and for governance",
                remedy=f"Ask {about.owner}",
            )
        return list(portal.mesh.audit(about.urn, limit=SHOWN))
    if visitor.governs:
        return list(portal.mesh.audit(limit=SHOWN))
    found = [one for urn in owned for one in portal.mesh.audit(urn, limit=SHOWN)]
    found += [one for one in portal.mesh.audit(limit=10 * SHOWN) if one.principal == visitor.principal.name]
    unique = {(one.hash or one.decision, one.time): one for one in found}
    return sorted(unique.values(), key=lambda one: one.time, reverse=True)
