"""What Pinot refuses in star-trees (TableConfigUtils.validateStarTreeIndexConfigs)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from meshloom.engine.config.java import hash_order
from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig

APART = (
    "If you want multiple pre-aggregations on the same column with the same aggregation function but with different "
    "configuration parameters, specify them in separate star-tree index configurations"
)


def check_star_trees(
    config: TableConfig, schema: Schema, columns: Collection[str], encoded: Callable[[str], bool]
) -> None:
    """`columns` are those with index settings, `encoded` tells of one whether it has a dictionary. Raises RestError
    400 with the first thing that is wrong."""
    dimensions: dict[str, None] = {}
    for tree in config.indexing.get("starTreeIndexConfigs") or ():
        order, skipped = tree["dimensionsSplitOrder"], tree.get("skipStarNodeCreationForDimensions") or []
        for name in order:
            known = name in columns
            require(known, f"Failed to find dimension column: {name} specified in star-tree index config in schema")
            kept = encoded(name)
            require(kept, f"Cannot create star-tree index on dimension column: {name} without dictionary")
            dimensions[name] = None
        if set(skipped) - set(order):
            shown = f"[{', '.join(order)}], skipStarNodeCreationForDimensions: [{', '.join(skipped)}]"
            raise refuse("Can not skip star-node creation for dimensions not in the split order, "
                         f"dimensionsSplitOrder: {shown}")  # fmt: skip
        aggregated = _pairs(tree)
        for name in hash_order([*dimensions, *aggregated]):
            known = name in schema.fields
            require(known, f"Failed to find column: {name} specified in star-tree index config in schema")
            mapped = schema.fields[name].data_type == "MAP"
            require(not mapped, f"Star-tree index cannot be created on MAP column: {name}")
        for name in dimensions:
            single = schema.fields[name].single_value
            require(single, f"Star-tree dimension columns must be single-value, but found multi-value column: {name}")


def _pairs(tree: Mapping[str, Any]) -> dict[str, None]:
    """The columns that a star-tree aggregates."""
    pairs, configs = tree.get("functionColumnPairs"), tree.get("aggregationConfigs")
    both = pairs is not None and configs is not None
    require(not both, "Either 'functionColumnPairs' or 'aggregationConfigs' must be specified, but not both")
    seen: set[tuple[str, str]] = set()
    columns: dict[str, None] = {}
    for pair in pairs or ():
        name, split, column = pair.partition("__")
        function = function_type(name)
        if not split or not function:
            raise refuse(f"Invalid StarTreeIndex config: {pair}. Must bein the form <Aggregation function>__<Column "
                         "name>")  # fmt: skip
        where = f"functionColumnPair: {pair}"
        _pair(function, column, seen, columns, f"Duplicate function column pair: {pair}", where)
    for entry in configs or ():
        function, column = function_type(entry["aggregationFunction"] or ""), entry["columnName"]
        if not function:
            raise refuse(f"Invalid StarTreeIndex config: {shown_bean(entry)}")
        stored = f"{CANONICAL.get(function, function)}__{'*' if function == 'COUNT' else column}"
        twice = f"Duplicate function column pair: {stored}. {APART}"
        where = f"aggregationConfig for function: {entry['aggregationFunction']}"
        _pair(function, column, seen, columns, twice, where)
    return columns


def _pair(
    function: str, column: str, seen: set[tuple[str, str]], columns: dict[str, None], twice: str, where: str
) -> None:
    column = "*" if function == "COUNT" else column
    require((function, column) not in seen, twice)
    seen.add((function, column))
    if column != "*":
        columns[column] = None
    elif function != "COUNT":
        raise refuse(f"Non-COUNT function set the column as '*' in the {where}. Please configure an actual column for "
                     "the function")  # fmt: skip


PERCENTILE = re.compile(r"PERCENTILE(RAWEST|EST|RAWTDIGEST|TDIGEST|RAWKLL|KLL|)(\d*)(MV)?")
FUNCTIONS = """
count min max minString maxString minLong maxLong sum $sum0 sumInt sumLong sumPrecision avg mode anyValue
firstWithTime lastWithTime minMaxRange distinctCount distinctCountOffHeap distinctSum distinctAvg
distinctCountBitmap segmentPartitionedDistinctCount distinctCountHLL distinctCountRawHLL distinctCountSmartHLL
distinctCountSmartHLLPlus fastHLL distinctCountHLLPlus distinctCountRawHLLPlus distinctCountULL
distinctCountRawULL distinctCountSmartULL distinctCountThetaSketch distinctCountRawThetaSketch
distinctCountTupleSketch distinctCountRawIntegerSumTupleSketch sumValuesIntegerSumTupleSketch
avgValueIntegerSumTupleSketch distinctCountCPCSketch distinctCountRawCPCSketch percentile percentileEst
percentileRawEst percentileTDigest percentileRawTDigest percentileSmartTDigest percentileKLL percentileRawKLL
idSet histogram covarPop covarSamp varPop varSamp stdDevPop stdDevSamp skewness kurtosis fourthMoment
frequentStringsSketch frequentLongsSketch STUnion boolAnd boolOr exprMin exprMax pinotparentaggexprMin
pinotparentaggexprMax pinotchildaggexprMin pinotchildaggexprMax arrayAgg listAgg sumArrayLong sumArrayDouble
funnelMaxStep funnelCompleteCount funnelStepDurationStats funnelMatchStep funnelEventsFunctionEval funnelCount
countMV minMV maxMV sumMV avgMV minMaxRangeMV distinctCountMV distinctSumMV distinctAvgMV distinctCountBitmapMV
distinctCountHLLMV distinctCountRawHLLMV distinctCountHLLPlusMV distinctCountRawHLLPlusMV percentileMV
percentileEstMV percentileRawEstMV percentileTDigestMV percentileRawTDigestMV percentileKLLMV percentileRawKLLMV
timeSeriesAggregate
"""
CANONICAL = {name.upper().replace("$", ""): name for name in FUNCTIONS.split()}


def function_type(name: str) -> str:
    """AggregationFunctionType of a name, "" when there is none: case and underscores do not matter."""
    normal = name.replace("_", "").replace("$", "").upper()
    if found := PERCENTILE.fullmatch(normal):
        return f"PERCENTILE{found[1]}{found[3] or ''}"
    return normal if normal in CANONICAL else ""


def shown_bean(entry: Mapping[str, Any]) -> str:
    """A configuration object as its Java class prints it."""
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
