"""What the portal remembers of a visitor: a token and a purpose, in a cookie that it signs; nothing on the server."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from meshloom.errors import Broken, Refused

SESSION = "meshloom_session"
LOGIN = "meshloom_login"
HOURS_8 = 8 * 3600
LARGEST = 4000  # bytes; browsers drop cookies above 4096 without a word (RFC 6265, section 6.1)


@dataclass(frozen=True, slots=True)
class Session:
    """`token` is the visitor's access token, `purpose` what for they read, `id` what form tokens are bound to."""

    id: str
    token: str
    purpose: str


class Seal:
    """Signs small documents, so that a browser can carry them but not change them. Nothing is encrypted."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def kept_in(cls, folder: Path) -> Seal:
        """A seal whose secret lives in `folder/portal-secret`, readable by its owner alone; made when missing."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "portal-secret"
        if not path.exists():
            partial = folder / f".portal-secret.{os.getpid()}"
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
            partial.replace(path)
        secret = path.read_bytes()
        if len(secret) < 32:
            raise Broken("The portal's secret is too short", why=str(path), remedy="Remove the file; a new one is made")
        return cls(secret)

    def close(self, use: str, document: Mapping[str, Any], seconds: int) -> str:
        """The document as text that `open` accepts for `seconds`, for the same use only."""
        body = json.dumps({**document, "exp": int(time.time()) + seconds}, separators=(",", ":")).encode()
        return f"{_text(body)}.{_text(self._mac(use, body))}"

    def open(self, use: str, text: str) -> dict[str, Any] | None:
        """The document; None when it was changed, has expired or was sealed for another use."""
        body, _, mac = text.partition(".")
        try:
            content = _bytes(body)
            if not hmac.compare_digest(self._mac(use, content), _bytes(mac)):
                return None
        except (ValueError, binascii.Error):
            return None
        document: dict[str, Any] = json.loads(content)
        return document if document.pop("exp") > time.time() else None

    def form_token(self, session: Session) -> str:
        """What a form of this session must carry, so that no other site can post in the visitor's name."""
        return _text(self._mac("form", session.id.encode()))

    def require_form_token(self, session: Session, given: str) -> None:
        """Raises Refused when a form does not come from one of our own pages."""
        if not hmac.compare_digest(self.form_token(session).encode(), given.encode()):
            raise Refused(
                "This form is not from this session",
                why="Its token is missing or belongs to another login",
                remedy="Go back, reload the page and try again",
                code="form-token",
            )

    def _mac(self, use: str, body: bytes) -> bytes:
        return hmac.new(self._secret, use.encode() + b"\0" + body, hashlib.sha256).digest()


def read(request: Request, seal: Seal) -> Session | None:
    """The visitor's session, when there is one that holds."""
    document = seal.open(SESSION, request.cookies.get(SESSION, ""))
    return Session(**document) if document else None


def write(request: Request, response: Response, seal: Seal, session: Session) -> None:
    """Remember a session. Raises Broken: the identity provider's token does not fit into a cookie."""
    text = seal.close(SESSION, asdict(session), HOURS_8)
    if len(text) > LARGEST:
        raise Broken(
            "The identity provider's token is too large for a cookie",
            why=f"{len(text)} bytes; browsers keep {LARGEST}",
            remedy="Let the provider send fewer claims to this client",
        )
    put(request, response, SESSION, text, HOURS_8)


def put(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    """A cookie that scripts cannot read and other sites' posts do not carry."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure, path="/")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
