"""`meshloom query`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meshloom.cli.options import As, Json, Purpose, Token
from meshloom.cli.place import Place

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="Apache Pinot's SQL; - reads it from standard input.")],
    user: As = "",
    token: Token = "",
    purpose: Purpose = "",
    as_of: Annotated[
        str, typer.Option("--as-of", envvar="MESHLOOM_AS_OF", help="As known at this processing time.")
    ] = "",
    format: Annotated[
        str, typer.Option("--format", envvar="MESHLOOM_FORMAT", help="table, json, csv, parquet or arrow.")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", envvar="MESHLOOM_OUTPUT", help="Write to this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Ask in SQL as somebody, for a purpose; the answer comes with what the policies did to it."""
    import sys

    from meshloom.cli import answers
    from meshloom.cli.session import session, token_for
    from meshloom.client.mesh import Mesh
    from meshloom.errors import CallError

    place: Place = context.obj
    kind = answers.chosen("json" if json else format, output)
    if not (user or token):
        raise CallError(
            "Nobody asks",
            why="Every row is read by somebody, for a purpose",
            remedy="Add --as USER (a persona of identities.yaml) and --purpose P, or --token",
            code="nobody",
        )
    statement = sys.stdin.read() if sql == "-" else sql
    with session(place) as connection:
        reader = token_for(connection, user, token)
        result = Mesh(connection.acting(reader), purpose).query(statement, as_of=as_of)
    answers.write(result, kind, output)
