"""Segments that replace others: which of them queries may see at each moment (Pinot's SegmentLineage)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from meshloom.engine.errors import RestError
from meshloom.engine.storage.catalog import Catalog

KIND = "segment-lineage"
IN_PROGRESS, COMPLETED, REVERTED = "IN_PROGRESS", "COMPLETED", "REVERTED"


@dataclass(frozen=True, slots=True)
class Entry:
    """One replacement. `at_ms` is when its state became what it is."""

    id: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    state: str
    at_ms: int

    @property
    def hides(self) -> tuple[str, ...]:
        """The old segments once the new ones stand for them, the new ones before and after."""
        return self.old if self.state == COMPLETED else self.new


def entries(catalog: Catalog, physical: str) -> list[Entry]:
    """In the order in which they were begun."""
    kept = catalog.get(KIND, physical) or {}
    return [Entry(id_, tuple(e["from"]), tuple(e["to"]), e["state"], e["at"]) for id_, e in kept.items()]


def hidden(catalog: Catalog, physical: str) -> frozenset[str]:
    """Names of the segments whose rows no query sees. A later entry wins: what it completed is seen, even when an
    earlier one with the same names was taken back."""
    out: set[str] = set()
    for entry in entries(catalog, physical):
        if entry.state == COMPLETED:
            out -= set(entry.new)
        out |= set(entry.hides)
    return frozenset(out)


def _keep(catalog: Catalog, physical: str, found: Sequence[Entry]) -> None:
    kept = {e.id: {"from": e.old, "to": e.new, "state": e.state, "at": e.at_ms} for e in found}
    catalog.put(KIND, physical, kept)


def begin(catalog: Catalog, physical: str, old: Sequence[str], new: Sequence[str], *, force: bool = False) -> Entry:
    """Begin a replacement: the new segments stay hidden until `settle`.

    `force` takes back what is under way with segments of the same. Raises RestError 500 for segments that are not
    there (old), are there already (new), or are being replaced.
    """
    held = {segment.name for segment in catalog.segments(physical)}
    _judge(physical, held, old, new)
    kept = []
    for entry in entries(catalog, physical):
        again = set(entry.old) & set(old) or set(entry.new) & set(new)
        if again and entry.state == IN_PROGRESS and force:
            kept.append(_changed(entry, REVERTED))
            continue
        if again and entry.state != REVERTED:
            raise RestError(
                500,
                f"It is not allowed to replace segments that are already replaced. (tableName = {physical}, "
                f"segmentLineageEntryId = {entry.id}, state = {entry.state}, segments = {sorted(again)})",
            )
        kept.append(entry)
    entry = Entry(str(uuid.uuid4()), tuple(old), tuple(new), IN_PROGRESS, int(time.time() * 1000))
    _keep(catalog, physical, [*kept, entry])
    return entry


def _judge(physical: str, held: set[str], old: Sequence[str], new: Sequence[str]) -> None:
    for name in old:
        if name not in held:
            raise RestError(500, f"Segment: {name} from 'segmentsFrom' does not exist in table: {physical}")
    for name in new:
        if name in held:
            raise RestError(500, f"Segment: {name} from 'segmentsTo' exists in table: {physical}")
    if len(set(old)) != len(old) or len(set(new)) != len(new):
        raise RestError(500, f"A segment is named twice in a replacement of table: {physical}")


def _changed(entry: Entry, state: str) -> Entry:
    return Entry(entry.id, entry.old, entry.new, state, int(time.time() * 1000))


def settle(catalog: Catalog, physical: str, id_: str, state: str, *, force: bool = False) -> Entry:
    """End a replacement (COMPLETED) or take it back (REVERTED). Raises RestError 500 for one that cannot."""
    found = {entry.id: entry for entry in entries(catalog, physical)}
    entry = found.get(id_)
    if entry is None:
        raise RestError(500, f"Failed to find entry id: {id_} from segment lineage for table: {physical}")
    if entry.state == state == COMPLETED:
        return entry
    held = {segment.name for segment in catalog.segments(physical)}
    if state == COMPLETED:
        _endable(physical, entry, held)
    else:
        _revertable(physical, entry, held, force)
    found[id_] = _changed(entry, state)
    _keep(catalog, physical, list(found.values()))
    return found[id_]


def _told(physical: str, entry: Entry) -> str:
    return f"(tableNameWithType={physical}, segmentLineageEntryId={entry.id}, state={entry.state})"


def _endable(physical: str, entry: Entry, held: set[str]) -> None:
    told = _told(physical, entry)
    if entry.state != IN_PROGRESS:
        message = "The target lineage entry state is not 'IN_PROGRESS'. Cannot update to 'COMPLETED' state. "
        raise RestError(500, message + told)
    if missing := sorted(set(entry.new) - held):
        raise RestError(500, f"Not all segments from 'segmentsTo' are available in the table: {missing} {told}")


def _revertable(physical: str, entry: Entry, held: set[str], force: bool) -> None:
    told = _told(physical, entry)
    if entry.state == REVERTED or (entry.state == IN_PROGRESS and not force):
        message = "Lineage state is not valid. Cannot update the lineage entry to be 'REVERTED'. "
        raise RestError(500, message + told)
    if missing := sorted(set(entry.old) - held):
        raise RestError(500, f"Segments from 'segmentsFrom' are gone from the table: {missing} {told}")


def forget(catalog: Catalog, physical: str) -> list[str]:
    """Names of the segments that no query will see again: replaced ones, and new ones of what was taken back. Forgets
    the entries whose segments these are."""
    found = entries(catalog, physical)
    over = [entry for entry in found if entry.state != IN_PROGRESS]
    going = [entry for entry in found if entry.state == IN_PROGRESS]
    gone = hidden(catalog, physical) - {name for entry in going for name in entry.new}
    if over:
        _keep(catalog, physical, going)
    return sorted(gone & {name for entry in over for name in entry.hides})
