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
        f"  SQL (Pinot)       {running.broker}/query/sql   and the controller at {running.controller}",
    ]
    if people:
        lines.append(f"  A token           {meshloom} token {people[0]['name']}")
    served = [product for product in status["products"] if product["deployed"]]
    lines += [
        "",
        "Try:",
        *(f"  {number}. {step}" for number, step in enumerate(_steps(meshloom, people, served), 1)),
        "",
    ]
    if not served:
        lines += [f"Nothing is built yet: {meshloom} apply", ""]
    lines[3:3] = (
        [f"                    log in there as {people[0]['title'].lower()} or somebody else"] if people else []
    )
    return "\n".join(lines)


def program(place: Place) -> str:
    """How to call this command line from where the user stands: its name or path, and --mesh when it is needed."""
    name = "meshloom"
    if shutil.which(name) is None and Path(sys.argv[0]).name == name:
        name = os.path.relpath(sys.argv[0])
    if Place.of(Path()).mesh == place.mesh:
        return name
    return f"{name} --mesh {shlex.quote(os.path.relpath(place.mesh))}"


def _steps(meshloom: str, people: list[dict[str, Any]], served: list[dict[str, Any]]) -> list[str]:
    if not served:
        return [f"{meshloom} plan", f"{meshloom} apply", f"{meshloom} ls"]
    product = max(served, key=lambda product: product["rows"] or 0)
    sql = f'"SELECT COUNT(*) FROM {product["name"].replace("-", "_")}"'
    asking = [
        f"{meshloom} query {sql} --as {person['name']} --purpose {person['purposes'][0]}"
        for person in people
        if person["purposes"]
    ]
    return (
        [*asking[:2], f"{meshloom} describe {product['name']}"]
        if len(asking) > 1
        else [*asking, f"{meshloom} describe {product['name']}", f"{meshloom} lineage {product['name']}"]
    )
