"""`meshloom plan`."""

from __future__ import annotations

import typer

from meshloom.cli.options import Json, Products
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def plan(context: typer.Context, products: Products = None, json: Json = False) -> None:
    """What applying would change and what it touches; the same plan has the same digest."""
    from meshloom.cli import show
    from meshloom.cli.session import session

    place: Place = context.obj
    with session(place) as connection:
        found = connection.post("/api/product/plan", {"products": products or []})
    if json:
        show.as_json(found)
        return
    for change in found["changes"]:
        what = f" ({'; '.join(change['what'])})" if change["what"] else ""
        show.line(f"{change['product']}: {change['kind']}{what}")
    if not found["changes"]:
        show.line("No change.")
    show.line(f"digest {found['digest']}")
