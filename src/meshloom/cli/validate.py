"""`meshloom validate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from meshloom.cli.options import Json
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def validate(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="A mesh's folder, or a part of one.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Every mistake of every file at once: file:line:column, what, why, and what to do."""
    from meshloom.cli import show
    from meshloom.product.validate import validate as check

    here: Place = context.obj
    place = (Place.of(path, sample=here.sample) if path else here).require()
    problems = check(place.mesh, place.sample)
    if path is not None and (part := path.expanduser().absolute()) != place.mesh:
        problems = tuple(problem for problem in problems if (place.mesh / problem.file).is_relative_to(part))
    if json:
        show.as_json({"valid": not problems, "problems": [asdict(problem) for problem in problems]})
    else:
        for problem in problems:
            show.line(str(problem))
        many = "" if len(problems) == 1 else "s"
        show.note(f"{len(problems)} mistake{many}." if problems else f"{place.mesh} is valid.")
    if problems:
        raise typer.Exit(1)
