"""A policy's decision on one port, in the shape of Trino's OPA plug-in: allow, row filters, column masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from meshloom.spec.identity import Principal
from meshloom.spec.urn import Urn


class Action(StrEnum):
    """The enforcement points (data-mesh.md, I2): one input document and one decision id at each."""

    BUILD = "build"
    DEPLOY = "deploy"
    ACCESS = "access"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Rows stay when `column operator values` holds. Operators: in, not-in, =, !=, <, <=, >, >=, is-null, not-null.

    Values are literals of a syntax tree, never pasted into SQL text.
    """

    column: str
    operator: str
    values: tuple[Any, ...]
    policy: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMask:
    """What stands in place of a column. Kinds: null, constant (`value`), hash (keyed), year (of a time)."""

    column: str
    kind: str
    value: Any = None
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one principal may see of one port for one purpose.

    `id` is new for each decision that was computed (cached ones keep theirs); `policy` is the bundle's digest;
    `reasons` are sentences for people, `warnings` those of policies in warn mode.
    """

    id: str
    port: Urn
    principal: Principal
    purpose: str
    action: Action
    allow: bool
    policy: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    filters: tuple[RowFilter, ...] = ()
    masks: Mapping[str, ColumnMask] = field(default_factory=dict)
