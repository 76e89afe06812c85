"""A multi-value column passes a test when one of its values does; a negation when all do (PredicateEvaluator)."""

from __future__ import annotations

from typing import Any

import pytest

SCHEMA = {
    "schemaName": "notes",
    "dimensionFieldSpecs": [
        {"name": "id", "dataType": "INT"},
        {"name": "v", "dataType": "STRING"},
        {"name": "tags", "dataType": "STRING", "singleValueField": False},
    ],
}
ROWS = [
    {"id": 1, "v": "x", "tags": ["m2", "x"]},
    {"id": 2, "v": "m2", "tags": ["am2", "{0}"]},
    {"id": 3, "v": "{0}", "tags": ["a, m2"]},
]


@pytest.mark.parametrize(
    ("test", "ids"),
    [
        ("tags = 'm2'", [1]),
        ("tags = '{0}'", [2]),
        ("tags <> 'm2'", [2, 3]),
        ("tags IN ('{0}', 'nothing')", [2]),
        ("tags NOT IN ('m2', 'x')", [2, 3]),
        ("tags BETWEEN 'l' AND 'n'", [1]),
        ("tags LIKE 'm%'", [1]),
        ("tags LIKE '%m2%'", [1, 2, 3]),
        ("tags LIKE '[%'", []),  # it is no text of the whole list
        ("tags NOT LIKE 'm%'", [2, 3]),
        ("regexp_like(tags, '^m')", [1]),
        ("regexp_like(tags, '^M', 'i')", [1]),
        ("regexpLikeCi(tags, '^M')", [1]),
        ("regexp_like(tags, '(?<=a)m2')", [2]),  # with look-behind: by Python
        ("NOT regexp_like(tags, '^m')", [2, 3]),
        ("text_match(tags, 'am2')", [2]),
    ],
)
def test_of_any_value(new_tables: Any, test: str, ids: list[int]) -> None:
    tables = new_tables()
    tables.add(SCHEMA, ROWS)
    assert tables.rows(f"SELECT id FROM notes WHERE {test} ORDER BY id") == [[one] for one in ids]


def test_a_multi_value_column_compares_with_literals_only(new_tables: Any) -> None:
    tables = new_tables()
    tables.add(SCHEMA, ROWS)
    assert tables.error("SELECT id FROM notes WHERE tags = v")[0] == 700
