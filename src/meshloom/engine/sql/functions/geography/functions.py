"""Pinot's ST_* functions (ScalarFunctions.java of geospatial and the transform functions beside it)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from meshloom.engine.sql.functions.geography import sphere
from meshloom.engine.sql.functions.geography.shapes import Shape, read, written
from meshloom.engine.sql.functions.registry import gathering, needs
from meshloom.engine.sql.functions.rows import ROWS, RowFunction, row_function
from meshloom.engine.sql.typed import Typed

B, T = "BYTES", "STRING"
MIXED = "The first and second arguments should either both be geometry or both be geography"
EXPONENT = re.compile(r"-?\d+(?:\.\d+)?e[+-]?\d+")  # JTS writes none
SRID = {False: 0, True: 4326}
NAMES: list[str] = []


def define(names: str, function: Callable[..., Any], result: str, parameters: Sequence[str]) -> None:
    row_function(names, function, result, parameters)
    NAMES.extend(names.split())


def of_text(text: str, geography: bool) -> Shape:
    """Raises ValueError for what is no well-known text."""
    import shapely

    try:
        return Shape(shapely.force_2d(shapely.from_wkt(text)), geography)
    except shapely.errors.ShapelyError as error:
        raise ValueError(f"Failed to parse geometry from string: {text[:200]}: {error}") from None


def of_binary(data: bytes, geography: bool) -> Shape:
    import shapely

    try:
        return Shape(shapely.force_2d(shapely.from_wkb(data)), geography)
    except shapely.errors.ShapelyError as error:
        raise ValueError(f"Failed to parse geometry from bytes: {error}") from None


def of_geojson(text: str, geography: bool) -> Shape:
    import shapely

    try:
        return Shape(shapely.force_2d(shapely.from_geojson(text)), geography)
    except shapely.errors.ShapelyError as error:
        raise ValueError(f"Failed to parse geometry from GeoJSON: {error}") from None


def _constructors(geography: bool) -> None:
    stem = "stGeog" if geography else "stGeom"
    for name, made, parameter in (("Text", of_text, T), ("GeoJson", of_geojson, T), ("WKB", of_binary, B)):
        define(f"{stem}From{name}", lambda value, f=made: written(f(value, geography)), B, [parameter])


def polygon(text: str) -> bytes:
    shape = of_text(text, False)
    if shape.geometry.geom_type != "Polygon":
        raise ValueError("The geometry object must be polygon")
    return written(shape)


def point(x: float, y: float, geography: bool = False) -> bytes:
    import shapely

    return written(Shape(shapely.Point(x, y), bool(geography)))


_constructors(False)
_constructors(True)
define("stPolygon", polygon, B, [T])
row_function("stPoint", point, B, ["DOUBLE", "DOUBLE", "BOOLEAN"], 2)
define("toGeometry", lambda data: written(Shape(read(data).geometry)), B, [B])
define("toSphericalGeography", lambda data: written(Shape(read(data).geometry, True)), B, [B])


# --- outputs
def as_text(data: bytes) -> str:
    import shapely

    text = str(shapely.to_wkt(read(data).geometry, rounding_precision=-1, trim=True))
    return EXPONENT.sub(lambda found: format(Decimal(found[0]), "f"), text)


def as_binary(data: bytes) -> bytes:
    import shapely

    return bytes(shapely.to_wkb(read(data).geometry, byte_order=0, output_dimension=2, include_srid=False))


def ordinate(value: float) -> str:
    """As JTS writes it: eight places at most, none when it is whole."""
    if value and not 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    text = format(Decimal(float(value)).quantize(Decimal("1e-8"), ROUND_HALF_EVEN), "f")
    return text.rstrip("0").rstrip(".")


def as_geojson(data: bytes) -> str:
    """With the name of the coordinate system behind the coordinates, as JTS has it."""
    import shapely

    shape = read(data)
    found = json.loads(shapely.to_geojson(shape.geometry))
    found["crs"] = {"type": "name", "properties": {"name": f"EPSG:{SRID[shape.geography]}"}}
    return _json(found)


def _json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return ordinate(value) if isinstance(value, int | float) else json.dumps(value)


define("stAsText", as_text, T, [B])
define("stAsBinary", as_binary, B, [B])
define("stAsGeoJson", as_geojson, T, [B])
define("stGeometryType", lambda data: read(data).geometry.geom_type, T, [B])


# --- measurements and relations
def distance(first: bytes, second: bytes) -> float:
    """Metres between two points of geography, else in the plane; not a number for what is empty."""
    a, b = read(first), read(second)
    if a.geography != b.geography:
        raise ValueError("The first and second arguments shall either all be geometry or all geography")
    if not a.geography:
        return float("nan") if a.geometry.is_empty or b.geometry.is_empty else float(a.geometry.distance(b.geometry))
    for side, shape in (("left", a), ("right", b)):
        if shape.geometry.geom_type != "Point":
            raise ValueError(f"The {side} argument must be a point")
    return sphere.distance(a.geometry.coords[0], b.geometry.coords[0])


def area(data: bytes) -> float:
    """Square metres of a polygon of geography, else in the plane."""
    shape = read(data)
    if not shape.geography:
        return float(shape.geometry.area)
    if shape.geometry.geom_type != "Polygon":
        raise ValueError("The area of a geography is that of a polygon")
    return sphere.area(shape.geometry.exterior.coords, [hole.coords for hole in shape.geometry.interiors])


def related(relation: str) -> Callable[[bytes, bytes], int]:
    """In the plane, for geographies too, as in Pinot."""

    def holds(first: bytes, second: bytes) -> int:
        a, b = read(first), read(second)
        if relation != "equals" and a.geography != b.geography:
            raise ValueError(MIXED)
        return int(getattr(a.geometry, relation)(b.geometry))

    return holds


define("stDistance", distance, "DOUBLE", [B, B])
define("stArea", area, "DOUBLE", [B])
for relation in ("contains", "within", "equals"):
    define(f"st{relation.title()}", related(relation), "INT", [B, B])


# --- the aggregation
def union(shapes: Iterable[bytes | None]) -> bytes:
    """Of all; an empty point when there is none. What the first one is, geography or not, the answer is."""
    import shapely

    known = [read(data) for data in shapes if data is not None]
    if not known:
        return written(Shape(shapely.Point()))
    found = known[0].geometry
    for shape in known[1:]:
        found = shapely.union(found, shape.geometry)
    return written(Shape(found, known[0].geography))


ROWS["px_stunion_1"] = RowFunction("px_stunion_1", union, ("BYTES_ARRAY",), B, False)


def united(arguments: Sequence[Typed], where: str) -> str:
    return f"px_stunion_1(coalesce(list({arguments[0].cast(B).sql}){where}, []))"


gathering("stUnion", united, B)
needs("geo", " ".join([*NAMES, "stPoint", "stUnion"]))
