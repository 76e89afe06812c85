"""Output ports at run time: a port's rows as Arrow, as they were known at any processing time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from meshloom.infra.compute import lock, open_reader
from meshloom.infra.lake import Lake
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.record import known_at, publishes, quoted, view_sql


def order_of(port: DeployedPort) -> Sequence[str]:
    """What a port's rows are sorted by, so that the same rows are the same bytes: the key, else every column."""
    return port.contract.primary_key or tuple(column.name for column in port.contract.columns)


def rows(port: DeployedPort, lake: Lake, as_of: datetime | None = None) -> pa.RecordBatchReader:
    """The contract's columns, then `_actual_time`, `_processing_time` and `_tags`; sorted (B4).

    This is the port's inside: the sidecar filters and masks what it gives before anybody sees it.
    """
    history = known_at(publishes(lake, port.record), as_of)
    session = open_reader()
    lock(session, files=[publish.file for publish in history])
    order = ", ".join(quoted(column) for column in order_of(port))
    return session.batches(f"SELECT * FROM ({view_sql(port.contract, history, times=True)}) ORDER BY {order}")
