"""Pinot's schema: what columns a table has. Read from and written to the JSON that Pinot uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from meshloom.engine.config.types import DIMENSION_NULLS, METRIC_NULLS, DataType, default_of

STORED = {DataType.BOOLEAN: "INT", DataType.TIMESTAMP: "LONG", DataType.JSON: "STRING"}


class Role(StrEnum):
    """The kind of a field, by the list of the JSON in which it stands."""

    DIMENSION = "dimensionFieldSpecs"
    METRIC = "metricFieldSpecs"
    DATE_TIME = "dateTimeFieldSpecs"
    COMPLEX = "complexFieldSpecs"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One column. `default_null_value` is typed (milliseconds for TIMESTAMP, bytes for BYTES)."""

    name: str
    data_type: DataType
    role: Role = Role.DIMENSION
    single_value: bool = True
    default_null_value: Any = None
    not_null: bool = False
    max_length: int = 512
    max_length_exceed: str = ""
    format: str = ""
    granularity: str = ""
    transform: str = ""
    virtual: bool = False
    values: FieldSpec | None = None  # of a MAP: what a column of its values would be

    @property
    def stored_type(self) -> str:
        """Pinot's stored type: BOOLEAN is INT, TIMESTAMP LONG, JSON STRING."""
        return STORED.get(self.data_type, self.data_type.value)

    @property
    def duckdb(self) -> str:
        """The stored type in DuckDB; a list for multi-value columns."""
        return self.data_type.duckdb if self.single_value else f"{self.data_type.duckdb}[]"


@dataclass(frozen=True, slots=True)
class Schema:
    """A table's columns by name, in the order of the document. `document` is the JSON as posted."""

    name: str
    fields: Mapping[str, FieldSpec]
    primary_key: tuple[str, ...] = ()
    column_based_nulls: bool = False
    document: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Schema:
        """Read Pinot's JSON, trusting that `config.validate.schema` let it pass.

        Raises KeyError and ValueError on what it would have refused.
        """
        fields: dict[str, FieldSpec] = {}
        for role in Role:
            for entry in document.get(role) or ():
                spec = _field(entry, role)
                fields[spec.name] = spec
        legacy = document.get("timeFieldSpec")
        if legacy:
            spec = _legacy_time(legacy)
            fields[spec.name] = spec
        return cls(
            name=str(document["schemaName"]),
            fields=fields,
            primary_key=tuple(document.get("primaryKeyColumns") or ()),
            column_based_nulls=bool(document.get("enableColumnBasedNullHandling", False)),
            document=document,
        )


def _field(entry: Mapping[str, Any], role: Role) -> FieldSpec:
    data_type = DataType(str(entry["dataType"]).upper())
    nulls = METRIC_NULLS if role is Role.METRIC else DIMENSION_NULLS
    written = entry.get("defaultNullValue")
    return FieldSpec(
        name=str(entry["name"]),
        data_type=data_type,
        role=role,
        single_value=bool(entry.get("singleValueField", True)),
        default_null_value=nulls[data_type] if written is None else default_of(data_type, written),
        not_null=bool(entry.get("notNull", False)),
        max_length=int(entry.get("maxLength") or 512),
        max_length_exceed=str(entry.get("maxLengthExceedStrategy") or ""),
        format=str(entry.get("format") or ""),
        granularity=str(entry.get("granularity") or ""),
        transform=str(entry.get("transformFunction") or ""),
        virtual=bool(entry.get("virtualColumnProvider")),
        values=_field(entry["childFieldSpecs"]["value"], role) if data_type is DataType.MAP else None,
    )


def _legacy_time(entry: Mapping[str, Any]) -> FieldSpec:
    """`timeFieldSpec` of old schemas: the outgoing granularity is the column."""
    granularity = entry.get("outgoingGranularitySpec") or entry["incomingGranularitySpec"]
    size, unit = granularity.get("timeUnitSize", 1), granularity.get("timeType", "DAYS")
    spec = {
        "name": granularity["name"],
        "dataType": granularity["dataType"],
        "format": f"{size}:{unit}:{granularity.get('timeFormat', 'EPOCH')}",
        "granularity": f"{size}:{unit}",
        "defaultNullValue": entry.get("defaultNullValue"),
    }
    return _field(spec, Role.DATE_TIME)
