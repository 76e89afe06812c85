"""Geohashes (GeohashFunctions.java): a place as text of base 32, one bit of longitude and one of latitude in turn."""

from __future__ import annotations

from meshloom.engine.sql.functions.rows import row_function

DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"
LONGEST = 12


def encoded(latitude: float, longitude: float, length: int) -> str:
    """Raises ValueError for a length outside 1 to 12."""
    if not 1 <= length <= LONGEST:
        raise ValueError(f"length must be between 1 and {LONGEST}")
    sides = [(longitude, [-180.0, 180.0]), (latitude, [-90.0, 90.0])]
    bits = 0
    for turn in range(5 * length):
        value, bounds = sides[turn % 2]
        middle = (bounds[0] + bounds[1]) / 2
        upper = value >= middle
        bounds[0 if upper else 1] = middle
        bits = bits << 1 | upper
    return "".join(DIGITS[bits >> 5 * place & 31] for place in reversed(range(length)))


def decoded(text: str) -> list[float]:
    """Latitude and longitude of the middle of the cell; a letter that is no digit has all bits set."""
    bounds = [[-180.0, 180.0], [-90.0, 90.0]]
    turn = 0
    for letter in text:
        digit = DIGITS.find(letter)
        for place in (4, 3, 2, 1, 0):
            side = bounds[turn % 2]
            side[0 if digit >> place & 1 else 1] = (side[0] + side[1]) / 2
            turn += 1
    return [(bounds[1][0] + bounds[1][1]) / 2, (bounds[0][0] + bounds[0][1]) / 2]


row_function("encodeGeoHash", encoded, "STRING", ["DOUBLE", "DOUBLE", "INT"])
row_function("decodeGeoHash", decoded, "DOUBLE_ARRAY", ["STRING"])
row_function("decodeGeoHashLatitude decodeGeoHashLat", lambda text: decoded(text)[0], "DOUBLE", ["STRING"])
row_function("decodeGeoHashLongitude decodeGeoHashLon", lambda text: decoded(text)[1], "DOUBLE", ["STRING"])
