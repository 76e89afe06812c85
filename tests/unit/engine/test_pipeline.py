"""The record pipeline in Pinot's order: what each step makes of a record."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.unit.engine.ingesting import rows_of, schema_of, table_of

from meshloom.engine.errors import RestError
from meshloom.engine.ingest.functions import check_functions

EVENT = {"id": 1, "who": {"name": "Ann", "tags": ["x", "y"]}, "items": [{"sku": {"no": 7}, "n": 1}, {"n": 2}]}
UNNEST = {"complexTypeConfig": {"fieldsToUnnest": ["items"]}}


def test_lists_become_records_and_objects_columns(tmp_path: Path) -> None:
    schema = schema_of("id:INT who.name:STRING who.tags:STRING[] items.sku.no:INT items.n:INT")
    made = rows_of(tmp_path, [EVENT, {"id": 2, "items": []}], schema, table_of(UNNEST))
    first = {"id": 1, "who.name": "Ann", "who.tags": ["x", "y"]}
    assert made == [
        first | {"items.sku.no": 7, "items.n": 1},
        first | {"items.sku.no": None, "items.n": 2},
        {"id": 2, "who.name": None, "who.tags": None, "items.sku.no": None, "items.n": None},
    ]


def test_what_is_not_taken_apart_is_json_by_the_mode(tmp_path: Path) -> None:
    record = {"a": [{"y": 1, "x": 2}], "b": [1, 2]}
    schema = schema_of("a:STRING b:STRING[]")
    assert rows_of(tmp_path, [record], schema, table_of({"complexTypeConfig": {"delimiter": "_"}})) == [
        {"a": '[{"x":2,"y":1}]', "b": ["1", "2"]}
    ]
    every = table_of({"complexTypeConfig": {"collectionNotUnnestedToJson": "ALL"}})
    assert rows_of(tmp_path, [record], schema_of("a:STRING b:STRING"), every)[0]["b"] == "[1,2]"


def test_lists_in_lists_and_new_prefixes(tmp_path: Path) -> None:
    record = {"g": {"rows": [{"k": 1, "deep": [{"z": 1}, {"z": 2}]}, {"k": 2}]}}
    config = table_of(
        {"complexTypeConfig": {"fieldsToUnnest": ["g__rows__deep", "g__rows"], "delimiter": "__",
                               "prefixesToRename": {"g__rows__": "", "g__": "group_"}}}
    )  # fmt: skip
    made = rows_of(tmp_path, [record], schema_of("k:INT deep__z:INT"), config)
    assert made == [{"k": 1, "deep__z": 1}, {"k": 1, "deep__z": 2}, {"k": 2, "deep__z": None}]


def test_a_renaming_that_meets_another_column_fails_the_file_or_leaves_the_record(tmp_path: Path) -> None:
    config = {"complexTypeConfig": {"prefixesToRename": {"a.": ""}}}
    row = {"a": {"x": 1, "y": 2}, "y": 3, "z": 4}
    with pytest.raises(RestError, match=r"Name conflict after attempting to rename field a.y to y"):
        rows_of(tmp_path, [row], schema_of("x:INT y:INT z:INT"), table_of(config))
    made = rows_of(tmp_path, [row], schema_of("x:INT y:INT z:INT"), table_of(config | {"continueOnError": True}))
    assert made == [{"x": 1, "y": 3, "z": 4}]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_enrichers_come_before_complex_types_or_after(tmp_path: Path, kind: str) -> None:
    config = table_of(
        {
            "complexTypeConfig": {},
            "enrichmentConfigs": [
                {"enricherType": "generateColumn", "properties": {"fieldToFunctionMap": {"a": "upper(a)"}},
                 "preComplexTypeTransform": True},
                {"enricherType": "generateColumn", "properties": {"fieldToFunctionMap": {"b": "concat(a, 'z')"}}},
            ],
            "transformConfigs": [{"columnName": "b", "transformFunction": "lower(a)"}],
        }
    )  # fmt: skip
    file = tmp_path / f"in.{kind}"
    file.write_text("a,b\nx,y\n" if kind == "csv" else '{"a": "x", "b": "y"}\n')
    made = rows_of(tmp_path, file, schema_of("a:STRING b:STRING"), config, inputFormat=kind)
    assert made == [{"a": "X", "b": "Xz"}]  # put in any case; the transform finds a value and leaves it


def test_a_filter_sees_transforms_and_drops_what_is_true(tmp_path: Path) -> None:
    config = table_of(
        {"transformConfigs": [{"columnName": "twice", "transformFunction": "n * 2"}],
         "filterConfig": {"filterFunction": "twice > 3"}}
    )  # fmt: skip
    assert rows_of(tmp_path, [{"n": 1}, {"n": 2}, {"n": None}], schema_of("n:INT twice:INT"), config) == [
        {"n": 1, "twice": 2},
        {"n": None, "twice": None},
    ]


def test_a_text_for_bytes_is_hexadecimal_in_a_record(tmp_path: Path) -> None:
    config = table_of({"transformConfigs": [{"columnName": "sum", "transformFunction": "adler32(raw)"}]})
    assert rows_of(tmp_path, [{"raw": "01020304"}], schema_of("raw:BYTES sum:INT"), config)[0]["sum"] == 1572875


def test_conforming_keeps_the_rest_in_a_catch_all(tmp_path: Path) -> None:
    config = table_of(
        {
            "schemaConformingTransformerConfig": {
                "indexableExtrasField": "rest", "unindexableExtrasField": "plain", "unindexableFieldSuffix": "_noidx",
                "fieldPathsToDrop": ["c.gone"], "columnNameToJsonKeyPathMap": {"y": "c.x.y"},
            },
            "filterConfig": {"filterFunction": "a = 2"},
        }
    )  # fmt: skip
    record = {"a": 1, "b": "2", "c": {"d": 3, "x": {"y": 9, "w": [1]}, "gone": 4}, "e_noidx": {"f": True}}
    made = rows_of(tmp_path, [record, {"a": 2}], schema_of("a:INT c.d:INT y:INT rest:JSON plain:JSON"), config)
    rest = '{"b":"2","c":{"x":{"w":[1]}}}'
    assert made == [{"a": 1, "c.d": 3, "y": 9, "rest": rest, "plain": '{"e_noidx":{"f":"true"}}'}]


@pytest.mark.parametrize(
    ("type_", "given", "kept"),
    [
        ("STRING", ["only"], "only"),
        ("STRING", {"k": "only"}, "only"),
        ("STRING", [], None),
        ("INT", [None, 4], 4),
        ("JSON", [1, 2], "[1,2]"),
        ("STRING[]", {"a": "x", "b": "y"}, ["x", "y"]),
        ("STRING[]", "one", ["one"]),
        ("DOUBLE", -0.0, 0.0),
        ("DOUBLE", "NaN", None),
        ("DOUBLE[]", ["NaN", 1], [1.0]),
        ("STRING", True, "true"),
        ("BOOLEAN", "1", True),
        ("STRING", "a\0b", "a"),
    ],
)
def test_values_become_the_columns_type(tmp_path: Path, type_: str, given: Any, kept: Any) -> None:
    [row] = rows_of(tmp_path, [{"v": given}], schema_of(f"v:{type_}"), table_of())
    assert row["v"] == kept
    assert str(row["v"]) == str(kept)  # -0.0 equals 0.0


def test_several_values_are_no_single_value(tmp_path: Path) -> None:
    with pytest.raises(RestError, match="Cannot read single-value from Object") as failed:
        rows_of(tmp_path, [{"v": ["a", "b"]}], schema_of("v:STRING"), table_of())
    assert failed.value.status == 400
    assert not (tmp_path / "segment.parquet").exists()
    assert rows_of(tmp_path, [{"v": ["a", "b"]}], schema_of("v:STRING"), table_of({"continueOnError": True})) == [
        {"v": None}
    ]


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [("", "abc"), ("TRIM_LENGTH", "abc"), ("SUBSTITUTE_DEFAULT_VALUE", "null"), ("NO_ACTION", "abcd"), ("ERROR", None)],
)
def test_too_long_text(tmp_path: Path, strategy: str, kept: str | None) -> None:
    schema = schema_of("v:STRING", v={"maxLength": 3, "maxLengthExceedStrategy": strategy})
    if kept is None:
        with pytest.raises(RestError, match="exceeds its maxLength"):
            rows_of(tmp_path, [{"v": "abcd"}], schema, table_of())
        return
    assert rows_of(tmp_path, [{"v": "abcd"}, {"v": "ab"}], schema, table_of()) == [{"v": kept}, {"v": "ab"}]


def test_long_json_and_bytes_stay_unless_told(tmp_path: Path) -> None:
    cut = {"maxLength": 2, "maxLengthExceedStrategy": "TRIM_LENGTH"}
    schema = schema_of("j:JSON b:BYTES c:BYTES", j={"maxLength": 2}, b={"maxLength": 2}, c=cut)
    row = {"j": {"a": 1}, "b": "010203", "c": "010203"}
    assert rows_of(tmp_path, [row], schema, table_of()) == [{"j": '{"a":1}', "b": b"\1\2\3", "c": b"\1\2"}]


@pytest.mark.parametrize(
    ("type_", "format_", "good", "bad"),
    [
        ("LONG", "1:MILLISECONDS:EPOCH", 1_600_000_000_000, 1_600_000_000),
        ("INT", "EPOCH|DAYS|1", 18_000, 18),
        ("STRING", "SIMPLE_DATE_FORMAT|yyyy-MM-dd", "2020-02-02", "1920-02-02"),
        ("TIMESTAMP", "TIMESTAMP", "2020-02-02 10:00:00", "2090-02-02 10:00:00"),
    ],
)
def test_a_rows_time_is_checked(tmp_path: Path, type_: str, format_: str, good: Any, bad: Any) -> None:
    schema = schema_of(f"t/at:{type_}", at={"format": format_})
    checked = {"rowTimeValueCheck": True, "segmentTimeValueCheck": False}
    assert len(rows_of(tmp_path, [{"at": good}], schema, table_of(checked, "at"))) == 1
    for value in (bad, "soon"):
        with pytest.raises(RestError):
            rows_of(tmp_path, [{"at": good}, {"at": value}], schema, table_of(checked, "at"))
    nulls = {"tableIndexConfig": {"nullHandlingEnabled": True}}
    lenient = table_of(checked | {"continueOnError": True}, "at", **nulls)
    made = rows_of(tmp_path, [{"at": good}, {"at": bad}, {"at": "soon"}], schema, lenient)
    assert [row["at"] is None for row in made] == [False, True, True]


def test_a_segments_time_is_checked_unless_told_not_to(tmp_path: Path) -> None:
    schema = schema_of("t/at:LONG")
    with pytest.raises(RestError, match=r"Invalid segment start/end time: 5/6 \(in millis: 5/6\) for time column: at"):
        rows_of(tmp_path, [{"at": 5}, {"at": 6}], schema, table_of(time="at"))
    assert not (tmp_path / "segment.parquet").exists()
    off = table_of({"segmentTimeValueCheck": False}, "at")
    assert rows_of(tmp_path, [{"at": 5}], schema, off) == [{"at": 5}]


def test_a_missing_time_is_the_present(tmp_path: Path) -> None:
    [row] = rows_of(tmp_path, [{"at": None}], schema_of("t/at:LONG"), table_of(time="at"))
    assert abs(row["at"] - time.time() * 1000) < 60_000


def test_groovy_at_ingestion(tmp_path: Path) -> None:
    schema = schema_of("first:STRING last:STRING name:STRING sum:LONG tags:STRING[]")
    config = table_of(
        {
            "transformConfigs": [
                {"columnName": "name", "transformFunction": "Groovy({first + ' ' + last}, first, last)"},
                {"columnName": "sum", "transformFunction": "Groovy({n.a + n.b}, n)"},
                {"columnName": "tags", "transformFunction": "groovy({t.collect{it * 2}}, t)"},
            ],
            "filterConfig": {"filterFunction": "Groovy({name.startsWith('B')}, name)"},
        }
    )
    rows = [{"first": "Ann", "last": "Lee", "n": {"a": 1, "b": 2}, "t": [1, 2]}, {"first": "Bob", "last": "Lee"}]
    rows[1] |= {"n": {"a": 1, "b": 2}, "t": [3]}
    made = {"first": "Ann", "last": "Lee", "name": "Ann Lee", "sum": 3, "tags": ["2", "4"]}
    assert rows_of(tmp_path, rows, schema, config) == [made]
    with pytest.raises(RestError, match="Groovy filter functions are disabled for table config"):
        check_functions(config, schema)
    config.ingestion["filterConfig"] = {}
    with pytest.raises(RestError, match="Groovy transform functions are disabled for table config"):
        check_functions(config, schema)
    check_functions(config, schema, groovy=True)


METRICS = schema_of("d:STRING m/total:DOUBLE m/n:LONG")
GOOD = [
    {"columnName": "total", "aggregationFunction": "SUM(price)"},
    {"columnName": "n", "aggregationFunction": "COUNT(*)"},
]


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (GOOD, ""),
        (GOOD[:1], "all metric columns must be aggregated"),
        ([*GOOD, GOOD[0]], "Duplicate aggregation config found for column 'total'"),
        ([{"columnName": "d", "aggregationFunction": "SUM(x)"}], "must be a metric column"),
        ([{"columnName": "q", "aggregationFunction": "SUM(x)"}], "must be present in the schema"),
        ([{"columnName": "n", "aggregationFunction": "price"}], "must be a function"),
        ([{"columnName": "n", "aggregationFunction": "PERCENTILETDIGEST(price)"}], "must have fixed size"),
        ([{"columnName": "n", "aggregationFunction": "SUM(a + b)"}], "must be identifier"),
        ([{"columnName": "n"}], "cannot be null"),
    ],
)
def test_aggregations_are_judged(entries: list[dict[str, str]], why: str) -> None:
    raw = {"noDictionaryColumns": ["total", "n"]}
    config = table_of({"aggregationConfigs": entries}, tableIndexConfig=raw)
    if not why:
        check_functions(config, METRICS)
        with pytest.raises(RestError, match="must be a no-dictionary column"):
            check_functions(table_of({"aggregationConfigs": entries}), METRICS)
        return
    with pytest.raises(RestError, match=why):
        check_functions(config, METRICS)


@pytest.mark.parametrize(
    ("ingestion", "why"),
    [
        ({"enrichmentConfigs": [{"enricherType": "clpEnricher"}]}, "is not made by this engine"),
        ({"enrichmentConfigs": [{"enricherType": "other"}]}, "No record enricher found for type: other"),
        (
            {
                "enrichmentConfigs": [
                    {"enricherType": "generateColumn", "properties": {"fieldToFunctionMap": {"a": "("}}}
                ]
            },
            "Invalid transform function",
        ),
        ({"complexTypeConfig": {"prefixesToRename": {"d": "e"}}}, "may not begin with any prefix"),
        ({"schemaConformingTransformerConfig": {"indexableExtrasField": "q"}}, "doesn't exist in schema"),
    ],
)
def test_what_no_table_may_say(ingestion: dict[str, Any], why: str) -> None:
    with pytest.raises(RestError, match=why):
        check_functions(table_of(ingestion), METRICS)
