"""`meshloom init`: scaffolds that validate and apply as they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meshloom.cli.options import Json
from meshloom.cli.place import Place

if TYPE_CHECKING:
    from meshloom.product.init import Scaffold

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def init() -> None:
    """Scaffold a mesh, a domain or a product that works as it is."""


@app.command()
def mesh(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder; its name is the mesh's.")],
    title: Annotated[str, typer.Option("--title", envvar="MESHLOOM_TITLE", help="The mesh's title.")] = "",
    json: Json = False,
) -> None:
    """Make a mesh's folder: purposes, two personas, a policy with its tests."""
    from meshloom.product.init import init_mesh

    _say(init_mesh(directory, title), json)


@app.command()
def domain(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case words joined by hyphens.")],
    title: Annotated[str, typer.Option("--title", envvar="MESHLOOM_TITLE", help="The domain's title.")] = "",
    json: Json = False,
) -> None:
    """Make a domain's folder."""
    from meshloom.product.init import init_domain

    place: Place = context.obj
    _say(init_domain(place.require().mesh, name, title), json)


@app.command()
def product(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Unique in the mesh.")],
    domain: Annotated[str, typer.Option("--domain", envvar="MESHLOOM_DOMAIN", help="An existing domain.")],
    kind: Annotated[
        str,
        typer.Option("--type", envvar="MESHLOOM_TYPE", help="source-aligned, aggregate or consumer-aligned."),
    ] = "source-aligned",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", envvar="MESHLOOM_DATA", help="A CSV file of your own; it is copied and its columns read."
        ),
    ] = None,
    reads: Annotated[
        str, typer.Option("--reads", envvar="MESHLOOM_READS", help="The product that it reads, by name or URN.")
    ] = "",
    json: Json = False,
) -> None:
    """Make a product's folder: manifest, contract, code or data, and a test."""
    from meshloom.product.init import init_product

    place: Place = context.obj
    _say(init_product(place.require().mesh, name, domain, kind, data, reads), json)


def _say(scaffold: Scaffold, json: bool) -> None:
    from meshloom.cli import show

    if json:
        show.as_json({"root": str(scaffold.root), "files": scaffold.files, "next": scaffold.next_step})
        return
    here = Path.cwd()
    folder = scaffold.root.relative_to(here) if scaffold.root.is_relative_to(here) else scaffold.root
    for file in scaffold.files:
        print(folder / file)
    print(f"Next: {'' if scaffold.root == here else f'cd {folder} && '}{scaffold.next_step}")
