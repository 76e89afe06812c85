"""Whether a star-tree index answers an aggregation (StarTreeUtils): its pairs hold all that is aggregated, and its
dimensions all that is grouped or filtered by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from meshloom.engine.config.schema import Role
from meshloom.engine.config.table import TableConfig
from meshloom.engine.sql.functions import find_aggregate
from meshloom.engine.sql.relation import Relation
from meshloom.engine.sql.single.explain.condition import Condition
from meshloom.engine.sql.single.explain.expression import Expression, Literal, columns_in
from meshloom.engine.sql.single.explain.filters import Filters
from meshloom.engine.sql.single.explain.operator import Operator
from meshloom.engine.sql.single.explain.query import Aggregation

# Aggregations that are stored under another's name (AggregationFunctionColumnPair.getStoredType).
STORED = {
    "distinctcountrawbitmap": "distinctcountbitmap", "distinctcountrawhll": "distinctcounthll",
    "distinctcountrawhllplus": "distinctcounthllplus", "distinctcountrawull": "distinctcountull",
    "distinctcountrawthetasketch": "distinctcountthetasketch", "distinctcountrawcpcsketch": "distinctcountcpcsketch",
    "distinctcountrawintegersumtuplesketch": "distinctcounttuplesketch",
    "sumvaluesintegersumtuplesketch": "distinctcounttuplesketch",
    "avgvalueintegersumtuplesketch": "distinctcounttuplesketch",
    "percentilerawest": "percentileest", "percentilerawtdigest": "percentiletdigest",
}  # fmt: skip
NEVER = ("REGEXP_LIKE", "TEXT_MATCH", "IS_NULL", "IS_NOT_NULL")
NUMBERS = ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL")


@dataclass(frozen=True, slots=True)
class StarTree:
    dimensions: frozenset[str]
    pairs: frozenset[str]


def trees_of(config: TableConfig, relation: Relation) -> Iterator[StarTree]:
    """A table's star-trees: those of `starTreeIndexConfigs`, then the default one where it is asked for."""
    for one in config.indexing.get("starTreeIndexConfigs") or ():
        pairs = {str(pair) for pair in one.get("functionColumnPairs") or ()}
        pairs |= {f"{c.get('aggregationFunction')}__{c.get('columnName')}" for c in one.get("aggregationConfigs") or ()}
        yield StarTree(frozenset(one.get("dimensionsSplitOrder") or ()), frozenset(_stored(pair) for pair in pairs))
    if str(config.indexing.get("enableDefaultStarTree", "")).lower() == "true":
        fields = relation.schema.fields.values()
        dimensions = {f.name for f in fields if f.role != Role.METRIC and f.single_value and not f.virtual}
        sums = {f"sum__{f.name}" for f in fields if f.role == Role.METRIC and f.data_type.value in NUMBERS}
        yield StarTree(frozenset(dimensions), frozenset({"count__*", *sums}))


def _stored(pair: str) -> str:
    name, _, column = pair.partition("__")
    name = name.lower().replace("_", "")
    found = find_aggregate(STORED.get(name, name))
    return f"{found.name if found is not None else name}__{column}"


def pairs_of(aggregations: Sequence[Aggregation]) -> list[str] | None:
    """What a star-tree would have to hold; None for what none holds."""
    found = []
    for one in aggregations:
        if one.name == "count":
            found.append("count__*")
        elif one.column:
            found.append(_stored(f"{one.told}__{one.column}"))
        else:
            return None
    return found


USUAL = {"distinctcounthll": "8", "distinctcounthllplus": "14", "percentiletdigest": "100", "distinctcountull": "12"}


def usual(one: Aggregation) -> bool:
    """Whether what is stored was made with the parameters that are asked for (canUseStarTree), all by default."""
    name = STORED.get(one.name.removesuffix("mv"), one.name)
    given = [value.text for value in one.more if isinstance(value, Literal)]
    given = given[1:] if name.startswith("percentile") else given
    return name not in USUAL or not given or given[0] == USUAL[name]


def answering(
    trees: Sequence[StarTree], aggregations: Sequence[Aggregation], keys: Sequence[Expression],
    condition: Condition | None, filters: Filters,
) -> list[str] | None:  # fmt: skip
    """The pairs that a star-tree answers from; None when none fits."""
    pairs = pairs_of(aggregations)
    filtered = _columns(condition, filters) if condition is not None else set()
    if pairs is None or filtered is None:
        return None
    grouped = {name for one in keys for name in columns_in(one)}
    if filters.nulls and any(
        filters.has_nulls(c) for c in (*grouped, *filtered, *(one.column for one in aggregations))
    ):
        return None
    if not all(map(usual, aggregations)):
        return None
    for tree in trees:
        if tree.pairs >= set(pairs) and tree.dimensions >= grouped | filtered:
            return pairs
    return None


def _columns(condition: Condition, filters: Filters) -> set[str] | None:
    """The columns that are filtered by; None when a star-tree cannot tell which documents pass."""
    match condition.kind:
        case "TRUE":
            return set()
        case "AND":
            held = [_columns(part, filters) for part in condition.parts]
            return None if None in held else set().union(*(one for one in held if one is not None))
        case "OR":
            return _of_one(condition, filters)
        case "NOT":
            return _negated(condition.parts[0], filters)
    found = _predicate(condition, filters)
    return None if found is None or found.empty else set() if found.entire else {condition.column}


def _predicate(condition: Condition, filters: Filters) -> Operator | None:
    if not condition.column or condition.kind in NEVER:
        return None
    return filters.operator(condition) if filters.indexes.dictionary(condition.column) else None


def _negated(condition: Condition, filters: Filters) -> set[str] | None:
    found = _predicate(condition, filters)
    return None if found is None or found.entire else set() if found.empty else {condition.column}


def _of_one(condition: Condition, filters: Filters) -> set[str] | None:
    """An OR is understood when all its predicates are of one column."""
    columns = set()
    for part in condition.parts:
        inner, negated = (part.parts[0], True) if part.kind == "NOT" else (part, False)
        found = _predicate(inner, filters)
        if found is None:
            return None
        if found.empty if negated else found.entire:
            return set()
        if not (found.entire if negated else found.empty):
            columns.add(inner.column)
    return columns if len(columns) == 1 else None
