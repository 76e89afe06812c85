"""`aggregationConfigs`: what a table may aggregate while it consumes (TableConfigUtils.validateIngestionConfig)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.schema import FieldSpec, Role, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.validate_indexes import Indexes
from meshloom.engine.config.validate_star_trees import function_type, shown_bean
from meshloom.engine.errors import PinotError
from meshloom.engine.ingest.expressions import expression

# Those that have a ValueAggregator, and whether its value has a fixed size (of SUMPRECISION with a precision it has).
FIXED = frozenset(
    """
COUNT MIN MAX SUM SUMPRECISION AVG MINMAXRANGE DISTINCTCOUNTHLL DISTINCTCOUNTRAWHLL DISTINCTCOUNTHLLPLUS
DISTINCTCOUNTRAWHLLPLUS DISTINCTCOUNTULL DISTINCTCOUNTRAWULL DISTINCTCOUNTTUPLESKETCH
DISTINCTCOUNTRAWINTEGERSUMTUPLESKETCH SUMVALUESINTEGERSUMTUPLESKETCH AVGVALUEINTEGERSUMTUPLESKETCH
DISTINCTCOUNTCPCSKETCH DISTINCTCOUNTRAWCPCSKETCH COUNTMV SUMMV AVGMV
""".split()  # noqa: SIM905
)
GROWING = frozenset(
    """
DISTINCTCOUNTBITMAP DISTINCTCOUNTTHETASKETCH DISTINCTCOUNTRAWTHETASKETCH PERCENTILEEST PERCENTILERAWEST
PERCENTILETDIGEST PERCENTILERAWTDIGEST
""".split()  # noqa: SIM905
)
# Of a function: its name in the texts, the least and the most arguments, the text about them, and its result types.
SKETCHES = {
    "DISTINCTCOUNTHLL": ("DISTINCT_COUNT_HLL", 1, 2, "can have at most two arguments", ("BYTES",)),
    "DISTINCTCOUNTHLLPLUS": ("DISTINCT_COUNT_HLL_PLUS", 1, 3, "can have at most three arguments", ("BYTES",)),
    "SUMPRECISION": ("SUM_PRECISION", 2, 3, "must specify precision (required), scale (optional)",
                     ("BIG_DECIMAL", "BYTES")),
}  # fmt: skip


def check_aggregations(config: TableConfig, schema: Schema) -> set[str]:
    """The columns that the aggregations read. Raises RestError 400 with the first thing that is wrong."""
    entries = config.ingestion.get("aggregationConfigs") or ()
    if not entries:
        return set()
    require(not config.indexing.get("aggregateMetrics"), "aggregateMetrics cannot be set with AggregationConfig")
    seen: set[str] = set()
    read: set[str] = set()
    for entry in entries:
        name, function = entry.get("columnName"), entry.get("aggregationFunction")
        if name is None or function is None:
            raise refuse(f"columnName/aggregationFunction cannot be null in AggregationConfig {shown_bean(entry)}")
        what = f"The destination column '{name}' of the aggregation function must be"
        field = schema.fields.get(name)
        if field is None:
            raise refuse(f"{what} present in the schema")
        require(field.role is Role.METRIC, f"{what} a metric column")
        require(name not in seen, f"Duplicate aggregation config found for column '{name}'")
        seen.add(name)
        read.add(_source(name, str(function), field, entry))
    metrics = {field.name for field in schema.fields.values() if field.role is Role.METRIC}
    require(metrics == seen, "all metric columns must be aggregated")
    settings = Indexes(config, schema).settings["dictionary"]
    for name in seen:
        raw = bool(settings.get(name, {}).get("disabled"))
        require(raw, f"Aggregated column: {name} must be a no-dictionary column")
    return read


def _source(name: str, text: str, field: FieldSpec, entry: Mapping[str, Any]) -> str:
    shown = shown_bean(entry)
    try:
        tree = expression(text)
    except PinotError as error:
        raise refuse(f"Invalid aggregation function '{text}' for column '{name}'") from error
    if not isinstance(tree, exp.Func | exp.Binary | exp.Not | exp.Paren):
        raise refuse(f"aggregation function must be a function for: {shown}")
    called = tree.name if isinstance(tree, exp.Anonymous) else text.partition("(")[0].strip()
    function = function_type(called)
    require(bool(function), f"Invalid aggregation function name: {called.replace('_', '').lower()}")
    given = _arguments(tree)
    if function in SKETCHES:
        _sketch(function, given, field, shown)
    else:
        require(len(given) == 1, f"{function} can only have one argument: {shown}")
    kind = _kind(given[0])
    require(kind == "IDENTIFIER", f"First argument of aggregation function: {function} must be identifier, got: {kind}")
    if function not in FIXED | GROWING:
        raise refuse(f"Caught exception while creating ValueAggregator for aggregation function: {text}")
    require(function in FIXED, f"Aggregation function: {text} must have fixed size aggregated value")
    return "*" if isinstance(given[0], exp.Star) else str(given[0].name)


def _arguments(tree: exp.Expr) -> list[Any]:
    if isinstance(tree, exp.Anonymous):
        return list(tree.expressions)
    return [one for one in (tree.args.get("this"), *tree.expressions, tree.args.get("expression")) if one is not None]


def _kind(argument: Any) -> str:
    if isinstance(argument, exp.Column | exp.Star):
        return "IDENTIFIER"
    return "LITERAL" if isinstance(argument, exp.Literal | exp.Boolean | exp.Null) else "FUNCTION"


def _sketch(function: str, given: list[Any], field: FieldSpec, shown: str) -> None:
    name, least, most, what, results = SKETCHES[function]
    require(least <= len(given) <= most, f"{name} {what}: {shown}")
    # Pinot looks at the last argument alone; of SUM_PRECISION at the precision.
    place = 1 if function == "SUMPRECISION" else len(given) - 1
    if place:
        which = f"{('Second', 'Third')[place - 1]} argument of {name} must be"
        require(_kind(given[place]) == "LITERAL", f"{which} literal: {shown}")
        require(str(given[place].name).isdigit(), f"{which} a number: {shown}")
    fits = field.data_type.value in results
    require(fits, f"Result type for {name} must be {' or '.join(results)}: {shown}")
