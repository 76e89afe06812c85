"""percentileTDigest: the estimate of t-digest 3.2 (Ted Dunning, Apache-2.0), which Pinot uses, and its serialised form.

A merging digest: values wait in a buffer and are then merged, in order, into centroids that may grow the heavier the
nearer to the median they stand. Up to some 127 values each one is a centroid, and the answer lies on the line between
two of them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.aggregates import share_of
from meshloom.engine.sql.functions.registry import gathering
from meshloom.engine.sql.functions.sketches.values import listed, row
from meshloom.engine.sql.typed import Typed

COMPRESSION = 100  # PercentileTDigestAggregationFunction.DEFAULT_TDIGEST_COMPRESSION
VERBOSE, SMALL = 1, 2
HEADER = ">iddd"
Centroid = tuple[float, float]  # mean and weight


class TDigest:
    def __init__(self, compression: float = COMPRESSION) -> None:
        self.compression = compression
        self.centroids: list[Centroid] = []
        self.least, self.most = math.inf, -math.inf
        self._waiting: list[Centroid] = []
        self._room = 5 * math.ceil(compression)

    def add(self, mean: float, weight: float = 1.0) -> None:
        if len(self._waiting) >= self._room - len(self.centroids) - 1:
            self._merge()
        self._waiting.append((mean, weight))

    def _merge(self) -> None:
        if not self._waiting:
            return
        incoming = sorted([*self._waiting, *self.centroids], key=lambda one: one[0])
        self._waiting = []
        total = sum(weight for _, weight in incoming)
        scale = self.compression / (math.pi * total)
        (mean, weight), before = incoming[0], 0.0
        merged: list[Centroid] = []
        for other, more in incoming[1:]:
            size = ((weight + more) * scale) ** 2
            start, end = before / total, (before + weight + more) / total
            if size <= start * (1 - start) and size <= end * (1 - end):
                weight += more
                mean += (other - mean) * more / weight
            else:
                merged.append((mean, weight))
                before += weight
                mean, weight = other, more
        self.centroids = [*merged, (mean, weight)]
        self.least = min(self.least, self.centroids[0][0])
        self.most = max(self.most, self.centroids[-1][0])

    def quantile(self, share: float) -> float:
        """Not a number when there are no values."""
        self._merge()
        if not self.centroids:
            return math.nan
        if len(self.centroids) == 1:
            return self.centroids[0][0]
        place = share * sum(weight for _, weight in self.centroids)
        first, weight = self.centroids[0]
        if place < weight / 2:
            return self.least + 2 * place / weight * (first - self.least)
        reached = weight / 2
        for (mean, weight), (following, more) in zip(self.centroids[:-1], self.centroids[1:], strict=True):
            step = (weight + more) / 2
            if reached + step > place:
                left, right = reached + step - place, place - reached
                return min(max((mean * left + following * right) / (left + right), mean), following)
            reached += step
        return self.most

    def written(self) -> bytes:
        """The verbose form, big-endian."""
        self._merge()
        body = b"".join(struct.pack(">dd", weight, mean) for mean, weight in self.centroids)
        return struct.pack(HEADER + "i", VERBOSE, self.least, self.most, self.compression, len(self.centroids)) + body

    def read(self, data: bytes) -> None:
        """Add another digest's centroids. Raises ValueError for other bytes."""
        try:
            (form,) = struct.unpack_from(">i", data)
            if form == VERBOSE:
                least, most, _, count = struct.unpack_from(">dddi", data, 4)
                values = struct.unpack_from(f">{2 * count}d", data, struct.calcsize(">idddi"))
            elif form == SMALL:
                least, most, _, _, _, count = struct.unpack_from(">ddfhhh", data, 4)
                values = struct.unpack_from(f">{2 * count}f", data, struct.calcsize(">iddfhhh"))
            else:
                raise ValueError("Invalid format for serialized histogram")
        except struct.error:
            raise ValueError("Invalid format for serialized histogram") from None
        for weight, mean in zip(values[::2], values[1::2], strict=True):
            self.add(mean, weight)
        self._merge()
        self.least, self.most = min(self.least, least), max(self.most, most)


def of_values(values: Iterable[float | None], compression: float) -> TDigest:
    digest = TDigest(compression)
    for value in values:
        if value is not None:
            digest.add(value)
    return digest


def of_digests(digests: Iterable[bytes | None], compression: float) -> TDigest:
    merged = TDigest(compression)
    for digest in digests:
        if digest:
            merged.read(digest)
    return merged


for type_, made in (("DOUBLE", of_values), ("BYTES", of_digests)):
    row(f"tdigest{type_}", lambda v, c, share, made=made: made(v, c).quantile(share),
        [f"{type_}_ARRAY", "DOUBLE", "DOUBLE"], "DOUBLE")  # fmt: skip
    row(f"tdigestraw{type_}", lambda v, c, made=made: made(v, c).written().hex(), [f"{type_}_ARRAY", "DOUBLE"],
        "STRING")  # fmt: skip


def parts(arguments: Sequence[Typed], where: str) -> tuple[str, str, float]:
    type_ = "BYTES" if arguments[0].element == "BYTES" else "DOUBLE"
    text = arguments[2].literal if len(arguments) > 2 else str(COMPRESSION)
    if text is None or not text.isdigit() or int(text) < 1:
        raise PinotError(QUERY_VALIDATION, "PERCENTILE_TDIGEST: the third argument is the compression, a whole number")
    return type_.lower(), listed(arguments[0], type_, where), float(text)


def answered(arguments: Sequence[Typed], where: str) -> str:
    type_, values, compression = parts(arguments, where)
    return f"px_tdigest{type_}_3({values}, {compression!r}, {share_of(arguments)!r})"


def raw(arguments: Sequence[Typed], where: str) -> str:
    share_of(arguments)
    type_, values, compression = parts(arguments, where)
    return f"px_tdigestraw{type_}_2({values}, {compression!r})"


gathering("percentileTDigest", answered, "DOUBLE", (2, 3))
gathering("percentileRawTDigest", raw, "STRING", (2, 3))
