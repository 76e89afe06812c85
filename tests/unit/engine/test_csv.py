"""CSV as Pinot reads it (commons-csv)."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.engine.ingest.readers import read
from meshloom.infra.compute import open_reader

FILE = '# a comment\n1,"a\n# b",3\n2,b,3, # more values than columns\n#4,c,5\n3,b\n'


@pytest.mark.parametrize("marker", ["#", ""])
def test_a_comment_is_a_whole_line_outside_quotes(tmp_path: Path, marker: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(FILE, encoding="utf-8")
    options = {"header": "id,name,n", "delimiter": ","} | ({"commentMarker": marker} if marker else {})
    with open_reader() as session:
        source = read(session, path, "CSV", ["id", "name", "n"], options)
        rows = session.execute(f"SELECT * FROM {source.relation}").rows()
    kept = [("1", "a\n# b", "3"), ("2", "b", "3"), ("3", "b", None)]
    commented = [("# a comment", None, None), ("#4", "c", "5")]
    assert sorted(rows, key=repr) == sorted(kept if marker else kept + commented, key=repr)
