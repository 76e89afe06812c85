"""Geography: Pinot's ST_* functions on Shapely and its hexagons on H3, the packages of the extra `geo`.

Each module imports them where they are used.
"""

from meshloom.engine.sql.functions.geography import functions, hexagons

__all__ = ["functions", "hexagons"]
