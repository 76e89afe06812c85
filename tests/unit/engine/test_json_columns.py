"""What a JSON column keeps of a text, as Pinot 1.5.1 was seen to: Jackson's form, a number as BigDecimal prints it."""

from __future__ import annotations

from typing import Any

SCHEMA = {
    "schemaName": "documents",
    "dimensionFieldSpecs": [{"name": "n", "dataType": "INT"}, {"name": "j", "dataType": "JSON"}],
}
KEPT: list[tuple[Any, str]] = [
    ("", ""), ("abc", '"abc"'), ('{"a": 1.0}', '{"a":1}'), (" [1, 2] ", "[1,2]"), ('{"a":1} x', '{"a":1}'),
    ('{"a":1e5, "b":1.10,"c":1E-7}', '{"a":1E+5,"b":1.1,"c":1E-7}'), ('{"a":0.00000001}', '{"a":1E-8}'),
    ('{"d":100000000000000000000000.5}', '{"d":100000000000000000000000.5}'), ("-0.0", "0"), ("1e2", "1E+2"),
    ('{"a":"\\u00e9\\n\\/x"}', '{"a":"é\\n/x"}'), ("null", "null"), ('"q"', '"q"'), ('{"a":}', '"{\\"a\\":}"'),
    ("tRue", '"tRue"'), (" 12 ", "12"), ("NaN", '"NaN"'), ("01", '"01"'), ('{"a":"b c"}', '{"a":"b c"}'),
    ('{"b":1,"a":{"z":[ ]}}', '{"b":1,"a":{"z":[]}}'), ({"x": 1.5, "y": "é/"}, '{"x":1.5,"y":"é/"}'),
    ([1, 2.0], "[1,2.0]"), (5, "5"), (2.5, "2.5"), (True, "true"),
]  # fmt: skip


def test_a_json_column_keeps_the_value_in_one_form(new_tables: Any) -> None:
    tables = new_tables()
    tables.add(SCHEMA, [{"n": number, "j": value} for number, (value, _) in enumerate(KEPT)])
    found = tables.rows("SELECT j FROM documents ORDER BY n LIMIT 100")
    assert [text for (text,) in found] == [text for _, text in KEPT]
