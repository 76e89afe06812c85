"""What `meshloom up` says when it is up: addresses, a token command and three things to try."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from meshloom.cli.place import Place
from meshloom.cli.running import Running
from meshloom.client.connection import Connection


def invitation(place: Place, running: Running, connection: Connection) -> str:
    """The text. What to try is made from the mesh itself: its personas, and its most read product that is served."""
    meshloom = program(place)
    status = connection.get("/api/infrastructure/status")
    people = connection.get("/api/infrastructure/identities")
    lines = [
        "",
        f"{status['title']} is up.",
        f"  Portal and APIs   {running.url}",
        f"  SQL (Pinot)       {running.broker}/query/sql   (its controller: {running.controller})",
        *([f"  A token           {meshloom} token {people[0]['name']}"] if people else []),
        "",
        "Try:",
    ]
    served = [product for product in status["products"] if product["deployed"]]
    steps = [f"Open {running.url} and log in as {people[0]['title'].lower()}"] if people else [f"Open {running.url}"]
    steps += _steps(meshloom, people, served)
    return "\n".join([*lines, *(f"  {number}. {step}" for number, step in enumerate(steps[:3], 1)), ""])


def program(place: Place) -> str:
    """How to call this command line from where the user stands: its name or path, --mesh and --home when needed."""
    name = "meshloom"
    if shutil.which(name) is None and Path(sys.argv[0]).name == name:
        name = os.path.relpath(sys.argv[0])
    usual = Place.of(place.mesh).home
    home = "" if place.home == usual else f" --home {_near(place.home)}"
    mesh = "" if Place.of(Path()).mesh == place.mesh else f" --mesh {_near(place.mesh)}"
    return f"{name}{mesh}{home}"


def _near(folder: Path) -> str:
    """A path as one would type it: relative below the current folder, else absolute."""
    here = Path.cwd()
    return shlex.quote(str(folder.relative_to(here) if folder.is_relative_to(here) else folder))


def _steps(meshloom: str, people: list[dict[str, Any]], served: list[dict[str, Any]]) -> list[str]:
    if not served:
        return [f"{meshloom} plan", f"{meshloom} apply"]
    product = max(served, key=lambda product: product["rows"] or 0)
    sql = f'"SELECT COUNT(*) FROM {product["name"].replace("-", "_")}"'
    asking = [
        f"{meshloom} query {sql} --as {person['name']} --purpose {person['purposes'][0]}"
        for person in people
        if person["purposes"]
    ]
    return [*asking[:2], f"{meshloom} describe {product['name']}", f"{meshloom} lineage {product['name']}"]
