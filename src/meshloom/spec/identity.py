"""Who asks: principals and the personas that a mesh declares for development."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Attribute = str | int | float | bool | tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whom a token proved, with what the identity provider says of them.

    `attributes` are claims that policies may use (`stores: (31401, 367)`); `issuer` is the token's.
    """

    name: str
    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody declared in the mesh's `identities.yaml`, for whom the development provider issues tokens."""

    name: str
    title: str
    description: str
    groups: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    purposes: tuple[str, ...] = ()
