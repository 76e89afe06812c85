"""The development identity provider: OpenID Connect's authorization code flow with PKCE, over declared personas.

Anybody who reaches it can be any persona: that is its purpose, and why a mesh that names an issuer does not have it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from meshloom.errors import CallError, NotFound
from meshloom.infra.identity import Issuer
from meshloom.server.caller import mesh_of, token_of

if TYPE_CHECKING:
    from meshloom.mesh.runtime import Mesh

SECONDS = 60  # a code's life
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for, once."""

    persona: str
    client: str
    redirect: str
    challenge: str
    nonce: str
    until: float


class Codes:
    """Codes that were given and not yet redeemed. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}

    def give(self, grant: Grant) -> str:
        with self._lock:
            now = time.monotonic()
            self._grants = {code: kept for code, kept in self._grants.items() if kept.until > now}
            code = secrets.token_urlsafe(32)
            self._grants[code] = grant
        return code

    def redeem(self, code: str) -> Grant | None:
        """None for a code that was never given, was used, or is too old."""
        with self._lock:
            grant = self._grants.pop(code, None)
        return grant if grant is not None and grant.until > time.monotonic() else None


def router() -> APIRouter:
    """The provider's routes; they answer 404 when the mesh names another issuer."""
    provider, routes = Provider(Codes()), APIRouter(prefix="/oidc", include_in_schema=False)
    routes.add_api_route("/.well-known/openid-configuration", provider.discovery)
    routes.add_api_route("/jwks", provider.jwks)
    routes.add_api_route("/authorize", provider.authorize, response_class=HTMLResponse)
    routes.add_api_route("/authorize", provider.choose, methods=["POST"])
    routes.add_api_route("/token", provider.token, methods=["POST"])
    routes.add_api_route("/userinfo", provider.userinfo)
    routes.add_api_route("/logout", provider.logout, response_class=RedirectResponse)
    return routes


