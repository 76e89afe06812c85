"""Files that are not what they should be: one clear sentence, no path, no segment, nothing left in the home."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from meshloom.engine.errors import RestError
from meshloom.engine.storage import tar

SCHEMA = {
    "schemaName": "films",
    "dimensionFieldSpecs": [{"name": "title", "dataType": "STRING"}, {"name": "year", "dataType": "INT"}],
}
TABLE = {"tableName": "films", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}  # fmt: skip
ROWS = pa.table({"title": [f"film {number}" for number in range(2000)], "year": list(range(2000))})
LINES = [{"title": f"film {number}", "year": number} for number in range(2000)]


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(ROWS, sink)
    return sink.getvalue()


def in_orc() -> bytes:
    sink = io.BytesIO()
    orc.write_table(ROWS, sink)
    return sink.getvalue()


def arrow() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, ROWS.schema) as writer:
        writer.write_table(ROWS)
    return sink.getvalue()


def avro() -> bytes:
    import fastavro

    fields = [{"name": "title", "type": "string"}, {"name": "year", "type": "int"}]
    sink = io.BytesIO()
    fastavro.writer(sink, {"type": "record", "name": "film", "fields": fields}, LINES, sync_interval=4000)
    return sink.getvalue()


def in_json() -> bytes:
    return "\n".join(json.dumps(line) for line in LINES).encode()


def csv() -> bytes:
    return b"title,year\n" + b"".join(f"film {number},{number}\n".encode() for number in range(2000))


WHOLE: dict[str, Callable[[], bytes]] = {
    "parquet": parquet, "orc": in_orc, "arrow": arrow, "avro": avro, "json": in_json, "csv": csv,
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(new_tables: Any) -> Any:
    made = new_tables()
    made.cluster.controller.add_schema(SCHEMA)
    made.cluster.controller.add_table(TABLE)
    return made


def state(tables: Any) -> tuple[list[str], list[str]]:
    held = [segment.name for segment in tables.cluster.controller.segments("films_OFFLINE")]
    return held, sorted(str(path) for path in (tables.cluster.home / "deepstore").rglob("*") if path.is_file())


def refused(tables: Any, kind: str, content: bytes, name: str = "upload") -> RestError:
    before = state(tables)
    file = tables.home / name
    file.write_bytes(content)
    with pytest.raises(RestError) as caught:
        tables.cluster.controller.ingest_file("films_OFFLINE", file, {"inputFormat": kind})
    assert state(tables) == before, "something was left behind"
    what = caught.value.what
    assert str(tables.home) not in what and "Traceback" not in what and "\n" not in what.strip(), what
    assert 15 < len(what) < 600, what
    return caught.value


@pytest.mark.parametrize("kind", ["parquet", "orc", "arrow", "avro"])
@pytest.mark.parametrize("part", [0.5, 0.97, 0.01])
def test_a_file_that_ends_too_early(tables: Any, kind: str, part: float) -> None:
    whole = WHOLE[kind]()
    assert refused(tables, kind, whole[: int(len(whole) * part)]).status == 400


@pytest.mark.parametrize("kind", ["parquet", "orc", "arrow", "avro"])
def test_a_file_of_another_format(tables: Any, kind: str) -> None:
    for other in WHOLE:
        if other != kind:
            assert refused(tables, kind, WHOLE[other]()).status == 400


@pytest.mark.parametrize("kind", ["parquet", "orc", "arrow", "avro"])
def test_an_empty_file_of_a_binary_format(tables: Any, kind: str) -> None:
    assert refused(tables, kind, b"").status == 400


@pytest.mark.parametrize("kind", ["parquet", "orc", "arrow", "avro", "json"])
def test_bytes_in_the_middle_that_are_others(tables: Any, kind: str) -> None:
    """Either the file is refused, or (where no checksum stands) another value is read; never a crash."""
    whole = bytearray(WHOLE[kind]())
    for place in range(10, len(whole), len(whole) // 40):
        broken = bytes(whole[:place]) + bytes(byte ^ 0xFF for byte in whole[place : place + 16]) + whole[place + 16 :]
        before = state(tables)
        file = tables.home / "upload"
        file.write_bytes(broken)
        try:
            name = tables.cluster.controller.ingest_file("films_OFFLINE", file, {"inputFormat": kind})
        except RestError as error:
            assert str(tables.home) not in error.what
            assert state(tables) == before
        else:
            tables.cluster.controller.drop_segment("films_OFFLINE", name)


@pytest.mark.parametrize("kind", ["json", "csv", "avro"])
def test_a_gzip_that_ends_too_early(tables: Any, kind: str) -> None:
    packed = gzip.compress(WHOLE[kind]())
    assert refused(tables, kind, packed[: len(packed) // 2], "upload.gz").status == 400


@pytest.mark.parametrize(
    "content",
    [b'{"title": "a", "year": 1}\n{"title": "b", "ye', b'[{"title": "a"}, {"title":', b"{'title': 'a'}", b"nonsense",
     b'{"title": "\xff\xfe"}', b'{"title": "a"} trailing {', b"[" * 5000],
)  # fmt: skip
def test_json_that_is_none(tables: Any, content: bytes) -> None:
    assert refused(tables, "json", content).status == 400


@pytest.mark.parametrize("content", [b'title,year\n"never closed,1\n', b"title,year\n\xff\xfe,1\n"])
def test_csv_that_is_none(tables: Any, content: bytes) -> None:
    assert refused(tables, "csv", content).status == 400


def test_a_value_of_another_type_fails_the_file_and_says_which(tables: Any) -> None:
    """Pinot's DataTypeTransformer: the row is named, unless the table says `continueOnError`."""
    for kind, content in (("csv", b"title,year\na,1999\nb,soon\n"), ("json", b'{"title":"a","year":"soon"}')):
        what = refused(tables, kind, content).what
        assert "soon" in what and ("year" in what or "INT" in what), what


