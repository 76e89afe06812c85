"""docs/reference/commands.md is what the commands say of themselves.

`MESHLOOM_WRITE_DOCS=1 pytest tests/docs/test_commands_reference.py` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import typer

from meshloom.cli.commands import JOURNEY
from meshloom.cli.main import app

from .pages import ROOT

PAGE = ROOT / "docs/reference/commands.md"
HEAD = (
    "# Commands\n\n`meshloom COMMAND --help` says the same. Before the command: `--mesh` the mesh's folder, `--home` "
    "where state lives, `--sample` for each packaged source's sample. Exit codes: 0 done, 1 the input is wrong, 2 the "
    "call is wrong, 3 refused by policy, 4 something broke. `--json` answers for programs.\n"
)


def cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def options(command: Any) -> Iterator[str]:
    for one in command.params:
        if one.name != "help":
            known = one.param_type_name == "argument"
            name = one.name.upper() if known else ", ".join((*one.opts, *one.secondary_opts))
            yield f"| `{name}` | {cell(getattr(one, 'help', '') or '')} | {'' if known else f'`{one.envvar}`'} |"


def section(name: str, command: Any) -> Iterator[str]:
    if hasattr(command, "commands"):
        for below, one in command.commands.items():
            yield from section(f"{name} {below}", one)
        return
    yield f"\n### meshloom {name}\n\n{command.help.strip()}\n"
    if rows := list(options(command)):
        yield "\n| option | what | variable |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def page() -> str:
    root: Any = typer.main.get_command(app)
    text = HEAD
    for title, commands in JOURNEY:
        text += f"\n## {title}\n"
        for command in commands:
            text += "".join(section(command.name, root.get_command(None, command.name)))
    return text


def test_the_page_is_current() -> None:
    if os.environ.get("MESHLOOM_WRITE_DOCS"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
