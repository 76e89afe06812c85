"""What Pinot's controller refuses in a table's ingestion config (TableConfigUtils.java)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.validate_star_trees import shown_bean
from meshloom.engine.errors import QUERY_VALIDATION, PinotError, RestError
from meshloom.engine.ingest.aggregations import check_aggregations
from meshloom.engine.ingest.conforming import Conforming
from meshloom.engine.ingest.expressions import Record, arguments, is_groovy, value
from meshloom.engine.ingest.readers import Source
from meshloom.engine.ingest.signatures import unknown_call


def check_functions(config: TableConfig, schema: Schema, *, groovy: bool = False) -> None:
    """Raises RestError 400. `groovy` is the controller's permission for Groovy at ingestion."""
    condition = (config.ingestion.get("filterConfig") or {}).get("filterFunction")
    if condition is not None:
        if is_groovy(condition) and not groovy:
            raise RestError(400, f"Groovy filter functions are disabled for table config. Found '{condition}'")
        refusal = f"Invalid filter function '{condition}'"
        _parsed(condition, refusal)
        _translated(condition, schema, refusal)
    enriched = _check_enrichers(config, schema, groovy)
    _check_complex(config.ingestion.get("complexTypeConfig"), schema)
    if conforming := config.ingestion.get("schemaConformingTransformerConfig"):
        Conforming(conforming, schema)
    aggregated = check_aggregations(config, schema)
    _check_transforms(config, schema, groovy=groovy, sources=enriched | aggregated)


def schema_function(column: str, function: str) -> None:
    """Judge a schema's transform function. Raises RestError 400 with Pinot's words."""
    failed = f"Exception in getting arguments for transform function '{function}' for column '{column}'"
    try:
        if column in arguments(function):
            raise RestError(400, failed)
        _translated(function, Schema(column, {}), failed)
    except PinotError as error:
        raise RestError(400, failed) from error
    except RestError as error:
        raise RestError(400, failed) from error


def _check_transforms(config: TableConfig, schema: Schema, *, groovy: bool, sources: set[str]) -> None:
    seen: set[str] = set()
    entries = config.ingestion.get("transformConfigs") or ()
    for entry in entries:
        name, function = entry.get("columnName"), entry.get("transformFunction")
        if name is None or function is None:
            shown = shown_bean(entry)
            raise RestError(400, f"columnName/transformFunction cannot be null in TransformConfig {shown}")
        if name in seen:
            raise RestError(400, f"Duplicate transform config found for column '{name}'")
        seen.add(name)
        if is_groovy(function) and not groovy:
            raise RestError(
                400,
                f"Groovy transform functions are disabled for table config. Found '{function}' for column '{name}'",
            )
        _check(name, function, schema)
        feeds = name in sources or any(name in _read(other) for other in entries if other is not entry)
        if name not in schema.fields and not feeds:
            raise RestError(
                400,
                f"The destination column '{name}' of the transform function must be present in the schema or as a "
                "source column for aggregations",
            )


def _check_enrichers(config: TableConfig, schema: Schema, groovy: bool) -> set[str]:
    """Judge `enrichmentConfigs`; returns the columns that they read."""
    read: set[str] = set()
    for entry in config.ingestion.get("enrichmentConfigs") or ():
        kind = entry.get("enricherType")
        if kind == "clpEnricher":
            raise RestError(400, "Enricher type clpEnricher is not made by this engine")
        if kind != "generateColumn":
            raise RestError(400, f"No record enricher found for type: {'null' if kind is None else kind}")
        functions = (entry.get("properties") or {}).get("fieldToFunctionMap")
        if functions is None:
            raise RestError(400, "The properties of the enricher generateColumn want a fieldToFunctionMap")
        for name, function in functions.items():
            if is_groovy(function) and not groovy:
                raise RestError(400, "Groovy expression is not allowed for enrichment")
            refusal = f"Invalid transform function '{function}' for column '{name}'"
            read.update(_parsed(function, refusal))
            _translated(function, schema, refusal)
    return read


def _check_complex(config: Mapping[str, Any] | None, schema: Schema) -> None:
    if not config:
        return
    for prefix in config.get("prefixesToRename") or {}:
        for name in schema.fields:
            if name.startswith(prefix):
                raise RestError(
                    400,
                    "Fields in the schema may not begin with any prefix specified in the prefixesToRename config. "
                    f"Name conflict with field: {name} and prefix: {prefix}",
                )


def _read(entry: dict[str, str]) -> list[str]:
    try:
        return arguments(str(entry.get("transformFunction")))
    except PinotError:
        return []


def _check(name: str, function: str, schema: Schema) -> None:
    refusal = f"Invalid transform function '{function}' for column '{name}'"
    names = _parsed(function, refusal)
    if name in names:
        shown = ", ".join(names)
        raise RestError(
            400, f"Arguments of a transform function '[{shown}]' cannot contain the destination column '{name}'"
        )
    _translated(function, schema, refusal)


def _translated(function: str, schema: Schema, refusal: str) -> None:
    unknown = "" if is_groovy(function) else unknown_call(function)
    if unknown:
        raise RestError(400, f"{refusal}, exception: Unsupported function: {unknown}")
    record = Record(Source("", "text", dict.fromkeys(arguments(function), "VARCHAR")), schema, {})
    try:
        value(function, record)
    except PinotError as error:
        why = error.what.partition(", it takes")[0]
        raise RestError(400, f"{refusal}, exception: {why}") from error


def _parsed(text: str, refusal: str) -> list[str]:
    try:
        if not text.strip():
            raise PinotError(QUERY_VALIDATION, text)
        return arguments(text)
    except PinotError as error:
        why = error.what if is_groovy(text) else f"Caught exception while parsing expression: {text}"
        raise RestError(400, f"{refusal}, exception: {why}") from error
