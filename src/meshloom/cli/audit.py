"""`meshloom audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from meshloom.cli.options import Json, Limit
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def audit(
    context: typer.Context,
    product: Annotated[
        str, typer.Option("--product", envvar="MESHLOOM_PRODUCT", help="Only this product, by URN or name.")
    ] = "",
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Who read what, for which purpose, under which decision, newest first."""
    from meshloom.cli import show
    from meshloom.cli.session import session

    place: Place = context.obj
    with session(place) as connection:
        entries = connection.get("/api/mesh/audit", {"product": product, "limit": limit})
    if json:
        show.as_json(entries)
        return
    rows = [
        (
            entry["time"][:19].replace("T", " "),
            entry["principal"],
            entry["purpose"],
            ":".join(entry["port"].split(":")[3:]),
            entry["action"] if entry["allowed"] else f"{entry['action']} REFUSED",
            entry["rows"],
            entry["masked"],
            entry["decision"] or entry["reasons"],
        )
        for entry in entries
    ]
    show.table(("time (UTC)", "who", "purpose", "port", "did", "rows", "masked", "decision"), rows, numbers=("rows",))
