"""Geography: constructors, measures, relations, hexagons; the bytes are those that Pinot stores."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from meshloom.engine.cluster import Cluster
from meshloom.engine.sql.functions.geography import sphere
from meshloom.engine.sql.functions.geography.shapes import Shape, read, written

ENGINES = ["false", "true"]
SQUARE = "POLYGON ((0 0, 0 2, 2 2, 2 0, 0 0))"
HOLED = "POLYGON ((0 0, 0 9, 9 9, 9 0, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))"
PARIS, BERLIN = "ST_Point(2.3522, 48.8566, 1)", "ST_Point(13.4050, 52.5200, true)"
VALUES: dict[str, Any] = {
    "ST_Point(20, 10)": "00" + struct.pack(">dd", 20, 10).hex(),
    "ST_Point(20, 10, 1)": "80" + struct.pack(">dd", 20, 10).hex(),
    "ST_AsText(ST_GeogFromText('point(1.5 -2)'))": "POINT (1.5 -2)",
    f"ST_AsText(ST_GeomFromText('{HOLED}'))": HOLED,
    "ST_AsText(ST_GeomFromText('MULTIPOINT ((1 2), (3 4))'))": "MULTIPOINT ((1 2), (3 4))",
    "ST_AsText(ST_Polygon('POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))'))": "POLYGON ((0 0, 0 2, 2 2, 2 0, 0 0))",
    "ST_AsBinary(ST_Point(1, 2))": "0000000001" + struct.pack(">dd", 1, 2).hex(),
    "ST_AsText(ST_GeomFromWKB(ST_AsBinary(ST_Point(1, 2))))": "POINT (1 2)",
    "ST_AsGeoJSON(ST_Point(1, 2.25, 1))":
        '{"type":"Point","coordinates":[1,2.25],"crs":{"type":"name","properties":{"name":"EPSG:4326"}}}',
    """ST_AsText(ST_GeogFromGeoJSON('{"type": "LineString", "coordinates": [[1, 2], [3, 4]]}'))""":
        "LINESTRING (1 2, 3 4)",
    "ST_GeometryType(ST_GeomFromText('MULTIPOLYGON (((0 0, 0 1, 1 1, 0 0)))'))": "MultiPolygon",
    f"ST_Area(ST_GeomFromText('{HOLED}'))": 80.0,
    "ST_Distance(ST_Point(0, 0), ST_Point(3, 4))": 5.0,
    f"ST_Contains(ST_GeomFromText('{SQUARE}'), ST_Point(1, 1))": 1,
    f"ST_Contains(ST_GeomFromText('{SQUARE}'), ST_Point(0, 0))": 0,
    f"ST_Within(ST_Point(1, 1), ST_GeomFromText('{SQUARE}'))": 1,
    "ST_Equals(ST_GeomFromText('LINESTRING (0 0, 1 1)'), ST_GeomFromText('LINESTRING (1 1, 0 0)'))": 1,
    f"ST_Distance(toGeometry({PARIS}), ST_Point(2.3522, 48.8566))": 0.0,
    f"ST_Equals(toSphericalGeography(ST_Point(2.3522, 48.8566)), {PARIS})": 1,
    # H3's own example: San Francisco at resolution 5 is 85283473fffffff
    "geoToH3(-122.418, 37.775, 5)": 0x85283083FFFFFFF, "geoToH3(ST_Point(-122.418, 37.775, 1), 5)": 0x85283083FFFFFFF,
    "gridDistance(599686042433355775, 599686042433355775)": 0, "arrayLength(gridDisk(599686042433355775, 1))": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home: Path = tmp_path_factory.mktemp("engine")
    found = Cluster.open(home)
    found.controller.add_schema({"schemaName": "places", "dimensionFieldSpecs": [
        {"name": "name", "dataType": "STRING"}, {"name": "at", "dataType": "BYTES"},
    ]})  # fmt: skip
    found.controller.add_table(
        {"tableName": "places", "tableType": "OFFLINE", "segmentsConfig": {"replication": "1"}, "tenants": {},
         "tableIndexConfig": {}, "metadata": {}}
    )  # fmt: skip
    file = home / "places.json"
    file.write_text("\n".join(
        json.dumps({"name": name, "at": written(Shape(shapely.Point(x, y))).hex()})
        for name, x, y in (("a", 0, 0), ("b", 1, 1), ("b", 5, 5))
    ))  # fmt: skip
    found.controller.ingest_file("places_OFFLINE", file, {"inputFormat": "json"})
    yield found
    found.close()


def rows(cluster: Cluster, sql: str, engine: str = "false") -> Any:
    answer = cluster.broker.query(f"SET useMultistageEngine={engine}; {sql}")
    assert not answer["exceptions"], answer["exceptions"]
    return answer["resultTable"]["rows"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expression", VALUES)
def test_a_function_answers(cluster: Cluster, expression: str, engine: str) -> None:
    assert rows(cluster, f"SELECT {expression}", engine) == [[VALUES[expression]]]


@pytest.mark.parametrize(
    "text",
    [
        "POINT (1 2)", "POINT EMPTY", "MULTIPOINT ((1 2), (3 4))", "LINESTRING (0 0, 1 1, 2 0)", "LINESTRING EMPTY",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", SQUARE, HOLED, "POLYGON EMPTY", "MULTIPOLYGON EMPTY",
        "MULTIPOLYGON (((0 0, 0 9, 9 9, 9 0, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1)), ((20 0, 20 1, 21 1, 20 0)))",
        "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
    ],
)  # fmt: skip
@pytest.mark.parametrize("geography", [False, True])
def test_bytes_come_back_as_they_went(text: str, geography: bool) -> None:
    data = written(Shape(shapely.from_wkt(text), geography))
    found = read(data)
    assert (found.geometry.wkt, found.geography, bool(data[0] & 0x80)) == (text, geography, geography)
    assert written(found) == data


def test_a_polygons_bytes() -> None:
    """The kind, one ring of four points that starts at 0, clockwise."""
    data = written(Shape(shapely.from_wkt("POLYGON ((0 0, 1 0, 0 1, 0 0))")))
    assert data == b"\x04" + struct.pack(">iii8d", 1, 4, 0, 0, 0, 0, 1, 1, 0, 0, 0)


def test_the_sphere() -> None:
    """A degree of the equator, an eighth of the sphere, and a cap that holds the pole."""
    assert sphere.distance((0, 0), (1, 0)) == pytest.approx(sphere.RADIUS * 3.141592653589793 / 180)
    assert sphere.distance((0, 90), (0, -90)) == pytest.approx(sphere.RADIUS * 3.141592653589793)
    whole = 4 * 3.141592653589793 * sphere.RADIUS**2
    assert sphere.area([(0, 0), (90, 0), (0, 90), (0, 0)], []) == pytest.approx(whole / 8)
    cap = [(longitude, 60) for longitude in (-180, -90, 0, 90, 180)]
    assert sphere.area(cap, []) < whole / 10


def test_distances_of_geographies_are_metres(cluster: Cluster) -> None:
    ((found,),) = rows(cluster, f"SELECT ST_Distance({PARIS}, {BERLIN})")
    assert found == pytest.approx(877_465, abs=100)


@pytest.mark.parametrize("engine", ENGINES)
def test_over_a_table(cluster: Cluster, engine: str) -> None:
    inside = f"ST_Within(at, ST_GeomFromText('{SQUARE}')) = 1"
    assert rows(cluster, f"SELECT name FROM places WHERE {inside}", engine) == [["b"]]
    near = "ST_Distance(at, ST_Point(0, 0)) < 2"
    assert rows(cluster, f"SELECT count(*) FROM places WHERE {near}", engine) == [[2]]
    grouped = "SELECT name, ST_AsText(STUnion(at)) FROM places GROUP BY name ORDER BY name"
    assert rows(cluster, grouped, engine) == [["a", "POINT (0 0)"], ["b", "MULTIPOINT ((1 1), (5 5))"]]
    ((empty,),) = rows(cluster, "SELECT ST_UNION(at) FROM places WHERE name = 'c'", "false")
    assert empty == "007ff80000000000007ff8000000000000"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("ST_Distance(ST_Point(0, 0), ST_Point(0, 0, 1))", "either all be geometry or all geography"),
        ("ST_Within(ST_Point(0, 0), ST_Point(0, 0, 1))", "either both be geometry or both be geography"),
        ("ST_Distance(ST_Point(0, 99, 1), ST_Point(0, 0, 1))", "Latitude must be between -90 and 90"),
        ("ST_GeomFromText('POINT (1')", "Failed to parse geometry from string"),
        ("ST_Polygon('POINT (1 2)')", "The geometry object must be polygon"),
        ("ST_AsText(hexToBytes('2a00'))", "Unexpected type: 42"),
        ("ST_AsText(hexToBytes('0000'))", "Not a serialized geometry"),
        ("geoToH3(1, 2, 16)", "geoToH3"),
    ],
)
def test_what_is_wrong_is_said(cluster: Cluster, expression: str, why: str) -> None:
    (error,) = cluster.broker.query(f"SELECT {expression}")["exceptions"]
    assert why in error["message"]
    assert "Traceback" not in error["message"]


def test_without_the_packages_a_hint(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shapely", None)
    for expression in ("ST_Point(1, 2) AS p", "geoToH3(1, 2, 3) AS p"):
        (error,) = cluster.broker.query(f"SELECT {expression}")["exceptions"]
        assert error["errorCode"] == 700 and "pip install 'meshloom[geo]'" in error["message"]
