"""Roaring bitmaps in the portable form (RoaringFormatSpec), read range by range, so that one that stands for a
billion documents takes no more memory than its file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from meshloom.engine.storage.pinot_segment.bounds import Bytes, Longs, damaged, number, numbers, part

NO_RUNS, WITH_RUNS, OFFSETS_FROM = 12346, 12347, 4
ARRAY_MOST, SPAN = 4096, 1 << 16


@dataclass(frozen=True, slots=True)
class Container:
    """The set bits of one span of 65,536: `kind` says how `data` tells them."""

    kind: str
    data: Bytes

    def bits(self) -> npt.NDArray[np.bool_]:
        if self.kind == "bitmap":
            return np.unpackbits(self.data, bitorder="little").astype(bool)
        made = np.zeros(SPAN + 1, dtype=np.int8)
        values = self.data.view("<u2").astype(np.int64)
        if self.kind == "array":
            made[values] = 1
            return made[:SPAN].astype(bool)
        starts, ends = values[0::2], np.minimum(values[0::2] + values[1::2] + 1, SPAN)
        np.add.at(made, starts, 1)
        np.add.at(made, ends, -1)
        return np.cumsum(made[:SPAN], dtype=np.int32) > 0


class Bitmap:
    """Raises RestError 400 when `data` is no bitmap; `what` names it."""

    def __init__(self, data: Bytes, what: str) -> None:
        cookie = number(data, 0, what, "<u4")
        runs: Bytes | None = None
        if cookie & 0xFFFF == WITH_RUNS:
            count, at = (cookie >> 16) + 1, 4
            runs = part(data, at, (count + 7) // 8, what)
            at += len(runs)
        elif cookie == NO_RUNS:
            count, at = number(data, 4, what, "<u4"), 8
        else:
            raise damaged(f"{what} is no bitmap")
        if count > SPAN:
            raise damaged(f"{what} declares {count:,} containers")
        heads = numbers(data, at, 2 * count, "<u2", what)
        at += 4 * count + (4 * count if runs is None or count >= OFFSETS_FROM else 0)
        self._containers: dict[int, Container] = {}
        for place in range(count):
            key, held = int(heads[2 * place]), int(heads[2 * place + 1]) + 1
            if runs is not None and runs[place // 8] >> (place % 8) & 1:
                kind, size = "run", 4 * number(data, at, what, "<u2")
                at += 2
            else:
                kind, size = ("array", 2 * held) if held <= ARRAY_MOST else ("bitmap", SPAN // 8)
            self._containers[key] = Container(kind, part(data, at, size, what))
            at += size

    def mask(self, start: int, stop: int) -> npt.NDArray[np.bool_]:
        """Which of the documents from `start` to before `stop` are in it."""
        made = np.zeros(stop - start, dtype=bool)
        for key in range(start // SPAN, -(-stop // SPAN)):
            found = self._containers.get(key)
            if found is not None:
                low, high = max(start, key * SPAN), min(stop, (key + 1) * SPAN)
                made[low - start : high - start] = found.bits()[low - key * SPAN : high - key * SPAN]
        return made

    def places(self, stop: int) -> Longs:
        """The documents in it, before `stop`."""
        found = [
            np.flatnonzero(self.mask(key * SPAN, min((key + 1) * SPAN, stop))) + key * SPAN
            for key in sorted(self._containers)
            if key * SPAN < stop
        ]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def written(places: Longs) -> bytes:
    """The portable form of sorted, distinct documents."""
    keys = places >> 16
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    spans = np.split(places & 0xFFFF, starts[1:])
    bodies = [_body(span) for span in spans] if len(places) else []
    heads = b"".join(
        int(keys[start]).to_bytes(2, "little") + (len(span) - 1).to_bytes(2, "little")
        for start, span in zip(starts, spans, strict=False)
    )
    first = 8 + len(heads) + 4 * len(bodies)
    sizes = np.cumsum([first, *(len(body) for body in bodies)])[:-1] if bodies else np.zeros(0)
    begin = NO_RUNS.to_bytes(4, "little") + len(bodies).to_bytes(4, "little")
    return b"".join([begin, heads, sizes.astype("<u4").tobytes(), *bodies])


def _body(span: Longs) -> bytes:
    if len(span) <= ARRAY_MOST:
        return span.astype("<u2").tobytes()
    made = np.zeros(SPAN, dtype=np.uint8)
    made[span] = 1
    return np.packbits(made, bitorder="little").tobytes()
