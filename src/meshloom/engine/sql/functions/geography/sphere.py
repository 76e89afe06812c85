"""Distances and areas on the sphere that Pinot takes the Earth for (StDistanceFunction, StAreaFunction)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

RADIUS = 6_371_010.0  # metres: GeometryUtils.EARTH_RADIUS_M
TURN = 2 * math.pi
Point = tuple[float, float]


def distance(first: Point, second: Point) -> float:
    """Metres along the great circle between two points of longitude and latitude in degrees, by Vincenty's formula.

    Raises ValueError for what is no place on Earth.
    """
    for longitude, latitude in (first, second):
        if not -90 <= latitude <= 90:
            raise ValueError("Latitude must be between -90 and 90")
        if not -180 <= longitude <= 180:
            raise ValueError("Longitude must be between -180 and 180")
    (long1, lat1), (long2, lat2) = (tuple(map(math.radians, point)) for point in (first, second))
    delta = long1 - long2
    across = math.cos(lat2) * math.sin(delta)
    along = math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(delta)
    inner = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(delta)
    return math.atan2(math.sqrt(across * across + along * along), inner) * RADIUS


def area(shell: Sequence[Point], holes: Sequence[Sequence[Point]]) -> float:
    """Square metres inside closed rings of longitude and latitude. Raises ValueError for a ring that is none."""
    excess = abs(spherical_excess(shell)) - sum(abs(spherical_excess(hole)) for hole in holes)
    return abs(excess * RADIUS * RADIUS)


def spherical_excess(ring: Sequence[Point]) -> float:
    """By the trapezoids under the edges; where the courses do not add up to a turn the ring holds a pole."""
    if len(ring) < 3:
        raise ValueError("Polygon is not valid: a loop contains less then 3 vertices.")
    points = [(math.radians(longitude), math.radians(latitude)) for longitude, latitude in ring]
    excess = turned = 0.0
    bearings: list[tuple[float, float]] = []
    for (long1, lat1), (long2, lat2) in itertools.pairwise(points):
        if (long1, lat1) == (long2, lat2):
            raise ValueError("Polygon is not valid: it has two identical consecutive vertices")
        delta = long2 - long1
        tan1, tan2 = math.tan(lat1 / 2), math.tan(lat2 / 2)
        excess += 2 * math.atan2(math.tan(delta / 2) * (tan1 + tan2), 1 + tan1 * tan2)
        bearings.append((_course(delta, lat1, lat2) % TURN, (_course(-delta, lat2, lat1) + math.pi) % TURN))
    for place, (start, end) in enumerate(bearings):
        turned += _turn(start - bearings[place - 1][1]) + _turn(end - start)
    return abs(excess) - TURN if abs(turned) < math.pi / 4 else excess


def _course(delta: float, lat1: float, lat2: float) -> float:
    """The bearing at which a great circle leaves the first point for the second."""
    y = math.sin(delta) * math.cos(lat2)
    return math.atan2(y, math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(delta))


def _turn(difference: float) -> float:
    return (difference + math.pi) % TURN - math.pi
