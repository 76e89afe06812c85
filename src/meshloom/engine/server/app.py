"""Pinot's server over HTTP (its admin port): health, tables, segments, as far as one process knows of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from starlette.applications import Starlette

from meshloom.engine.config.table import physical_name
from meshloom.engine.errors import RestError
from meshloom.engine.http import system
from meshloom.engine.http.operations import Call, Operation, Reply, refused, text
from meshloom.engine.http.operations import application as assembled
from meshloom.engine.server import facts
from meshloom.engine.server.packing import tar_of
from meshloom.engine.server.tables import Server
from meshloom.engine.storage.catalog import Segment

STREAMS = "This engine does not consume streams yet"
BITMAPS = "An upsert table keeps current and superseded rows apart: it has no document bitmaps"
MEMORY = "Rows lie in DuckDB's file and its buffers, not in memory-mapped segments"
WORKLOADS = "This engine has no workload budgets: table, database and application quotas limit queries"
COMPRESSION = "DuckDB packs the columns of all segments together and tells no size by segment"
THREADS = "DuckDB runs a query on threads of its own and does not say which used how much"
MINION = "Segments are made by the controller's process: a server re-ingests none"


class Queries(Protocol):
    """Those that run, by id."""

    def list(self) -> dict[str, str]: ...

    def cancel(self, id_: str) -> bool: ...


class Tables:
    """Over one server; each method answers one operation."""

    def __init__(self, server: Server, queries: Queries, tags: Callable[[], Sequence[str]]) -> None:
        self._server = server
        self._queries, self._cancel = queries.list, queries.cancel
        self._tags = tags

    def _physical(self, call: Call) -> str:
        """The physical table of a request. Raises RestError 404."""
        name, known = call.path["name"], self._server.names()
        for found in (name, *(physical_name(name, kind) for kind in ("OFFLINE", "REALTIME"))):
            if found in known:
                return found
        raise RestError(404, f"Table: {name} is not found")

    def _segments(self, call: Call) -> list[Segment]:
        return self._server.segments(self._physical(call))

    def _segment(self, call: Call) -> Segment:
        for segment in self._segments(call):
            if segment.name == call.path["segment"]:
                return segment
        raise RestError(404, f"Table {call.path['name']} segments {call.path['segment']} does not exist")

    def names(self, call: Call) -> Any:
        return {"tables": self._server.names()}

    def segments(self, call: Call) -> Any:
        return {"segments": [segment.name for segment in self._segments(call)]}

    def size(self, call: Call) -> Any:
        sizes = {segment.name: facts.size_of(segment) for segment in self._segments(call)}
        listed = [{"segmentName": segment, "diskSizeInBytes": count} for segment, count in sizes.items()]
        return {"tableName": call.path["name"], "diskSizeInBytes": sum(sizes.values()), "segments": listed}

    def metadata(self, call: Call) -> Any:
        return facts.table_metadata(self._server, self._physical(call), columns=bool(call.query.get("columns")))

    def indexes(self, call: Call) -> Any:
        return facts.indexes(self._server, self._physical(call))

    def segment_metadata(self, call: Call) -> Any:
        segment = self._segment(call)
        found = facts.metadata_of(self._server, segment)
        if not call.query.get("columns"):
            return found
        relation = self._server.relation(segment.table)
        held = {column.name: facts.held_indexes(column) for column in relation.columns.values()}
        return found | {"columns": facts.columns_of(relation, segment), "indexes": held}

    def all_metadata(self, call: Call) -> Any:
        return {segment.name: facts.metadata_of(self._server, segment) for segment in self._segments(call)}

    def crcs(self, call: Call) -> Any:
        return {segment.name: facts.crc_of(segment) for segment in self._segments(call)}

    def download(self, call: Call) -> Any:
        """As the controller gives it."""
        segment = self._segment(call)
        target = tar_of(self._server, segment)
        shown = {"Content-Disposition": f"attachment; filename={quote(segment.name)}"}
        return Reply(target, headers=shown, media_type="application/octet-stream")

    def tiers(self, call: Call) -> Any:
        held = {segment.name: "default" for segment in self._segments(call)}
        return {"tableName": call.path["name"], "segmentTiers": held, "mutableSegments": []}

    def tier(self, call: Call) -> Any:
        segment = self._segment(call)
        return {"tableName": call.path["name"], "segmentTiers": {segment.name: "default"}, "mutableSegments": []}

    def need_reload(self, call: Call) -> Any:
        needed = self._server.outdated(self._physical(call))
        return {"needReload": needed, "instanceId": self._server.instance}

    def stale(self, call: Call) -> Any:
        physical, reason = self._physical(call), "the table has other columns now"
        held = self._server.segments(physical) if self._server.outdated(physical) else []
        return [{"segmentName": segment.name, "reason": reason} for segment in held]

    def loaded(self, call: Call) -> Any:
        """Whether every segment that the catalogue has is there; one that cannot be loaded is refused when it comes."""
        times = [facts.times_of(self._server, segment)[1] for segment in self._segments(call)]
        latest = max((end for end in times if end is not None), default=-1)
        return {"valid": True, "invalidReason": None, "maxEndTimeMs": latest}

    def reloaded(self, call: Call) -> Any:
        """A reload is over when its request is answered."""
        count = len(self._segments(call))
        return {"totalSegmentCount": count, "successCount": count, "failureCount": None}

    def consuming(self, call: Call) -> Any:
        """Nothing is."""
        self._physical(call)
        return []

    def states(self, call: Call) -> Any:
        return [self._state(segment) for segment in self._segments(call)]

    def state(self, call: Call) -> Any:
        return self._state(self._segment(call))

    def _state(self, segment: Segment) -> dict[str, Any]:
        size = f"{facts.size_of(segment)} bytes"
        return {"segmentName": segment.name, "segmentSize": size, "consumerInfo": None, "errorInfo": None}

    # --- the instance

    def instance(self, call: Call) -> Any:
        return text(self._server.instance)

    def instance_tags(self, call: Call) -> Any:
        return list(self._tags())

    def pools(self, call: Call) -> Any:
        return {}

    def disk(self, call: Call) -> Any:
        """Of the file system that holds the rows; where that is, is not told."""
        used = self._server.disk()
        return {
            "instanceId": self._server.instance,
            "totalSpaceBytes": used.total,
            "usedSpaceBytes": used.used,
            "lastUpdatedTimeInEpochMs": int(time.time() * 1000),
        }

    def primary_keys(self, call: Call) -> Any:
        """Current rows of the upsert tables: each is one key's."""
        relations = [self._server.relation(name) for name in self._server.names()]
        counted = {one.found_by: one.rows for one in relations if one.superseded}
        return {
            "instanceId": self._server.instance,
            "numPrimaryKeys": sum(counted.values()),
            "tablesWithPrimaryKeys": sorted(counted),
            "lastUpdatedTimeInEpochMs": int(time.time() * 1000),
        }

    def cancel(self, call: Call) -> Any:
        name = call.path["query"]
        if not self._cancel(name):
            raise RestError(404, f"Query: {name} not found on the server")
        return text(f"Cancelled query: {name}")

    def running(self, call: Call) -> Any:
        """The queries under way, by id: broker and server are one process."""
        return sorted(self._queries())

    def usage(self, call: Call) -> Any:
        return [{"queryId": id_} for id_ in sorted(self._queries())]


