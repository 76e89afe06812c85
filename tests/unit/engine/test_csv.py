"""CSV as Pinot reads it (commons-csv)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.engine.ingesting import rows_of, schema_of, table_of

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


@pytest.mark.parametrize("text", ["a\0b", "ab"])
def test_text_ends_before_a_null_character(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"s,l\n{text},{text};{text}\n{'x' * 600},y\n", encoding="utf-8")
    made = rows_of(tmp_path, path, schema_of("s:STRING l:STRING[]"), table_of(), inputFormat="csv")
    kept = text.partition("\0")[0]
    assert made == [{"s": kept, "l": [kept, kept]}, {"s": "x" * 512, "l": ["y"]}]


def test_lines_of_a_large_file_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("n,rest\n")
        file.writelines(f"{n},{'x' * 100}\n" for n in range(500_000))  # 53 MB: several threads have work
    made = rows_of(tmp_path, path, schema_of("n:INT"), table_of(), inputFormat="csv")
    assert all(row["n"] == n for n, row in enumerate(made)) and len(made) == 500_000
