"""The metadata tree over REST, as ZooKeeper would hold it: what the engine keeps is drawn from the catalogue, nodes of
one's own can be made, changed and deleted beside it."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.documents import parse_json, parse_list
from meshloom.engine.controller import metadata_tree
from meshloom.engine.controller.controller import Controller
from meshloom.engine.errors import RestError
from meshloom.engine.http.operations import Call, Reply, text


def _path(call: Call) -> str:
    """The node of a request. Raises RestError 400."""
    found = call.query.get("path")
    if found is None:
        raise RestError(400, "ZKPath cannot be null")
    if not found.startswith("/"):
        raise RestError(400, f"ZKPath {found} must start with /")
    return found


def _data(call: Call) -> str:
    found = call.query.get("data") or call.body.decode("utf-8", "replace")
    if not found.strip():
        raise RestError(400, "Must provide data through query parameter or payload")
    return found


def children(controller: Controller, call: Call) -> Any:
    return metadata_tree.children(controller, _path(call))


def content(controller: Controller, call: Call) -> Any:
    found = metadata_tree.content(controller, _path(call))
    return Reply(found) if found is not None else text("")


def contents(controller: Controller, call: Call) -> Any:
    """The records of a node's children."""
    path = _path(call)
    base = path.rstrip("/")
    found = [metadata_tree.content(controller, f"{base}/{name}") for name in metadata_tree.children(controller, path)]
    return [record for record in found if record is not None]


def stat(controller: Controller, call: Call) -> Any:
    return metadata_tree.stat(controller, _path(call))


def stats(controller: Controller, call: Call) -> Any:
    """The children of a node, each with its numbers."""
    path = _path(call)
    base = path.rstrip("/")
    return {name: metadata_tree.stat(controller, f"{base}/{name}") for name in metadata_tree.children(controller, path)}


def put(controller: Controller, call: Call) -> Any:
    path = _path(call)
    metadata_tree.put(controller, path, parse_json(_data(call)))
    return {"status": f"Successfully updated path: {path}"}


def put_children(controller: Controller, call: Call) -> Any:
    """Several records at once, each under its `id`; all of them, or none when one is refused."""
    path = _path(call)
    records = parse_list(_data(call))
    if not all(isinstance(record, dict) and isinstance(record.get("id"), str) for record in records):
        raise RestError(400, "Failed to deserialize the data")
    with controller.catalog.transaction():
        for record in records:
            metadata_tree.put(controller, f"{path.rstrip('/')}/{record['id']}", record, new=True)
    return {"status": f"Successfully updated {len(records)} ZnRecords under path: {path}"}


def create(controller: Controller, call: Call) -> Any:
    path = _path(call)
    metadata_tree.create(controller, path, parse_json(_data(call)))
    return {"status": f"Successfully created node at path: {path}"}


def delete(controller: Controller, call: Call) -> Any:
    path = _path(call)
    metadata_tree.delete(controller, path)
    return {"status": f"Successfully deleted path: {path}"}


WRITTEN = ("path", "data", "expectedVersion", "accessOption")
OPERATIONS = (
    ("GET", "/zk/ls", children, "Children of a node", ("path",)),
    ("GET", "/zk/lsl", stats, "Children of a node with their numbers", ("path",)),
    ("GET", "/zk/get", content, "A node's content", ("path",)),
    ("GET", "/zk/getChildren", contents, "The contents of a node's children", ("path",)),
    ("GET", "/zk/stat", stat, "A node's numbers", ("path",)),
    ("PUT", "/zk/put", put, "Change a node: one's own, or an instance's TAG_LIST", WRITTEN),
    ("PUT", "/zk/putChildren", put_children, "Change several nodes of one's own", WRITTEN),
    ("POST", "/zk/create", create, "Make a node of one's own", ("path", "ttl", "accessOption")),
    ("DELETE", "/zk/delete", delete, "Delete a node of one's own", ("path",)),
)
