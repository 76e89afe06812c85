"""Where a column's indexes lie: in one file with a map (version 3), or in a file each (versions 1 and 2)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from meshloom.engine.storage.pinot_segment import properties
from meshloom.engine.storage.pinot_segment.bounds import Bytes, damaged, part
from meshloom.engine.storage.pinot_segment.metadata import CREATION, FILE

INDEX_MAP, DATA = "index_map", "columns.psf"
MAGIC = bytes.fromhex("deadbeefdeafbead")
DICTIONARY, FORWARD, NULLS, INVERTED = "dictionary", "forward_index", "nullvalue_vector", "inverted_index"
ENDINGS = {
    ".dict": DICTIONARY, ".sv.unsorted.fwd": FORWARD, ".sv.sorted.fwd": FORWARD, ".sv.raw.fwd": FORWARD,
    ".mv.fwd": FORWARD, ".mv.raw.fwd": FORWARD, ".map.fwd": FORWARD, ".bitmap.nullvalue": NULLS,
    ".bitmap.inv": INVERTED,
}  # fmt: skip
READ = (FILE, CREATION, INDEX_MAP, DATA, *ENDINGS)
V3 = "v3/"


def mapped(path: Path) -> Bytes:
    """A file's bytes, read as they are asked for."""
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r")) if path.stat().st_size else np.zeros(0, np.uint8)


class Buffers:
    """`files` are those of a segment's folder, by their path in it. Raises RestError 400."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._held: dict[tuple[str, str], Bytes] = {}
        self._files = files
        if V3 + FILE not in files:
            return
        if V3 + INDEX_MAP not in files or V3 + DATA not in files:  # a segment without rows has none
            return
        data, places = mapped(files[V3 + DATA]), properties.parsed(files[V3 + INDEX_MAP].read_bytes(), INDEX_MAP)
        for key in places:
            if not key.endswith(".startOffset"):
                continue
            start = properties.whole(places, key, INDEX_MAP)
            size = properties.whole(places, key.removesuffix("startOffset") + "size", INDEX_MAP)
            column, _, kind = key.removesuffix(".startOffset").rpartition(".")
            held = part(data, start, size, DATA)
            if held[:8].tobytes() != MAGIC:
                raise damaged(f"{DATA} has no index of column {column} at byte {start:,}")
            self._held[column, kind] = held[8:]

    def find(self, column: str, kind: str) -> Bytes | None:
        """The bytes of an index; None when the segment has none."""
        if (column, kind) in self._held:
            return self._held[column, kind]
        for ending, told in ENDINGS.items():
            if told == kind and (found := self._files.get(column + ending)) is not None:
                return mapped(found)
        return None

    def need(self, column: str, kind: str) -> Bytes:
        """Raises RestError 400 when the segment has no such index."""
        found = self.find(column, kind)
        if found is None:
            raise damaged(f"column {column} has no {kind}")
        return found


BASE = 65521


def joined(first: int, second: int, size: int) -> int:
    """The Adler-32 of two pieces of which the second has `size` bytes, from that of each."""
    low, high = first & 0xFFFF, first >> 16
    low2, high2 = second & 0xFFFF, second >> 16
    return (high + high2 + size * (low - 1)) % BASE << 16 | (low + low2 - 1) % BASE


def checksum(pieces: Mapping[str, tuple[int, int]]) -> int:
    """Pinot's CRC of a segment (CrcUtils): the Adler-32 of its files in the order of their paths, from the Adler-32 and
    the size of each."""
    made = zlib.adler32(b"")
    for path in sorted(pieces, key=lambda path: path.encode("utf-16-be")):
        if path.rpartition("/")[2] != CREATION and not path.endswith(".crc"):
            made = joined(made, *pieces[path])
    return made
