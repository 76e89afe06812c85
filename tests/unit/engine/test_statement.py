"""Where the options of a query may stand, and that text never becomes one."""

from __future__ import annotations

import pytest

from meshloom.engine.errors import PinotError
from meshloom.engine.sql.statement import parse

HERE = {
    "SET a=1; SELECT x FROM t": {"a": "1"},
    "SELECT x FROM t; SET a=1": {"a": "1"},
    "SELECT x FROM t;\nSET a = 'b c';SET timeoutMs=5 ; ": {"a": "b c", "timeoutMs": "5"},
    "SET a=1; SELECT x FROM t OPTION(b=2); SET c=3;": {"a": "1", "b": "2", "c": "3"},
    "SELECT x FROM t WHERE y = '; SET a=1;'": {},
    "SELECT x FROM t WHERE y = '; SET a=1'; SET b='2'": {"b": "2"},
    "SELECT x FROM t;;": {},
}


@pytest.mark.parametrize("text", HERE)
def test_options_before_and_behind_the_query(text: str) -> None:
    found = parse(text)
    assert found.options == HERE[text]
    assert [table.name for table in found.tables] == ["t"]


@pytest.mark.parametrize("text", ["SELECT 1; SELECT 2", "SELECT 1; SET a=1; DROP TABLE t", "SET a=1;", "; SET a=1"])
def test_one_query_only(text: str) -> None:
    with pytest.raises(PinotError) as refused:
        parse(text)
    assert refused.value.error_code == 150
