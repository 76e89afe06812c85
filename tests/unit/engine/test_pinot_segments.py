"""Segments in Pinot's own form: those that Pinot 1.5.1 made are read value by value as Pinot reads them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.engine.pinot_segments import reading, specs

from meshloom.engine.errors import RestError
from meshloom.engine.storage.pinot_segment import bits, chunks, codecs, properties, roaring
from meshloom.engine.storage.pinot_segment.buffers import checksum, joined

HERE = Path(__file__).parent / "pinot_segments"


SPECS = {spec["name"]: spec for spec in specs.all_specs()}


def tar_of(name: str) -> Path:
    return HERE / f"{name}.tar.gz"


def test_every_committed_segment_is_one_of_the_specifications() -> None:
    assert {path.name.removesuffix(".tar.gz") for path in HERE.glob("*.tar.gz")} == set(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_values_are_those_that_pinot_reads(name: str) -> None:
    spec, told = SPECS[name], reading.told(name)
    metadata, found = reading.columns(tar_of(name), spec["schema"])
    assert (metadata.name, str(metadata.crc), metadata.created_ms) == (name, told["crc"], told["created"])
    assert metadata.rows == told["rows"] == len(spec["rows"])
    compared = 0
    for column, one in told["columns"].items():
        if column.startswith("$"):  # of a timestamp index
            continue
        values = [reading.plain(value, one["type"]) for value in found[column]]
        if column in ("delta", "twice", "hidden"):
            assert values == [row[column] for row in spec["rows"]]
        elif name != "empty":
            assert values == reading.expected(one), column
        compared += 1
    fields = [field for kind in ("dimension", "metric", "dateTime", "complex")
              for field in spec["schema"][f"{kind}FieldSpecs"]]  # fmt: skip
    assert compared == len(found) == len(fields)


def test_a_default_that_is_not_the_tables_stays_where_the_table_shows_no_nulls() -> None:
    schema = json.loads(json.dumps(SPECS["dictionaries"]["schema"]))
    _, found = reading.columns(tar_of("dictionaries"), schema, nulls=False)
    assert None in found["own"] and None in found["int"]  # the loading puts the table's default there
    (own,) = (field for field in schema["dimensionFieldSpecs"] if field["name"] == "own")
    own["defaultNullValue"] = 5
    _, found = reading.columns(tar_of("dictionaries"), schema, nulls=False)
    assert found["own"][:4] == [-7, 1, 2, -7] and None in found["int"]


def test_columns_may_become_wider_and_nothing_else() -> None:
    def read(column: str, **other: Any) -> list[Any]:
        schema = json.loads(json.dumps(SPECS["dictionaries"]["schema"]))
        for field in schema["dimensionFieldSpecs"]:
            if field["name"] == column:
                field |= other
        return reading.columns(tar_of("dictionaries"), schema)[1][column]

    usual = read("int")
    assert read("int", dataType="LONG") == usual
    assert read("int", dataType="DOUBLE") == usual
    assert read("json", dataType="STRING") == read("json")
    for column, other in (("long", "INT"), ("string", "INT"), ("double", "FLOAT"), ("bytes", "STRING")):
        with pytest.raises(RestError, match=f"column {column} is [A-Z]+, in the table it is {other}") as caught:
            read(column, dataType=other)
        assert caught.value.status == 400
    with pytest.raises(RestError, match="column ints is INT of lists, in the table it is INT"):
        read("ints", singleValueField=True)


# --- over REST


class Doors:
    """One cluster's controller and broker, asked without a socket."""

    def __init__(self, tables: Any, run: Any) -> None:
        self.tables, self._run = tables, run

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.tables.cluster.controller_app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                return await client.request(method, path, **more)

        found: httpx.Response = self._run(asked())
        return found

    def ok(self, method: str, path: str, **more: Any) -> Any:
        answer = self.ask(method, path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def add(self, name: str) -> None:
        """The schema and table of a segment."""
        spec = SPECS[name]
        self.ok("POST", "/schemas", json=spec["schema"])
        kept = ("tableName", "tableType", "segmentsConfig", "tenants", "metadata")
        table = {key: spec["table"][key] for key in kept} | {"tableIndexConfig": {"nullHandlingEnabled": True}}
        self.ok("POST", "/tables", json=table)

    def push(self, content: bytes, **query: str) -> httpx.Response:
        params = {"tableName": "pinot", "tableType": "OFFLINE", "enableParallelPushProtection": "false"} | query
        return self.ask("POST", "/v2/segments", params=params, files={"segment": ("s.tar.gz", content)})


@pytest.fixture
def doors(new_tables: Any, run_coroutine: Any) -> Doors:
    return Doors(new_tables(), run_coroutine)


def test_a_segment_becomes_one_of_the_table(doors: Doors) -> None:
    doors.add("indexes")
    told = reading.told("indexes")
    done = doors.push(tar_of("indexes").read_bytes())
    assert done.json() == {"status": "Successfully uploaded segment: indexes of table: pinot_OFFLINE"}
    shown = doors.ok("GET", "/segments/pinot/indexes/metadata")
    assert shown["segment.crc"] == told["crc"] and shown["segment.total.docs"] == "40"
    assert shown["segment.creation.time"] == str(told["created"])
    assert json.loads(shown["custom.map"]) == told["metadata"]["custom"] == {"input.data.file.uri": "file:/in/a.json"}
    assert shown["segment.start.time"] == str(told["metadata"]["startTimeMillis"])
    assert shown["segment.end.time"] == str(told["metadata"]["endTimeMillis"])
    whole = doors.ok("GET", "/segments/pinot/metadata")["indexes"]
    for key in ("crc", "dataCrc", "creationTimeMillis", "creationTimeReadable", "timeColumn", "totalDocs", "custom"):
        assert whole[key] == told["metadata"][key], key
    assert doors.ok("GET", "/segments/pinot/crc") == {"indexes": told["crc"]}
    rows = doors.tables.rows
    assert rows("SELECT count(*), sum(hits), min(days), max(stamp) FROM pinot") == [
        [40, 780.0, 19000.0, 1_700_000_039_000.0]
    ]
    assert rows("SELECT count(*) FROM pinot WHERE weight IS NULL") == [[20]]
    assert rows('SELECT "a#b", "a.b", "Größe", "a:b=c" FROM pinot WHERE $docId = 3') == [
        ["a#b 3", "a.b 3", "Größe 3", "a:b=c 3"]
    ]
    assert rows("SELECT map['k'] FROM pinot WHERE days = 19001") == [["v1"]]


@pytest.mark.parametrize("name", ["dictionaries", "chunks_4", "many", "first_version", "empty"])
def test_queries_see_every_value(doors: Doors, name: str) -> None:
    """Through the cache: the same values again, also after a reload."""
    doors.add(name)
    assert doors.push(tar_of(name).read_bytes()).status_code == 200
    told = reading.told(name)
    kinds = {column: one for column, one in told["columns"].items() if one.get("values")}
    for _ in range(2):
        count = doors.tables.rows("SELECT count(*) FROM pinot")
        assert count == [[told["rows"]]]
        for column, one in kinds.items():
            if column in ("delta", "twice"):
                continue
            found = doors.tables.rows(f'SET enableNullHandling=true; SELECT "{column}" FROM pinot LIMIT 5000')
            values = [row[0] for row in found]
            assert len(values) == told["rows"]
            if one["type"] in ("INT", "LONG", "STRING", "BIG_DECIMAL", "DOUBLE", "JSON"):
                plain = [_number(reading.plain(value, one["type"])) for value in values]
                assert plain == [_number(value) for value in reading.expected(one)], column
        doors.ok("POST", "/segments/pinot_OFFLINE/reload")


def _number(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value


def test_a_column_that_the_segment_lacks_has_its_default(doors: Doors) -> None:
    spec = json.loads(json.dumps(SPECS["many"]["schema"]))
    spec["dimensionFieldSpecs"] += [{"name": "later", "dataType": "STRING", "defaultNullValue": "none yet"}]
    doors.add("many")
    doors.ok("PUT", "/schemas/pinot", json=spec)
    assert doors.push(tar_of("many").read_bytes()).status_code == 200
    assert doors.tables.rows("SELECT later, count(*) FROM pinot GROUP BY later") == [["none yet", 2600]]


def test_pushing_again_replaces_or_is_refused(doors: Doors) -> None:
    doors.add("empty")
    content = tar_of("empty").read_bytes()
    assert doors.push(content).status_code == 200
    assert doors.push(content).status_code == 200
    again = doors.push(content, allowRefresh="false")
    assert again.status_code == 409
    assert again.json()["error"] == "Segment: empty already exists in table: pinot_OFFLINE. Refresh not permitted."
    assert doors.ok("GET", "/segments/pinot") == [{"OFFLINE": ["empty"]}]


@pytest.mark.parametrize("kind", ["URI", "METADATA"])
def test_a_segment_is_fetched_from_where_it_lies(doors: Doors, kind: str) -> None:
    doors.add("many")
    headers = {"UPLOAD_TYPE": kind, "DOWNLOAD_URI": tar_of("many").as_uri()}
    more: dict[str, Any] = {"files": {"m": ("m.tar.gz", b"metadata alone")}} if kind == "METADATA" else {}
    doors.ok("POST", "/v2/segments", params={"tableName": "pinot"}, headers=headers, **more)
    assert doors.tables.rows("SELECT sum(hidden) FROM pinot") == [[float(sum(n % 50 for n in range(2600)))]]


def batch(*lines: str, name: str = "all_segments_metadata") -> dict[str, Any]:
    content, out = "\n".join(lines).encode(), io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        member = tarfile.TarInfo(f"folder/{name}")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    headers = {"UPLOAD_TYPE": "METADATA"}
    return {"params": {"tableName": "pinot"}, "headers": headers, "files": {"noopKey": ("noopKey", out.getvalue())}}


def test_several_segments_in_one_request(doors: Doors) -> None:
    doors.add("dictionaries")
    one, two = (tar_of(name).as_uri() for name in ("dictionaries", "first_version"))
    done = doors.ok("POST", "/segments/batchUpload", **batch("dictionaries", one, "first_version", two))
    assert done["status"] == "Successfully uploaded segments: dictionaries, first_version of table: pinot_OFFLINE"
    assert doors.tables.rows("SELECT count(*) FROM pinot") == [[122]]
    for wrong in (
        batch("one"), batch(), batch("a", one, name="other"), batch("a", "file:///nowhere"), batch("a", "x:y"),
        batch("a", one) | {"headers": {}}, batch("a", one) | {"files": {}}, batch("a", one) | {"params": {}},
        batch("a", one) | {"files": {"x": ("x", b"no tar")}},
    ):  # fmt: skip
        answer = doors.ask("POST", "/segments/batchUpload", **wrong)
        assert answer.status_code == 400, answer.text
    nowhere = doors.ask("POST", "/segments/batchUpload", **batch("a", one) | {"params": {"tableName": "none"}})
    assert (nowhere.status_code, nowhere.json()["error"]) == (404, "Table: none not found")


def test_a_segment_says_whose_it_is(doors: Doors) -> None:
    """Pinot's client sends URI without the name of the table."""
    doors.add("dictionaries")
    where = {"UPLOAD_TYPE": "URI", "DOWNLOAD_URI": tar_of("dictionaries").as_uri()}
    done = doors.ok("POST", "/v2/segments", headers=where)
    assert done == {"status": "Successfully uploaded segment: dictionaries of table: pinot_OFFLINE"}
    doors.ok("DELETE", "/tables/pinot")
    gone = doors.ask("POST", "/v2/segments", headers=where)
    assert (gone.status_code, gone.json()["error"]) == (404, "Table: pinot not found")


# --- damaged and hostile


Content = dict[str, bytes]


def unpacked(name: str) -> Content:
    with tarfile.open(tar_of(name)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]


def packed(files: Content, *, mend: bool = True) -> bytes:
    """As a tar; `mend` makes its CRC right again, so that what is behind it is read."""
    if mend:
        files = dict(files)
        (creation,) = (name for name in files if name.endswith("creation.meta"))
        sums = {name: (zlib.adler32(content), len(content)) for name, content in files.items()}
        files[creation] = checksum(sums).to_bytes(8, "big") + files[creation][8:]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def read(content: bytes, name: str, folder: Path) -> None:
    file = folder / "s.tar.gz"
    file.write_bytes(content)
    reading.columns(file, SPECS[name]["schema"])


def refused(content: bytes, name: str, folder: Path) -> str:
    with pytest.raises(RestError) as caught:
        read(content, name, folder)
    assert caught.value.status in (400, 501), caught.value
    assert str(folder) not in caught.value.what and "\n" not in caught.value.what
    return caught.value.what


def test_a_segment_whose_crc_is_wrong(doors: Doors, tmp_path: Path) -> None:
    files = unpacked("many")
    files["many/v3/columns.psf"] = files["many/v3/columns.psf"][:-1] + b"?"
    doors.add("many")
    answer = doors.push(packed(files, mend=False))
    assert answer.status_code == 400 and "have the CRC" in answer.json()["error"]
    assert doors.ok("GET", "/segments/pinot") == [{"OFFLINE": []}]
    left = [path for path in doors.tables.home.rglob("*") if path.suffix in (".partial", ".parquet")]
    assert left == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("metadata.properties", b"segment.total.docs = 2600", b"segment.total.docs = 2147483647", "documents"),
        ("metadata.properties", b"segment.total.docs = 2600", b"segment.total.docs = -1", "documents"),
        ("metadata.properties", b"segment.total.docs = 2600", b"segment.total.docs = many", "whole number"),
        ("metadata.properties", b"segment.name = many", b"segment.nom = many", "segment.name"),
        ("metadata.properties", b"often.cardinality = 601", b"often.cardinality = 2000000000", "dictionary of column"),
        ("metadata.properties", b"often.bitsPerElement = 10", b"often.bitsPerElement = 0", "0 bits"),
        ("metadata.properties", b"often.dataType = INT", b"often.dataType = STRUCT", "type STRUCT"),
        ("metadata.properties", b"often.cardinality = 601", b"often.cardinality = 3", "does not have"),
        ("metadata.properties", b"list.totalNumberOfEntries = 5199", b"list.totalNumberOfEntries = 5100", "marks"),
        ("metadata.properties", b"list.totalNumberOfEntries = 5199", b"list.totalNumberOfEntries = 9", "9 values"),
        ("index_map", b"often.dictionary.startOffset = ", b"often.dictionary.startOffset = 9", "are declared"),
        ("index_map", b"often.dictionary.startOffset", b"oft.dictionary.startOffset", "oft"),
    ],
)  # fmt: skip
def test_what_is_declared_and_not_there(file: str, old: bytes, new: bytes, said: str, tmp_path: Path) -> None:
    files = unpacked("many")
    assert files[f"many/v3/{file}"].count(old) >= 1
    files[f"many/v3/{file}"] = files[f"many/v3/{file}"].replace(old, new)
    assert said in refused(packed(files), "many", tmp_path)


