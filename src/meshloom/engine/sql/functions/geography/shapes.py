"""Geometries as the bytes that Pinot stores (GeometrySerializer.java).

A byte of the kind, its top bit set for a geography; then big-endian counts and coordinates. Rings of polygons are
turned: shells clockwise, holes the other way, which is how a reader tells them apart.
"""

from __future__ import annotations

import functools
import itertools
import struct
from dataclasses import dataclass
from typing import Any

GEOGRAPHY = 0x80
KINDS = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
Coordinates = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A Shapely geometry, flat, and whether it lies on the sphere."""

    geometry: Any
    geography: bool = False


def written(shape: Shape) -> bytes:
    """Raises ValueError for a kind of geometry that Pinot has no form for."""
    geometry, kind = shape.geometry, shape.geometry.geom_type
    kind = "LineString" if kind == "LinearRing" else kind
    if kind not in KINDS:
        raise ValueError(f"Unsupported geometry type : {kind}")
    head = bytes([KINDS.index(kind) | (GEOGRAPHY if shape.geography else 0)])
    if kind == "Point":
        return head + _points([(float("nan"), float("nan"))] if geometry.is_empty else _flat(geometry.coords))
    if kind == "MultiPoint":
        points = [point for part in geometry.geoms for point in _flat(part.coords)]
        return head + struct.pack(">i", len(points)) + _points(points)
    if kind == "GeometryCollection":
        return head + b"".join(written(Shape(part, shape.geography)) for part in geometry.geoms)
    parts = list(geometry.geoms) if kind.startswith("Multi") else [] if geometry.is_empty else [geometry]
    if kind.endswith("LineString"):
        return head + _parts([_flat(part.coords) for part in parts])
    return head + _parts([ring for part in parts for ring in _rings(part)])


def _flat(coordinates: Any) -> Coordinates:
    return [(point[0], point[1]) for point in coordinates]


def _points(points: Coordinates) -> bytes:
    return b"".join(struct.pack(">dd", *point) for point in points)


def _parts(parts: list[Coordinates]) -> bytes:
    """How many parts and points, where each part begins, and the points."""
    starts, total = [], 0
    for part in parts:
        starts.append(total)
        total += len(part)
    return struct.pack(f">ii{len(starts)}i", len(parts), total, *starts) + b"".join(map(_points, parts))


def _rings(polygon: Any) -> list[Coordinates]:
    if polygon.is_empty:
        return []
    rings = [_flat(polygon.exterior.coords), *(_flat(hole.coords) for hole in polygon.interiors)]
    return [ring if clockwise(ring) == (place == 0) else ring[::-1] for place, ring in enumerate(rings)]


def clockwise(ring: Coordinates) -> bool:
    return sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)) > 0


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(form, self.data, self.place)
        self.place += struct.calcsize(form)
        return found

    def points(self, count: int) -> Coordinates:
        values = self.take(f">{2 * count}d")
        return list(zip(values[::2], values[1::2], strict=True))

    def parts(self) -> list[Coordinates]:
        count, total = self.take(">ii")
        starts = [*self.take(f">{count}i"), total]
        return [self.points(end - start) for start, end in itertools.pairwise(starts)]

    def shape(self) -> Shape:
        import shapely

        (code,) = self.take(">B")
        kind, geography = code & ~GEOGRAPHY, bool(code & GEOGRAPHY)
        if kind >= len(KINDS):
            raise ValueError(f"Unexpected type: {kind}")
        name = KINDS[kind]
        if name == "Point":
            ((x, y),) = self.points(1)
            return Shape(shapely.Point() if x != x or y != y else shapely.Point(x, y), geography)
        if name == "MultiPoint":
            return Shape(shapely.MultiPoint(self.points(*self.take(">i"))), geography)
        if name == "GeometryCollection":
            inner = []
            while self.place < len(self.data):
                inner.append(self.shape().geometry)
            return Shape(shapely.GeometryCollection(inner), geography)
        parts = self.parts()
        if name == "LineString":
            return Shape(shapely.LineString(*parts), geography)
        if name == "MultiLineString":
            return Shape(shapely.MultiLineString(parts), geography)
        polygons = _polygons(parts)
        if name == "MultiPolygon":
            return Shape(shapely.MultiPolygon(polygons), geography)
        return Shape(shapely.Polygon(*polygons[0]) if polygons else shapely.Polygon(), geography)


def _polygons(rings: list[Coordinates]) -> list[tuple[Coordinates, list[Coordinates]]]:
    found: list[tuple[Coordinates, list[Coordinates]]] = []
    for ring in rings:
        if clockwise(ring) or not found:
            found.append((ring, []))
        else:
            found[-1][1].append(ring)
    return found


@functools.lru_cache(1_000)
def read(data: bytes) -> Shape:
    """Prepared for many comparisons: the same bytes give the same object. Raises ValueError for other bytes."""
    import shapely

    try:
        shape = _Reader(data).shape()
    except (struct.error, shapely.errors.ShapelyError) as error:
        raise ValueError(f"Not a serialized geometry: {data[:20].hex()}") from error
    shapely.prepare(shape.geometry)
    return shape
