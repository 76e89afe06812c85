"""`meshloom ls`."""

from __future__ import annotations

from typing import Annotated

import typer

from meshloom.cli.options import Json, Limit
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def ls(
    context: typer.Context,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Words; also domain:x, owner:x, column:x, tag:x.")
    ] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """What is there: every product, or those that match, best first."""
    from meshloom.cli import show
    from meshloom.cli.session import session

    place: Place = context.obj
    with session(place) as connection:
        page = connection.get("/api/mesh/search", {"q": " ".join(text or ()), "limit": limit})
    if json:
        show.as_json(page)
        return
    if not page["hits"]:
        print("No product matches." if text else "Nothing is registered yet: meshloom apply")
        return
    rows = [
        (f"{hit['domain']}/{hit['name']}", hit["title"], hit["version"], hit["rows"], _state(hit), hit["reason"])
        for hit in page["hits"]
    ]
    show.table(("product", "title", "version", "rows", "state", "why here"), rows, numbers=("rows",))
    if page["total"] > len(page["hits"]):
        show.note(f"{page['total'] - len(page['hits'])} more: --limit {page['total']}")


def _state(hit: dict[str, object]) -> str:
    if not hit["deployed"]:
        return "not applied yet"
    return {True: "served", False: "served, breaks a promise", None: "served"}[hit["healthy"]]  # type: ignore[index]
