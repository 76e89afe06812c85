"""The mesh experience plane's API: across products."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from meshloom.mesh.views import AuditEntry, Description, Graph, PolicyInForce, SearchPage
from meshloom.server.caller import Calling, mesh_of

router = APIRouter()
Values = Annotated[list[str] | None, Query()]
TITLE = "Mesh experience plane"
ABOUT = "Across products: search, describe, lineage, the mesh map, policies and the access log."


@router.get("/search")
def search(
    request: Request,
    caller: Calling,
    q: str = "",
    domain: Values = None,
    owner: Values = None,
    archetype: Values = None,
    port: Values = None,
    tag: Values = None,
    classification: Values = None,
    column: Values = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> SearchPage:
    """Products by words and facets, best first, each with the reason of its rank."""
    facets = {
        "domain": domain,
        "owner": owner,
        "archetype": archetype,
        "port": port,
        "tag": tag,
        "classification": classification,
        "column": column,
    }
    wanted = {name: values for name, values in facets.items() if values}
    return mesh_of(request).search(q, wanted, limit=limit, offset=offset)


@router.get("/products/{product:path}")
def product(request: Request, caller: Calling, product: str) -> Description:
    """Everything about one product: by URN, name or `domain/name`."""
    return mesh_of(request).describe(product)


@router.get("/lineage")
def lineage(request: Request, caller: Calling, urn: str, column: str = "") -> Graph:
    """Columns upstream and downstream of a product, a port or one column."""
    return mesh_of(request).lineage(urn, column)


@router.get("/lineage/events")
def lineage_events(request: Request, caller: Calling, product: str = "", limit: int = 100) -> list[dict[str, object]]:
    """OpenLineage run events, newest first."""
    return mesh_of(request).lineage_events(product, limit=limit)


@router.get("/knowledge-graph")
def knowledge_graph(request: Request, caller: Calling) -> Graph:
    """The mesh map: domains, products, sources and who reads whom."""
    return mesh_of(request).graph()


@router.get("/register")
def registered(request: Request, caller: Calling) -> list[dict[str, object]]:
    """Every registered product: its global id and its address."""
    return [
        {"urn": hit.urn, "address": f"/{hit.urn}", "owner": hit.owner, "domain": hit.domain, "deployed": hit.deployed}
        for hit in mesh_of(request).search(limit=500).hits
    ]


@router.get("/global-policies")
def global_policies(request: Request, caller: Calling) -> list[PolicyInForce]:
    """The policies in force, of every scope."""
    return list(mesh_of(request).policies())


@router.get("/audit")
def audit(
    request: Request, caller: Calling, product: str = "", limit: Annotated[int, Query(ge=1, le=10_000)] = 100
) -> list[AuditEntry]:
    """Who read what, newest first. The operator and governance read all of it, an owner that of the own product."""
    mesh = mesh_of(request)
    if product and "governance" not in caller.principal.groups:
        caller.require_owner(mesh.describe(product).owner, f"read the access log of {product}")
    elif not product and "governance" not in caller.principal.groups:
        caller.require_operator("read the whole access log")
    return list(mesh.audit(product, limit=limit))
