"""Sketches of the most frequent values (FrequentStringsSketchAggregationFunction and its kin), Base64 of
datasketches' bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import gathering, needs
from meshloom.engine.sql.functions.sketches.values import base64, listed, row, whole
from meshloom.engine.sql.typed import Typed

SIZE = 256  # FrequentStringsSketchAggregationFunction.DEFAULT_MAX_MAP_SIZE


def empty(kind: str, lg_size: int) -> Any:
    from datasketches import frequent_items_sketch, frequent_strings_sketch

    return (frequent_strings_sketch if kind == "strings" else frequent_items_sketch)(lg_size)


def written(sketch: Any, kind: str) -> bytes:
    from datasketches import PyLongsSerDe

    return bytes(sketch.serialize() if kind == "strings" else sketch.serialize(PyLongsSerDe()))


def read(data: bytes, kind: str) -> Any:
    from datasketches import PyLongsSerDe, frequent_items_sketch, frequent_strings_sketch

    if kind == "strings":
        return frequent_strings_sketch.deserialize(data)
    return frequent_items_sketch.deserialize(data, PyLongsSerDe())


def of_values(values: Iterable[Any], lg_size: int, kind: str) -> bytes:
    sketch = empty(kind, lg_size)
    for value in values:
        if value is not None:
            sketch.update(value)
    return written(sketch, kind)


def of_sketches(sketches: Iterable[bytes | None], lg_size: int, kind: str) -> bytes:
    merged = empty(kind, lg_size)
    for sketch in sketches:
        if sketch:
            merged.merge(read(sketch, kind))
    return written(merged, kind)


for kind, type_ in (("strings", "STRING"), ("longs", "LONG")):
    row(f"frequent{kind}", lambda v, size, k=kind: of_values(v, size, k), [f"{type_}_ARRAY", "INT"], "BYTES")
    row(f"frequent{kind}of", lambda v, size, k=kind: of_sketches(v, size, k), ["BYTES_ARRAY", "INT"], "BYTES")


def found(kind: str, type_: str, arguments: Sequence[Typed], where: str) -> str:
    size = whole(arguments[1], f"frequent{kind}sketch", 8, 1 << 26) if len(arguments) > 1 else SIZE
    if size & (size - 1):
        raise PinotError(QUERY_VALIDATION, f"frequent{kind}sketch: the size is a power of 2, not {size}")
    lg_size = size.bit_length() - 1
    if arguments[0].element == "BYTES":
        return base64(f"px_frequent{kind}of_2({listed(arguments[0], 'BYTES', where)}, {lg_size})")
    if kind == "longs" and arguments[0].element not in ("INT", "LONG"):
        raise PinotError(QUERY_VALIDATION, "frequentLongsSketch takes INT, LONG or sketches as BYTES")
    return base64(f"px_frequent{kind}_2({listed(arguments[0], type_, where)}, {lg_size})")


gathering("frequentStringsSketch", lambda a, w: found("strings", "STRING", a, w), "STRING", (1, 2))
gathering("frequentLongsSketch", lambda a, w: found("longs", "LONG", a, w), "STRING", (1, 2))
needs("sketches", "frequentStringsSketch frequentLongsSketch")
