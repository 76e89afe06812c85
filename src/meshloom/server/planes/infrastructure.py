"""The infrastructure utility plane's API: raw capabilities, for the platform's operator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from meshloom import __version__
from meshloom.server.caller import Calling, mesh_of

router = APIRouter()
TITLE = "Infrastructure utility plane"
ABOUT = "Identities and their development tokens, storage, status of the platform."


class TokenRequest(BaseModel):
    """A persona's name, as declared in identities.yaml."""

    user: str


@router.get("/identities")
def identities(request: Request, caller: Calling) -> list[dict[str, Any]]:
    """The personas that the mesh declares for development, without their attributes' use."""
    return [
        {
            "name": persona.name,
            "title": persona.title,
            "description": persona.description,
            "groups": persona.groups,
            "purposes": persona.purposes,
        }
        for persona in mesh_of(request).spec.personas
    ]


@router.post("/identities/tokens")
def token(request: Request, caller: Calling, body: TokenRequest) -> dict[str, str]:
    """A token of the development identity provider for a persona; for the operator only."""
    caller.require_operator("issue tokens")
    return {"token": mesh_of(request).token(body.user)}


@router.get("/storage")
def storage(request: Request, caller: Calling) -> dict[str, int]:
    """Bytes on disk by part of the platform's home."""
    caller.require_operator("look into the platform's storage")
    home = mesh_of(request).home
    return {part.name: _bytes(part) for part in sorted(home.iterdir())}


@router.get("/status")
def status(request: Request, caller: Calling) -> dict[str, Any]:
    """Which mesh this platform serves, and what of it is deployed."""
    mesh = mesh_of(request)
    page = mesh.search(limit=500)
    return {
        "version": __version__,
        "mesh": mesh.spec.name,
        "title": mesh.spec.title,
        "folder": mesh.spec.root,
        "home": str(mesh.home),
        "pid": os.getpid(),
        "products": [
            {"urn": hit.urn, "name": hit.name, "deployed": hit.deployed, "rows": hit.rows, "published": hit.published}
            for hit in page.hits
        ],
        "purposes": dict(mesh.spec.purposes),
    }


def _bytes(part: Path) -> int:
    if part.is_file():
        return part.stat().st_size
    return sum(file.stat().st_size for file in part.rglob("*") if file.is_file())
