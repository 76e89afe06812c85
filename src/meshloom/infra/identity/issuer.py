"""A development identity provider's core: one signing key, tokens, and the documents that OpenID Connect asks for."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from meshloom.errors import Broken

HOURS_8 = 8 * 3600


class Issuer:
    """Signs with a key of its own, kept in `folder`, readable by its owner alone.

    Args:
        folder: where the key is kept; it is made when missing.
        url: the issuer's name in its tokens and the base of its endpoints.
        audience: for whom its access tokens are.
    """

    def __init__(self, folder: Path, url: str, audience: str) -> None:
        self.url, self.audience = url, audience
        self._key = _key(folder)

    def token(self, subject: str, claims: Mapping[str, Any], seconds: int = HOURS_8, audience: str = "") -> str:
        """A signed token of `subject`, valid from now on for `seconds`."""
        now = int(time.time())
        body = {
            **claims,
            "iss": self.url,
            "sub": subject,
            "aud": audience or self.audience,
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, body, self._key)

    def jwks(self) -> dict[str, Any]:
        """The public half of the key, as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "RS256"}]}

    def keys(self, fresh: bool = False) -> KeySet:
        """The same for a verifier in this process."""
        return KeySet([self._key])

    def discovery(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/logout",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "groups"],
            "claims_supported": ["sub", "name", "groups", "attributes"],
        }


def _key(folder: Path) -> RSAKey:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "signing-key.json"
    if not path.exists():
        key = RSAKey.generate_key(2048, auto_kid=True)
        partial = folder / f".{os.getpid()}.partial"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(key.as_dict(private=True), file)
        partial.replace(path)
    try:
        return RSAKey.import_key(json.loads(path.read_text()))
    except (ValueError, KeyError) as error:
        raise Broken(
            "The signing key cannot be read", why=str(path), remedy="Remove the file; a new one is made"
        ) from error