def ok(call: Call) -> Any:
    return text("OK")


def operations(told: Tables) -> list[Operation]:
    """What a server answers, and what of Pinot's it does not have."""
    columns = ("columns",)
    segment = "/tables/{name}/segments/{segment}"
    return [
        Operation("GET", "/health", ok, "Whether it answers", "Health"),
        Operation("GET", "/health/readiness", ok, "Whether it is ready", "Health"),
        Operation("GET", "/health/liveness", ok, "Whether it lives", "Health"),
        Operation("GET", "/tables", told.names, "Names of its tables", "Table"),
        Operation("GET", "/tables/{name}/segments", told.segments, "A table's segments", "Table"),
        Operation("GET", "/tables/{name}/size", told.size, "A table's bytes", "Table"),
        Operation("GET", "/table/{name}/size", told.size, "A table's bytes (the older address)", "Table"),
        Operation("GET", "/tables/{name}/metadata", told.metadata, "Rows, bytes, columns", "Table", columns),
        Operation("GET", "/tables/{name}/indexes", told.indexes, "Which columns have which index", "Table"),
        Operation("GET", "/tables/{name}/allSegmentsLoaded", told.loaded, "Whether all is loaded", "Table"),
        Operation("GET", "/tables/{name}/tiers", told.tiers, "On which tier segments lie", "Table"),
        Operation("GET", "/segments/{name}/{segment}/tiers", told.tier, "On which tier one lies", "Segment"),
        Operation("GET", "/tables/{name}/segments/metadata", told.all_metadata, "All segments' metadata", "Segment"),
        Operation("GET", "/tables/{name}/segments/crc", told.crcs, "Checksums", "Segment"),
        Operation("GET", "/tables/{name}/segments/needReload", told.need_reload, "Whether to reload", "Segment"),
        Operation("GET", "/tables/{name}/segments/isStale", told.stale, "What a reload would change", "Segment"),
        Operation("GET", f"{segment}/metadata", told.segment_metadata, "A segment's metadata", "Segment", columns),
        Operation("GET", "/segments/{name}/{segment}", told.download, "A segment as a tar.gz", "Segment"),
        Operation("GET", "/debug/tables/{name}", told.states, "States of a table's segments", "Debug"),
        Operation("GET", "/debug/segments/{name}/{segment}", told.state, "A segment's state", "Debug"),
        Operation("GET", "/instance/id", told.instance, "The server's name", "Instance"),
        Operation("GET", "/instance/tags", told.instance_tags, "The server's tags", "Instance"),
        Operation("GET", "/instance/pools", told.pools, "Pools: none", "Instance"),
        Operation("GET", "/instance/diskUtilization", told.disk, "Room on the disk", "Instance"),
        Operation("GET", "/instance/numberOfPrimaryKeys", told.primary_keys, "Keys of upsert tables", "Instance"),
        Operation("GET", "/queries/id", told.running, "Queries under way", "Query"),
        Operation("DELETE", "/query/{query}", told.cancel, "Stop a query", "Query"),
        Operation("GET", "/controllerJob/reloadStatus/{name}", told.reloaded, "How far a reload is", "Table"),
        Operation("GET", "/tables/{name}/consumingSegmentsInfo", told.consuming, "What is consumed: nothing", "Table"),
        Operation("GET", "/debug/queries/resourceUsage", told.usage, "Queries under way", "Debug"),
        *system.operations("server"),
        *REFUSED,
    ]


