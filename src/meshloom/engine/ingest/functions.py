"""What Pinot's controller refuses in a table's transform and filter functions (TableConfigUtils.java)."""

from __future__ import annotations

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import PinotError, RestError
from meshloom.engine.ingest import pipeline
from meshloom.engine.ingest.readers import Source
from meshloom.engine.sql.translate import Translator


def check_functions(config: TableConfig, schema: Schema, *, groovy: bool = False) -> None:
    """Raises RestError 400. `groovy` is the controller's permission for Groovy at ingestion."""
    condition = pipeline.filter_of(config)
    if condition.strip().lower().startswith("groovy") and not groovy:
        raise RestError(400, f"Groovy filter functions are disabled for table config. Found '{condition}'")
    if condition:
        _parsed(condition, f"Invalid filter function '{condition}'")
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
        if function.strip().lower().startswith("groovy") and not groovy:
            raise RestError(
                400,
                f"Groovy transform functions are disabled for table config. Found '{function}' for column '{name}'",
            )
        _check(name, function, schema)
        feeds = any(name in _read(other) for other in entries if other is not entry)
        if name not in schema.fields and not feeds:
            raise RestError(
                400,
                f"The destination column '{name}' of the transform function must be present in the schema or as a "
                "source column for aggregations",
            )


def _read(entry: dict[str, str]) -> list[str]:
    try:
        return pipeline.arguments(pipeline.expression(str(entry.get("transformFunction"))))
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
    record = pipeline.Record(Source("", "text", dict.fromkeys(names, "VARCHAR")), schema, {})
    try:
        Translator(record, single=True, nulls=True).translate(pipeline.expression(function))
    except PinotError as error:
        raise RestError(400, f"{refusal}, exception: {error.what}") from error


def _parsed(text: str, refusal: str) -> list[str]:
    try:
        return pipeline.arguments(pipeline.expression(text))
    except PinotError as error:
        raise RestError(400, f"{refusal}, exception: Caught exception while parsing expression: {text}") from error
