"""`meshloom quarantine`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from meshloom.cli.options import As, Json, Limit, Purpose, Token
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def quarantine(
    context: typer.Context,
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="A URN, a name or domain/name.")],
    user: As = "",
    token: Token = "",
    purpose: Purpose = "",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """What was held back and by which rule. The rows' values show with --as USER --purpose P, under the policies."""
    from meshloom.cli import show
    from meshloom.cli.session import session, token_for

    place: Place = context.obj
    with session(place) as connection:
        reader = token_for(connection, user, token)
        asking = connection.acting(reader) if reader else connection
        path = f"/api/product/{quote(product, safe=':/')}/quarantine"
        page = asking.get(path, {"purpose": purpose, "limit": limit})
    if json:
        show.as_json(page)
        return
    if not page["total"]:
        print(f"Nothing of {page['product']} is held back.")
        return
    show.table(
        ("rule", "rows"),
        page["by_rule"],
        title=f"{page['total']} {'row' if page['total'] == 1 else 'rows'} held back",
        numbers=("rows",),
    )
    columns = page["columns"]
    rows = [(row["rules"], *(row["values"].get(column) for column in columns)) for row in page["rows"]]
    if columns:
        show.table(("broke", *columns), rows)
    show.note(page["shown"])
