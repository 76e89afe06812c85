"""The command line's entry: global options, commands imported only when they are called, errors to exit codes.

Exit codes: 0 done, 1 the input is wrong, 2 the call is wrong, 3 refused by policy, 4 something broke.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from meshloom import __version__
from meshloom.cli.commands import LazyGroup
from meshloom.cli.place import Place
from meshloom.errors import Broken, MeshloomError

app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        print(f"meshloom {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    mesh: Annotated[
        Path, typer.Option("--mesh", envvar="MESHLOOM_MESH", help="The mesh's folder (the one with mesh.yaml).")
    ] = Path(),
    home: Annotated[
        Path | None, typer.Option("--home", envvar="MESHLOOM_HOME", help="Where state lives; default MESH/.meshloom.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", envvar="MESHLOOM_SAMPLE", help="Read the sample of each packaged source.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", envvar="MESHLOOM_SHOW_VERSION", help="Show the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Meshloom: a self-serve data mesh on one machine. Without a command: where you are and what comes next."""
    context.obj = Place.of(mesh, home, sample)
    if context.invoked_subcommand is None:
        from meshloom.cli.journey import show

        show(context.obj)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        typer.main.get_command(app)(args=words, prog_name="meshloom")
    except MeshloomError as error:
        _fail(error, words)
    except BrokenPipeError:
        sys.stderr.close()  # the reader (`| head`) went away: nothing to say, and nothing to say it to
        sys.exit(0)
    except Exception as error:
        import os

        if os.environ.get("MESHLOOM_DEBUG"):
            raise
        where = "Run the command again with MESHLOOM_DEBUG=1 for the whole trace"
        _fail(Broken(f"{type(error).__name__}: {error}", why="This is a fault of Meshloom", remedy=where), words)


def _fail(error: MeshloomError, words: Sequence[str]) -> Any:
    """Say what went wrong on standard error, as JSON when the caller asked for JSON, and end with its exit code."""
    if "--json" in words:
        import json

        from meshloom.client.problems import document_of

        print(json.dumps({"error": document_of(error)}, indent=2), file=sys.stderr)
    else:
        print(error, file=sys.stderr)
    sys.exit(int(error.outcome))
