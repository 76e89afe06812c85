"""Answers kept for reading on, page by page (Pinot's response store)."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from typing import Any

from meshloom.engine.errors import RestError

ROWS = 10_000  # of a page
LAST = ("offset", "numRows", "cursorResultWriteTimeMs", "cursorFetchTimeMs", "submissionTimeMs", "expirationTimeMs",
        "brokerHost", "brokerPort", "bytesWritten", "clientRequestId", "tablesQueried", "pools",
        "offlineThreadMemAllocatedBytes", "realtimeThreadMemAllocatedBytes", "offlineResponseSerMemAllocatedBytes",
        "realtimeResponseSerMemAllocatedBytes", "offlineTotalMemAllocatedBytes", "realtimeTotalMemAllocatedBytes",
        "rlsFiltersApplied")  # fmt: skip
KEPT_MS = 3_600_000  # how long an answer is kept

MEMORY = (
    "offlineThreadMemAllocatedBytes", "realtimeThreadMemAllocatedBytes", "offlineResponseSerMemAllocatedBytes",
    "realtimeResponseSerMemAllocatedBytes", "offlineTotalMemAllocatedBytes", "realtimeTotalMemAllocatedBytes",
)  # fmt: skip


class Cursors:
    """Answers kept for reading on, page by page; the oldest go first."""

    def __init__(self, most: int = 100) -> None:
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._most = most

    def begin(self, document: dict[str, Any], size: int) -> dict[str, Any]:
        """Keep an answer and give its first page."""
        now = int(time.time() * 1000)
        document = document | {
            "cursorResultWriteTimeMs": 0,
            "expirationTimeMs": now + KEPT_MS,
            "submissionTimeMs": now,
            "brokerHost": "127.0.0.1",
            "brokerPort": 8099,
            "bytesWritten": len(json.dumps(document["resultTable"])),
            "offset": 0,
            "numRows": min(size, len(document["resultTable"]["rows"])),
            "cursorFetchTimeMs": 0,
            **dict.fromkeys(MEMORY, 0),
        }
        self._kept[document["requestId"]] = document
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return self.page(document["requestId"], 0, size)

    def __contains__(self, name: object) -> bool:
        return name in self._kept

    def page(self, name: str, offset: int, size: int) -> dict[str, Any]:
        """Raises RestError 404 for what is not kept, 500 for a page behind the last row, 400 for one that cannot be."""
        document = self.one(name)
        table = document["resultTable"]
        if offset < 0 or size < 0:
            raise RestError(400, "offset and numRows are no negative numbers")
        if offset and offset >= len(table["rows"]):
            raise RestError(500, f"Offset {offset} should be lesser than totalRecords {len(table['rows'])}")
        rows = table["rows"][offset : offset + size]
        return document | {"resultTable": table | {"rows": rows}, "offset": offset, "numRows": len(rows)}

    def one(self, name: str) -> dict[str, Any]:
        if name not in self._kept:
            raise RestError(404, f"Query results for {name} not found.")
        return self._kept[name]

    def all(self) -> list[dict[str, Any]]:
        return [self.told(name) for name in self._kept]

    def told(self, name: str) -> dict[str, Any]:
        """A kept answer without its rows; the fields in Pinot's order (CursorResponseNative)."""
        kept = self.one(name)
        told = {key: value for key, value in kept.items() if key not in ("resultTable", *LAST)}
        return told | {key: kept[key] for key in LAST} | {"pools": []}

    def forget(self, name: str) -> bool:
        """Whether there was such an answer."""
        return self._kept.pop(name, None) is not None
