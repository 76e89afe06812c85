"""Files that are not what a contract expects: each says what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meshloom.errors import InputError
from meshloom.infra.compute import open_reader
from meshloom.infra.compute.files import load_file

WANTED = ("order_id", "amount", "note")
GOOD = b'order_id,amount,note\n1,2.50,first\n2,,"two\nlines"\n'


def load(path: Path, kind: str = "csv", **options: str) -> tuple[list[tuple[str, str]], list[tuple[object, ...]]]:
    with open_reader() as session:
        columns = load_file(session, "rows", path, kind, WANTED, options, name=path.name)
        return columns, session.execute('SELECT * FROM "rows"').rows()


def refused(path: Path, data: bytes, kind: str = "csv") -> list[str]:
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        load(path, kind)
    return [str(problem) for problem in caught.value.problems]


def test_a_good_csv_arrives_as_text(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(GOOD)
    columns, rows = load(path)
    assert columns == [("order_id", "VARCHAR"), ("amount", "VARCHAR"), ("note", "VARCHAR")]
    assert rows == [("1", "2.50", "first"), ("2", None, "two\nlines")]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + GOOD,  # a byte order mark, as Excel writes it
        b'order_id,amount,note\r\n1,2.50,first\r\n2,,"two\nlines"\r\n',  # as Excel does
        GOOD.rstrip(b"\n"),  # no newline at the end of the last line, which is whole
        b'ORDER_ID,Amount,note\n1,2.50,first\n2,,"two\nlines"\n',
        b'order_id,more,amount,note\n1,x,2.50,first\n2,x,,"two\nlines"\n',
    ],
)
def test_harmless_variants_are_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(data)
    columns, rows = load(path)
    at = [name.lower() for name, _ in columns].index("amount")
    assert [row[at] for row in rows] == ["2.50", None]


def test_delimiter_quote_and_null_are_options(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"order_id;amount;note\n1;NA;'a;b'\n")
    _, rows = load(path, delimiter=";", quote="'", null="NA")
    assert rows == [("1", None, "a;b")]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"orders\.csv: missing-file the data file does not exist, put it at /"):
        load(tmp_path / "orders.csv")


def test_an_empty_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "orders.csv", b"") == [
        "orders.csv:1:1: empty-file the data file is empty, write it again"
    ]


def test_a_file_without_its_header(tmp_path: Path) -> None:
    assert refused(tmp_path / "orders.csv", b"1,2.50,first\n2,3.50,second\n") == [
        "orders.csv:1:1: wrong-header the first line is not the header that the contract wants, "
        "it reads 1, 2.50, first, begin the file with order_id, amount, note"
    ]


def test_a_header_with_a_name_twice(tmp_path: Path) -> None:
    assert refused(tmp_path / "orders.csv", b"order_id,amount,note,note\n1,2,3,4\n") == [
        "orders.csv:1:1: wrong-header the column 'note' stands twice, mend the header"
    ]


def test_missing_columns_are_all_named_at_once(tmp_path: Path) -> None:
    assert refused(tmp_path / "orders.csv", b"order_id,amout\n1,2\n") == [
        "orders.csv:1:1: missing-column the column 'amount' is missing, there are order_id, amout, is 'amout' meant?",
        "orders.csv:1:1: missing-column the column 'note' is missing, there are order_id, amout, "
        "add it, or take it out of the contract",
    ]


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    assert refused(tmp_path / "orders.csv", "order_id,amount,note\n1,2,a\n2,3,Müller\n".encode("latin-1")) == [
        "orders.csv:3:1: encoding the file is not UTF-8, byte 0xfc cannot stand there, save it as UTF-8"
    ]
    assert refused(tmp_path / "orders.csv", "order_id,amount,note\n1,2,a\n".encode("utf-16-le"))[0].endswith(
        "encoding the file holds zero bytes, it may be UTF-16, save it as UTF-8"
    )


def test_a_half_written_last_line(tmp_path: Path) -> None:
    assert refused(tmp_path / "orders.csv", b"order_id,amount,note\n1,2,a\n2,3") == [
        "orders.csv:3:1: bad-line the line has too few fields, the header has 3; it may be half-written, mend the line"
    ]
    assert refused(tmp_path / "orders.csv", b'order_id,amount,note\n1,2,a\n2,3,"half') == [
        "orders.csv:3:1: bad-line a quote is opened and not closed, the line may be half-written, mend the line"
    ]


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    found = refused(tmp_path / "orders.csv", b"order_id,amount,note\n1,2,a,b\n2,3,c\n4\n")
    assert found == [
        "orders.csv:2:1: bad-line the line has too many fields, the header has 3; a value with a delimiter stands in "
        "quotes, mend the line",
        "orders.csv:4:1: bad-line the line has too few fields, the header has 3; it may be half-written, mend the line",
    ]


def test_nothing_is_left_of_a_refused_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"order_id,amount,note\n1,2\n")
    with open_reader() as session:
        with pytest.raises(InputError):
            load_file(session, "rows", path, "csv", WANTED)
        assert session.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'rows'").rows() == [(0,)]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_bytes(b'{"order_id": 1, "amount": 2.5}\n{"order_id": 2, "note": "x", "more": [1]}\n')
    _, rows = load(path, "jsonl")
    assert rows == [("1", "2.5", None), ("2", None, "x")]
    assert refused(path, b'{"order_id": 1}\n{"order_id": ', "jsonl") == [
        "orders.jsonl:2:1: bad-line the line is no JSON object, it may be half-written, mend the line"
    ]
    assert refused(path, b'{"a": 1}\n', "jsonl") == [
        "orders.jsonl:1:1: wrong-header no line has any of the columns that the contract wants, "
        "wanted are order_id, amount, note, mend the keys"
    ]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"order_id": [1], "amount": [2.5], "note": ["x"]}), path)
    columns, rows = load(path, "parquet")
    assert columns == [("order_id", "BIGINT"), ("amount", "DOUBLE"), ("note", "VARCHAR")]
    assert rows == [(1, 2.5, "x")]
    whole = path.read_bytes()
    assert refused(path, whole[:-7], "parquet") == [
        "orders.parquet: bad-file the file is no whole Parquet file, its end is missing; it may be half-written, "
        "write it again"
    ]
    assert refused(path, GOOD, "parquet") == [
        "orders.parquet: bad-file the file is no whole Parquet file, it does not begin like one, write it again"
    ]
    pq.write_table(pa.table({"order_id": [1], "amount": [2.5]}), path)
    assert refused(path, path.read_bytes(), "parquet") == [
        "orders.parquet: missing-column the column 'note' is missing, there are order_id, amount, "
        "add it, or take it out of the contract".replace("orders.parquet:", "orders.parquet:1:1:")
    ]


def test_a_path_with_a_quote_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "it's.csv"
    path.write_bytes(GOOD)
    assert len(load(path)[1]) == 2
