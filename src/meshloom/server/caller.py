"""Who calls an API: a principal that a token proved, or the operator of this platform."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import Request

from meshloom.errors import Refused, Unauthenticated
from meshloom.spec.identity import Principal

if TYPE_CHECKING:
    from meshloom.mesh.runtime import Mesh

OPERATOR = Principal("operator", frozenset({"operators"}), issuer="this platform")
REMEDY = "Get a token with `meshloom token USER` and send it as `Authorization: Bearer ...`"


@dataclass(frozen=True, slots=True)
class Caller:
    """`operator` is whoever can read the platform's run.json: the person who started it. An operator builds and
    deploys, and reads no row without somebody's token."""

    principal: Principal
    operator: bool = False

    def require_operator(self, what: str) -> None:
        """Raises Refused, unless the operator calls."""
        if not self.operator:
            raise Refused(
                f"{self.principal.name} may not {what}",
                why="That is for the platform's operator",
                remedy="Use the command line on the machine that runs the platform",
            )

    def require_owner(self, owner: str, what: str) -> None:
        """Raises Refused, unless the operator, the owner or a member of the owning group calls."""
        if not (self.operator or self.principal.name == owner or owner in self.principal.groups):
            raise Refused(
                f"{self.principal.name} may not {what}", why=f"It belongs to {owner}", remedy=f"Ask {owner} for it"
            )


def token_of(request: Request) -> str:
    """The bearer token of a request. Raises Unauthenticated when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        raise Unauthenticated("The request carries no bearer token", remedy=REMEDY)
    return token.strip()


def mesh_of(request: Request) -> Mesh:
    """The open mesh behind this application."""
    mesh: Mesh = request.app.state.mesh
    return mesh


def caller_of(request: Request) -> Caller:
    """Who calls. Raises Unauthenticated: no token, or one that proves nobody."""
    token = token_of(request)
    operator = request.app.state.operator
    if operator and hmac.compare_digest(token.encode(), operator.encode()):
        return Caller(OPERATOR, operator=True)
    return Caller(mesh_of(request).sidecar.authenticate(token))


Calling = Annotated[Caller, Depends(caller_of)]
