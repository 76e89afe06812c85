"""Values of variable length in a chunk, and what is made of them: texts, and lists of numbers or texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from meshloom.engine.storage.pinot_segment.bounds import Bytes, Longs, damaged, gathered

MOST_BYTES = 2**31 - 1  # of the values of one Arrow array


@dataclass(frozen=True, slots=True)
class Spans:
    """Document i's bytes are those of `data` from bounds[i] to before bounds[i + 1]. `what` names the column."""

    data: Bytes
    bounds: Longs
    what: str

    @classmethod
    def of(cls, data: Bytes, bounds: Longs, what: str) -> Spans:
        """Raises RestError 400 when the bounds go backwards or outside."""
        if len(data) > MOST_BYTES or bounds[0] < 0 or bounds[-1] > len(data) or bool((np.diff(bounds) < 0).any()):
            raise damaged(f"{what} has values that lie outside of their chunk")
        return cls(data, bounds, what)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def values(self) -> pa.Array:
        """As binary."""
        held = [None, pa.py_buffer(self.bounds.astype(np.int32)), pa.py_buffer(self.data)]
        return pa.BinaryArray.from_buffers(pa.binary(), len(self), held)

    def _counts(self) -> Longs:
        """How many values each list says it has; each takes four bytes at least."""
        sizes = np.diff(self.bounds)
        if bool((sizes < 4).any()):
            raise damaged(f"{self.what} has a list without its length")
        counts = gathered(self.data, self.bounds[:-1])
        if bool(((counts < 0) | (4 * counts + 4 > sizes)).any()):
            raise damaged(f"{self.what} has a list that is longer than its bytes")
        return counts

    def _without(self, heads: Longs) -> Bytes:
        """The bytes of all lists without the first `heads` of each."""
        edges = np.zeros(len(self.data) + 1, dtype=np.int8)
        kept = heads > 0
        np.add.at(edges, self.bounds[:-1][kept], 1)
        np.add.at(edges, (self.bounds[:-1] + heads)[kept], -1)
        inside = np.cumsum(edges[:-1], dtype=np.int8) > 0
        inside[: self.bounds[0]] = True
        inside[self.bounds[-1] :] = True
        return self.data[~inside]

    def numbers(self, type_: str, *, counted: bool) -> tuple[Longs, npt.NDArray[np.generic]]:
        """Lists of numbers, as the length of each and all values. `counted` says that each begins with its length."""
        size = np.dtype(type_).itemsize
        sizes = np.diff(self.bounds)
        heads = np.full(len(self), 4 if counted else 0, dtype=np.int64)
        counts = self._counts() if counted else sizes // size
        if bool((counts * size + heads != sizes).any()):
            raise damaged(f"{self.what} has a list whose bytes are not those of its values")
        return counts, self._without(heads).view(type_)

    def texts(self) -> tuple[Longs, Spans]:
        """Lists of texts or bytes, as the length of each and all values."""
        counts = self._counts()
        before = np.cumsum(counts) - counts
        places = np.repeat(self.bounds[:-1] - 4 * before + 4, counts) + 4 * np.arange(int(counts.sum()))
        lengths = gathered(self.data, places)
        edges = np.concatenate(([0], np.cumsum(lengths)))
        inner = edges[before + counts] - edges[before]
        heads = 4 + 4 * counts
        if bool((lengths < 0).any()) or bool((inner + heads != np.diff(self.bounds)).any()):
            raise damaged(f"{self.what} has a list whose bytes are not those of its values")
        return counts, Spans.of(self._without(heads), edges, self.what)
