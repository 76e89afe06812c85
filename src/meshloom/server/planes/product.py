"""The data product experience plane's API: a developer's verbs on products."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import StreamingResponse

from meshloom.client.problems import document_of
from meshloom.errors import Broken, MeshloomError
from meshloom.mesh.runtime import Mesh
from meshloom.mesh.views import Description, Measurement, QuarantinePage
from meshloom.server.caller import Calling, mesh_of

router = APIRouter()
TITLE = "Data product experience plane"
ABOUT = "One product's life: validate, plan, apply, status, what was held back."


class Names(BaseModel):
    """Products by name, `domain/name` or URN; none means all."""

    products: list[str] = []


@router.post("/validate")
def validate(request: Request, caller: Calling) -> dict[str, object]:
    """Read the mesh's folder again and check it; 422 with every problem when it is wrong."""
    caller.require_operator("validate the mesh's folder")
    mesh_of(request).reload()
    return {"valid": True}


@router.post("/plan")
def plan(request: Request, caller: Calling, body: Names) -> dict[str, Any]:
    """What applying would change, with a digest that is the same for the same plan."""
    caller.require_operator("plan")
    mesh = mesh_of(request)
    mesh.reload()
    document: dict[str, Any] = plain(mesh.plan(body.products))
    return document


@router.post("/apply")
def apply(request: Request, caller: Calling, body: Names) -> StreamingResponse:
    """Build, check, publish and serve. Answers one JSON line an event, the last one `applied` or `error`."""
    caller.require_operator("apply")
    mesh = mesh_of(request)
    mesh.reload()
    return StreamingResponse(_applying(mesh, body.products), media_type="application/x-ndjson")


@router.get("/{product:path}/discover")
def discover(request: Request, caller: Calling, product: str) -> Description:
    """The product's discovery port."""
    return mesh_of(request).describe(product)


@router.get("/{product:path}/observe")
def observe(request: Request, caller: Calling, product: str) -> list[Measurement]:
    """What was promised and what was measured."""
    return list(mesh_of(request).describe(product).measurements)


@router.get("/{product:path}/quarantine")
def quarantine(
    request: Request,
    caller: Calling,
    product: str,
    purpose: str = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> QuarantinePage:
    """Rows that were held back, each with the rules that it broke, as far as the caller may see them."""
    reader = None if caller.operator else caller.principal
    return mesh_of(request).quarantine(product, reader, purpose, limit=limit, offset=offset)


def plain(value: Any) -> Any:
    """A frozen value of the product plane as JSON: dataclasses as objects, everything unknown as its text."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    return json.loads(json.dumps(value, default=str))


def _applying(mesh: Mesh, names: list[str]) -> Iterator[str]:
    """Run apply in a thread of its own, so that each event is sent when it happens.

    The apply goes on when the caller hangs up: half a publish is worse than an unwatched one.
    """
    lines: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def work() -> None:
        try:
            lines.put({"applied": plain(mesh.apply(names, lambda event: lines.put({"event": plain(event)})))})
        except MeshloomError as error:
            lines.put({"error": document_of(error)})
        except Exception as error:
            lines.put({"error": document_of(Broken("Applying broke", why=f"{type(error).__name__}: {error}"))})
            raise
        finally:
            lines.put(None)

    threading.Thread(target=work, name="meshloom-apply").start()
    while (line := lines.get()) is not None:
        yield json.dumps(line) + "\n"
