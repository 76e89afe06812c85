"""The order of rows that ORDER BY leaves equal: that in which Pinot's bounded heap gives them up.

Pinot keeps the best rows of a segment in a java.util.PriorityQueue with the worst on top, adding them by document, and
empties it from behind (SelectionOrderByOperator, SelectionOperatorUtils). Equal rows so come in an order that is no
document order, but always the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_TIES = 1_000  # rows; beyond it equal rows stay in the order of their documents


def heap_order(keys: Sequence[Sequence[Any]], documents: Sequence[int]) -> list[int]:
    """The places of sorted rows as Pinot answers them: `keys` of each row, best first, and its document."""
    ranks: list[int] = []
    for place, key in enumerate(keys):
        ranks.append(ranks[-1] + (key != keys[place - 1]) if place else 0)
    if len(set(ranks)) == len(ranks):
        return list(range(len(ranks)))
    queue: list[int] = []
    for place in sorted(range(len(ranks)), key=documents.__getitem__):
        queue.append(place)
        _up(queue, ranks)
    found = []
    while queue:
        found.append(queue[0])
        last = queue.pop()
        if queue:
            _down(queue, ranks, last)
    return found[::-1]


def _up(queue: list[int], ranks: Sequence[int]) -> None:
    at, moved = len(queue) - 1, queue[-1]
    while at and ranks[moved] > ranks[queue[(at - 1) >> 1]]:
        queue[at] = queue[(at - 1) >> 1]
        at = (at - 1) >> 1
    queue[at] = moved


def _down(queue: list[int], ranks: Sequence[int], moved: int) -> None:
    at, size = 0, len(queue)
    while at < size >> 1:
        child = 2 * at + 1
        if child + 1 < size and ranks[queue[child]] < ranks[queue[child + 1]]:
            child += 1
        if ranks[moved] >= ranks[queue[child]]:
            break
        queue[at] = queue[child]
        at = child
    queue[at] = moved
