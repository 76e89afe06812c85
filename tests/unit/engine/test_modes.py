"""mode() among values that come equally often, as Pinot 1.5.1 reduces them."""

from __future__ import annotations

from typing import Any

import pytest

SCHEMA = {
    "schemaName": "throws",
    "dimensionFieldSpecs": [{"name": "who", "dataType": "STRING"}, {"name": "n", "dataType": "INT"}],
}
THROWS = [("a", 9), ("a", 3), ("a", 9), ("a", 3), ("a", 5), ("b", 7)]


@pytest.mark.parametrize("multi", ["false", "true"])
def test_the_least_of_the_most_frequent_unless_another_is_asked_for(new_tables: Any, multi: str) -> None:
    tables = new_tables()
    tables.add(SCHEMA, [{"who": who, "n": n} for who, n in THROWS])
    asked = "mode(n), mode(n, 'MAX'), mode(n, 'AVG'), mode(n) FILTER (WHERE n > 3)"
    found = tables.rows(f"SELECT who, {asked} FROM throws GROUP BY who ORDER BY who", useMultistageEngine=multi)
    assert found == [["a", 3.0, 9.0, 6.0, 9.0], ["b", 7.0, 7.0, 7.0, 7.0]]
    assert tables.error("SELECT mode(n, 'SUM') FROM throws", useMultistageEngine=multi)[0] == 700
