"""`meshloom describe`."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from meshloom.cli.options import Json
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def describe(
    context: typer.Context,
    uri: Annotated[str, typer.Argument(metavar="URI", help="A URN, a name or domain/name.")],
    json: Json = False,
) -> None:
    """What a product promises and what was measured; its ports, contract, publishes and policies."""
    from meshloom.cli import show
    from meshloom.cli.session import session

    place: Place = context.obj
    with session(place) as connection:
        found = connection.get(f"/api/mesh/products/{quote(uri, safe=':/')}")
    if json:
        show.as_json(found)
        return
    _head(found)
    show.table(
        ("port", "kind", "write in SQL", "address"),
        [(port["name"], port["kind"], port["table"], port["address"]) for port in found["ports"]],
        title="Ports",
    )
    for contract in found["contracts"]:
        columns = [
            (
                ("* " if column["primary_key"] else "") + column["name"],
                column["type"],
                "required" if column["required"] else "",
                column["classification"] + (" (inherited)" if column["inherited_from"] else ""),
                column["description"],
            )
            for column in contract["columns"]
        ]
        title = f"Contract {contract['name']} {contract['version']}"
        show.table(("column", "type", "", "classification", "description"), columns, title=title)
        rules = [(r["name"], r["kind"], r["on_violation"], r["broken"], r["description"]) for r in contract["rules"]]
        show.table(("rule", "kind", "then", "rows that broke it", "description"), rows=rules)
    measured = [(m["name"], m["promised"], m["measured"], m["holds"]) for m in found["measurements"]]
    show.table(("promise", "promised", "measured", "kept"), measured, title="Promised and measured")
    counts = ("added", "corrected", "retracted", "quarantined", "rows")
    published = [(p["processing_time"], p["version"], *(p[count] for count in counts)) for p in found["publishes"][:5]]
    show.table(("published (--as-of)", "version", *counts), published, title="Publishes", numbers=counts)
    policies = [(p["id"], p["scope"], p["mode"], p["title"]) for p in found["policies"]]
    show.table(("policy", "scope", "mode", "title"), policies, title="Policies in force")


def _head(found: dict[str, Any]) -> None:
    from meshloom.cli import show

    show.line(f"{found['title']}   {found['urn']}")
    show.line(f"{found['archetype']}, version {found['version']}, domain {found['domain']}, owner {found['owner']}")
    for name in ("purpose", "description", "limitations", "usage"):
        if found[name]:
            show.line(f"{name.capitalize()}: {found[name]}")
    if not found["deployed"]:
        show.line("Not applied yet: meshloom apply " + found["name"])
    for label, key in (("Reads", "inputs"), ("Read by", "consumers")):
        if found[key]:
            show.line(f"{label}: " + ", ".join(link["urn"] for link in found[key]))
    if found["sources"]:
        show.line("Sources: " + ", ".join(found["sources"]))
    show.line()
