"""What gets imported, what each command offers: the command line stays quick and every option is a variable."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from meshloom.cli.commands import COMMANDS
from meshloom.cli.main import app

HEAVY = {
    "duckdb",
    "pyarrow",
    "pyiceberg",
    "sqlglot",
    "regopy",
    "fastapi",
    "starlette",
    "uvicorn",
    "httpx",
    "pydantic",
} | {
    "rich",
    "jinja2",
    "joserfc",
    "pandas",
    "numpy",
    "prometheus_client",
    "ruamel",
    "jsonschema",
}


def imported(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after running `code`."""
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\n@', *sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.rsplit("@", 1)[1].split()}


def test_importing_meshloom_imports_next_to_nothing() -> None:
    found = imported("import meshloom")
    assert not found & (HEAVY | {"typer"})


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    found = imported(f"from meshloom.cli.main import main; main({words!r})")
    assert "typer" in found
    assert not found & HEAVY


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_an_environment_variable(name: str) -> None:
    for command in walk(name):
        for option in command.params:
            if option.param_type_name == "option" and option.name != "help":
                assert str(option.envvar).startswith("MESHLOOM_"), f"{name}: {option.opts}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_sentence_of_help_and_the_list_says_one_too(name: str) -> None:
    assert COMMANDS[name].help.endswith(".")
    for command in walk(name):
        assert command.help, command.name
        for option in command.params:
            assert option.param_type_name == "argument" or option.help, f"{command.name}: {option.opts}"


def walk(name: str):  # type: ignore[no-untyped-def]
    """A command and the commands below it."""
    root = typer.main.get_command(app)
    waiting = [root.get_command(None, name)]  # type: ignore[attr-defined]
    while waiting:
        command = waiting.pop()
        yield command
        waiting += getattr(command, "commands", {}).values()
