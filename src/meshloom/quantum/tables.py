"""A port's rows as a real-time table, said in Apache Pinot's own terms: schema, table config, segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meshloom.engine.cluster import Cluster
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.record import ACTUAL, PROCESSING, RETRACTED, TAGS, Published
from meshloom.spec.contract import Column
from meshloom.spec.types import sql_type

MILLISECONDS = {"format": "1:MILLISECONDS:TIMESTAMP", "granularity": "1:MILLISECONDS"}
DAYS = {"format": "1:DAYS:SIMPLE_DATE_FORMAT:yyyy-MM-dd", "granularity": "1:DAYS"}
PINOT = {"VARCHAR": "STRING", "BIGINT": "LONG", "INTEGER": "INT", "TIME": "STRING"}


def schema_of(port: DeployedPort) -> dict[str, Any]:
    """Pinot's schema JSON. Dates are text in the form that sorts; DECIMAL is BIG_DECIMAL."""
    dimensions: list[dict[str, Any]] = []
    times: list[dict[str, Any]] = []
    for column in port.contract.columns:
        _add(column, dimensions, times)
    dimensions += [{"name": RETRACTED, "dataType": "BOOLEAN"}, {"name": TAGS, "dataType": "STRING"}]
    times += [{"name": name, "dataType": "TIMESTAMP", **MILLISECONDS} for name in (ACTUAL, PROCESSING)]
    document = {"schemaName": port.table, "dimensionFieldSpecs": dimensions, "dateTimeFieldSpecs": times}
    if port.contract.primary_key:
        document["primaryKeyColumns"] = list(port.contract.primary_key)
    return document


def _add(column: Column, dimensions: list[dict[str, Any]], times: list[dict[str, Any]]) -> None:
    kind = sql_type(column)
    if kind == "TIMESTAMP":
        times.append({"name": column.name, "dataType": "TIMESTAMP", **MILLISECONDS})
    elif kind == "DATE":
        times.append({"name": column.name, "dataType": "STRING", **DAYS})
    else:
        pinot = "BIG_DECIMAL" if kind.startswith("DECIMAL") else PINOT.get(kind, kind)
        dimensions.append({"name": column.name, "dataType": pinot})


def config_of(port: DeployedPort) -> dict[str, Any]:
    """Pinot's table config JSON: OFFLINE, nulls kept, the newest row of each key current."""
    config: dict[str, Any] = {
        "tableName": port.table,
        "tableType": "OFFLINE",
        "segmentsConfig": {"timeColumnName": ACTUAL, "replication": "1", "segmentPushType": "APPEND"},
        "tenants": {},
        "tableIndexConfig": {"loadMode": "MMAP", "nullHandlingEnabled": True},
        "ingestionConfig": {},
        "metadata": {
            "customConfigs": {
                "meshloom.port": str(port.urn),
                "meshloom.version": port.version,
                "asOfColumn": PROCESSING,
            }
        },
    }
    if port.contract.primary_key:
        config["upsertConfig"] = {
            "mode": "FULL",
            "comparisonColumns": [PROCESSING],
            "deleteRecordColumn": RETRACTED,
        }
        config["routing"] = {"instanceSelectorType": "strictReplicaGroup"}
    return config


def serve(cluster: Cluster, port: DeployedPort, history: Sequence[Published]) -> int:
    """Make the cluster's table be the record's projection; returns the number of segments pushed.

    Each data file of the record is one segment, pushed by reference. A table whose schema changed is built again.
    Raises RestError.
    """
    controller = cluster.controller
    physical = f"{port.table}_OFFLINE"
    schema, config = schema_of(port), config_of(port)
    there = physical in controller.tables()
    if there and (controller.schema(port.table) != schema or _changed(controller.table(physical), config)):
        controller.drop_table(port.table)
        there = False
    if not there:
        controller.put_schema(schema)
        controller.put_table(config)
    have = {segment.name for segment in controller.segments(physical)}
    wanted = {f"{port.table}_{publish.run}": publish for publish in history}
    for name in have - set(wanted):
        controller.drop_segment(physical, name)
    pushed = [name for name in wanted if name not in have]
    for name in pushed:
        controller.push_reference(physical, name, [wanted[name].file], metadata={"run": wanted[name].run})
    return len(pushed)


def serves(cluster: Cluster, port: DeployedPort, history: Sequence[Published]) -> bool:
    """Whether the cluster's table is the record's projection."""
    physical = f"{port.table}_OFFLINE"
    if physical not in cluster.controller.tables():
        return False
    have = {segment.name for segment in cluster.controller.segments(physical)}
    return have == {f"{port.table}_{publish.run}" for publish in history}


def _changed(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return any(before.get(key) != value for key, value in after.items() if key not in ("tableName", "metadata"))


def withdraw(cluster: Cluster, table: str) -> None:
    """Drop a table and its schema, if they are there; the record stays."""
    controller = cluster.controller
    if f"{table}_OFFLINE" in controller.tables():
        controller.drop_table(table)
    if table in controller.schemas():
        controller.drop_schema(table)
