"""Policies as declared: Rego modules with id, rationale, scope, owner, version and tests (data-mesh.md, I1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Policy:
    """One Rego module. `scope` is "global", "domain:<name>" or "product:<name>"; `mode` is "block" or "warn"."""

    id: str
    title: str
    rationale: str
    scope: str
    mode: str
    owner: str
    version: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One case: the decision's input document and what the decision must say (a part of it, or all)."""

    policy: str
    name: str
    input: Mapping[str, Any]
    expected: Mapping[str, Any]
    path: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class PolicyBundle:
    """Every policy in force and its tests. `digest` is the SHA-256 of names and texts; "" when there is none."""

    policies: tuple[Policy, ...] = ()
    tests: tuple[PolicyTest, ...] = ()
    data: Mapping[str, Any] | None = None
    digest: str = ""
