"""A product's page, and the parts of it that read rows: they come after the page, under the visitor's purpose."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from meshloom.errors import NotFound
from meshloom.mesh.views import ContractDescription, Description, Publish
from meshloom.portal import chart
from meshloom.portal.effect import effects, rows_of
from meshloom.portal.lineage import picture_of_columns
from meshloom.portal.visitor import Portal, of

SAMPLE = 10
ROOM = 860  # pixels beside the facts, on a wide page
DOOR = "portal"


def show(request: Request) -> Response:
    """Everything that is promised and measured. Raises Unauthenticated, NotFound."""
    portal = of(request)
    visitor = portal.require(request)
    about = portal.mesh.describe(request.path_params["name"])
    if request.path_params["name"] == about.urn:
        return RedirectResponse(f"/products/{about.name}", 303)  # one address a page
    quarantined = sum(one.quarantined for one in _newest(about))
    values = {
        "about": about,
        "picture": picture_of_columns(portal.mesh.lineage(about.urn), about, ROOM),
        "mine": visitor.owns(about.owner),
        "quarantined": quarantined,
        "current": _newest(about),
        "table": about.ports[0].table if about.ports else "",
        "charted": next((one.id for one in about.contracts if chart.axes(one)), "") if about.deployed else "",
    }
    return portal.page(request, "product.html", values)


def in_domain(request: Request) -> Response:
    """A product's address with its domain leads to its page. Raises NotFound: it is in another domain, or nowhere."""
    portal = of(request)
    domain, name = request.path_params["domain"], request.path_params["name"]
    if portal.mesh.spec.product(f"{domain}/{name}") is None:
        raise NotFound(f"There is no product {name} in the domain {domain}", remedy="Search the marketplace")
    return RedirectResponse(f"/products/{name}", 303)


def sample(request: Request) -> Response:
    """A few rows of one contract, as the visitor may see them. Raises Refused, NotFound, Unauthenticated."""
    portal = of(request)
    visitor = portal.require(request)
    about = portal.mesh.describe(request.path_params["name"])
    contract, table = _contract(about, request.query_params.get("contract", ""))
    sql = f"SELECT * FROM {table} LIMIT {SAMPLE}"
    answer = portal.mesh.sidecar.query(
        visitor.principal, visitor.purpose, sql, options={"enableNullHandling": "true"}, door=DOOR
    )
    values = {
        "about": about,
        "contract": contract,
        "sql": sql,
        "result": rows_of(answer, SAMPLE, [column.name for column in contract.columns]),
        "effects": effects(answer.decisions),
    }
    return portal.page(request, "parts/sample.html", values)


def drawing(request: Request) -> Response:
    """The chart of a contract that has a time and a measure. Raises Refused, NotFound, Unauthenticated."""
    portal = of(request)
    visitor = portal.require(request)
    about = portal.mesh.describe(request.path_params["name"])
    contract, table = _contract(about, request.query_params.get("contract", ""))
    axes = chart.axes(contract)
    if axes is None:
        raise NotFound(f"{contract.id} has no time and measure to draw")
    measure = request.query_params.get("measure", "")
    axes = axes.of(measure)
    sql = axes.query(table)
    answer = portal.mesh.sidecar.query(visitor.principal, visitor.purpose, sql, door=DOOR)
    values = {
        "about": about,
        "contract": contract,
        "axes": axes,
        "drawn": chart.draw(answer.arrow(), axes),
        "sql": sql,
        "effects": effects(answer.decisions),
    }
    return portal.page(request, "parts/chart.html", values)


def lineage(request: Request) -> Response:
    """Where each column comes from and where it goes. Raises Unauthenticated, NotFound."""
    portal = of(request)
    portal.require(request)
    about = portal.mesh.describe(request.path_params["name"])
    column = request.query_params.get("column", "")
    graph = portal.mesh.lineage(about.urn, column)
    values = {"about": about, "column": column, "picture": picture_of_columns(graph, about), "graph": graph}
    return portal.page(request, "lineage.html", values)


def _contract(about: Description, wanted: str) -> tuple[ContractDescription, str]:
    contract = next((one for one in about.contracts if one.id == wanted or not wanted), None)
    port = next((one for one in about.ports if contract and one.contract == contract.id), None)
    if contract is None or port is None:
        raise NotFound(f"{about.name} serves no contract {wanted!r}")
    return contract, port.table


def _newest(about: Description) -> tuple[Publish, ...]:
    """The newest publish of each contract."""
    seen: dict[str, Publish] = {}
    for one in about.publishes:
        seen.setdefault(one.contract, one)
    return tuple(seen[one.id] for one in about.contracts if one.id in seen)


def tables(portal: Portal) -> list[tuple[Description, str, ContractDescription]]:
    """Each table that can be asked now: its product, its name in SQL, its contract."""
    found = []
    for hit in portal.mesh.search(limit=200).hits:
        about = portal.mesh.describe(hit.urn)
        if about.deployed:
            named = {port.contract: port.table for port in reversed(about.ports)}
            found += [(about, named[one.id], one) for one in about.contracts if one.id in named]
    return found
