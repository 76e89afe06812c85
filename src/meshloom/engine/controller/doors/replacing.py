"""Segments that replace others over REST: begin, upload, end, or take back. Queries see the old ones or the new ones,
never both (SegmentLineage)."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.documents import parse_json
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.doors.tables import existing, type_of
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, text
from meshloom.engine.storage import lineage


def _table(controller: Controller, call: Call) -> str:
    if not type_of(call):
        raise RestError(400, "Table type should either be offline or realtime")
    return existing(controller, call)[0]


def _names(document: dict[str, Any], key: str) -> list[str]:
    found = document.get(key) or []
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise RestError(400, f"{key} is a list of segment names")
    return list(dict.fromkeys(found))


def start(controller: Controller, call: Call) -> Any:
    """The body says {"segmentsFrom": […], "segmentsTo": […]}."""
    document = parse_json(call.body)
    old, new = _names(document, "segmentsFrom"), _names(document, "segmentsTo")
    if not old and not new:
        raise RestError(400, "segmentsFrom and segmentsTo are both empty")
    entry = controller.begin_replacement(_table(controller, call), old, new, force=call.flag("forceCleanup"))
    return {"segmentLineageEntryId": entry.id}


def _entry(call: Call) -> str:
    found = call.query.get("segmentLineageEntryId")
    if not found:
        raise RestError(500, "'segmentLineageEntryId' should not be null")
    return found


def end(controller: Controller, call: Call) -> Any:
    _settle(controller, call, "endReplaceSegments", lineage.COMPLETED)
    return text("")


def _settle(controller: Controller, call: Call, what: str, state: str, *, force: bool = False) -> None:
    """Raises RestError 500 for an entry that there is not."""
    physical, id_ = _table(controller, call), _entry(call)
    if id_ not in {entry.id for entry in lineage.entries(controller.catalog, physical)}:
        told = f"(tableName = {physical}, segmentLineageEntryId = {id_})"
        raise RestError(500, f"Failed to update the segment lineage during {what}. {told}")
    controller.settle_replacement(physical, id_, state, force=force)


def revert(controller: Controller, call: Call) -> Any:
    _settle(controller, call, "revertReplaceSegments", lineage.REVERTED, force=call.flag("forceRevert"))
    return text("")


def listed(controller: Controller, call: Call) -> Any:
    """As Pinot prints a lineage: entries by id, in the order in which they were begun. Empty text for none."""
    found = lineage.entries(controller.catalog, _table(controller, call))
    if not found:
        return text("")
    return {
        entry.id: {
            "segmentsFrom": list(entry.old),
            "segmentsTo": list(entry.new),
            "state": entry.state,
            "timestamp": entry.at_ms,
        }
        for entry in found
    }


ONE = ("type", "segmentLineageEntryId")
OPERATIONS = (
    ("GET", "/segments/{name}/lineage", listed, "Which segments replaced which", ("type",)),
    ("POST", "/segments/{name}/startReplaceSegments", start, "Begin a replacement", ("type", "forceCleanup")),
    ("POST", "/segments/{name}/endReplaceSegments", end, "Let queries see the new segments", (*ONE, "cleanup")),
    ("POST", "/segments/{name}/revertReplaceSegments", revert, "Take a replacement back", (*ONE, "forceRevert")),
)
