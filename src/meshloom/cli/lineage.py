"""`meshloom lineage`."""

from __future__ import annotations

from typing import Annotated

import typer

from meshloom.cli.options import Json
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def lineage(
    context: typer.Context,
    uri: Annotated[str, typer.Argument(metavar="URI", help="A product or port, by URN or name; #column picks one.")],
    column: Annotated[str, typer.Option("--column", envvar="MESHLOOM_COLUMN", help="Only this column.")] = "",
    events: Annotated[
        bool, typer.Option("--events", envvar="MESHLOOM_EVENTS", help="The OpenLineage run events, newest first.")
    ] = False,
    json: Json = False,
) -> None:
    """Where columns came from and where they go, across products."""
    from meshloom.cli import show
    from meshloom.cli.session import session

    place: Place = context.obj
    urn, _, named = uri.partition("#")
    with session(place) as connection:
        if events:
            show.as_json(connection.get("/api/mesh/lineage/events", {"product": urn}))
            return
        graph = connection.get("/api/mesh/lineage", {"urn": urn, "column": column or named})
    if json:
        show.as_json(graph)
        return
    labels = {node["id"]: _place(node) for node in graph["nodes"]}
    rows = [(labels[edge["source"]], "->", labels[edge["target"]], edge["label"]) for edge in graph["edges"]]
    if rows:
        show.table(("from", "", "to", "how"), sorted(rows))
    else:
        print("Nothing upstream or downstream is known.")


def _place(node: dict[str, str]) -> str:
    parent = ":".join(node["parent"].split(":")[3:])
    return f"{parent}#{node['label']}" if node["kind"] == "column" and parent else node["label"]
