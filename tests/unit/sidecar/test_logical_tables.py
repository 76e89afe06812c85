"""A logical table of the engine is no way around the sidecar: it is no port, and no door of a mesh makes one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from meshloom.errors import InputError
from meshloom.quantum.sidecar.asgi import broker_door, controller_door

COLUMNS = {"id": "integer", "salary": "integer:confidential"}

VERDICT = {"allow": ["yes"], "column_masks": [{"column": "salary", "kind": "null"}]}


@pytest.fixture
def mesh(small: Any) -> Any:
    small.publish(small.port("people", COLUMNS), "VALUES (1, 100)")
    cluster = small.container.cluster
    schema = dict(cluster.controller.schema("people")) | {"schemaName": "everybody"}
    cluster.controller.put_schema(schema)
    (physical,) = cluster.controller.tables()
    cluster.controller.keep(
        "logical-table", "everybody",
        {"tableName": "everybody", "physicalTableConfigMap": {physical: {}}, "refOfflineTableName": physical},
    )  # fmt: skip
    return small


@pytest.mark.parametrize("multistage", ["true", "false"])
def test_only_ports_are_read(mesh: Any, somebody: Any, multistage: str) -> None:
    assert mesh.container.cluster.broker.query("SELECT salary FROM everybody")["resultTable"]["rows"] == [[100]]
    masked = mesh.sidecar(lambda document: VERDICT)
    assert masked.query(somebody, "work", "SELECT salary FROM people").document["resultTable"]["rows"] != [[100]]
    options = {"useMultistageEngine": multistage}
    for sql in ("SELECT salary FROM everybody", "SELECT a.salary FROM everybody a JOIN people b ON a.id = b.id"):
        with pytest.raises(InputError, match="TableDoesNotExistError: everybody"):
            masked.query(somebody, "work", sql, options=options)


def test_the_meshs_doors_neither_make_nor_tell_one(mesh: Any, run_coroutine: Any) -> None:
    sidecar = mesh.sidecar(lambda document: VERDICT)
    token = mesh.issuer.token("ann", {"groups": ["governance", "platform"]})
    controller = controller_door(sidecar, mesh.container.cluster.controller)

    async def asked(app: Any, method: str, path: str) -> int:
        door = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=door, base_url="http://x") as client:
            found = await client.request(method, path, headers={"Authorization": f"Bearer {token}"}, content="{}")
        return found.status_code

    for method, path, status in (
        ("POST", "/logicalTables", 403), ("PUT", "/logicalTables/everybody", 403),
        ("DELETE", "/logicalTables/everybody", 403), ("GET", "/logicalTables", 404),
        ("GET", "/logicalTables/everybody", 404), ("POST", "/tables/people/timeBoundary", 403),
    ):  # fmt: skip
        assert run_coroutine(asked(controller, method, path)) == status, (method, path)
    assert run_coroutine(asked(broker_door(sidecar), "GET", "/debug/timeBoundary/people")) == 404