class Provider:
    """The endpoints, over the codes that were given."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes

    def discovery(self, request: Request) -> dict[str, Any]:
        """What clients look up first."""
        return _issuer(mesh_of(request)).discovery()

    def jwks(self, request: Request) -> dict[str, Any]:
        """The keys that verify the tokens."""
        return _issuer(mesh_of(request)).jwks()

    def authorize(self, request: Request) -> Response:
        """The persona chooser."""
        mesh, asked = mesh_of(request), dict(request.query_params)
        _issuer(mesh)
        _check(asked, request)
        return HTMLResponse(_page(mesh, asked), headers=HEADERS)

    async def choose(self, request: Request) -> Response:
        """A persona was chosen: back to the client with a code."""
        mesh = mesh_of(request)
        _issuer(mesh)
        form = {name: str(value) for name, value in (await request.form()).items()}
        _check(form, request)
        persona = next((persona for persona in mesh.spec.personas if persona.name == form.get("persona")), None)
        if persona is None:
            raise NotFound(f"there is no persona {form.get('persona')!r} in this mesh")
        grant = Grant(
            persona.name,
            form["client_id"],
            form["redirect_uri"],
            form["code_challenge"],
            form.get("nonce", ""),
            time.monotonic() + SECONDS,
        )
        query = urlencode({"code": self._codes.give(grant), "state": form.get("state", "")})
        return RedirectResponse(f"{form['redirect_uri']}?{query}", 303)

    def token(
        self,
        request: Request,
        grant_type: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        redirect_uri: Annotated[str, Form()] = "",
        client_id: Annotated[str, Form()] = "",
        code_verifier: Annotated[str, Form()] = "",
    ) -> Response:
        """Tokens for a code, once."""
        mesh = mesh_of(request)
        issuer = _issuer(mesh)
        if grant_type != "authorization_code":
            return _error("unsupported_grant_type", "only authorization_code is given here")
        grant = self._codes.redeem(code)
        if grant is None or (grant.redirect, grant.client) != (redirect_uri, client_id):
            return _error("invalid_grant", "the code is unknown, used, too old, or was given to somebody else")
        if not secrets.compare_digest(_challenge(code_verifier), grant.challenge):
            return _error("invalid_grant", "the code verifier does not fit")
        identity = {"nonce": grant.nonce, "name": grant.persona}
        document = {
            "access_token": mesh.token(grant.persona),
            "id_token": issuer.token(grant.persona, identity, audience=client_id),
            "token_type": "Bearer",
            "expires_in": 8 * 3600,
        }
        return JSONResponse(document, headers={"Cache-Control": "no-store"})

    def userinfo(self, request: Request) -> dict[str, Any]:
        """Who a token proves."""
        principal = mesh_of(request).sidecar.authenticate(token_of(request))
        attributes = dict(principal.attributes)
        return {"sub": principal.name, "groups": sorted(principal.groups), "attributes": attributes}

    def logout(self, request: Request, post_logout_redirect_uri: str = "/") -> Response:
        """The provider keeps no session, so there is nothing to end; only this site is gone back to."""
        local = post_logout_redirect_uri.startswith("/") and not post_logout_redirect_uri.startswith("//")
        return RedirectResponse(post_logout_redirect_uri if local else "/", 303)


def _issuer(mesh: Mesh) -> Issuer:
    if mesh.issuer is None:
        raise NotFound("this mesh has an identity provider of its own", remedy="See `identity` in mesh.yaml")
    return mesh.issuer


def _challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _check(asked: dict[str, str], request: Request) -> None:
    """Raises CallError for a request that this flow does not know."""
    if asked.get("response_type", "code") != "code" or not asked.get("client_id"):
        raise CallError("the login request is incomplete", why="response_type=code and client_id are needed")
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        raise CallError("the login request has no PKCE challenge", why="code_challenge_method=S256 is needed")
    target = urlsplit(asked.get("redirect_uri", ""))
    if target.scheme not in ("http", "https") or target.hostname not in LOOPBACK | {request.url.hostname}:
        raise CallError(
            "the login request leads to another site",
            why=f"{asked.get('redirect_uri', '')!r} is not on this machine",
            remedy="Use a redirect_uri on the platform's own address",
        )


def _error(code: str, description: str) -> JSONResponse:
    return JSONResponse({"error": code, "error_description": description}, 400, {"Cache-Control": "no-store"})


KEPT = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method")  # fmt: skip
STYLE = """
:root{color-scheme:light dark;--bg:#f4f5f2;--card:#fff;--ink:#15201f;--dim:#4b5856;--line:#dcdfd8;--accent:#0b6e69}
@media(prefers-color-scheme:dark){:root{--bg:#0e1314;--card:#151c1d;--ink:#e8eeec;--dim:#a9b6b4;--line:#293435;
--accent:#4fd1c5}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:56rem;margin:0 auto;padding:clamp(1.5rem,6vh,4rem) 1rem}p{color:var(--dim);margin:0}
small{color:var(--accent);font-weight:600}h1{font-size:1.75rem;line-height:1.2;letter-spacing:-.02em;margin:.25rem 0}
form{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:.75rem;margin-top:1.75rem}
button{display:grid;grid-template-columns:1fr auto;align-content:start;gap:.15rem 1rem;text-align:left;
padding:1rem 1.15rem;border-radius:10px;border:1px solid var(--line);background:var(--card);color:inherit;
font:inherit;cursor:pointer}
button:hover,button:focus-visible{border-color:var(--accent);outline:2px solid var(--accent);outline-offset:1px}
button.hint{border-color:var(--accent)}b{font-weight:600}
code{color:var(--accent);font-size:.85rem;align-self:center}
button span{color:var(--dim);font-size:.9rem;grid-column:1/-1}
"""
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    # No form-action: Chromium applies it to the redirect behind the form, too, which leads to the client.
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{DIGEST}'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _page(mesh: Mesh, asked: dict[str, str]) -> str:
    """The persona chooser."""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(asked[name])}">' for name in KEPT if name in asked
    )
    hint = asked.get("login_hint", "")
    cards = "".join(
        f'<button name="persona" value="{html.escape(persona.name)}"'
        f"{' class=hint autofocus' if persona.name == hint else ''}>"
        f"<b>{html.escape(persona.title)}</b><code>{html.escape(persona.name)}</code>"
        f"<span>{html.escape(persona.description)}</span></button>"
        for persona in mesh.spec.personas
    )
    title = html.escape(mesh.spec.title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Who are you? · {title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><small>Meshloom</small><h1>Who are you in {title}?</h1>"
        f"<p>The development identity provider: choose a persona. What you see next is what the policies let that"
        f' person see.</p><form method="post" action="authorize">'
        f"{hidden}{cards}</form></main></body></html>"
    )
