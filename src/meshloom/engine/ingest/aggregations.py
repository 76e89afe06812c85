"""`aggregationConfigs`: what a table may aggregate while it consumes (TableConfigUtils.validateIngestionConfig)."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from meshloom.engine.config.schema import Role, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.ingest.expressions import arguments, expression

SIMPLE = ("COUNT", "SUM", "MIN", "MAX")
# How many arguments each takes.
FUNCTIONS = {
    "DISTINCTCOUNTHLL": (1, 2), "DISTINCTCOUNTHLLPLUS": (1, 3), "SUMPRECISION": (2, 3), "MIN": (1, 1), "MAX": (1, 1),
    "SUM": (1, 1), "COUNT": (1, 1),
}  # fmt: skip


def check_aggregations(config: TableConfig, schema: Schema) -> set[str]:
    """The columns that the aggregations read. Raises RestError 400 with the first thing that is wrong."""
    entries = config.ingestion.get("aggregationConfigs") or ()
    if not entries:
        return set()
    if config.indexing.get("aggregateMetrics"):
        raise RestError(400, "aggregateMetrics cannot be set with AggregationConfig")
    if config.upsert:
        raise RestError(400, "Metrics aggregation and upsert cannot be enabled together")
    seen: set[str] = set()
    read: set[str] = set()
    for entry in entries:
        name, function = entry.get("columnName"), entry.get("aggregationFunction")
        if not name or not function:
            raise RestError(400, f"columnName/aggregationFunction cannot be null in AggregationConfig {entry}")
        field = schema.fields.get(name)
        if field is None:
            raise _refused(name, "must be present in the schema")
        if field.role is not Role.METRIC:
            raise _refused(name, "must be a metric column")
        if name in seen:
            raise RestError(400, f"Duplicate aggregation config found for column '{name}'")
        seen.add(name)
        read.update(_source(name, str(function), field.data_type.value, entry))
    metrics = {field.name for field in schema.fields.values() if field.role is Role.METRIC}
    if metrics - seen:
        raise RestError(400, "all metric columns must be aggregated")
    return read


def _refused(name: str, why: str) -> RestError:
    return RestError(400, f"The destination column '{name}' of the aggregation function {why}")


def _source(name: str, text: str, data_type: str, entry: dict[str, Any]) -> list[str]:
    try:
        tree, columns = expression(text), arguments(text)
    except PinotError as error:
        raise RestError(400, f"Invalid aggregation function '{text}' for column '{name}'") from error
    if not isinstance(tree, exp.Func):
        raise RestError(400, f"aggregation function must be a function for: {entry}")
    function = (tree.name if isinstance(tree, exp.Anonymous) else tree.sql_name()).upper().replace("_", "")
    if function not in FUNCTIONS:
        raise RestError(400, f"Aggregation function: {function.lower()} must have fixed size aggregated value")
    given: list[Any] = list(tree.expressions) if isinstance(tree, exp.Anonymous) else [tree.this, *tree.expressions]
    least, most = FUNCTIONS[function]
    if not least <= len(given) <= most:
        raise RestError(400, f"{function} takes {least} to {most} arguments, got: {text}")
    star = function == "COUNT" and isinstance(given[0], exp.Star)
    if not star and not isinstance(given[0], exp.Column):
        shown = given[0].sql() if isinstance(given[0], exp.Expr) else given[0]
        raise RestError(400, f"First argument of aggregation function: {function} must be identifier, got: {shown}")
    if function not in SIMPLE and data_type not in ("BYTES", "BIG_DECIMAL", "STRING"):
        raise RestError(400, f"{function} wants a column of BYTES for: {name}, got: {data_type}")
    return columns
