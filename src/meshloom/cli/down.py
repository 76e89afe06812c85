"""`meshloom down`."""

from __future__ import annotations

import typer

from meshloom.cli.options import Json
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def down(context: typer.Context, json: Json = False) -> None:
    """Stop the platform that runs in the background; what it is doing is finished first."""
    from meshloom.cli import background, show
    from meshloom.cli.running import Running

    place: Place = context.obj
    running = Running.find(place.home)
    if running is not None:
        background.stop(running)
    if json:
        show.as_json({"stopped": running is not None})
    else:
        print(f"Stopped process {running.pid}." if running else f"No platform runs on {place.home}.")
