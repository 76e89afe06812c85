"""How Pinot's iterators of documents read a filter in one segment, and how many entries they look at for it
(core.operator.dociditerators, core.operator.docidsets). Documents are numbered from 0; `END` comes behind the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

END = 2**31 - 1
BATCH = 32
BLOCK = 10_000
Flags = NDArray[np.bool_]


class Documents(Protocol):
    """`looked_at` counts entries, with those of what it reads from."""

    @property
    def looked_at(self) -> int: ...

    def next(self) -> int: ...

    def advance(self, target: int) -> int: ...


class Known:
    """Documents that an index tells; `looked_at` is what it took to find them."""

    def __init__(self, flags: Flags, looked_at: int = 0) -> None:
        self.flags, self.looked_at = flags, looked_at
        self._numbers: list[int] = np.flatnonzero(flags).tolist()
        self._place = 0

    def next(self) -> int:
        if self._place >= len(self._numbers):
            return END
        self._place += 1
        return self._numbers[self._place - 1]

    def advance(self, target: int) -> int:
        while self._place < len(self._numbers) and self._numbers[self._place] < target:
            self._place += 1
        return self.next()


class Scan:
    """Looks at documents one by one, or in batches; `widths` are the values that each has, where it has several."""

    def __init__(self, flags: Flags, widths: NDArray[np.int64] | None = None) -> None:
        self.flags, self.widths, self.looked_at = flags, widths, 0
        self._next = 0
        self._batch: Iterator[int] = iter(())

    def width(self, first: int, last: int) -> int:
        return last - first if self.widths is None else int(self.widths[first:last].sum())

    def next(self) -> int:
        if self.widths is not None:
            return self.advance(self._next)
        found = next(self._batch, END)
        while found == END and self._next < len(self.flags):
            last = min(self._next + BATCH, len(self.flags))
            self.looked_at += last - self._next
            numbers = np.flatnonzero(self.flags[self._next : last]) + self._next
            self._batch, self._next = iter(numbers.tolist()), last
            found = next(self._batch, END)
        return found

    def advance(self, target: int) -> int:
        self._batch = iter(())
        rest = np.flatnonzero(self.flags[target:])
        found = target + int(rest[0]) if len(rest) else END
        last = min(found + 1, len(self.flags))
        self.looked_at += self.width(target, max(last, target))
        self._next = last
        return found

    def among(self, flags: Flags) -> Flags:
        """The documents that pass of some (applyAnd)."""
        numbers = np.flatnonzero(flags)
        self.looked_at += len(numbers) if self.widths is None else int(self.widths[numbers].sum())
        both: Flags = flags & self.flags
        return both


class Computed(Known):
    """What is computed is so for a whole block of documents."""

    def __init__(self, flags: Flags) -> None:
        super().__init__(flags)
        self._end = 0

    def next(self) -> int:
        found = super().next()
        last = len(self.flags) if found == END else (found // BLOCK + 1) * BLOCK
        if last > self._end:
            self.looked_at += min(last, len(self.flags)) - self._end
            self._end = min(last, len(self.flags))
        return found

    def among(self, flags: Flags) -> Flags:
        self.looked_at += int(np.count_nonzero(flags))
        both: Flags = flags & self.flags
        return both


class Both:
    def __init__(self, inputs: Sequence[Documents]) -> None:
        self.inputs, self._next = inputs, 0

    @property
    def looked_at(self) -> int:
        return sum(one.looked_at for one in self.inputs)

    def next(self) -> int:
        most, of, place = self._next, -1, 0
        while place < len(self.inputs):
            if place != of:
                found = self.inputs[place].advance(most)
                if found == END:
                    return END
                if found != most:
                    most, of, place = found, place, 0
                    continue
            place += 1
        self._next = most + 1
        return most

    def advance(self, target: int) -> int:
        self._next = target
        return self.next()


class Either:
    def __init__(self, inputs: Sequence[Documents]) -> None:
        self.inputs, self._heads, self._last = inputs, [-1] * len(inputs), -1

    @property
    def looked_at(self) -> int:
        return sum(one.looked_at for one in self.inputs)

    def next(self) -> int:
        self._heads = [
            one.next() if head == self._last else head for one, head in zip(self.inputs, self._heads, strict=True)
        ]
        self._last = min(self._heads)
        return self._last

    def advance(self, target: int) -> int:
        self._heads = [
            one.advance(target) if head < target else head for one, head in zip(self.inputs, self._heads, strict=True)
        ]
        self._last = min(self._heads)
        return self._last


class Others:
    """The documents that another has not."""

    def __init__(self, inner: Documents, documents: int) -> None:
        self.inner, self._documents = inner, documents
        self._next, self._without = 0, -1  # nothing is read before it is asked for

    @property
    def looked_at(self) -> int:
        return self.inner.looked_at

    def next(self) -> int:
        if self._without < 0:
            self._without = self.inner.next()
        while self._next == self._without:
            self._next += 1
            self._without = self.inner.next()
        if self._next >= self._documents:
            return END
        self._next += 1
        return self._next - 1

    def advance(self, target: int) -> int:
        self._next = target
        if self._without < 0:
            self._without = self.inner.next()
        if target > self._without:
            self._without = self.inner.advance(target)
        return self.next()


def conjunction(inputs: Sequence[Documents]) -> Documents:
    """AndDocIdSet.iterator: what indexes tell is put together first, then scans look at what is left."""
    known = [one for one in inputs if isinstance(one, Known) and not isinstance(one, Computed)]
    scans = [one for one in inputs if isinstance(one, Scan | Computed)]
    if not (known and scans) and len(known) < 2:
        return Both(inputs)
    flags = known[0].flags
    for one in known[1:]:
        flags = flags & one.flags
    for scan in scans:
        flags = scan.among(flags)
    found = Known(flags, sum(one.looked_at for one in (*known, *scans)))
    rest = [one for one in inputs if one not in known and one not in scans]
    return Both([found, *rest]) if rest else found


def disjunction(inputs: Sequence[Documents]) -> Documents:
    """OrDocIdSet.iterator."""
    known = [one for one in inputs if isinstance(one, Known) and not isinstance(one, Computed)]
    if len(known) < 2:
        return Either(inputs)
    flags = known[0].flags
    for one in known[1:]:
        flags = flags | one.flags
    found = Known(flags, sum(one.looked_at for one in known))
    rest = [one for one in inputs if one not in known]
    return Either([found, *rest]) if rest else found


def drained(documents: Documents, rows: int) -> tuple[Flags, int]:
    """All that there are, and the entries that were looked at: what each would have given one by one."""
    match documents:
        case Computed():
            return documents.flags, documents.looked_at + rows
        case Known():
            return documents.flags, documents.looked_at
        case Scan():
            return documents.flags, documents.looked_at + documents.width(0, rows)
        case Either():
            found = [drained(one, rows) for one in documents.inputs]
            return np.logical_or.reduce([flags for flags, _ in found]), sum(entries for _, entries in found)
        case Others():
            flags, entries = drained(documents.inner, rows)
            return ~flags, entries
    flags = np.zeros(rows, dtype=bool)
    while (number := documents.next()) != END:
        flags[number] = True
    return flags, documents.looked_at


def first(documents: Documents, rows: int, most: int) -> tuple[Flags, int]:
    """As many as are wanted, and the entries that were looked at for them."""
    flags = np.zeros(rows, dtype=bool)
    if isinstance(documents, Known) and not isinstance(documents, Computed):
        flags[np.flatnonzero(documents.flags)[:most]] = True
        return flags, documents.looked_at
    for _ in range(most):
        number = documents.next()
        if number == END:
            break
        flags[number] = True
    return flags, documents.looked_at
