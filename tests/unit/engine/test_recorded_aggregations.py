"""Aggregations and groups of the single-stage engine as Pinot 1.5.1's own code answers them: every line of
`recorded_aggregations.txt` is a query and what was recorded for it, names, types and rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

RECORDED = [json.loads(line) for line in (Path(__file__).parent / "recorded_aggregations.txt").read_text().splitlines()]
TYPES = {
    "i": "INT", "l": "LONG", "f": "FLOAT", "d": "DOUBLE", "bd": "BIG_DECIMAL", "b": "BOOLEAN", "ts": "TIMESTAMP",
    "s": "STRING", "by": "BYTES", "g": "STRING",
}  # fmt: skip
SEVERAL = {"mi": "INT", "ml": "LONG", "mf": "FLOAT", "md": "DOUBLE", "ms": "STRING"}
SCHEMA = {
    "schemaName": "a_rec",
    "dimensionFieldSpecs": [{"name": name, "dataType": type_} for name, type_ in TYPES.items()]
    + [{"name": name, "dataType": type_, "singleValueField": False} for name, type_ in SEVERAL.items()],
}
COLUMNS = (*TYPES, *SEVERAL)
VALUES: list[tuple[Any, ...]] = [
    (5, 2**63 - 1, 1.5, -2.25, "1.50", True, "951782400000", "4.5", "00ff", "a", [1, 2], [30], [0.5], [1.5, -2.5],
     ["x"]),
    (7, -9, 0.25, 123456.789, "-12.125", True, "1700000000123", "apple", "deadbeef", "a", [3, 3, 1], [10, 20], [1.5],
     [0.1], ["b", "a", "a"]),
    (None, 0, None, 1.5, "99", False, "-1000", "Banana", "", "b", None, None, [1.5, 2.5], None, ["a"]),
    (-1, -(2**63), 2.5, None, "0", False, None, None, None, "b", [5], [30], None, [1.5, -2.5], None),
    (100, 1700000000123, -2.25, 1e300, None, None, "-1000", "apple", "00ff", "c", [-1, 0], [2**63 - 1, 1], [0.5],
     [3.25], ["b"]),
    (7, None, 0.0, 0.1, "123456789012345678901.5", True, "0", "123", "68656c6c6f", None, [1, 2], [10], [2.5], [0.1],
     ["x"]),
    (2**31 - 1, 2**53 + 1, 1.5, 0.1, "1.5", False, "1600000000000", "4.5", "00ff", None, [2], [30], [1.5], [1.5],
     ["c", "x"]),
    (-(2**31), 5, 1.5, -0.5, "-12.125", True, "1600000000000", "", "00", "a", [3], [20], [0.5, 0.25], [2.0],
     ["a", "c"]),
]  # fmt: skip
ROWS = [{name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None} for row in VALUES]
CONFIG = {"tableIndexConfig": {"nullHandlingEnabled": True}}


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    found.add(SCHEMA, ROWS, **CONFIG)
    return found


def like(found: Any, expected: Any) -> bool:
    """The same value of the same type; doubles that were added up in another order may differ in their last digits."""
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(like, found, expected))
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(found, expected, rel_tol=1e-9)
    return type(found) is type(expected) and bool(found == expected)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["sql"])
def test_as_recorded(tables: Any, recorded: dict[str, Any]) -> None:
    answer = tables.cluster.broker.query(recorded["sql"], {})
    assert not answer["exceptions"], answer["exceptions"]
    table = answer["resultTable"]
    assert table["dataSchema"]["columnNames"] == recorded["names"]
    assert table["dataSchema"]["columnDataTypes"] == recorded["types"]
    found, expected = table["rows"], recorded["rows"]
    if "order by" not in recorded["sql"].lower():
        found, expected = (sorted(rows, key=json.dumps) for rows in (found, expected))
    assert like(found, expected), f"{found} is not {expected}"
