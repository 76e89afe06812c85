"""The tree that a real cluster keeps in ZooKeeper, drawn from what the catalogue holds."""

from __future__ import annotations

import json
from typing import Any

from meshloom.engine.config.table import raw_name
from meshloom.engine.controller.controller import Controller
from meshloom.engine.controller.instances import CLUSTER
from meshloom.engine.errors import RestError
from meshloom.engine.server.facts import created_of

OWN = "zookeeper-node"  # a kind of document in the catalogue: what somebody made under this path
PARTICIPANTS = f"/{CLUSTER}/CONFIGS/PARTICIPANT"


def clean(path: str) -> str:
    """Raises RestError 400 for what is no path."""
    if not path.startswith("/"):
        raise RestError(400, f"ZKPath {path} must start with /")
    if path != "/" and path.endswith("/"):
        raise RestError(400, f"ZKPath {path} cannot end with /")
    return path


def _record(name: str, simple: dict[str, str], lists: Any = None, maps: Any = None) -> dict[str, Any]:
    return {"id": name, "simpleFields": simple, "mapFields": maps or {}, "listFields": lists or {}}


def _nodes(controller: Controller) -> dict[str, Any]:
    """Every node by path; folders hold None."""
    root, server = f"/{CLUSTER}", controller.instances.server
    nodes: dict[str, Any] = {"/": None, root: None}
    nodes |= {f"{root}/{name}": None for name in ("CONFIGS", "CONTROLLER", "EXTERNALVIEW", "IDEALSTATES", "INSTANCES",
                                                  "LIVEINSTANCES", "PROPERTYSTORE", "STATEMODELDEFS")}  # fmt: skip
    nodes |= {PARTICIPANTS: None, f"{root}/CONFIGS/CLUSTER": None}
    for name in controller.instances.names():
        nodes[f"{PARTICIPANTS}/{name}"] = _participant(controller, name)
        nodes[f"{root}/INSTANCES/{name}"] = None
        nodes[f"{root}/LIVEINSTANCES/{name}"] = _record(name, {"LIVE_INSTANCE": name})
    store = f"{root}/PROPERTYSTORE"
    nodes |= {f"{store}/{name}": None for name in ("SCHEMAS", "CONFIGS", "SEGMENTS")} | {f"{store}/CONFIGS/TABLE": None}
    for name in controller.schemas():
        nodes[f"{store}/SCHEMAS/{name}"] = _record(name, {"schemaJSON": json.dumps(controller.schema(name))})
    for physical in controller.tables():
        document = controller.table(physical)
        simple = {key: value if isinstance(value, str) else json.dumps(value) for key, value in document.items()}
        nodes[f"{store}/CONFIGS/TABLE/{physical}"] = _record(physical, simple)
        nodes[f"{store}/SEGMENTS/{physical}"] = None
        held = controller.segments(physical)
        for segment in held:
            fields = {"segment.total.docs": str(segment.rows), "segment.creation.time": str(created_of(segment))}
            nodes[f"{store}/SEGMENTS/{physical}/{segment.name}"] = _record(segment.name, fields)
        states = {segment.name: {server: "ONLINE"} for segment in held}
        for view in ("IDEALSTATES", "EXTERNALVIEW"):
            nodes[f"{root}/{view}/{physical}"] = _record(physical, {"RAW": raw_name(physical)}, maps=states)
    for path in controller.catalog.names(OWN):
        steps = path.strip("/").split("/")
        nodes |= {parent: None for n in range(1, len(steps)) if (parent := "/" + "/".join(steps[:n])) not in nodes}
        nodes[path] = controller.catalog.get(OWN, path)
    return nodes


def _participant(controller: Controller, name: str) -> dict[str, Any]:
    known = controller.instances
    kept = controller.catalog.get("tags", name)
    simple = {"HELIX_HOST": known.host, "HELIX_PORT": name.rpartition("_")[2], "pinotVersion": "1.5.1",
              "shutdownInProgress": "false"}  # fmt: skip
    if name == known.server:
        simple |= {"adminPort": str(known.admin_port), "grpcPort": "8090", "queryMailboxPort": "8442",
                   "queryServerPort": "8421"}  # fmt: skip
    tags = kept["tags"] if kept else known.tags(name)
    return _record(name, simple, {"TAG_LIST": tags}, {"SYSTEM_RESOURCE_INFO": known.resources()})


def _found(controller: Controller, path: str) -> tuple[dict[str, Any], str]:
    nodes, clean = _nodes(controller), "/" + path.strip("/")
    if clean not in nodes:
        raise RestError(404, f"ZKPath {path} does not exist")
    return nodes, clean


def children(controller: Controller, path: str) -> list[str]:
    """Names of a node's children. Raises RestError 404."""
    nodes, clean = _found(controller, path)
    prefix = clean.rstrip("/") + "/"
    return sorted({node[len(prefix) :].split("/")[0] for node in nodes if node.startswith(prefix) and node != "/"})


def content(controller: Controller, path: str) -> Any:
    """A node's record; None for a folder. Raises RestError 404."""
    nodes, clean = _found(controller, path)
    return nodes[clean]


def stat(controller: Controller, path: str) -> dict[str, Any]:
    """A node's numbers, as far as a tree that is drawn anew each time has them. Raises RestError 404."""
    nodes, clean = _found(controller, path)
    count = len(children(controller, path))
    size = len(json.dumps(nodes[clean])) if nodes[clean] is not None else 0
    zero = dict.fromkeys(("czxid", "mzxid", "ctime", "mtime", "version", "aversion", "ephemeralOwner"), 0)
    return zero | {"cversion": count, "dataLength": size, "numChildren": count, "pzxid": 0}


def put(controller: Controller, path: str, record: dict[str, Any], *, new: bool = False) -> None:
    """Change a node: one of somebody's own, or of an instance its tags. With `new` it may be one that is not there yet.

    What the engine itself keeps is changed where it is kept. Raises RestError 400, 404, 501.
    """
    name = clean(path).rpartition("/")[2]
    if new and path not in _nodes(controller):
        create(controller, path, record)
        return
    _found(controller, path)
    if controller.catalog.get(OWN, path) is not None:
        controller.keep(OWN, path, record)
        return
    tags = (record.get("listFields") or {}).get("TAG_LIST") if isinstance(record.get("listFields"), dict) else None
    if not path.startswith(f"{PARTICIPANTS}/") or not isinstance(tags, list):
        raise RestError(501, f"{path} is drawn from what the engine keeps: change it by the operations of schemas, "
                             "tables, segments; of an instance only the TAG_LIST can be changed here")  # fmt: skip
    controller.keep("tags", name, {"tags": [str(tag) for tag in tags]})


def create(controller: Controller, path: str, record: dict[str, Any]) -> None:
    """Make a node of one's own, and the folders above it. Raises RestError 400."""
    if clean(path) in _nodes(controller):
        raise RestError(400, f"ZNode already exists at path: {path}")
    controller.keep(OWN, path, record)


def delete(controller: Controller, path: str) -> None:
    """Delete a node of one's own and those below it. Raises RestError 400, 404; 501 for what the engine keeps."""
    _found(controller, clean(path))
    below = [own for own in controller.catalog.names(OWN) if own == path or own.startswith(f"{path}/")]
    if not below:
        raise RestError(501, f"{path} is drawn from what the engine keeps: delete the schema, table or segment itself")
    for own in below:
        controller.forget(OWN, own)
