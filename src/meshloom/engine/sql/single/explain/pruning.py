"""The segments that a server does not look at (SegmentPrunerService): those whose columns' extremes or bloom filters
say that nothing passes the filter, and those that a LIMIT does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from meshloom.engine.sql.single.explain.condition import UNBOUNDED, Condition
from meshloom.engine.sql.single.explain.contents import Contents, Extent
from meshloom.engine.sql.single.explain.expression import Column
from meshloom.engine.sql.single.explain.filters import Indexes
from meshloom.engine.sql.single.explain.query import Asked

FEW = 10  # values of an IN by which segments are left out
BY_EXTREMES, BY_BLOOM = ("EQ", "IN", "RANGE"), ("EQ", "IN")


@dataclass(slots=True)
class Kept:
    """`segments` in the order of their numbers, or that of ORDER BY; how many were left out, by whom."""

    segments: list[int]
    by_value: int = 0
    by_limit: int = 0
    all: int = 0

    @property
    def counters(self) -> dict[str, int]:
        return {
            "numSegmentsPrunedByServer": self.all - len(self.segments),
            "numSegmentsPrunedByLimit": self.by_limit,
            "numSegmentsPrunedByValue": self.by_value,
        }


def kept(asked: Asked, contents: Contents, indexes: Indexes, *, bloom: bool = True) -> Kept:
    """`bloom` says whether bloom filters are asked, which means to look for the values in their columns."""
    found = Kept([one for one, rows in contents.documents.items() if rows], all=len(contents.documents))
    condition = asked.filter
    if condition is not None and _applicable(condition, BY_EXTREMES):
        _without(found, condition, lambda one, at: _outside(one, contents, at))
    if condition is not None and _applicable(condition, BY_BLOOM):
        known = (lambda one, at: _unknown(one, contents, indexes, at)) if bloom else (lambda one, at: False)
        _without(found, condition, known)
    if asked.selection and (condition is None or not asked.limit) and found.segments:
        left = list(_needed(asked, found.segments, contents))
        found.by_limit, found.segments = len(found.segments) - len(left), left
    return found


def _without(found: Kept, condition: Condition, by: Callable[[Condition, int], bool]) -> None:
    """The last pruner's count stands, as in Pinot."""
    left = [at for at in found.segments if not _left_out(condition, lambda one, at=at: by(one, at))]  # type: ignore[misc]
    found.by_value, found.segments = len(found.segments) - len(left), left


def _applicable(condition: Condition, kinds: tuple[str, ...]) -> bool:
    """ValueBasedSegmentPruner.isApplicableToFilter."""
    if condition.kind == "AND":
        return any(_applicable(part, kinds) for part in condition.parts)
    if condition.kind == "OR":
        return all(_applicable(part, kinds) for part in condition.parts)
    few = condition.kind != "IN" or len(condition.values) <= FEW
    return bool(condition.column) and condition.kind in kinds and few


def _left_out(condition: Condition, by: Callable[[Condition], bool]) -> bool:
    if condition.kind in ("AND", "OR"):
        found = (_left_out(part, by) for part in condition.parts)
        return any(found) if condition.kind == "AND" else all(found)
    return bool(condition.column) and len(condition.values) <= FEW and by(condition)


def _outside(condition: Condition, contents: Contents, segment: int) -> bool:
    """Whether an equality or a range lies outside of a column's extremes, or is of nothing."""
    if condition.kind not in BY_EXTREMES:
        return False
    extent = contents.extent(condition.column, segment)
    values = [contents.value(condition.column, one) for one in condition.values if one != UNBOUNDED]
    if extent.least is None or None in values:
        return False
    if condition.kind != "RANGE":
        return all(not extent.least <= value <= extent.greatest for value in values)
    return _beyond(condition, values, extent)


def _beyond(condition: Condition, values: list[object], extent: Extent) -> bool:
    (low, high), (from_low, to_high) = condition.values, condition.closed
    first, last = values[0] if low != UNBOUNDED else None, values[-1] if high != UNBOUNDED else None
    if first is not None and last is not None and (first > last or (first == last and not (from_low and to_high))):  # type: ignore[operator]
        return True
    if first is not None and (extent.greatest < first or (extent.greatest == first and not from_low)):
        return True
    return last is not None and (extent.least > last or (extent.least == last and not to_high))


def _unknown(condition: Condition, contents: Contents, indexes: Indexes, segment: int) -> bool:
    """Whether a bloom filter says that a segment has none of the values. It does so of each that is not there: a real
    one takes a few for others."""
    if condition.kind not in BY_BLOOM or "bloom" not in indexes.relation.columns[condition.column].indexes:
        return False
    return not contents.outcome(condition, segment)[0]


# --- by LIMIT


def _needed(asked: Asked, segments: list[int], contents: Contents) -> Iterator[int]:
    """SelectionQuerySegmentPruner."""
    if asked.limit == 0:
        return iter(segments[:1])
    if contents.relation.superseded:
        return iter(segments)
    return _in_order(asked, segments, contents) if asked.orders else _first(segments, asked.limit, contents)


def _first(segments: list[int], wanted: int, contents: Contents) -> Iterator[int]:
    for segment in segments:
        if wanted <= 0:
            return
        yield segment
        wanted -= contents.documents[segment]


def _in_order(asked: Asked, segments: list[int], contents: Contents) -> Iterator[int]:
    """By the extremes of the first key: segments behind those that have enough rows are left out."""
    first, descending = asked.orders[0].expression, asked.orders[0].descending
    if not isinstance(first, Column) or first.name not in contents.relation.columns:
        yield from segments
        return
    extents = {one: contents.extent(first.name, one) for one in segments}
    yield from (one for one in segments if extents[one].least is None)
    segments = [one for one in segments if extents[one].least is not None]
    if descending:
        segments.sort(key=lambda one: extents[one].least, reverse=True)
    else:
        segments.sort(key=lambda one: extents[one].greatest)
    wanted, bound = asked.limit + asked.offset, None
    for one in segments:
        near, far = extents[one].least, extents[one].greatest
        if descending:
            near, far = far, near
        if wanted > 0:
            yield one
            wanted, bound = wanted - contents.documents[one], far
        elif (near > bound if descending else near < bound) or (near == bound and len(asked.orders) > 1):
            yield one
