"""The record of a port: one append-only Iceberg table, each row with its actual and its processing time (B3, B4).

A correction is a new row of the same key, a retraction a new row with `_retracted`; what was given at an earlier
processing time is what the rows known then say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from meshloom.infra.lake import Lake
from meshloom.spec.contract import Contract
from meshloom.spec.urn import Urn

ACTUAL, PROCESSING, RETRACTED, TAGS = "_actual_time", "_processing_time", "_retracted", "_tags"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def name_of(product: Urn, contract: Contract) -> str:
    """The record's name in the lake."""
    return "__".join(part.replace("-", "_") for part in (product.domain, product.product, contract.id))


def quarantine_of(record: str) -> str:
    return f"{record}__quarantine"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def microseconds(value: datetime) -> int:
    return (value - EPOCH) // timedelta(microseconds=1)


def from_microseconds(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


@dataclass(frozen=True, slots=True)
class Published:
    """One publish: what changed, and the rows that a reader saw after it. `file` holds the changed rows."""

    record: str
    run: str
    version: str
    processing_time: datetime
    added: int
    corrected: int
    retracted: int
    quarantined: int
    rows: int
    file: Path

    def properties(self) -> dict[str, str]:
        """What stands beside the snapshot in the lake: the publish itself, so that no other file is its truth."""
        numbers = {name: str(getattr(self, name)) for name in COUNTS}
        return numbers | {
            "run": self.run,
            "version": self.version,
            "processing_time_us": str(microseconds(self.processing_time)),
        }


COUNTS = ("added", "corrected", "retracted", "quarantined", "rows")


def publishes(lake: Lake, record: str) -> list[Published]:
    """Every publish, oldest first."""
    return [
        Published(
            record,
            snapshot.properties["run"],
            snapshot.properties["version"],
            from_microseconds(int(snapshot.properties["processing_time_us"])),
            file=snapshot.files[0],
            **{name: int(snapshot.properties[name]) for name in COUNTS},
        )
        for snapshot in lake.snapshots(record)
        if snapshot.files
    ]


def known_at(history: Sequence[Published], as_of: datetime | None) -> list[Published]:
    """The publishes that had happened at a processing time."""
    return [publish for publish in history if as_of is None or publish.processing_time <= as_of]


def view_sql(contract: Contract, history: Sequence[Published], *, times: bool = False) -> str:
    """A DuckDB query for the rows that these publishes leave visible; the contract's columns in order.

    With `times` the two times and the tags follow. Of each key the row of the latest publish counts, unless it is a
    retraction. No order is promised.
    """
    columns = [column.name for column in contract.columns] + ([ACTUAL, PROCESSING, TAGS] if times else [])
    listed = ", ".join(quoted(column) for column in columns)
    if not history:
        return _nothing(contract, times)
    files = ", ".join(text(str(publish.file)) for publish in history)
    rows = f"read_parquet([{files}], union_by_name=true)"
    if len(history) == 1 or not contract.primary_key:
        return f"SELECT {listed} FROM {rows}"
    key = ", ".join(quoted(column) for column in contract.primary_key)
    return (
        f"SELECT {listed} FROM (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {PROCESSING} DESC) AS"
        f' "$age" FROM {rows}) WHERE "$age" = 1 AND NOT {RETRACTED}'
    )


def _nothing(contract: Contract, times: bool) -> str:
    from meshloom.spec.types import sql_type

    columns = [f"NULL::{sql_type(column)} AS {quoted(column.name)}" for column in contract.columns]
    if times:
        columns += [f"NULL::TIMESTAMP AS {ACTUAL}", f"NULL::TIMESTAMP AS {PROCESSING}", f"NULL::VARCHAR AS {TAGS}"]
    return f"SELECT {', '.join(columns)} WHERE false"


def next_processing_time(history: Sequence[Published]) -> datetime:
    """Now, but always later than every publish before it (B3)."""
    now = datetime.now(UTC)
    last = history[-1].processing_time if history else EPOCH
    return max(now, last + timedelta(microseconds=1))
