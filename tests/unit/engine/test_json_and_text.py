"""JSON and text out of columns, at their edges: JsonExtractScalarTransformFunction, JsonFunctions, Jayway's paths,
StringFunctions with commons-lang, and Java's strings of UTF-16 units."""

from __future__ import annotations

import json
from typing import Any

import pytest

DOCUMENTS: list[Any] = [
    {"a": 1, "b": 1.5, "d": True, "e": None, "f": [1, 2, 3], "g": {"h": "y", "i": [{"k": 1}, {"k": "Z"}]},
     "l": 9007199254740993, "t": "2020-01-01 00:00:00", "x y": "s"},
    {"a": "7", "b": "2.5", "d": "1", "f": "none", "g": [], "l": "123", "t": 0},
    {},
]  # fmt: skip
TEXTS = ["Hello", "", "Äö😀 ß"]
SCHEMA = {
    "schemaName": "docs",
    "dimensionFieldSpecs": [
        {"name": "n", "dataType": "INT"}, {"name": "j", "dataType": "STRING"}, {"name": "s", "dataType": "STRING"},
        {"name": "by", "dataType": "BYTES"}, {"name": "i", "dataType": "INT"},
    ],
}  # fmt: skip
UNRESOLVED = "Cannot resolve JSON path on some records"

VALUES: dict[str, list[Any]] = {
    "jsonExtractScalar(j, '$.a', 'INT', -1)": [1, 7, -1],
    "jsonExtractScalar(j, '$.b', 'DOUBLE', 0)": [1.5, 2.5, 0.0],
    "jsonExtractScalar(j, '$.b', 'LONG', 0)": [1, 2, 0],
    "jsonExtractScalar(j, '$.l', 'LONG', 0)": [9007199254740993, 123, 0],
    "jsonExtractScalar(j, '$.d', 'BOOLEAN', false)": [True, True, False],
    "jsonExtractScalar(j, '$.e', 'STRING', 'x')": ["x", "x", "x"],
    "jsonExtractScalar(j, '$.f', 'STRING', 'x')": ["[1,2,3]", "none", "x"],
    "jsonExtractScalar(j, '$.t', 'TIMESTAMP', 5)": ["2020-01-01 00:00:00.0", "1970-01-01 00:00:00.0",
                                                    "1970-01-01 00:00:00.005"],
    "jsonExtractScalar(j, '$.f', 'INT_ARRAY')": [[1, 2, 3], [], []],
    "jsonExtractScalar(j, '$.g.i[*].k', 'STRING_ARRAY')": [["1", "Z"], [], []],
    "jsonExtractScalar(j, '$.g.i[?(@.k == 1)].k', 'STRING_ARRAY')": [["1"], [], []],
    "jsonExtractScalar(j, '$.f[?(@ > 1 && @ < 3)]', 'LONG_ARRAY')": [[2], [], []],
    "jsonExtractScalar(j, '$.f[0:2]', 'INT_ARRAY')": [[1, 2], [], []],
    "jsonExtractScalar(j, '$.f[-1]', 'INT', 0)": [3, 0, 0],
    "jsonExtractScalar(j, '$.f.length()', 'INT', 0)": [3, 4, 0],
    "jsonExtractScalar(j, '$[''x y'']', 'STRING', '-')": ["s", "-", "-"],
    "jsonExtractScalar(j, '$[''a'',''l'']', 'STRING', '-')": ['{"a":1,"l":9007199254740993}', '{"a":"7","l":"123"}',
                                                             "{}"],
    "jsonPathArrayDefaultEmpty(j, '$.g.i[?(@.k =~ /z/i)]')": [['{"k":"Z"}'], [], []],
    "jsonPathArray(j, '$.f[0,2]')": [["1", "3"], [], []],
    "jsonPathString(j, '$..h', '-')": ['["y"]', "[]", "[]"],
    "jsonPathExists(j, '$.e')": [False, False, False], "jsonPathExists(j, '$.g')": [True, True, False],
    "jsonExtractKey(j, '$.g.*')": [["$['g']['h']", "$['g']['i']"], [], []],
    "isJson(s)": [False, True, False],
    # Java's strings
    "length(s)": [5, 0, 6], "strpos(s, 'ß')": [-1, -1, 5], "strpos(s, 'l')": [2, -1, -1],
    "levenshteinDistance(s, 'Hallo')": [1, 5, 6], "hammingDistance(s, 'Äö😀 s')": [-1, -1, 1],
    "strcmp(s, 'Hi')": [-4, -2, 124], "concatWs('-', s, 'x')": ["Hello-x", "-x", "Äö😀 ß-x"],
    "fromUtf8(by)": ["\x01�", "", "ok"], "splitPart(s, '', 0)": ["Hello", "null", "Äö😀"],
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    found = new_tables()
    rows = [
        {"n": n, "j": json.dumps(document), "s": text, "by": by, "i": n}
        for n, (document, text, by) in enumerate(zip(DOCUMENTS, TEXTS, ["01ff", "", "6f6b"], strict=True))
    ]
    found.add(SCHEMA, [*rows, {"n": 3}], tableIndexConfig={"nullHandlingEnabled": True})
    return found


@pytest.mark.parametrize("multistage", ["false", "true"])
@pytest.mark.parametrize("expression", VALUES)
def test_a_column(tables: Any, expression: str, multistage: str) -> None:
    rows = tables.rows(f"SELECT {expression} FROM docs WHERE n < 3 ORDER BY n", useMultistageEngine=multistage)
    assert [row[0] for row in rows] == VALUES[expression]


@pytest.mark.parametrize(("multistage", "none"), [("false", [[], ""]), ("true", [None, None])])
def test_what_is_no_json_is_the_placeholder_in_the_single_stage_engine(tables: Any, multistage: str, none: Any) -> None:
    sql = "SELECT jsonStringToArray(s), jsonStringToMap(s) FROM docs WHERE n < 3"
    assert tables.rows(sql, useMultistageEngine=multistage) == [none] * 3


@pytest.mark.parametrize("expression", [
    "concatWs('-', s, 'x')", "repeat('a', i)", "strpos(s, 'x')", "length(s)", "fromUtf8(by)",
    "jsonExtractScalar(j, '$.a', 'INT')",
])  # fmt: skip
def test_a_null_gives_null(tables: Any, expression: str) -> None:
    assert tables.rows(f"SELECT {expression} FROM docs WHERE n = 3", enableNullHandling="true") == [[None]]


@pytest.mark.parametrize("multistage", ["false", "true"])
@pytest.mark.parametrize(
    ("expression", "code", "says"),
    [
        ("jsonExtractScalar(j, '$.a', 'INT')", 200, UNRESOLVED),
        ("jsonExtractScalar(j, '$.f', 'INT', 0)", 200, "[1,2,3]"),
        ("jsonExtractScalar(j, '$.a.', 'INT', 0)", 700, "Illegal JSON path"),
        ("jsonPathString(j, '$[?(@ ~ 1)]')", 700, "Illegal JSON path"),
        ("jsonExtractScalar(j, '$.a', 'NOTHING', 0)", 700, "unsupported result type NOTHING"),
        ("codepoint(s)", 200, "index out of range"), ("arrayLength(s)", 700, "must be multi-valued"),
        ("arrayToString(s, ',')", 700, "must be multi-valued"), ("valueIn(s, 'a')", 700, "must be multi-valued"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(tables: Any, expression: str, code: int, says: str, multistage: str) -> None:
    found, message = tables.error(f"SELECT {expression} FROM docs", useMultistageEngine=multistage)
    assert found == code
    assert says in message
