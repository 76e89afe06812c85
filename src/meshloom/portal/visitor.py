"""Who visits: the session's token proved again at each request, with the purpose that the visitor reads for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from jinja2 import Environment
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from meshloom.errors import Unauthenticated
from meshloom.mesh.runtime import Mesh
from meshloom.portal import session
from meshloom.portal.session import Seal, Session
from meshloom.spec.identity import Persona, Principal

GOVERNANCE = "governance"  # the group whose members read every log line
PLATFORM = "platform"  # the group whose members run the platform


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who logged in. `persona` is None for people of a real identity provider."""

    principal: Principal
    persona: Persona | None
    purpose: str
    session: Session
    form_token: str

    @property
    def governs(self) -> bool:
        return GOVERNANCE in self.principal.groups

    @property
    def runs(self) -> bool:
        """Whether the engine's own state is the visitor's business."""
        return self.governs or PLATFORM in self.principal.groups

    def owns(self, owner: str) -> bool:
        """Whether a product of this owner is the visitor's own."""
        return self.principal.name == owner or owner in self.principal.groups


@dataclass(frozen=True, slots=True)
class Portal:
    """What every page needs. One for an application."""

    mesh: Mesh
    seal: Seal
    templates: Environment
    controller: ASGIApp  # Pinot's controller API behind the sidecar

    def visitor(self, request: Request) -> Visitor | None:
        """Who asks; None for a stranger and for one whose token does not hold any more."""
        if not hasattr(request.state, "visitor"):
            request.state.visitor = self._visitor(request)
        return cast("Visitor | None", request.state.visitor)

    def require(self, request: Request) -> Visitor:
        """Raises Unauthenticated for a stranger."""
        found = self.visitor(request)
        if found is None:
            raise Unauthenticated("Log in first", why="This page shows what your role may see", remedy="Log in")
        return found

    def require_form(self, request: Request, form: FormData) -> Visitor:
        """The visitor behind a form. Raises Unauthenticated, Refused."""
        visitor = self.require(request)
        self.seal.require_form_token(visitor.session, text(form, "form_token"))
        return visitor

    def page(self, request: Request, name: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A template as an answer, with the visitor and the place in the navigation."""
        visitor = self.visitor(request)
        shown = self.templates.get_template(name).render(
            visitor=visitor,
            spec=self.mesh.spec,
            path=request.url.path,
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            development=self.mesh.spec.identity is None,
            **values,
        )
        return HTMLResponse(shown, status)

    def _visitor(self, request: Request) -> Visitor | None:
        found = session.read(request, self.seal)
        if found is None:
            return None
        try:
            principal = self.mesh.sidecar.authenticate(found.token)
        except Unauthenticated:
            return None  # expired, or signed with a key that is gone: a stranger again, who may log in
        persona = next((one for one in self.mesh.spec.personas if one.name == principal.name), None)
        return Visitor(principal, persona, found.purpose, found, self.seal.form_token(found))


def text(form: FormData, name: str) -> str:
    """A field of a form; "" when it is missing or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def of(request: Request) -> Portal:
    """The portal behind this application."""
    return cast("Portal", request.app.state.portal)
