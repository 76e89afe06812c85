"""`meshloom apply`."""

from __future__ import annotations

import typer

from meshloom.cli.options import Json, Products
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def apply(context: typer.Context, products: Products = None, json: Json = False) -> None:
    """Build, check, publish and serve what changed; a second time, nothing changes."""
    from meshloom.cli import applying, show
    from meshloom.cli.session import session

    place: Place = context.obj
    with session(place) as connection:
        applied = applying.run(connection, products or [], quiet=json)
    if json:
        show.as_json(applied)
    failed = applying.failures(applied)
    if failed is not None:
        raise failed
