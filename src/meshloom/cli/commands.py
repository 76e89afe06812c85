"""The table of commands, and the group that imports a command's module only when it is called or asked for help."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, the module under `meshloom.cli` whose `app` it is, its line of help."""

    name: str
    module: str
    help: str


JOURNEY: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        "Begin",
        (
            Command("init", "init", "Scaffold a mesh, a domain or a product that works as it is."),
            Command("doctor", "doctor", "What is installed, reachable and free, and what to do about what is not."),
        ),
    ),
    (
        "Build and deploy",
        (
            Command("validate", "validate", "Every mistake of every file at once."),
            Command("plan", "plan", "What applying would change."),
            Command("apply", "apply", "Build, check, publish and serve; again and again with the same result."),
        ),
    ),
    (
        "Run",
        (
            Command("up", "up", "Start the platform: portal, APIs, Pinot's controller and broker."),
            Command("down", "down", "Stop a platform that runs in the background."),
            Command("status", "status", "Whether the platform runs, where, and what it serves."),
            Command("engine", "engine", "The real-time engine alone, without a mesh."),
            Command("pinot", "pinot.admin", "Apache Pinot's administration commands, as pinot-admin.sh has them."),
        ),
    ),
    (
        "Consume",
        (
            Command("ls", "ls", "What is there: search the mesh's products."),
            Command("describe", "describe", "What a product promises and what was measured."),
            Command("lineage", "lineage", "Where a column came from and where it goes."),
            Command("query", "query", "Ask in SQL as somebody, for a purpose, under the mesh's policies."),
            Command("token", "token", "A token of the development identity provider, for any client."),
        ),
    ),
    (
        "Observe",
        (
            Command("audit", "audit", "Who read what, for which purpose, under which decision."),
            Command("quarantine", "quarantine", "What was held back, and by which rule."),
        ),
    ),
)
COMMANDS = {command.name: command for _, commands in JOURNEY for command in commands}


class LazyGroup(TyperGroup):
    """A group of `COMMANDS`; showing the list imports none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = COMMANDS.get(cmd_name)
        if command is None:
            return None
        loaded: Any = typer.main.get_command(import_module(f"meshloom.cli.{command.module}").app)
        loaded.name = cmd_name
        return loaded

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands in the order of the journey."""
        for title, commands in JOURNEY:
            with formatter.section(title):
                formatter.write_dl([(command.name, command.help) for command in commands])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer, and an unknown command gets a guess."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            from meshloom.errors import CallError

            guess = get_close_matches(args[0], COMMANDS, n=1)
            remedy = f"Perhaps you mean `meshloom {guess[0]}`" if guess else "See `meshloom --help`"
            raise CallError(f"There is no command {args[0]!r}", remedy=remedy)
        return super().resolve_command(ctx, args)