def test_a_format_that_is_unknown(tables: Any) -> None:
    assert "FileFormat.XLS" in refused(tables, "xls", b"a,b\n1,2\n").what


# --- segments as tars


def packed(*members: tuple[str, bytes], link: str = "") -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if link:
                info.type, info.linkname, info.size = tarfile.SYMTYPE, link, 0
            made.addfile(info, None if link else io.BytesIO(content))
    out.seek(0)
    return out


@pytest.mark.parametrize(
    "file",
    [
        packed(), packed(("../../escaped/data.parquet", b"x")), packed(("/etc/data.parquet", b"x")),
        packed(("data.parquet", b"x")), packed(("..", b"x")), packed(("a/b/../../../data.parquet", b"x")),
        packed(("one/data.parquet", b""), link="/etc/passwd"), packed(("one/creation.meta", b"x")), io.BytesIO(b""),
        io.BytesIO(b"no tar"), io.BytesIO(gzip.compress(b"no tar")), io.BytesIO(packed(("o/data.parquet", b"x" * 99999))
        .getvalue()[:60]),
    ],
)  # fmt: skip
def test_a_tar_that_is_no_segment(tables: Any, file: io.BytesIO, tmp_path: Path, tmp_path_factory: Any) -> None:
    target = tmp_path / "inside" / "partial"
    target.parent.mkdir()
    with pytest.raises(RestError) as caught:
        tar.taken(file, target, tmp_path_factory.mktemp("segment"))
    assert caught.value.status in (400, 500, 501) and str(tmp_path) not in caught.value.what
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path != target] == []


def test_a_tar_whose_rows_are_no_parquet_registers_nothing(tables: Any, tmp_path: Path) -> None:
    before = state(tables)
    partial = tables.cluster.controller.deep_store.partial("films_OFFLINE")
    name = str(tar.taken(packed(("one/data.parquet", b"no parquet")), partial, tmp_path))
    with pytest.raises(RestError) as caught:
        tables.cluster.controller.upload("films_OFFLINE", name, partial)
    assert caught.value.status == 400 and str(tables.home) not in caught.value.what
    assert state(tables) == before


def test_a_tar_that_unpacks_to_too_much_is_stopped(tables: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tar, "MOST_BYTES", 1_000_000)
    bomb = packed(("one/data.parquet", bytes(3_000_000)))
    assert len(bomb.getvalue()) < 10_000
    with pytest.raises(RestError, match="more than") as caught:
        tar.taken(bomb, tmp_path / "partial", tmp_path)
    assert caught.value.status == 400 and not (tmp_path / "partial").exists()
