"""`meshloom status`."""

from __future__ import annotations

import typer

from meshloom.cli.options import Json
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Whether the platform runs, where, and what it serves."""
    from meshloom.cli import show
    from meshloom.cli.running import Running
    from meshloom.client.connection import Connection

    place: Place = context.obj
    running = Running.find(place.home)
    if running is None:
        document = {"up": False, "mesh": str(place.mesh), "home": str(place.home)}
        if json:
            show.as_json(document)
        else:
            print(f"No platform runs on {place.home}. Start it with `meshloom up`.")
        return
    with Connection(running.url, running.token, timeout=30) as connection:
        found = connection.get("/api/infrastructure/status")
        ready = connection.request("GET", "/ready").json()
    urls = {"portal": running.url, "controller": running.controller, "broker": running.broker}
    if json:
        show.as_json({"up": True, "pid": running.pid, "started": running.started, **urls, **found, **ready})
        return
    show.line(f"{found['title']}: up since {running.started}, process {running.pid}")
    for name, url in urls.items():
        show.line(f"  {name:<10} {url}")
    rows = [(p["name"], "yes" if p["deployed"] else "not yet", p["rows"], p["published"]) for p in found["products"]]
    show.table(("product", "served", "rows", "published"), rows, numbers=("rows",))
