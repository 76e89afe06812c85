"""The portal as an ordinary OpenID Connect client: authorization code with PKCE (RFC 7636), state and nonce."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.requests import Request

from meshloom.errors import Broken, Refused, Unauthenticated
from meshloom.mesh.runtime import Mesh

CLIENT = "meshloom-portal"
CALLBACK = "/login/callback"
SCOPE = "openid profile groups"
Exchange = Callable[[str, Mapping[str, str]], Mapping[str, Any]]


def post_form(url: str, form: Mapping[str, str]) -> Mapping[str, Any]:
    """Ask a token endpoint. Raises Broken (it does not answer), Unauthenticated (it says no)."""
    try:
        answer = httpx.post(url, data=dict(form), headers={"Accept": "application/json"}, timeout=10, trust_env=False)
        document: Mapping[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Broken("The identity provider does not answer", why=f"{url}: {error}", remedy="Try again") from error
    if answer.status_code != 200:
        why = str(document.get("error_description") or document.get("error") or f"it answered {answer.status_code}")
        raise Unauthenticated("The identity provider did not log you in", why=why, remedy="Log in again")
    return document


class Login:
    """Where the provider's endpoints are, and what is sent to them.

    The development provider answers under /oidc of the same origin; another one is named in mesh.yaml's `identity`
    and found by OpenID Connect Discovery.
    """

    def __init__(self, mesh: Mesh, exchange: Exchange = post_form) -> None:
        self._mesh, self._exchange = mesh, exchange
        self._discovered: Mapping[str, Any] | None = None

    def begin(self, request: Request, target: str, hint: str = "") -> tuple[str, dict[str, str]]:
        """Where to send the browser, and what to remember until it comes back."""
        kept = {
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "verifier": secrets.token_urlsafe(48),
            "target": local(target),
        }
        challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._client(),
            "redirect_uri": _callback(request),
            "scope": SCOPE,
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"login_hint": hint} if hint else {}),
        }
        return f"{self._endpoint('authorization_endpoint')}?{urlencode(query)}", kept

    def finish(self, request: Request, kept: Mapping[str, str]) -> str:
        """The access token for what the provider sent back. Raises Refused, Unauthenticated, Broken."""
        given = request.query_params
        if not secrets.compare_digest(given.get("state", "").encode(), kept["state"].encode()):
            raise Refused(
                "This login was not begun here",
                why="The state that came back is not the one that was sent",
                remedy="Log in again",
                code="login-state",
            )
        if "code" not in given:
            why = given.get("error_description") or given.get("error") or "it sent no code"
            raise Unauthenticated("The identity provider did not log you in", why=why, remedy="Log in again")
        answer = self._exchange(
            self._back_channel(request),
            {
                "grant_type": "authorization_code",
                "code": given["code"],
                "redirect_uri": _callback(request),
                "client_id": self._client(),
                "code_verifier": kept["verifier"],
            },
        )
        _require_nonce(str(answer.get("id_token", "")), kept["nonce"])
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise Broken("The identity provider sent no access token", remedy="Try again")
        return token

    def _client(self) -> str:
        return str((self._mesh.spec.identity or {}).get("client_id", CLIENT))

    def _endpoint(self, name: str) -> str:
        if self._mesh.spec.identity is None:
            return f"/oidc/{'token' if name == 'token_endpoint' else 'authorize'}"
        if self._discovered is None:
            url = f"{str(self._mesh.spec.identity['issuer']).rstrip('/')}/.well-known/openid-configuration"
            try:
                self._discovered = httpx.get(url, timeout=10).raise_for_status().json()
            except (httpx.HTTPError, ValueError) as error:
                raise Broken("The identity provider does not answer", why=f"{url}: {error}") from error
        return str(self._discovered[name])

    def _back_channel(self, request: Request) -> str:
        """The development provider is asked at the socket that this request came to, never at what a Host header
        says: a forged one would send the code elsewhere."""
        endpoint = self._endpoint("token_endpoint")
        if not endpoint.startswith("/"):
            return endpoint
        host, port = request.scope["server"]
        return f"{request.url.scheme}://{f'[{host}]' if ':' in host else host}:{port}{endpoint}"


def local(target: str) -> str:
    """A path of this site; "/" for anything that leads elsewhere."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if safe and target.isprintable() else "/"


def _callback(request: Request) -> str:
    return str(request.base_url).rstrip("/") + CALLBACK


def _require_nonce(id_token: str, nonce: str) -> None:
    """The ID token came straight from the token endpoint, so that its signature says nothing more (OpenID Connect
    Core 1.0, section 3.1.3.7, 6); the nonce ties it to this browser. Raises Refused."""
    try:
        body = id_token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))).get("nonce")
    except (IndexError, ValueError, AttributeError) as error:
        raise Broken("The identity provider sent no ID token", remedy="Try again") from error
    if found != nonce:
        raise Refused("This login was not begun here", why="The ID token's nonce is another", remedy="Log in again")
