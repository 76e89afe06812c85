"""Pinot's logical table: several physical tables under one name (LogicalTableConfig.java)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from meshloom.engine.config.table import raw_name
from meshloom.engine.errors import RestError

STRATEGY = "min"  # MinTimeBoundaryStrategy, the only one that Pinot ships


@dataclass(frozen=True, slots=True)
class LogicalTable:
    """`tables` are physical names; `bounded_by` are those of which the least time boundary counts."""

    name: str
    tables: tuple[str, ...]
    ref_offline: str = ""
    ref_realtime: str = ""
    bounded_by: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> LogicalTable:
        """Read Pinot's JSON, trusting that `check_logical` let it pass."""
        parameters = (document.get("timeBoundaryConfig") or {}).get("parameters") or {}
        return cls(
            name=str(document["tableName"]),
            tables=tuple(document["physicalTableConfigMap"]),
            ref_offline=str(document.get("refOfflineTableName") or ""),
            ref_realtime=str(document.get("refRealtimeTableName") or ""),
            bounded_by=tuple(parameters.get("includedTables") or ()),
            document=document,
        )

    def section(self, key: str) -> Mapping[str, Any]:
        value = self.document.get(key)
        return value if isinstance(value, Mapping) else {}


def check_logical(document: Mapping[str, Any], tables: Collection[str], tenants: Collection[str]) -> None:
    """What Pinot refuses (LogicalTableConfigUtils), with its texts. `tables` are the physical tables that there are,
    `tenants` the brokers'. Raises RestError 400."""
    name = document.get("tableName")
    if not name:
        raise _refused("'tableName' should not be null or empty", "table name")
    if name != raw_name(name):
        raise _refused("'tableName' should not end with _OFFLINE or _REALTIME", "table name")
    physical = document.get("physicalTableConfigMap")
    if not physical:
        raise _refused("'physicalTableConfigMap' should not be null or empty")
    for table, config in physical.items():
        if config is None:
            raise _refused(f"'physicalTableConfig' should not be null for physical table: {table}")
        if config.get("multiCluster"):
            raise _refused(f"physical table '{table}' of another cluster cannot be read by this engine")
    for kind in ("offline", "realtime"):
        _check_reference(document, kind, [table for table in physical if table.endswith(f"_{kind.upper()}")])
    if (document.get("quota") or {}).get("storage"):
        raise _refused("'quota.storage' should not be set for logical table")
    for table in physical:
        if table not in tables:
            raise _refused(f"'{table}' should be one of the existing tables")
    if document.get("brokerTenant") not in tenants:
        raise _refused(f"'{document.get('brokerTenant')}' should be one of the existing broker tenants")


def _check_reference(document: Mapping[str, Any], kind: str, there: Collection[str]) -> None:
    key = f"ref{kind.capitalize()}TableName"
    reference = document.get(key)
    if reference is not None and not str(reference).endswith(f"_{kind.upper()}"):
        raise _refused(f"'{key}' should be {'an' if kind == 'offline' else 'a'} {kind} table type")
    if there and not reference:
        raise _refused(f"'{key}' should not be null or empty when {kind} table exists")
    if not there and reference:
        raise _refused(f"'{key}' should be null or empty when {kind} tables do not exist")
    if there and reference not in there:
        raise _refused(f"'{key}' should be one of the provided {kind} tables")


def check_boundary(document: Mapping[str, Any]) -> None:
    """As `check_logical`, of the part that Pinot judges after the schema. Raises RestError 400."""
    config = document.get("timeBoundaryConfig")
    if config is None:
        if document.get("refOfflineTableName") and document.get("refRealtimeTableName"):
            raise _refused("'timeBoundaryConfig' should not be null for hybrid logical tables")
        return
    if not config.get("boundaryStrategy"):
        raise _refused("'timeBoundaryConfig.boundaryStrategy' should not be null or empty")
    parameters = config.get("parameters")
    if not parameters:
        raise _refused("'timeBoundaryConfig.parameters' should not be null or empty")
    if str(config["boundaryStrategy"]) != STRATEGY:
        raise _refused(f"'timeBoundaryConfig.boundaryStrategy' should be {STRATEGY}, not {config['boundaryStrategy']}")


def _refused(reason: str, what: str = "table") -> RestError:
    return RestError(400, f"Invalid logical {what}. Reason: {reason}")
