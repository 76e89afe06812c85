"""What Pinot's controller refuses in a table's ingestion config (TableConfigUtils.java)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.ingest import pipeline
from meshloom.engine.ingest.aggregations import check_aggregations
from meshloom.engine.ingest.complex_types import MODES
from meshloom.engine.ingest.conforming import Conforming
from meshloom.engine.ingest.expressions import Record, arguments, is_groovy, value
from meshloom.engine.ingest.readers import Source


def check_functions(config: TableConfig, schema: Schema, *, groovy: bool = False) -> None:
    """Raises RestError 400. `groovy` is the controller's permission for Groovy at ingestion."""
    condition = pipeline.filter_of(config)
    if is_groovy(condition) and not groovy:
        raise RestError(400, f"Groovy filter functions are disabled for table config. Found '{condition}'")
    if condition:
        refusal = f"Invalid filter function '{condition}'"
        _parsed(condition, refusal)
        _translated(condition, schema, refusal)
    enriched = _check_enrichers(config, schema, groovy)
    _check_complex(config.ingestion.get("complexTypeConfig"), schema)
    if conforming := config.ingestion.get("schemaConformingTransformerConfig"):
        Conforming(conforming, schema)
    aggregated = check_aggregations(config, schema)
    _check_transforms(config, schema, groovy=groovy, sources=enriched | aggregated)


def _check_transforms(config: TableConfig, schema: Schema, *, groovy: bool, sources: set[str]) -> None:
    seen: set[str] = set()
    entries = config.ingestion.get("transformConfigs") or ()
    for entry in entries:
        name, function = str(entry.get("columnName") or ""), str(entry.get("transformFunction") or "")
        if not name or not function:
            raise RestError(
                400, f"columnName/transformFunction cannot be null in TransformConfig {{{name}: {function}}}"
            )
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
        if kind != "generateColumn":
            what = "is not made by this engine" if kind == "clpEnricher" else "is unknown"
            raise RestError(400, f"Enricher type {kind} {what}")
        functions = (entry.get("properties") or {}).get("fieldToFunctionMap") or {}
        for name, function in functions.items():
            if is_groovy(function) and not groovy:
                raise RestError(400, f"Groovy expression is not allowed for enrichment. Found '{function}'")
            refusal = f"Invalid transform function '{function}' for column '{name}'"
            read.update(_parsed(function, refusal))
            _translated(function, schema, refusal)
    return read


def _check_complex(config: Mapping[str, Any] | None, schema: Schema) -> None:
    if not config:
        return
    mode = str(config.get("collectionNotUnnestedToJson") or "NON_PRIMITIVE")
    if mode not in MODES:
        raise RestError(400, f"No enum constant CollectionNotUnnestedToJson.{mode}")
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
    record = Record(Source("", "text", dict.fromkeys(arguments(function), "VARCHAR")), schema, {})
    try:
        value(function, record)
    except PinotError as error:
        raise RestError(400, f"{refusal}, exception: {error.what}") from error


def _parsed(text: str, refusal: str) -> list[str]:
    try:
        return arguments(text)
    except PinotError as error:
        why = error.what if is_groovy(text) else f"Caught exception while parsing expression: {text}"
        raise RestError(400, f"{refusal}, exception: {why}") from error
