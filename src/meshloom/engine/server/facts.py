"""What the server knows of its tables and segments: sizes, checksums, times, indexes, as Pinot's servers tell them."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meshloom.engine.server.segment_rows import quoted
from meshloom.engine.server.tables import Server
from meshloom.engine.server.time_boundary import millis_of
from meshloom.engine.sql.relation import ColumnInfo, Relation
from meshloom.engine.storage.catalog import Segment

INDEXES = ("vector_index", "h3_index", "nullvalue_vector", "dictionary", "ifst_index", "json_index", "forward_index",
           "range_index", "bloom_filter", "inverted_index", "text_index", "fst_index")  # fmt: skip
NAMES = {"inverted": "inverted_index", "bloom": "bloom_filter", "range": "range_index", "json": "json_index",
         "text": "text_index", "fst": "fst_index", "ifst": "ifst_index", "h3": "h3_index",
         "vector": "vector_index"}  # fmt: skip
HELD = ("bloom-filter", "dictionary", "forward-index", "inverted-index", "null-value-vector-reader", "range-index",
        "json-index", "text-index", "fst-index", "h3-index", "vector-index")  # fmt: skip


SIZES = {"INT": 4, "LONG": 8, "FLOAT": 4, "DOUBLE": 8, "BOOLEAN": 4, "TIMESTAMP": 8}  # bytes of a stored value
COUNTED = 1_000_000  # rows up to which different values are counted and not estimated


def size_of(segment: Segment) -> int:
    return sum(Path(path).stat().st_size for path in segment.paths if Path(path).exists())


def crc_of(segment: Segment) -> str:
    """Its own, of a segment that came with one."""
    return segment.metadata.get("crc") or str(zlib.crc32(f"{segment.table}/{segment.name}/{segment.id}".encode()))


def created_of(segment: Segment) -> int:
    """When it was built, in milliseconds; it may have been elsewhere."""
    return int(segment.metadata.get("created") or segment.created_ms)


def custom_of(segment: Segment) -> dict[str, str]:
    found = segment.metadata.get("custom")
    return {"input.data.file.uri": str(segment.metadata.get("input", ""))} if found is None else dict(found)


def times_of(server: Server, segment: Segment) -> tuple[int | None, int | None]:
    """The first and last time of a segment's rows in milliseconds since 1970; None where no format tells them."""
    config, schema = server.definition(segment.table)
    field = schema.fields.get(config.time_column)
    if field is None or not field.format:
        return None, None
    start, end = (millis_of(segment.metadata.get(which), field) for which in ("start", "end"))
    return start, end


def _readable(milliseconds: Any) -> str | None:
    if not isinstance(milliseconds, int):
        return None
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        + f":{milliseconds % 1000:03d} UTC"
    )


def metadata_of(server: Server, segment: Segment) -> dict[str, Any]:
    """What the server that holds a segment says of it."""
    start, end = times_of(server, segment)
    return {
        "segmentName": segment.name,
        "schemaName": None,
        "crc": int(crc_of(segment)),
        "dataCrc": int(segment.metadata.get("dataCrc") or crc_of(segment)),
        "creationTimeMillis": created_of(segment),
        "creationTimeReadable": _readable(created_of(segment)),
        "timeColumn": segment.metadata.get("timeColumn") or None,
        "timeUnit": None,
        "timeGranularitySec": None,
        "startTimeMillis": start,
        "startTimeReadable": None,
        "endTimeMillis": end,
        "endTimeReadable": None,
        "segmentVersion": "v3",
        "creatorName": None,
        "totalDocs": segment.rows,
        "custom": custom_of(segment),
        "startOffset": None,
        "endOffset": None,
        "columns": [],
        "indexes": {},
        "star-tree-index": None,
    }


def columns_of(relation: Relation, segment: Segment) -> list[dict[str, Any]]:
    """A segment's columns."""
    return [
        {
            "columnName": column.name,
            "dataType": column.data_type.value,
            "singleValue": column.single_value,
            "sorted": column.name == relation.config.sorted_column,
            "hasDictionary": column.dictionary,
            "totalDocs": segment.rows,
        }
        for column in relation.columns.values()
    ]


