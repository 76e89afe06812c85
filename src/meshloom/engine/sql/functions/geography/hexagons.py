"""Uber's H3 hexagons (geoToH3, gridDistance, gridDisk)."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.sql.functions.geography.shapes import read
from meshloom.engine.sql.functions.registry import needs, scalar
from meshloom.engine.sql.functions.rows import ROWS, RowFunction, row_function
from meshloom.engine.sql.typed import Typed

L = "LONG"


def cell(longitude: float, latitude: float, resolution: int) -> int:
    """Raises ValueError for a resolution outside 0 to 15."""
    import h3.api.basic_int as h3
    from h3 import H3BaseException

    try:
        return int(h3.latlng_to_cell(latitude, longitude, resolution))
    except H3BaseException as error:
        raise ValueError(f"geoToH3: {error}") from None


def cell_of(data: bytes, resolution: int) -> int:
    """The cell of a geometry's first point."""
    import shapely

    x, y = shapely.get_coordinates(read(data).geometry)[0]
    return cell(float(x), float(y), resolution)


def steps(first: int, second: int) -> int:
    """How many cells lie between two, one of them counted. Raises ValueError for cells that cannot be compared."""
    import h3.api.basic_int as h3
    from h3 import H3BaseException

    try:
        return int(h3.grid_distance(first, second))
    except H3BaseException as error:
        raise ValueError(f"gridDistance: {error}") from None


def disk(origin: int, size: int) -> list[int]:
    """Every cell within so many steps, the origin among them."""
    import h3.api.basic_int as h3
    from h3 import H3BaseException

    try:
        return [int(one) for one in h3.grid_disk(origin, size)]
    except H3BaseException as error:
        raise ValueError(f"gridDisk: {error}") from None


for name, function, parameters in (
    ("px_geotohthree_3", cell, ("DOUBLE", "DOUBLE", "INT")), ("px_geotohthree_2", cell_of, ("BYTES", "INT")),
):  # fmt: skip
    ROWS[name] = RowFunction(name, function, parameters, L, False)


def placed(arguments: Sequence[Typed]) -> str:
    """geoToH3(longitude, latitude, resolution) or geoToH3(point, resolution)."""
    types = ("BYTES", "INT") if len(arguments) == 2 else ("DOUBLE", "DOUBLE", "INT")
    listed = ", ".join(argument.cast(type_).sql for argument, type_ in zip(arguments, types, strict=True))
    return f"px_geotohthree_{len(arguments)}({listed})"


scalar("geoToH3", placed, L, (2, 3))
row_function("gridDistance", steps, L, [L, L])
row_function("gridDisk", disk, "LONG_ARRAY", [L, "INT"])
needs("geo", "geoToH3 gridDistance gridDisk")
