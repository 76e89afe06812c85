"""A star-tree's nodes as Pinot builds them of a segment (BaseSingleTreeBuilder), and which of its documents a query
reads (StarTreeFilterOperator)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from meshloom.engine.sql.single.explain.condition import UNBOUNDED, Condition
from meshloom.engine.sql.single.explain.contents import Contents
from meshloom.engine.sql.single.explain.startree import Answering, Predicates, StarTree

ALL = object()  # stands for each value of a dimension
Record = tuple[Any, ...]


class Node:
    """`records` are its documents: the different values of all dimensions. Its children are made when they are asked
    for."""

    def __init__(self, tree: StarTree, depth: int, records: Sequence[Record], *, root: bool = False) -> None:
        self.tree, self.depth, self.records = tree, depth, records
        self.leaf = depth == len(tree.order) or not (root or len(records) > tree.leaf)
        self._children: dict[Any, Node] | None = None

    @property
    def children(self) -> dict[Any, Node]:
        """By the value of the next dimension; `ALL` for the one of all values, last."""
        if self._children is None:
            depth = self.depth
            held: dict[Any, list[Record]] = {}
            for record in self.records:
                held.setdefault(record[depth], []).append(record)
            if len(held) > 1 and self.tree.order[depth] not in self.tree.whole:
                held[ALL] = list({(*r[:depth], ALL, *r[depth + 1 :]) for r in self.records})
            self._children = {value: Node(self.tree, depth + 1, records) for value, records in held.items()}
        return self._children


def walked(contents: Contents, asked: Answering, segment: int) -> tuple[int, int]:
    """How many documents of the tree are read, and how many entries looked at in its leaves."""
    tree = ordered(contents, asked.tree, segment)
    values = [_values(contents, column, segment) for column in tree.order]
    passing = {
        column: {
            value for value in values[tree.order.index(column)] if passes(contents, asked.predicates, value, column)
        }
        for column in asked.predicates
    }
    if not all(passing.values()):
        return 0, 0
    records, aggregated, left = _matched(_root(contents, tree, segment), passing, asked.grouped)
    entries = 0
    for column in left:
        for _ in asked.predicates[column]:
            entries += len(records) + aggregated
            place = tree.order.index(column)
            records = [record for record in records if record[place] in passing[column]]
    return len(records) + aggregated, entries


def _matched(root: Node, passing: dict[str, set[Any]], grouped: frozenset[str]) -> tuple[list[Record], int, set[str]]:
    """The documents of leaves, how many are aggregated ones, and the columns that were not looked at on the way."""
    order, depth = root.tree.order, 0
    predicates, keys = set(passing), set(grouped)
    left = set(predicates) if root.leaf else None
    met = root.leaf
    records: list[Record] = []
    aggregated, queue = 0, deque([root])
    while queue:
        node = queue.popleft()
        if node.depth > depth:
            depth = node.depth
            predicates.discard(order[depth - 1])
            keys.discard(order[depth - 1])
            if met and left is None:
                left = set(predicates)
        if not predicates and not keys:
            aggregated += 1
            continue
        if node.leaf:
            records += node.records
            continue
        following = _following(node, order[depth], passing if order[depth] in predicates else {}, keys, left)
        queue.extend(following)
        met |= any(one.leaf for one in following)
    return records, aggregated, left or set()


def _following(
    node: Node, dimension: str, passing: dict[str, set[Any]], keys: set[str], left: set[str] | None
) -> list[Node]:
    star = None
    if (left is None or dimension not in left) and dimension not in keys:
        star = node.children.get(ALL)
    single = {value: child for value, child in node.children.items() if value is not ALL}
    if dimension not in passing:
        return [star] if star is not None else list(single.values())
    found = [child for value, child in single.items() if value in passing[dimension]]
    return [star] if star is not None and len(found) == len(node.children) - 1 else found


# --- what a tree is made of


def ordered(contents: Contents, tree: StarTree, segment: int) -> StarTree:
    """The default tree is split by the dimension with the most values first."""
    if tree.order:
        return tree
    names = sorted(tree.dimensions, key=lambda one: (-contents.values(one, segment), one))
    return StarTree(tree.dimensions, tree.pairs, tuple(names), tree.whole, tree.leaf)


def _values(contents: Contents, column: str, segment: int) -> set[Any]:
    return {value for (value,) in contents.combinations((column,), segment)}


def _root(contents: Contents, tree: StarTree, segment: int) -> Node:
    def make() -> Node:
        return Node(tree, 0, contents.combinations(tree.order, segment), root=True)

    found: Node = contents.kept(("tree", tree), segment, make)
    return found


def passes(contents: Contents, predicates: Predicates, value: Any, column: str) -> bool:
    return all(
        any(holds(contents, condition, value) is not negated for condition, negated in alternatives)
        for alternatives in predicates[column]
    )


def holds(contents: Contents, condition: Condition, value: Any) -> bool:
    """A predicate of a column, of one of its values."""
    given = [None if one == UNBOUNDED else contents.value(condition.column, one) for one in condition.values]
    match condition.kind:
        case "EQ" | "IN":
            return value in given
        case "NOT_EQ" | "NOT_IN":
            return value not in given
    (low, high), (from_low, to_high) = given, condition.closed
    above = low is None or value > low or (value == low and from_low)
    return above and (high is None or value < high or (value == high and to_high))
