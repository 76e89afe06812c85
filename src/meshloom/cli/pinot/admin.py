"""The entry of `pinot-admin.sh` and of `meshloom pinot`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from meshloom.cli.pinot.controller import Failed, Refused
from meshloom.cli.pinot.options import called
from meshloom.errors import Broken, MeshloomError

THREW = 1  # picocli's code of an exception
app = typer.Typer(rich_markup_mode=None, add_completion=False)


def run(words: Sequence[str]) -> int:
    """Run one command and return its exit code, as Pinot's: 0 done, 1 the call or a file is wrong, 255 not done. What
    the controller refuses is 255, or 0 where Pinot's command only shows the answer."""
    options = called(words)
    try:
        for line in options.run(options):
            print(line, flush=True)
    except Failed as error:
        print(error, file=sys.stderr if sys.stdout.isatty() else sys.stdout)
        return options.refused if isinstance(error, Refused) else error.code
    except MeshloomError as error:
        print(error, file=sys.stderr)
        return options.absent if isinstance(error, Broken) else THREW
    return 0


def main() -> None:
    """The console script `pinot-admin.sh`."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # who read has seen enough, `… | head` for one
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
def pinot(words: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Apache Pinot's administration commands, as `pinot-admin.sh` has them: `meshloom pinot AddTable -help`."""
    raise typer.Exit(run(words or ["--help"]))