def held_indexes(column: ColumnInfo) -> dict[str, str]:
    """Which indexes a segment has on a column."""
    have = {f"{name}-{'filter' if name == 'bloom' else 'index'}" for name in column.indexes} | {"forward-index"}
    have |= {"dictionary"} if column.dictionary else set()
    have |= {"null-value-vector-reader"} if column.nullable else set()
    return {name: "YES" if name in have else "NO" for name in HELD}


def table_metadata(server: Server, physical: str, *, columns: bool) -> dict[str, Any]:
    """Rows, bytes and, with `columns`, how many values each column has."""
    segments = server.segments(physical)
    found = {
        "tableName": physical,
        "diskSizeInBytes": sum(size_of(segment) for segment in segments),
        "numSegments": len(segments),
        "numRows": sum(segment.rows for segment in segments),
    }
    maps = ("columnLengthMap", "columnCardinalityMap", "maxNumMultiValuesMap", "columnIndexSizeMap")
    counts: dict[str, Any] = {name: {} for name in maps}
    if columns:
        counts |= _figures(server, physical, len(segments), sum(segment.rows for segment in segments))
    return found | counts | {"upsertPartitionToServerPrimaryKeyCountMap": {}}


def _figures(server: Server, physical: str, segments: int, rows: int) -> dict[str, dict[str, float]]:
    """Of each column, the virtual ones too: how many different values, the most bytes of one, the most values of a row
    that has several. DuckDB tells no size by index."""
    relation = server.relation(physical)
    columns, table = list(relation.columns.values()), relation.source
    session = server.cursor()
    try:
        parts = [part for column in columns for part in _measures(column, table, exact=rows <= COUNTED)]
        told = session.execute(f"SELECT {', '.join(parts)} FROM {table}").rows()[0] if parts else ()
    finally:
        session.close()
    one = float(min(segments, 1))
    cardinality = {"$docId": float(rows), "$hostName": one, "$segmentName": float(segments), "$partitionId": one}
    length, most = {"$docId": 4.0, "$hostName": 0.0, "$segmentName": 0.0, "$partitionId": 0.0}, {"$partitionId": one}
    for place, column in enumerate(columns):
        values, longest, several = told[3 * place : 3 * place + 3]
        cardinality[column.name], length[column.name] = float(values), float(longest or 0)
        if not column.single_value:
            most[column.name] = float(several or 0)
    return {"columnCardinalityMap": cardinality, "columnLengthMap": length, "maxNumMultiValuesMap": most}


def _measures(column: ColumnInfo, table: str, *, exact: bool) -> tuple[str, str, str]:
    name, type_ = quoted(column.name), column.data_type
    counted = "count(DISTINCT {})" if exact else "approx_count_distinct({})"
    if type_.duckdb == "VARCHAR":
        size = "strlen({})"
    else:
        size = "octet_length({})" if type_.duckdb == "BLOB" else str(SIZES.get(type_.value, 0))
    if column.wide:
        size = "0"
    nulls = f"+ coalesce(max(({name} IS NULL)::INTEGER), 0)"  # Pinot has the default value in its place
    if column.single_value:
        return f"{counted.format(name)} {nulls}", f"max({size.format(name)})", "1"
    values = f"(SELECT {counted.format('v')} FROM (SELECT unnest({name}) AS v FROM {table}))"
    longest = f"max(list_max(list_transform({name}, lambda v$: {size.format('v$')})))"
    return f"{values} {nulls}", longest, f"max(len({name}))"


def indexes(server: Server, physical: str) -> dict[str, Any]:
    """How many segments have which index on which column."""
    relation, count = server.relation(physical), len(server.segments(physical))
    if not count:  # nothing tells of a column
        return {"totalOnlineSegments": 0, "columnToIndexesCount": {}}
    result = {}
    for column in relation.columns.values():
        have = {NAMES[name] for name in column.indexes if name in NAMES} | {"forward_index"}
        have |= {"dictionary"} if column.dictionary else set()
        have |= {"nullvalue_vector"} if column.nullable else set()
        result[column.name] = {index: count if index in have else 0 for index in INDEXES}
    for name in ("$docId", "$hostName", "$segmentName", "$partitionId"):
        result[name] = {index: count * (index in ("dictionary", "forward_index")) for index in INDEXES}
    return {"totalOnlineSegments": count, "columnToIndexesCount": result}
