"""The contract of a port (Bitol ODCS 3.2), reduced to what Meshloom enforces and shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class OnViolation(StrEnum):
    """What becomes of a row (or of the publish) that breaks a rule."""

    QUARANTINE = "quarantine"  # the row is held back, with the rule's name; the others are published
    TAG = "tag"  # the row is published and carries the rule's name in `_tags`
    REJECT = "reject"  # nothing is published; the last good version goes on serving


@dataclass(frozen=True, slots=True)
class Rule:
    """One check of a contract, whether it came from a property's options or from a `quality` entry.

    `kind` is one of: type, required, unique, primary-key, enum, range, length, regex, row-count, freshness, sql,
    reference. `columns` are those that the rule reads; `arguments` depend on the kind and are documented in
    `docs/reference/contract-rules.md`. `scope` is "row" when single rows can be blamed, "table" otherwise.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    arguments: Mapping[str, Any]
    scope: str = "row"
    on_violation: OnViolation = OnViolation.QUARANTINE
    description: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """One property of a contract's schema. `type` is ODCS's logicalType, `physical` what the owner wrote, if any."""

    name: str
    type: str
    physical: str = ""
    required: bool = False
    description: str = ""
    business_name: str = ""
    classification: str = "public"
    tags: tuple[str, ...] = ()
    primary_key: bool = False
    examples: tuple[str, ...] = ()
    line: int = 0
    format: str = ""  # logicalTypeOptions.format: i32, f64, a date pattern …
    unique: bool = False
    declassified: str = ""  # why its classification may be lower than that of its sources (I5); "" when it may not


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """One promise of `slaProperties`: `freshness`, 1, `d`, say."""

    property: str
    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """What one output port promises. `actual_time` names the column that says when a row was true."""

    id: str
    version: str
    name: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    service_levels: tuple[ServiceLevel, ...] = ()
    actual_time: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    semantics: Mapping[str, Any] | None = None  # entities and links, apart from the syntax (E2)
    path: str = ""  # the file, relative to the mesh's folder
    table: str = ""  # the schema object's name: how SQL rules call the port's rows
    digest: str = ""  # SHA-256 of the contract's file

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.primary_key)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)
