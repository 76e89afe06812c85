"""Pinot's answer document, field by field in Pinot's order (BrokerResponseNative.java), and how values print."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from meshloom.engine.sql.compiled import OutputColumn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
MICROSECOND = timedelta(microseconds=1)
CYCLE = 146_097 * 86_400_000_000  # 400 years, after which the calendar is the same


def printed(value: Any, type_: str) -> Any:
    """One value as JSON in Pinot's form: TIMESTAMP as java.sql.Timestamp prints it, BYTES as hex, NaN as text."""
    if value is None:
        return None
    if isinstance(value, list):
        element = type_.removesuffix("_ARRAY")
        return [printed(item, element) for item in value]
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else value
    if isinstance(value, datetime):
        return moment((value - EPOCH) // MICROSECOND)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value


def moment(micros: int) -> str:
    """Microseconds since 1970 as java.sql.Timestamp prints them, also of years that Python has none of."""
    cycles, within = divmod(micros, CYCLE)
    value = EPOCH + timedelta(microseconds=within)
    fraction = f"{value.microsecond // 1000:03d}".rstrip("0") or "0"
    return f"{value.year + 400 * cycles:04d}{value:-%m-%d %H:%M:%S}.{fraction}"


def _values(column: pa.ChunkedArray, type_: str) -> list[Any]:
    """Times as microseconds since 1970: not each of them is a datetime. A FLOAT has its own fewest digits: 0.1."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]
    if type_ == "FLOAT":
        return _single(column)
    if type_ == "FLOAT_ARRAY" and pa.types.is_list(column.type):
        items = iter(_single(pc.list_flatten(column)))
        lengths = pc.list_value_length(column).to_pylist()
        return [None if length is None else list(islice(items, length)) for length in lengths]
    return column.to_pylist()  # type: ignore[no-any-return]


def _single(column: pa.ChunkedArray) -> list[float | None]:
    digits = column.cast(pa.float32(), safe=False).cast(pa.string()).to_pylist()
    return [None if text is None else float(text) for text in digits]


PLAIN = frozenset({"INT", "LONG", "STRING", "JSON", "BOOLEAN"})


def rows_of(table: pa.Table, columns: tuple[OutputColumn, ...]) -> list[list[Any]]:
    """An Arrow table's rows, printed."""
    lists = []
    for position, column in enumerate(columns):
        values = _values(table.column(position), column.type)
        if column.type == "TIMESTAMP":
            lists.append([None if value is None else moment(value) for value in values])
            continue
        lists.append(values if column.type in PLAIN else [printed(value, column.type) for value in values])
    return [list(row) for row in zip(*lists, strict=True)] if lists else []


# What one process without streams, pruning and serialisation between servers has none of.
ZERO = (
    "numConsumingSegmentsQueried",
    "numConsumingSegmentsProcessed",
    "numConsumingSegmentsMatched",
    "minConsumingFreshnessTimeMs",
    "numSegmentsPrunedByBroker",
    "numSegmentsPrunedByServer",
    "numSegmentsPrunedInvalid",
    "numSegmentsPrunedByLimit",
    "numSegmentsPrunedByValue",
    "brokerReduceTimeMs",
    "offlineThreadCpuTimeNs",
    "realtimeThreadCpuTimeNs",
    "offlineSystemActivitiesCpuTimeNs",
    "realtimeSystemActivitiesCpuTimeNs",
    "offlineResponseSerializationCpuTimeNs",
    "realtimeResponseSerializationCpuTimeNs",
    "offlineTotalCpuTimeNs",
    "realtimeTotalCpuTimeNs",
    "explainPlanNumEmptyFilterSegments",
    "explainPlanNumMatchAllFilterSegments",
)


def document(
    columns: tuple[OutputColumn, ...] | None,
    rows: list[list[Any]],
    *,
    tables: tuple[str, ...] = (),
    exceptions: list[dict[str, Any]] | None = None,
    request_id: str = "",
    docs_scanned: int = 0,
    total_docs: int = 0,
    segments: int = 0,
    milliseconds: int = 0,
) -> dict[str, Any]:
    """The whole answer; `columns` None leaves `resultTable` out, as Pinot does when a query failed."""
    failed = bool(exceptions)
    result: dict[str, Any] = {}
    if columns is not None:
        schema = {"columnNames": [c.name for c in columns], "columnDataTypes": [c.told or c.type for c in columns]}
        result["resultTable"] = {"dataSchema": schema, "rows": rows}
    cells = docs_scanned * len(columns or ())
    return result | {
        "numRowsResultSet": len(rows),
        "partialResult": failed,
        "exceptions": exceptions or [],
        "numGroupsLimitReached": False,
        "numGroupsWarningLimitReached": False,
        "timeUsedMs": milliseconds,
        "requestId": request_id,
        "clientRequestId": None,
        "brokerId": "Broker_127.0.0.1_8099",
        "numDocsScanned": docs_scanned,
        "totalDocs": total_docs,
        "numEntriesScannedInFilter": 0,
        "numEntriesScannedPostFilter": cells,
        "numServersQueried": 0 if failed else 1,
        "numServersResponded": 0 if failed else 1,
        "numSegmentsQueried": segments,
        "numSegmentsProcessed": segments,
        "numSegmentsMatched": segments,
        **dict.fromkeys(ZERO, 0),
        "traceInfo": {},
        "tablesQueried": list(tables),
        "pools": [-1],
        "rlsFiltersApplied": False,
        "groupsTrimmed": False,
    }