REFUSED = tuple(
    refused(method, path, summary, tag, why)
    for method, path, summary, tag, why in (
        ("GET", "/debug/threads/resourceUsage", "What threads use", "Debug", THREADS),
        ("GET", "/debug/memory/offheap", "Memory that is mapped", "Debug", MEMORY),
        ("GET", "/debug/memory/offheap/table/{name}", "Memory of a table that is mapped", "Debug", MEMORY),
        ("GET", "/debug/queryWorkloadCost/{workload}", "What is left of a budget", "Debug", WORKLOADS),
        ("GET", "/debug/queryWorkloadCosts", "What is left of all budgets", "Debug", WORKLOADS),
        ("GET", "/reingestSegment/jobs", "Re-ingestions under way", "Segment", MINION),
        ("POST", "/reingestSegment/{segment}", "Re-ingest a segment", "Segment", MINION),
        ("GET", "/segments/{name}/{segment}/validDocIdsBitmap", "Valid documents", "Segment", BITMAPS),
        ("POST", "/tables/{name}/validDocIdsMetadata", "Numbers of valid documents", "Segment", BITMAPS),
        ("POST", "/segments/{name}/{segment}/upload", "Upload what was consumed", "Segment", STREAMS),
        ("POST", "/segments/{name}/{segment}/uploadLLCSegment", "Upload what was consumed", "Segment", STREAMS),
        ("POST", "/segments/{name}/{segment}/uploadCommittedSegment", "Upload what was committed", "Segment", STREAMS),
        ("DELETE", "/tables/{name}/ingestionMetrics", "Forget ingestion metrics", "Table", STREAMS),
        ("POST", "/tables/{name}/compression-stats", "How well columns are packed", "Table", COMPRESSION),
        ("POST", "/tables/{name}/triggerWarmup", "Read pages before they are asked for", "Table", MEMORY),
    )
)


def application(server: Server, queries: Queries, tags: Callable[[], Sequence[str]]) -> Starlette:
    """Over one server; `queries` are those that run, `tags` tells the tags of the instance."""
    return assembled("Pinot server", operations(Tables(server, queries, tags)))
