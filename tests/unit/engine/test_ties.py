"""Equal rows in the order of Pinot's heap: two answers of a real Pinot 1.5.1, and what holds of any."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meshloom.engine.sql.ties import heap_order


def test_as_a_real_pinot_answered() -> None:
    # Five rows of one instant, documents 0 to 4: it gave them as 1, 2, 3, 4, 0.
    assert heap_order([("t",)] * 5, [0, 1, 2, 3, 4]) == [1, 2, 3, 4, 0]
    # Two of one instant and a later one: it gave the second before the first.
    assert heap_order([("t",), ("t",), ("u",)], [0, 1, 2]) == [1, 0, 2]


@given(st.lists(st.integers(0, 4), max_size=60))
def test_only_equal_rows_change_places(values: list[int]) -> None:
    documents = sorted(range(len(values)), key=lambda place: (values[place], place))
    keys = [(values[document],) for document in documents]
    found = heap_order(keys, documents)
    assert sorted(found) == list(range(len(values)))
    assert [keys[place] for place in found] == keys
