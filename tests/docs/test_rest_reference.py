"""docs/reference/rest.md is the engine's own table of REST operations.

`MESHLOOM_WRITE_DOCS=1 pytest tests/docs/test_rest_reference.py` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshloom.engine.cluster import Cluster
from meshloom.engine.http.operations import Operation

from .pages import ROOT

PAGE = ROOT / "docs/reference/rest.md"
HEAD = """# REST operations

What the roles of the embedded engine answer, of Apache Pinot's interface. Each role describes itself at `/help`, and
for programs at `/swagger.json`; the ports are Pinot's (controller 9000, broker 8099, server 8097, minion 9514). An
operation that Pinot has and this engine has not answers 501 with the sentence of its row; what Pinot does not have
either answers 404. In a mesh the same operations stand behind the sidecar: queries under policies, of the controller
only what one may know, nothing that writes.

Errors are `{"code": STATUS, "error": TEXT}`. A query's errors travel in HTTP 200 as `exceptions`, unless the client
sends `Pinot-Use-Http-Status-For-Errors: true`.
"""


def rows(operations: list[Operation]) -> Iterator[str]:
    for one in sorted(operations, key=lambda one: (one.tag, one.path, one.method)):
        parameters = ", ".join(f"`{name}`" for name in one.parameters)
        yield f"| {one.tag} | `{one.method} {one.path}` | {one.summary} | {parameters} |"


def refusals(operations: list[Operation]) -> Iterator[str]:
    for one in sorted(operations, key=lambda one: (one.refusal, one.path, one.method)):
        yield f"| `{one.method} {one.path}` | {one.summary} | {one.refusal} |"


def page(home: Path) -> str:
    cluster = Cluster.open(home)
    apps = {
        "Controller": cluster.controller_app,
        "Broker": cluster.broker_app,
        "Server": cluster.server_app,
        "Minion": cluster.minion_app,
    }
    parts = [HEAD]
    for role, app in apps.items():
        done = [one for one in app.state.operations if not one.refusal]
        refused = [one for one in app.state.operations if one.refusal]
        parts.append(
            f"## {role}\n\n{len(done)} operations.\n\n| about | operation | what | parameters |\n|---|---|---|---|"
        )
        parts.append("\n".join(rows(done)) + "\n")
        if refused:
            parts.append(f"### Refused ({len(refused)})\n\n| operation | what | why |\n|---|---|---|")
            parts.append("\n".join(refusals(refused)) + "\n")
    cluster.close()
    return "\n".join(parts)


def test_the_page_is_the_code(tmp_path_factory: pytest.TempPathFactory) -> None:
    text = page(tmp_path_factory.mktemp("rest"))
    if os.environ.get("MESHLOOM_WRITE_DOCS"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, "Write it anew: MESHLOOM_WRITE_DOCS=1 pytest tests/docs/test_rest_reference.py"
