"""`meshloom token`."""

from __future__ import annotations

from typing import Annotated

import typer

from meshloom.cli.options import Json
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def token(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="A persona of identities.yaml.")],
    json: Json = False,
) -> None:
    """A token of the development identity provider, for any client: `Authorization: Bearer $(meshloom token USER)`."""
    from meshloom.cli import show
    from meshloom.cli.session import session, token_for

    place: Place = context.obj
    with session(place) as connection:
        issued = token_for(connection, user, "")
    if json:
        show.as_json({"user": user, "token": issued})
    else:
        print(issued)
