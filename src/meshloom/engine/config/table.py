"""Pinot's table config: how a table is stored and served. Unknown keys are kept, and reported by the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TYPES = ("OFFLINE", "REALTIME")


def raw_name(table: str) -> str:
    """`movies_OFFLINE` -> `movies`."""
    return table.removesuffix("_OFFLINE") if table.endswith("_OFFLINE") else table.removesuffix("_REALTIME")


def physical_name(table: str, table_type: str) -> str:
    """The name with the type; one that ends with it stays (TableNameBuilder)."""
    return table if table.endswith(f"_{table_type}") else f"{table}_{table_type}"


@dataclass(frozen=True, slots=True)
class TableConfig:
    """One physical table. `document` is the JSON as kept (its `tableName` with the type)."""

    raw_name: str
    table_type: str
    document: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> TableConfig:
        """Read Pinot's JSON, trusting that `config.validate.table` let it pass."""
        table_type = str(document["tableType"]).upper()
        raw = raw_name(str(document["tableName"]))
        return cls(raw, table_type, {**document, "tableName": physical_name(raw, table_type), "tableType": table_type})

    @property
    def name(self) -> str:
        """The name with the type: `movies_OFFLINE`."""
        return physical_name(self.raw_name, self.table_type)

    def section(self, key: str) -> Mapping[str, Any]:
        """A part of the document, empty when it is not there."""
        value = self.document.get(key)
        return value if isinstance(value, Mapping) else {}

    @property
    def indexing(self) -> Mapping[str, Any]:
        return self.section("tableIndexConfig")

    @property
    def segments(self) -> Mapping[str, Any]:
        return self.section("segmentsConfig")

    @property
    def ingestion(self) -> Mapping[str, Any]:
        return self.section("ingestionConfig")

    @property
    def time_column(self) -> str:
        return str(self.segments.get("timeColumnName") or "")

    @property
    def keeps_nulls(self) -> bool:
        """Whether the table has null vectors (`tableIndexConfig.nullHandlingEnabled`)."""
        return bool(self.indexing.get("nullHandlingEnabled", False))

    @property
    def sorted_column(self) -> str:
        columns = self.indexing.get("sortedColumn") or []
        columns = columns if isinstance(columns, list) else [columns]
        return str(columns[0]) if columns else ""

    @property
    def upsert(self) -> Mapping[str, Any]:
        """`upsertConfig`, empty when the table is none of the upsert kind."""
        config = self.section("upsertConfig")
        return config if str(config.get("mode", "NONE")).upper() != "NONE" else {}

    @property
    def tasks(self) -> Mapping[str, Any]:
        """`taskTypeConfigsMap`: the settings of minion tasks by kind."""
        return self.section("task").get("taskTypeConfigsMap") or {}

    @property
    def is_dimension_table(self) -> bool:
        return bool(self.document.get("isDimTable", False))
