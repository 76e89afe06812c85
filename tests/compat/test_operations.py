"""Every REST operation of a real Pinot is routed: answered, or refused with a sentence. `pinot_operations.txt` lists
them; what the engine answers has its row in docs/reference/rest.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Match

from meshloom.engine.cluster import Cluster

LISTED = [
    line.split()
    for line in Path(__file__).with_name("pinot_operations.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Starlette]]:
    cluster = Cluster.open(tmp_path_factory.mktemp("operations"))
    yield {
        "controller": cluster.controller_app,
        "broker": cluster.broker_app,
        "server": cluster.server_app,
        "minion": cluster.minion_app,
    }
    cluster.close()


@pytest.mark.parametrize(("role", "method", "path"), LISTED, ids=[" ".join(row) for row in LISTED])
def test_an_operation_of_pinot_is_there(applications: dict[str, Starlette], role: str, method: str, path: str) -> None:
    """With this path and this method, and no other route in front of it that lacks the method."""
    concrete = re.sub(r"\{[^}]*\}", "some", path)
    scope = {"type": "http", "method": method, "path": concrete, "headers": [], "root_path": ""}
    found = [route.matches(scope)[0] for route in applications[role].routes]
    assert Match.FULL in found, f"{role}: {method} {path} has no route"


def test_the_list_is_whole() -> None:
    roles = [role for role, *_ in LISTED]
    assert {role: roles.count(role) for role in sorted(set(roles))} == {
        "broker": 39, "controller": 250, "minion": 12, "server": 52}  # fmt: skip