@pytest.mark.parametrize("name", ["many", "first_version"])
@pytest.mark.parametrize("missing", ["creation.meta", "metadata.properties"])
def test_what_is_missing(name: str, missing: str, tmp_path: Path) -> None:
    files = {path: content for path, content in unpacked(name).items() if not path.endswith(missing)}
    refused(packed(files, mend=False), name, tmp_path)


def test_a_segment_that_is_cut_off(tmp_path: Path) -> None:
    content = tar_of("dictionaries").read_bytes()
    for size in (10, 1000, len(content) // 2, len(content) - 20):
        with pytest.raises(RestError) as caught:
            read(content[:size], "dictionaries", tmp_path)
        assert caught.value.status in (400, 500, 501)


@pytest.mark.parametrize("name", ["dictionaries", "chunks_2", "chunks_4", "chunks_5", "first_version", "indexes"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_that_is_another_brings_it_down(name: str, tmp_path: Path, data: st.DataObject) -> None:
    """It is read, or refused in a sentence: with its CRC made right, so that the readers themselves see the bytes."""
    files = unpacked(name)
    path = data.draw(st.sampled_from(sorted(path for path in files if not path.endswith("creation.meta"))))
    content = bytearray(files[path])
    for _ in range(data.draw(st.integers(1, 4)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from([0, 1, 127, 128, 254, 255]))
    files[path] = bytes(content)
    try:
        read(packed(files), name, tmp_path)
    except RestError as error:
        assert error.status in (400, 501) and str(tmp_path) not in error.what


def test_a_bomb_of_headers_is_not_read_into_memory(tmp_path: Path) -> None:
    out = io.BytesIO()
    with gzip.open(out, "wb") as file:
        head = tarfile.TarInfo("x")
        head.type, head.size = tarfile.XHDTYPE, 1 << 40
        file.write(head.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(1 << 20))
    with pytest.raises(RestError) as caught:
        read(out.getvalue(), "many", tmp_path)
    assert caught.value.status == 500


# --- the parts


@given(st.integers(1, 31), st.data())
def test_bits_are_read_as_they_are_written(width: int, data: st.DataObject) -> None:
    values = np.array(data.draw(st.lists(st.integers(0, 2**width - 1), max_size=70)), dtype=np.int32)
    written = bits.packed(values, width)
    assert len(written) == bits.size(width, len(values))
    assert int.from_bytes(written, "big") >> (-width * len(values) % 8) == sum(
        int(value) << (width * place) for place, value in enumerate(reversed(values))
    )
    start = data.draw(st.integers(0, len(values)))
    held = np.frombuffer(written, dtype=np.uint8)
    assert bits.unpacked(held, width, start, len(values) - start, "x").tolist() == values[start:].tolist()


@settings(max_examples=40)
@given(st.sets(st.integers(0, 200_000)), st.booleans(), st.integers(0, 70_000), st.integers(0, 210_000))
def test_bitmaps_are_those_of_roaring(places: set[int], dense: bool, start: int, stop: int) -> None:
    from pyroaring import BitMap

    if dense:
        places = places | set(range(1000, 9000)) | set(range(65_000, 140_000))
    made = BitMap(places)
    made.run_optimize()
    for written in (made.serialize(), BitMap(places).serialize(), roaring.written(np.array(sorted(places), np.int64))):
        found = roaring.Bitmap(np.frombuffer(written, dtype=np.uint8), "x")
        assert set(found.places(300_000).tolist()) == places
        wanted = {place - start for place in places if start <= place < stop}
        assert set(np.flatnonzero(found.mask(start, max(start, stop))).tolist()) == wanted
    assert set(BitMap.deserialize(roaring.written(np.array(sorted(places), np.int64)))) == places


@given(st.binary(), st.binary())
def test_checksums_are_joined(first: bytes, second: bytes) -> None:
    assert joined(zlib.adler32(first), zlib.adler32(second), len(second)) == zlib.adler32(first + second)


@given(st.integers(0, 5000), st.sampled_from([b"a", b"abcdefgh", bytes(range(256))]), st.binary(max_size=50))
def test_the_size_of_an_lz4_block(times: int, piece: bytes, end: bytes) -> None:
    content = piece * times + end
    block = np.frombuffer(pa.Codec("lz4_raw").compress(content, asbytes=True), dtype=np.uint8)
    assert codecs.unpacked(codecs.LZ4, block, "x").tobytes() == content
    with pytest.raises(RestError):
        codecs.unpacked(codecs.LZ4, block, "x", len(content) + 1)


def test_sizes_in_place_of_places() -> None:
    """Version 6, which Pinot 1.5.1 does not write yet (VarByteChunkForwardIndexWriterV6)."""
    values = [b"a", b"", b"xyz"]
    chunk = np.array([3, 1, 0, 3], "<i4").tobytes() + b"".join(values)
    packed_chunk = pa.Codec("zstd").compress(chunk, asbytes=True)
    data = np.array([6, 1024, 2, 24], ">i4").tobytes() + bytes(8) + packed_chunk
    (spans,) = chunks.variable(np.frombuffer(data, dtype=np.uint8), 3, "x")
    assert spans.values().to_pylist() == values


def test_properties() -> None:
    written = (
        b"# a comment\n! another\n\na\\ b = c=d\nlist = x, y\\,z,\nlist = w\nlong = one \\\n   two\n"
        b"a\\:b : v\nunicode = \\u00e9\\ud83d\\ude00\\n\\u0000\nhalf = \\ud83d\nraw\xc3\xa9 = x\nnone\nempty =\n"
    )
    assert properties.parsed(written, "x") == {
        "a b": ["c=d"], "list": ["x", "y,z", "", "w"], "long": ["one two"], "a:b": ["v"], "unicode": ["é😀\n\0"],
        "half": ["?"], "rawé": ["x"], "none": [""], "empty": [""],
    }  # fmt: skip
