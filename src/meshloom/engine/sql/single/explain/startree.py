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


Predicates = dict[str, list[tuple[tuple[Condition, bool], ...]]]  # by column: all of them, of each any (negated or not)
MOST_RECORDS = 10_000  # of a leaf, unless a tree's config says otherwise


@dataclass(frozen=True, slots=True)
class StarTree:
    """`order` has the dimensions as they are split, those of the default tree by falling numbers of values; `whole`
    are those without a node for all values."""

    dimensions: frozenset[str]
    pairs: frozenset[str]
    order: tuple[str, ...] = ()
    whole: frozenset[str] = frozenset()
    leaf: int = MOST_RECORDS


@dataclass(frozen=True, slots=True)
class Answering:
    """A tree that answers an aggregation, from its `pairs`."""

    tree: StarTree
    pairs: tuple[str, ...]
    predicates: Predicates
    grouped: frozenset[str]


def trees_of(config: TableConfig, relation: Relation) -> Iterator[StarTree]:
    """A table's star-trees: those of `starTreeIndexConfigs`, then the default one where it is asked for."""
    for one in config.indexing.get("starTreeIndexConfigs") or ():
        pairs = {str(pair) for pair in one.get("functionColumnPairs") or ()}
        pairs |= {f"{c.get('aggregationFunction')}__{c.get('columnName')}" for c in one.get("aggregationConfigs") or ()}
        order = tuple(one.get("dimensionsSplitOrder") or ())
        whole = frozenset(one.get("skipStarNodeCreationForDimensions") or ())
        leaf = int(one.get("maxLeafRecords") or MOST_RECORDS)
        yield StarTree(frozenset(order), frozenset(_stored(pair) for pair in pairs), order, whole, leaf)
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
) -> Answering | None:  # fmt: skip
    """None when no tree fits."""
    pairs = pairs_of(aggregations)
    filtered = _predicates(condition, filters) if condition is not None else {}
    if pairs is None or filtered is None:
        return None
    grouped = frozenset(name for one in keys for name in columns_in(one))
    read = (*grouped, *filtered, *(one.column for one in aggregations))
    if (filters.nulls and any(map(filters.has_nulls, read))) or not all(map(usual, aggregations)):
        return None
    for tree in trees:
        if tree.pairs >= set(pairs) and tree.dimensions >= grouped | set(filtered):
            return Answering(tree, tuple(pairs), filtered, grouped)
    return None


def _predicates(condition: Condition, filters: Filters) -> Predicates | None:
    """The predicates by column; None when a star-tree cannot tell which documents pass."""
    match condition.kind:
        case "TRUE":
            return {}
        case "AND":
            held: Predicates = {}
            for part in condition.parts:
                found = _predicates(part, filters)
                if found is None:
                    return None
                for column, predicates in found.items():
                    held.setdefault(column, []).extend(predicates)
            return held
        case "OR":
            return _of_one(condition, filters)
        case "NOT":
            inner = condition.parts[0]
            operator = _operator(inner, filters)
            if operator is None or operator.entire:
                return None
            return {} if operator.empty else {inner.column: [((inner, True),)]}
    operator = _operator(condition, filters)
    if operator is None or operator.empty:
        return None
    return {} if operator.entire else {condition.column: [((condition, False),)]}


def _operator(condition: Condition, filters: Filters) -> Operator | None:
    if not condition.column or condition.kind in NEVER:
        return None
    return filters.operator(condition) if filters.indexes.dictionary(condition.column) else None


def _of_one(condition: Condition, filters: Filters) -> Predicates | None:
    """An OR is understood when all its predicates are of one column."""
    held: list[tuple[Condition, bool]] = []
    for part in condition.parts:
        inner, negated = (part.parts[0], True) if part.kind == "NOT" else (part, False)
        found = _operator(inner, filters)
        if found is None:
            return None
        if found.empty if negated else found.entire:
            return {}
        if not (found.entire if negated else found.empty):
            held.append((inner, negated))
    columns = {inner.column for inner, _ in held}
    return {columns.pop(): [tuple(held)]} if len(columns) == 1 else None
