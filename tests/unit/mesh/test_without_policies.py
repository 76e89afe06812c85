"""Policies that are missing, broken or fail a case of their own: reads are refused, never allowed, and are logged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from meshloom.errors import InputError, Refused
from meshloom.mesh.access import decider_of
from meshloom.mesh.runtime import Mesh
from meshloom.product.init import init_domain, init_mesh, init_product
from meshloom.spec.identity import Principal
from meshloom.spec.load import load_mesh

SQL = "SELECT COUNT(*) FROM till"
OWNER = Principal("olga", frozenset({"owners", "everybody"}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    init_mesh(root)
    init_domain(root, "sales")
    init_product(root, "till", "sales", "source-aligned")
    return root


def missing(policies: Path) -> None:
    for file in policies.iterdir():
        file.unlink()


def broken(policies: Path) -> None:
    for file in policies.glob("*.rego"):
        file.write_text(file.read_text() + "\nallow contains reason if {\n")


def failing(policies: Path) -> None:
    """A policy that no longer does what its cases say."""
    for file in policies.glob("*.rego"):
        file.write_text(file.read_text().replace("allow contains", "allowed contains"))


@pytest.mark.parametrize("harm", [missing, broken, failing])
def test_reads_are_refused_and_logged(folder: Path, harm: Callable[[Path], None]) -> None:
    with closing(Mesh.open(folder)) as mesh:
        assert not mesh.apply().failed
    harm(folder / "policies")
    with closing(Mesh.open(folder)) as mesh:
        with pytest.raises(Refused, match="there is no policy in force, so nothing is allowed"):
            mesh.sidecar.query(OWNER, "", SQL)
        newest = mesh.sidecar.audit.entries(limit=1)[0]
        assert (newest["principal"], newest["allowed"]) == ("olga", False)
        (port, *_) = mesh.platform.container.deployed.products()[0].ports
        with pytest.raises(Refused):
            mesh.sidecar.scan(OWNER, "", port)


@pytest.mark.parametrize("harm", [broken, failing])
def test_a_mesh_that_runs_keeps_the_policies_that_held(folder: Path, harm: Callable[[Path], None]) -> None:
    with closing(Mesh.open(folder)) as mesh:
        mesh.apply()
        digest = mesh.sidecar.decider.digest
        harm(folder / "policies")
        with pytest.raises(InputError):
            mesh.reload()
        assert mesh.sidecar.decider.digest == digest


@pytest.mark.parametrize("harm", [broken, failing])
def test_validate_says_which_policy_and_where(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder / "policies")
    with pytest.raises(InputError) as caught:
        decider_of(load_mesh(folder), strict=True)
    assert all(problem.file.startswith("policies/") for problem in caught.value.problems)
